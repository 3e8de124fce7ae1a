// Nights on which the comparison cannot tell, on a real database against the fakes over HTTP: what a person must look at
// first stays so, and no difference ends unseen.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { openRefunds } from '../../db/refunds.ts';
import { reportUnexpected } from '../../db/webhooks.ts';
import { createLog } from '../../log.ts';
import { startOperator } from '../support/operator.ts';
import { bookRefund, payOrder, holdTotal } from '../support/paid-order.ts';
import { bookTaken, endedOrder } from '../support/taken.ts';
import { startPaypalAccount } from '../support/paypal.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const dayMs = 86_400_000;
const set = setUpStripe();
const log = createLog({ name: 'test', level: 'silent' });
beforeEach(() => set.market.db.deleteFrom('incidents').execute());
// The next test's providers do not know them.
afterEach(() => set.market.db.updateTable('orders').set({ is_over: false }).execute());

const nightly = (others: readonly PaymentPort[] = []) =>
  createReconcileActivities({
    db: set.market.db,
    gateway: set.gateway,
    others,
    log,
    now: () => set.now,
  }).reconcile();

/** Of every open incident: its kind, and the payment. */
const open = async () =>
  (
    await set.market.db
      .selectFrom('incidents')
      .select(['key'])
      .where('resolved_at', 'is', null)
      .orderBy('key')
      .execute()
  ).map(({ key }) => key.replace('reconcile:', ''));

describe('money of an order whose own capture the provider does not have', () => {
  it('is left for a person also when that capture is out of reach', async () => {
    const { id, providerRef } = await payOrder(set.market, set);
    await set.market.db
      .updateTable('order_events')
      .set({ body: JSON.stringify({ attempt: 1, providerRef: 'pi_lost', amountMinor: 2_350 }) })
      .where('order_id', '=', id)
      .execute();
    const both = [
      `${providerRef}:captured_there_unknown_here`,
      'pi_lost:captured_here_unknown_there',
    ];
    for (let night = 1; night <= 6; night += 1) {
      expect(await nightly()).toMatchObject({ differences: 2, healed: 0, vanished: 0 });
      expect(await open()).toEqual(both);
      set.now += dayMs;
    }
    expect(await openRefunds(set.market.db)).toEqual([]);
  });

  it('is left for a person also when it is found apart from that capture', async () => {
    const { db } = set.market;
    const operator = await startOperator(db, 'campay');
    const order = await endedOrder(set.market);
    const taken = [{ provider: 'campay', amountMinor: 5_000 }] as const;
    const booked = { method: operator.method, currency: 'XAF', taken };
    await bookTaken(set.market, { ...order, providerRef: 'tx_lost' }, booked);
    const providerRef = await operator.collect(order.orderId, 5_000);
    const news = { provider: 'campay', type: 'campay.successful', orderId: order.orderId };
    await reportUnexpected(db, { ...news, providerRef }, new Date(set.now - 1_000));
    expect(await nightly([operator.port])).toMatchObject({ differences: 2, healed: 0 });
    expect(await open()).toContain(`${providerRef}:captured_there_unknown_here`);
    expect(await openRefunds(db)).toEqual([]);
    await operator.fake.close();
  });
});

describe('a difference', () => {
  const news = { provider: 'stripe', type: 'payment_intent.canceled' };

  it('shows the amounts of the last night', async () => {
    const { id: orderId, providerRef } = await payOrder(set.market, set);
    for (const night of [1, 2]) {
      const key = `${orderId}:behind:${night}`;
      await set.gateway.refund({ orderId, providerRef, amountMinor: 100, key });
      expect(await nightly()).toMatchObject({ differences: 1 });
      const incident = set.market.db.selectFrom('incidents').select('detail');
      expect(await incident.executeTakeFirst()).toMatchObject({
        detail: { oursMinor: 0, theirsMinor: night * 100 },
      });
    }
  });

  it('is open while the order is under way again, or a refund of it is being sent', async () => {
    const order = await payOrder(set.market, set);
    const { id: orderId, providerRef } = order;
    await set.gateway.refund({ orderId, providerRef, amountMinor: 100, key: `${orderId}:behind` });
    const goneBack = [`${providerRef}:refunded_there_unknown_here`];
    expect(await nightly()).toMatchObject({ differences: 1 });
    for (const isOutOfReach of [false, true]) {
      if (isOutOfReach) set.now += 20 * dayMs;
      await set.market.setOrder(order.orderId, { is_over: false });
      expect(await nightly()).toMatchObject({ differences: 0, vanished: 0 });
      expect(await open()).toEqual(goneBack);
      await set.market.setOrder(order.orderId, { is_over: true });
    }
    await bookRefund(set.market.db, order, { amountMinor: 100, status: 'sending' });
    expect(await nightly()).toMatchObject({ differences: 0, vanished: 0 });
    expect(await open()).toEqual(goneBack);
    const arrived = set.market.db.updateTable('refunds').set({ status: 'refunded' });
    await arrived.where('order_id', '=', orderId).execute();
    expect(await nightly()).toMatchObject({ differences: 0, vanished: 1 });
  });

  it('is open while the provider has not decided', async () => {
    const paypal = await startPaypalAccount();
    const { orderId } = await endedOrder(set.market);
    paypal.captureNext('PENDING');
    await expect(paypal.take(orderId, 2_350)).rejects.toThrow('not_settled');
    const providerRef = paypal.orders()[0]?.id ?? '';
    const told = { provider: 'paypal', type: 'PAYMENT.CAPTURE.COMPLETED', orderId, providerRef };
    await reportUnexpected(set.market.db, told, new Date(set.now - 1_000));
    expect(await nightly([paypal.port])).toMatchObject({ differences: 0, vanished: 0 });
    expect(await open()).toEqual([`${providerRef}:payment_unexpected`]);
    paypal.settleCapture(providerRef, 'DECLINED');
    expect(await nightly([paypal.port])).toMatchObject({ differences: 0, vanished: 1 });
    await paypal.close();
  });

  it.each([
    ['has another one', { provider_ref: 'pi_next' }],
    ['is over', { is_over: true, payment_status: 'voided' }],
  ])('in the hold of an order under way is open until the order %s', async (_, change) => {
    const orderId = await set.market.addOrder({ payment_status: 'authorized' });
    const providerRef = await holdTotal(set.gateway, orderId);
    await set.market.setOrder(orderId, { provider_ref: providerRef });
    await set.gateway.void({ orderId, providerRef, key: `${orderId}:behind`, attempt: 0 });
    await reportUnexpected(set.market.db, { ...news, orderId, providerRef }, new Date(set.now - 1));
    for (let night = 1; night <= 2; night += 1) {
      set.now += 1_000;
      expect(await nightly()).toMatchObject({ differences: 0, vanished: 0 });
      expect(await open()).toEqual([`${providerRef}:hold_released`]);
    }
    await set.market.setOrder(orderId, change);
    expect(await nightly()).toMatchObject({ differences: 0, vanished: 1 });
  });
});
