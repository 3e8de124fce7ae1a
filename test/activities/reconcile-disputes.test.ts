// Disputes at Stripe whose news never came, on a real database against the fake Stripe over HTTP: the nightly comparison
// takes them in.

import { afterEach, beforeEach, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { createLog } from '../../log.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';
import { balancesOf, payOrder } from '../support/paid-order.ts';

let market: Market;
let stripe: StripeSandbox;
let gateway: CardGateway;
beforeEach(async () => {
  market = await createMarket();
  stripe = await startStripeSandbox();
  const options = { secretKey: 'sk_test_x', apiBase: stripe.url, webhookSecret: 'x' };
  gateway = createStripeGateway({ ...options, timeoutMs: 500 });
});
afterEach(async () => {
  await stripe.close();
  await market.close();
});

const log = createLog({ name: 'test', level: 'silent' });
const reconcile = () => createReconcileActivities({ db: market.db, gateway, log }).reconcile();

const incidents = async () =>
  (
    await market.db
      .selectFrom('incidents')
      .select(['kind', 'resolved_at'])
      .orderBy('kind')
      .execute()
  ).map(({ kind, resolved_at: at }) => `${kind} ${at ? 'resolved' : 'open'}`);

it('a dispute whose news never came is taken in, and what became of it', async () => {
  const { id, providerRef } = await payOrder(market, { gateway });
  const ref = stripe.control.dispute(providerRef) ?? '';
  expect(await reconcile()).toEqual({ compared: 2, differences: 1, healed: 1, vanished: 0 });
  expect(await incidents()).toEqual(['dispute_open open']);
  stripe.control.decideDispute(ref, 'lost');
  expect(await reconcile()).toMatchObject({ differences: 1, healed: 1 });
  expect(await reconcile()).toMatchObject({ differences: 0 });
  const known = await market.db.selectFrom('disputes').select(['order_id', 'status']).execute();
  expect(known).toEqual([{ order_id: id, status: 'lost' }]);
  expect(await incidents()).toEqual(['dispute_lost open', 'dispute_open resolved']);
  const balances = await balancesOf(market.db, id);
  // The fees of the charge and of the dispute are gone, too.
  expect(balances).toMatchObject({ bad_debt: 2_350, provider_clearing: -2_058 });
  expect(balances).not.toHaveProperty('disputes');
});
