// A tip after the delivery that is given back: of its own payment, borne by its driver, and nothing of it counts against
// what may be given back of the order.

import { beforeEach, describe, expect, it } from 'vitest';
import { createRefundActivities } from '../../activities/refunds.ts';
import { createTipActivities } from '../../activities/tips.ts';
import { stripePort } from '../../adapters/payment-port.ts';
import { recordDispute } from '../../db/disputes.ts';
import { newId } from '../../db/new-id.ts';
import { findTipTarget } from '../../db/refund-basis.ts';
import { requestRefund, type NewRefund } from '../../db/refunds.ts';
import { requestTip } from '../../db/tips.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { actor, balancesOf, payOrder, type PaidOrder } from '../support/paid-order.ts';
import { insist, setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
const tools = () => ({
  db: set.market.db,
  portOf: () => stripePort(set.gateway),
  crashPoint: () => undefined,
});

let order: PaidOrder;
beforeEach(async () => {
  order = await payOrder(set.market, { gateway: set.gateway });
  const driver_id = await set.market.addDriver();
  await set.market.setOrder(order.orderId, { driver_id, delivery_status: 'delivered' });
  await tip(200);
});

async function tip(amountMinor: number): Promise<void> {
  const input = {
    scope: { kind: 'platform' },
    orderId: order.id,
    amountMinor,
    paymentMethod: 'pm_card_visa',
    actor,
    now: new Date(),
  } as const;
  const { db } = set.market;
  const asked = await db.transaction().execute((trx) => requestTip(trx, input));
  if (asked.kind !== 'requested') throw new Error(asked.kind);
  const name = { orderId: order.orderId, n: asked.tip.n };
  const done = await insist(() => createTipActivities(tools()).advanceTip(name), 3);
  expect(done.status).toBe('paid');
}

async function ask(wish: NewRefund['wish'], change: Partial<NewRefund> = {}) {
  const { db } = set.market;
  const target = wish.kind === 'later_tip' ? await findTipTarget(db, order, wish.n) : order;
  if (!target) throw new Error('no payment');
  const refundId = newId('refund');
  const input: NewRefund = {
    id: refundId,
    order: target,
    wish,
    fault: 'driver',
    reason: 'other',
    actor,
    noteId: undefined,
    again: false,
    now: new Date(),
    ...change,
  };
  const outcome = await db.transaction().execute((trx) => requestRefund(trx, input));
  if (outcome.kind === 'refused') throw new Error(outcome.refusal.code);
  const activities = createRefundActivities(tools());
  return insist(() => activities.advanceRefund({ refundId }), 6);
}

const first = { kind: 'later_tip', n: 1 } as const;
const tipped = { provider_clearing: 2_550, driver: -750, merchant: -1_520, platform: -280 };
const untipped = { ...tipped, provider_clearing: 2_350, driver: -550 };
const balances = () => balancesOf(set.market.db, order.id);

/** What was given back of the order's payment, and of its tips. */
const givenBack = () => {
  const refunds = set.stripe.control.books().refunds;
  const isOrders = (each: (typeof refunds)[number]): boolean =>
    each.payment_intent === order.providerRef;
  const amounts = (list: typeof refunds): readonly number[] => list.map(({ amount }) => amount);
  return [amounts(refunds.filter(isOrders)), amounts(refunds.filter((each) => !isOrders(each)))];
};

describe('a later tip', () => {
  it('is given back whole by its own payment, and its driver bears it', async () => {
    expect(await balances()).toEqual(tipped);
    expect(await ask(first)).toMatchObject({ status: 'refunded' });
    expect(givenBack()).toEqual([[], [200]]);
    expect(await balances()).toEqual(untipped);
    await expect(ask(first, { again: true })).rejects.toThrow('refund_too_large');
    expect(
      await ask({ kind: 'whole' }, { actor: { kind: 'system' }, fault: 'shared' }),
    ).toMatchObject({ status: 'refunded' });
    expect(givenBack()).toEqual([[2_350], [200]]);
    expect(await balances()).toEqual({});
  });

  it('is given back in parts, up to what it was, by whom it says', async () => {
    const part = { ...first, amountMinor: 150 };
    expect(await ask(part, { fault: 'platform' })).toMatchObject({ status: 'refunded' });
    await expect(ask(part, { again: true })).rejects.toThrow('refund_too_large');
    expect(await ask(first, { fault: 'shared' })).toMatchObject({ status: 'refunded' });
    expect(givenBack()).toEqual([[], [150, 50]]);
    expect(await balances()).toEqual({ ...untipped, driver: -700, platform: -130 });
  });

  it('beside another keeps its own account', async () => {
    await tip(300);
    expect(await ask({ kind: 'later_tip', n: 2 })).toMatchObject({ status: 'refunded' });
    expect(await ask(first)).toMatchObject({ status: 'refunded' });
    expect(givenBack()).toEqual([[], [300, 200]]);
    expect(await balances()).toEqual(untipped);
  });

  it('that is large needs a second person, as a part of all that the order took', async () => {
    await tip(4_000);
    expect(await ask({ kind: 'later_tip', n: 2 })).toMatchObject({ status: 'awaiting_approval' });
  });

  it('that was never paid cannot be given back', async () => {
    await expect(ask({ kind: 'later_tip', n: 7 })).rejects.toThrow('no payment');
  });

  it('that is disputed is not given back, and the order’s own payment is', async () => {
    const providerRef = (await findTipTarget(set.market.db, order, 1))?.providerRef ?? '';
    set.stripe.control.dispute(providerRef);
    const [dispute] = await set.gateway.disputes({ providerRef });
    if (!dispute) throw new Error('no dispute');
    await recordDispute(set.market.db, { provider: 'stripe', dispute, now: new Date() });
    await expect(ask(first)).rejects.toThrow('payment_disputed');
    const some = { kind: 'amount', amountMinor: 100 } as const;
    expect(await ask(some)).toMatchObject({ status: 'refunded' });
  });

  it.each(POST_FAULTS)('is given back once: %s', async (kind) => {
    set.stripe.control.addFault({ kind, match: { method: 'POST', path: '/v1/refunds' } });
    expect(await ask(first)).toMatchObject({ status: 'refunded' });
    expect(givenBack()).toEqual([[], [200]]);
    expect(await balances()).toEqual(untipped);
  });
});
