// News of Stripe that never came, on a real database against its fake over HTTP: the nightly comparison finds what they
// would have said.

import { beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createLog } from '../../log.ts';
import { balancesOf, payOrder, type PaidOrder } from '../support/paid-order.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
let order: PaidOrder;
beforeEach(async () => {
  await set.market.db.deleteFrom('incidents').execute();
  order = await payOrder(set.market, set);
});

const log = createLog({ name: 'test', level: 'silent' });
const nightly = () =>
  createReconcileActivities({
    db: set.market.db,
    gateway: set.gateway,
    log,
    now: () => set.now,
  }).reconcile();
const incidents = async () =>
  (await set.market.db.selectFrom('incidents').select(['kind', 'order_id']).execute()).map(
    ({ kind, order_id: id }) => `${kind} ${id}`,
  );

const dayMs = 86_400_000;

describe('the nightly comparison', () => {
  it('finds what was given back of a payment that is older than its reach', async () => {
    set.now += 20 * dayMs;
    expect(await nightly()).toMatchObject({ compared: 0, differences: 0 });
    const { id: orderId, providerRef } = order;
    for (const n of [1, 2])
      await set.gateway.refund({ orderId, providerRef, amountMinor: 100, key: `behind:${n}` });
    for (let night = 0; night < 2; night++)
      expect(await nightly()).toMatchObject({ compared: 1, differences: 1 });
    expect(await incidents()).toEqual([`reconcile_refunded_there_unknown_here ${orderId}`]);
  });

  it('takes in a dispute, of a payment however old, and what became of it', async () => {
    set.now += 60 * dayMs;
    const dispute = set.stripe.control.dispute(order.providerRef) ?? '';
    for (let night = 0; night < 2; night++) await nightly();
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({ disputes: 2_350 });
    expect(await incidents()).toEqual([`dispute_open ${order.id}`]);
    set.now += 60 * dayMs;
    set.stripe.control.decideDispute(dispute, 'lost');
    await nightly();
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({ bad_debt: 2_350 });
  });
});
