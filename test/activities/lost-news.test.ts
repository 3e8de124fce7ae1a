// News of Stripe that never came, on a real database against its fake over HTTP: the nightly comparison finds what they
// would have said.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createLog } from '../../log.ts';
import { balancesOf, bookRefund, payOrder, type PaidOrder } from '../support/paid-order.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
let order: PaidOrder;
beforeEach(async () => {
  await set.market.db.deleteFrom('incidents').execute();
  order = await payOrder(set.market, set);
});
// The next test's Stripe does not know them.
afterEach(() => set.market.db.updateTable('orders').set({ is_over: false }).execute());

const log = createLog({ name: 'test', level: 'silent' });
const nightly = () =>
  createReconcileActivities({
    db: set.market.db,
    gateway: set.gateway,
    log,
    now: () => set.now,
  }).reconcile();
const incidents = async () =>
  (
    await set.market.db
      .selectFrom('incidents')
      .select(['kind', 'order_id', 'resolved_at'])
      .orderBy('kind')
      .execute()
  ).map(({ kind, order_id: id, resolved_at: at }) => `${kind} ${id} ${at ? 'resolved' : 'open'}`);

const dayMs = 86_400_000;

describe('the nightly comparison', () => {
  it('finds what was given back of a payment older than its reach, and has it in mind until it has gone', async () => {
    set.now += 20 * dayMs;
    expect(await nightly()).toMatchObject({ compared: 0, differences: 0 });
    const { id: orderId, providerRef } = order;
    for (const n of [1, 2])
      await set.gateway.refund({ orderId, providerRef, amountMinor: 100, key: `behind:${n}` });
    for (let night = 0; night < 2; night++)
      expect(await nightly()).toMatchObject({ compared: 1, differences: 1 });
    const differs = `reconcile_refunded_there_unknown_here ${orderId}`;
    expect(await incidents()).toEqual([`${differs} open`]);
    // By now the refunds are as old.
    set.now += 17 * dayMs;
    for (let night = 0; night < 2; night++)
      expect(await nightly()).toMatchObject({ compared: 0, differences: 1, vanished: 0 });
    expect(await incidents()).toEqual([`${differs} open`]);
    await bookRefund(set.market.db, order, { amountMinor: 200, status: 'refunded' });
    expect(await nightly()).toMatchObject({ differences: 0, vanished: 1 });
    expect(await incidents()).toEqual([`${differs} resolved`]);
  });

  it('has what the provider does not know of at all in mind, too', async () => {
    const { id: orderId } = order;
    const capturedBy = (providerRef: string) =>
      set.market.db
        .updateTable('order_events')
        .set({ body: JSON.stringify({ attempt: 1, providerRef, amountMinor: 2_350 }) })
        .where('order_id', '=', orderId)
        .execute();
    await capturedBy('pi_lost');
    expect(await nightly()).toMatchObject({ differences: 2, vanished: 0 });
    const lost = `reconcile_captured_here_unknown_there ${orderId}`;
    set.now += 30 * dayMs;
    await nightly();
    expect(await incidents()).toContain(`${lost} open`);
    await capturedBy(order.providerRef);
    await nightly();
    expect(await incidents()).toContain(`${lost} resolved`);
  });

  it('takes in a dispute, of a payment however old, and what became of it', async () => {
    set.now += 60 * dayMs;
    const dispute = set.stripe.control.dispute(order.providerRef) ?? '';
    expect(await nightly()).toMatchObject({ differences: 1, healed: 1, vanished: 0 });
    expect(await nightly()).toMatchObject({ differences: 0 });
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({ disputes: 2_350 });
    expect(await incidents()).toEqual([`dispute_open ${order.id} open`]);
    set.now += 60 * dayMs;
    set.stripe.control.decideDispute(dispute, 'lost');
    expect(await nightly()).toMatchObject({ differences: 1, healed: 1 });
    const over = [`dispute_lost ${order.id} open`, `dispute_open ${order.id} resolved`];
    expect(await incidents()).toEqual(over);
    const balances = await balancesOf(set.market.db, order.id);
    expect(balances).toMatchObject({ bad_debt: 2_350 });
    expect(balances).not.toHaveProperty('disputes');
  });
});
