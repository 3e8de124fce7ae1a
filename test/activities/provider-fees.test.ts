// What providers keep of payments, on a real database against their fakes over HTTP: the nightly comparison books it once,
// and what has changed of it.

import { describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { recordFees, type ChargedFee } from '../../db/provider-fees.ts';
import { createLog } from '../../log.ts';
import { balancesOf, payOrder } from '../support/paid-order.ts';
import { startPaypalAccount } from '../support/paypal.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
const log = createLog({ name: 'test', level: 'silent' });
const nightly = (...others: readonly PaymentPort[]) => {
  const { market, gateway } = set;
  return createReconcileActivities({ db: market.db, gateway, others, log }).reconcile();
};
const keysOf = async (orderId: string): Promise<readonly string[]> => {
  const rows = await set.market.db
    .selectFrom('ledger_transactions')
    .select('key')
    .where('order_id', '=', orderId)
    .where('kind', '=', 'provider_fee')
    .orderBy('key')
    .execute();
  return rows.map(({ key }) => key);
};

describe('the fee of a payment', () => {
  it('at Stripe is booked with its order, once', async () => {
    const order = await payOrder(set.market, set);
    for (let n = 0; n < 2; n++) expect(await nightly()).toMatchObject({ differences: 0 });
    // 1.4 % of 23.50 and 0.25.
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({
      provider_clearing: 2_350 - 58,
      provider_fees: 58,
    });
    expect(await keysOf(order.id)).toEqual([`stripe:${order.providerRef}:fee:EUR:1`]);
  });

  it('of a payment that is nobody’s here is nobody’s', async () => {
    const order = await payOrder(set.market, set);
    await set.market.db.deleteFrom('order_events').where('order_id', '=', order.id).execute();
    await set.market.db.deleteFrom('orders').where('id', '=', order.id).execute();
    await nightly();
    expect(await keysOf(order.id)).toEqual([]);
  });

  it('at PayPal is booked, and stays when the payment is refunded', async () => {
    const paypal = await startPaypalAccount();
    const { market } = set;
    const facts = JSON.stringify({ method: 'paypal', paymentMethod: 'paypal' });
    const orderId = await market.addOrder({ is_over: true, order_status: 'completed', facts });
    const providerRef = await paypal.take(orderId, 2_350);
    await market.setOrder(orderId, { provider_ref: providerRef });
    await nightly(paypal.port);
    // 3.49 % of 23.50 and 0.39.
    const booked = { provider_fees: 121 };
    expect(await balancesOf(market.db, orderId)).toMatchObject(booked);
    const refund = { orderId, providerRef, amountMinor: 100, key: `${orderId}:refund:1` };
    expect(await paypal.port.refund(refund)).toMatchObject({ status: 'refunded' });
    await nightly(paypal.port);
    expect(await balancesOf(market.db, orderId)).toMatchObject(booked);
    expect(await keysOf(orderId)).toHaveLength(1);
    await paypal.close();
  });

  it('that changes is posted by how much, by whoever says so', async () => {
    const { db } = set.market;
    const orderId = await set.market.addOrder();
    const said = (amountMinor: number, currency = 'EUR'): readonly ChargedFee[] => [
      { provider: 'stripe', providerRef: 'pi_1', payerId: orderId, currency, amountMinor },
    ];
    await Promise.all([1, 2, 3].map(() => recordFees(db, said(60), new Date())));
    await recordFees(db, said(75), new Date());
    await recordFees(db, said(70), new Date());
    expect(await recordFees(db, said(70), new Date())).toBe(0);
    expect(await balancesOf(db, orderId)).toEqual({ provider_fees: 70, provider_clearing: -70 });
    // Taken from another balance than the payment's.
    await recordFees(db, said(9, 'USD'), new Date());
    expect(await keysOf(orderId)).toEqual([
      'stripe:pi_1:fee:EUR:1',
      'stripe:pi_1:fee:EUR:2',
      'stripe:pi_1:fee:EUR:3',
      'stripe:pi_1:fee:USD:1',
    ]);
  });
});
