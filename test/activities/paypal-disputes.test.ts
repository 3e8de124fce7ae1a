// Disputes at PayPal on a real database against the fake PayPal over HTTP: its news are verified, the dispute is read,
// and the ledger says what PayPal keeps back.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMoneyUpkeep } from '../../activities/money-upkeep.ts';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { isOutage } from '../../adapters/outage.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { saveWebhook } from '../../db/webhooks.ts';
import { parseId, type OrderId } from '../../domain/ids.ts';
import { createLog } from '../../log.ts';
import type { Market } from '../db/market.ts';
import { balancesOf } from '../support/paid-order.ts';
import { startPaypalAccount, type PaypalAccount } from '../support/paypal.ts';
import { quietMoney } from '../support/quiet-money.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
let market: Market;
let paypal: PaypalAccount;
let port: PaymentPort;
beforeEach(async () => {
  ({ market } = set);
  paypal = await startPaypalAccount();
  port = paypal.port;
});
afterEach(() => paypal.close());

type Paid = { readonly orderId: OrderId; readonly providerRef: string };

/** 23.50 EUR, taken. */
async function pay(): Promise<Paid> {
  const orderId = await market.addOrder({ is_over: true, order_status: 'completed' });
  const providerRef = await paypal.take(orderId, 2_350);
  await market.setOrder(orderId, { provider_ref: providerRef });
  return { orderId, providerRef };
}

const dispute = ({ providerRef }: Paid): string => paypal.dispute(providerRef) ?? '';

const told: string[] = [];
const upkeep = () =>
  createMoneyUpkeep({
    db: market.db,
    engine: { paymentSettled: async () => undefined },
    portOf: () => port,
    log: createLog({ name: 'test', level: 'silent' }),
    money: { ...quietMoney, refundChanged: async (id) => void told.push(id) },
    accounts: { isVerified: async () => true },
  });

/** All that PayPal has said so far about disputes is received, and dealt with. */
async function news(): Promise<void> {
  for (const { body, headers } of paypal.notices.waiting()) {
    const fact = await port.readWebhook({ rawBody: body, headers });
    if (fact.kind !== 'dispute_changed') continue;
    const { eventId, type, providerRef } = fact;
    const orderId = parseId('order', fact.orderId ?? '');
    await saveWebhook(market.db, { provider: 'paypal', eventId, type, providerRef, orderId });
  }
  for (const part of upkeep()) await part();
}

const incidents = async ({ orderId }: Paid) =>
  (
    await market.db
      .selectFrom('incidents')
      .select(['kind', 'resolved_at'])
      .where('order_id', '=', orderId)
      .orderBy('at')
      .execute()
  ).map(({ kind, resolved_at: at }) => `${kind} ${at ? 'resolved' : 'open'}`);
const stored = ({ orderId }: Paid) =>
  market.db.selectFrom('disputes').selectAll().where('order_id', '=', orderId).execute();

const kept = { disputes: 2_350, provider_clearing: -2_350 };

describe('a dispute at PayPal', () => {
  it('is found by its capture, keeps the money back, and is due to be answered', async () => {
    const paid = await pay();
    const ref = dispute(paid);
    await news();
    await news();
    expect(await stored(paid)).toMatchObject([
      {
        provider: 'paypal',
        dispute_ref: ref,
        provider_ref: paid.providerRef,
        amount_minor: 2_350,
        status: 'open',
        reason: 'merchandise_or_service_not_received',
        evidence_due_at: expect.any(Date) as Date,
      },
    ]);
    expect(await balancesOf(market.db, paid.orderId)).toEqual(kept);
    expect(await incidents(paid)).toEqual(['dispute_open open']);
    const { orderId, providerRef } = paid;
    const refund = { orderId, providerRef, amountMinor: 100, key: `${orderId}:refund:1` };
    expect(await port.refund(refund)).toEqual({ status: 'failed', code: 'disputed' });
  });

  it.each([
    ['RESOLVED_SELLER_FAVOUR', {}, ['dispute_open resolved']],
    ['RESOLVED_WITH_PAYOUT', {}, ['dispute_open resolved']],
    ['CANCELED_BY_BUYER', {}, ['dispute_open resolved']],
    ['DENIED', {}, ['dispute_open resolved']],
    [
      'RESOLVED_BUYER_FAVOUR',
      { bad_debt: 2_350, provider_clearing: -2_350 },
      ['dispute_open resolved', 'dispute_lost open'],
    ],
    [
      'ACCEPTED',
      { bad_debt: 2_350, provider_clearing: -2_350 },
      ['dispute_open resolved', 'dispute_lost open'],
    ],
    ['NONE', kept, ['dispute_open open']],
  ] as const)('that ends %s is posted so, once', async (outcome, balances, open) => {
    const paid = await pay();
    const ref = dispute(paid);
    await news();
    expect(paypal.decideDispute(ref, outcome)).toBe(true);
    await news();
    await news();
    expect(await balancesOf(market.db, paid.orderId)).toEqual(balances);
    expect(await incidents(paid)).toEqual(open);
  });

  it('that is lost in part brings back the rest', async () => {
    const paid = await pay();
    const part = { currency_code: 'EUR', value: '10.00' };
    paypal.decideDispute(dispute(paid), 'RESOLVED_BUYER_FAVOUR', part);
    await news();
    const partly = { bad_debt: 1_000, provider_clearing: -1_000 };
    expect(await balancesOf(market.db, paid.orderId)).toEqual(partly);
  });

  it('that is lost in part leaves the rest to be refunded, and no more', async () => {
    const paid = await pay();
    const part = { currency_code: 'EUR', value: '10.00' };
    paypal.decideDispute(dispute(paid), 'RESOLVED_BUYER_FAVOUR', part);
    const { orderId, providerRef } = paid;
    const refund = (amountMinor: number) =>
      port.refund({ orderId, providerRef, amountMinor, key: `${orderId}:refund:${amountMinor}` });
    expect(await refund(1_351)).toEqual({ status: 'failed', code: 'amount_too_large' });
    expect(await refund(1_350)).toMatchObject({ status: 'refunded', amountMinor: 1_350 });
  });

  it('of which the first news is its end is posted as well', async () => {
    const paid = await pay();
    paypal.decideDispute(dispute(paid), 'RESOLVED_BUYER_FAVOUR');
    await news();
    const lost = { bad_debt: 2_350, provider_clearing: -2_350 };
    expect(await balancesOf(market.db, paid.orderId)).toEqual(lost);
  });

  it('is told again when PayPal cannot say whose it is, and is nobody’s when it is unknown', async () => {
    const paid = await pay();
    dispute(paid);
    const [notice] = paypal.notices.waiting().slice(-1);
    if (!notice) throw new Error('no notice');
    const incoming = { rawBody: notice.body, headers: notice.headers };
    paypal.addFault({ kind: '503', match: { path: '/v2/payments/captures' } });
    await expect(port.readWebhook(incoming)).rejects.toSatisfy(isOutage);
    expect(await port.readWebhook(incoming)).toMatchObject({
      kind: 'dispute_changed',
      type: 'CUSTOMER.DISPUTE.CREATED',
      providerRef: paid.providerRef,
      orderId: paid.orderId,
    });
    const forged = { ...incoming, rawBody: notice.body.replace('CREATED', 'UPDATED') };
    expect(await port.readWebhook(forged)).toMatchObject({ kind: 'refused' });
    expect(await port.disputes({ providerRef: 'PP_unknown' })).toEqual([]);
  });
});

const nightly = () => {
  const log = createLog({ name: 'test', level: 'silent' });
  const deps = { db: market.db, gateway: set.gateway, others: [port], log };
  return createReconcileActivities(deps).reconcile();
};

describe('a dispute at PayPal whose news never come', () => {
  it('is taken in by the nightly comparison, and so is its end', async () => {
    const paid = await pay();
    const ref = dispute(paid);
    await nightly();
    expect(await stored(paid)).toMatchObject([{ dispute_ref: ref, status: 'open' }]);
    expect(await balancesOf(market.db, paid.orderId)).toEqual(kept);
    expect(await incidents(paid)).toContain('dispute_open open');
    await nightly();
    expect(await balancesOf(market.db, paid.orderId)).toEqual(kept);
    paypal.decideDispute(ref, 'RESOLVED_BUYER_FAVOUR');
    await nightly();
    const lost = { bad_debt: 2_350, provider_clearing: -2_350 };
    expect(await balancesOf(market.db, paid.orderId)).toEqual(lost);
    expect(await incidents(paid)).toContain('dispute_lost open');
  });

  it('is found on whatever page of the list', async () => {
    const paid = await pay();
    for (let n = 0; n < 60; n++) dispute(paid);
    await nightly();
    expect(await stored(paid)).toHaveLength(60);
  });
});

describe('news of PayPal about a refund', () => {
  it('are dealt with, and no order is asked about them', async () => {
    const { orderId, providerRef } = await pay();
    const key = `${orderId}:refund:1`;
    await port.refund({ orderId, providerRef, amountMinor: 100, key });
    const type = 'PAYMENT.CAPTURE.REFUNDED';
    await saveWebhook(market.db, { provider: 'paypal', eventId: key, type, providerRef, orderId });
    for (const part of upkeep()) await part();
    const open = market.db.selectFrom('provider_webhooks').selectAll().where('event_id', '=', key);
    expect(await open.where('done_at', 'is', null).execute()).toEqual([]);
  });
});
