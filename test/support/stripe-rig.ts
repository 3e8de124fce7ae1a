// Money behind an order's end, in tests: a real database, the fake Stripe over HTTP, and a clock that the test moves.

import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';

/** A market for the file; a Stripe and a clock for each of its tests. */
export function setUpStripe() {
  const set = {} as { market: Market; stripe: StripeSandbox; gateway: CardGateway; now: number };
  const now = (): number => set.now;
  beforeAll(async () => {
    set.market = await createMarket();
  });
  afterAll(() => set.market.close());
  beforeEach(async () => {
    set.now = Date.now();
    set.stripe = await startStripeSandbox({ now, searchLagMs: 0 });
    const options = { secretKey: 'sk_test_x', apiBase: set.stripe.url, webhookSecret: 'whsec_x' };
    set.gateway = createStripeGateway({ ...options, timeoutMs: 400, now });
  });
  afterEach(() => set.stripe.close());
  return set;
}

/** As a workflow does: again and again until it is over or waits; outages are retried. */
export async function insist<T>(advance: () => Promise<T>, tries: number): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await advance();
    } catch (error) {
      if (n === tries) throw error;
    }
  }
}
