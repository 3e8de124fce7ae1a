// A Stripe that has lied, against a real database: the nightly comparison tells somebody of what it may not put right, and
// no more when it has come true.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createStripeGateway, type CardGateway } from '../../adapters/stripe.ts';
import { createLog } from '../../log.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';
import { payOrder } from '../support/paid-order.ts';

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
      .select(['kind', 'order_id', 'resolved_at'])
      .orderBy('kind')
      .execute()
  ).map(({ kind, order_id: id, resolved_at: at }) => [kind, id, at ? 'resolved' : 'open']);

describe('after a capture that was said and not made', () => {
  it('somebody is told, and the hold is kept for whoever looks', async () => {
    stripe.control.planLies('says_captured');
    const { id } = await payOrder(market, { gateway });
    for (let night = 1; night <= 2; night += 1)
      expect(await reconcile()).toMatchObject({ differences: 2, healed: 0, vanished: 0 });
    expect(await incidents()).toEqual([
      ['reconcile_captured_here_unknown_there', id, 'open'],
      ['reconcile_hold_left', id, 'open'],
    ]);
    expect(stripe.control.books().payment_intents).toMatchObject([{ status: 'requires_capture' }]);
  });

  it('nobody has to look any more once it was made after all', async () => {
    stripe.control.planLies('captures_late');
    const { id } = await payOrder(market, { gateway });
    expect(await reconcile()).toMatchObject({ differences: 2, healed: 0 });
    stripe.control.settleLies();
    expect(await reconcile()).toMatchObject({ differences: 0, vanished: 2 });
    expect(await incidents()).toEqual([
      ['reconcile_captured_here_unknown_there', id, 'resolved'],
      ['reconcile_hold_left', id, 'resolved'],
    ]);
  });
});
