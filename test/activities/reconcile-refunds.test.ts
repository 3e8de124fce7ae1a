// What PayPal, mobile money and the wallet gave back against our ledger, on a real database against the fakes over HTTP.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createRefundActivities } from '../../activities/refunds.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { createWalletPort } from '../../adapters/wallet.ts';
import { newId } from '../../db/new-id.ts';
import { giveBack, refundsOfOrder } from '../../db/refunds.ts';
import { createWalletBooks } from '../../db/wallet.ts';
import { parseId } from '../../domain/ids.ts';
import type { ProviderName } from '../../domain/payment-methods.ts';
import { holdRef } from '../../domain/wallet.ts';
import { createLog } from '../../log.ts';
import { startOperator, type Operator } from '../support/operator.ts';
import { startPaypalAccount, type PaypalAccount } from '../support/paypal.ts';
import { setUpStripe } from '../support/stripe-rig.ts';
import { bookTaken, endedOrder, type Paid } from '../support/taken.ts';
import { fillWallet, topUp, withdraw } from '../support/wallet.ts';

const set = setUpStripe();
const log = createLog({ name: 'test', level: 'silent' });

type Refunding = { readonly provider: ProviderName; readonly currency: string };

/** 5.00 of it, by its workflow's steps. */
async function refund(paid: Paid, port: PaymentPort, about: Refunding): Promise<void> {
  const { orderId, customerId, providerRef } = paid;
  await set.market.db.transaction().execute((trx) =>
    giveBack(trx, {
      order: { id: orderId, merchantId: 'mer_1', customerId, providerRef, ...about },
      amountMinor: 500,
      reason: 'prepaid',
      from: { account: 'customer', party: customerId },
      now: new Date(),
    }),
  );
  const activities = createRefundActivities({
    portOf: () => port,
    db: set.market.db,
    crashPoint: () => undefined,
  });
  for (const { id } of await refundsOfOrder(set.market.db, orderId)) {
    const refundId = parseId('refund', id);
    if (!refundId) throw new Error(id);
    expect(await activities.advanceRefund({ refundId })).toMatchObject({ status: 'refunded' });
  }
}

/** What the comparison says of this order or top-up: every incident of it that is open. */
async function said(
  port: PaymentPort,
  { orderId }: { readonly orderId: string },
): Promise<readonly string[]> {
  const { db } = set.market;
  await createReconcileActivities({ db, gateway: set.gateway, others: [port], log }).reconcile();
  const rows = await db
    .selectFrom('incidents')
    .select('kind')
    .where('order_id', '=', orderId)
    .where('resolved_at', 'is', null)
    .execute();
  return rows.map(({ kind }) => kind);
}

const backThereOnly = ['reconcile_refunded_there_unknown_here'];
const backHereOnly = ['reconcile_refunded_here_unknown_there'];

describe('what PayPal gave back', () => {
  let paypal: PaypalAccount;
  const about = { provider: 'paypal', currency: 'EUR' } as const;
  beforeEach(async () => {
    paypal = await startPaypalAccount();
  });
  afterEach(() => paypal.close());

  async function paid(): Promise<Paid> {
    const order = await endedOrder(set.market);
    const made = { ...order, providerRef: await paypal.take(order.orderId, 2_350) };
    const taken = [{ provider: 'paypal', amountMinor: 2_350 }] as const;
    await bookTaken(set.market, made, { method: 'paypal', currency: 'EUR', taken });
    await refund(made, paypal.port, about);
    return made;
  }

  it('is what the ledger says', async () => {
    expect(await said(paypal.port, await paid())).toEqual([]);
  });

  it('and nobody here knows of, is told to somebody', async () => {
    const order = await paid();
    const { orderId, providerRef } = order;
    await paypal.port.refund({ orderId, providerRef, amountMinor: 100, key: `${orderId}:behind` });
    expect(await said(paypal.port, order)).toEqual(backThereOnly);
  });

  it('and has come back unnoticed, is told to somebody until it is settled', async () => {
    const order = await paid();
    paypal.takeBack(order.providerRef);
    expect(await said(paypal.port, order)).toEqual(backHereOnly);
    await set.market.db
      .updateTable('refunds')
      .set({ status: 'failed' })
      .where('order_id', '=', order.orderId)
      .execute();
    expect(await said(paypal.port, order)).toEqual([]);
  });

  it('long after the order ended is compared as well', async () => {
    const order = await paid();
    const longAgo = { updated_at: new Date(Date.now() - 30 * 86_400_000) };
    await set.market.setOrder(order.orderId, longAgo);
    paypal.takeBack(order.providerRef);
    expect(await said(paypal.port, order)).toEqual(backHereOnly);
  });
});

describe.each(['campay', 'noupay'] as const)('what %s gave back', (provider) => {
  let operator: Operator;
  const about = { provider, currency: 'XAF' };
  beforeEach(async () => {
    operator = await startOperator(set.market.db, provider);
  });
  afterEach(() => operator.fake.close());

  async function paid(): Promise<Paid> {
    const order = await endedOrder(set.market);
    const made = { ...order, providerRef: await operator.collect(order.orderId, 5_000) };
    const taken = [{ provider, amountMinor: 5_000 }];
    await bookTaken(set.market, made, { method: operator.method, currency: 'XAF', taken });
    await refund(made, operator.port, about);
    return made;
  }

  it('is what the ledger says', async () => {
    expect(await said(operator.port, await paid())).toEqual([]);
  });

  it('and it took back unnoticed, is told to somebody', async () => {
    const order = await paid();
    operator.takeBack(`${order.orderId}:refund`);
    expect(await said(operator.port, order)).toEqual(backHereOnly);
  });

  it('although we hold it to have failed, is told to somebody', async () => {
    const order = await paid();
    const failed = set.market.db.updateTable('refunds').set({ status: 'failed' });
    await failed.where('order_id', '=', order.orderId).execute();
    expect(await said(operator.port, order)).toEqual(backThereOnly);
  });
});

describe('what campay gave back of a top-up', () => {
  it('is what the withdrawals say, or somebody is told', async () => {
    const { db } = set.market;
    const operator = await startOperator(db, 'campay');
    const { port, provider, method: paymentMethod } = operator;
    const wallet = { customerId: newId('customer'), currency: 'XAF' };
    const id = newId('topUp');
    const providerRef = await operator.collect(id, 5_000);
    await topUp(db, { ...wallet, id, amountMinor: 5_000, provider, providerRef, paymentMethod });
    await operator.hear();
    const { carryOut } = await withdraw(db, { ...wallet, amountMinor: 2_000, port });
    expect(await carryOut()).toBe('paid');
    expect(await said(port, { orderId: id })).toEqual([]);
    const ofNobody = `reconcile:${providerRef}:payment_of_nobody`;
    const incident = db.selectFrom('incidents').selectAll().where('key', '=', ofNobody);
    expect(await incident.execute()).toEqual([]);
    operator.takeBack(`${id}:refund`);
    expect(await said(port, { orderId: id })).toEqual(backHereOnly);
    await operator.fake.close();
  });
});

describe('the wallet’s part of a split payment', () => {
  let books: ReturnType<typeof createWalletBooks>;
  let port: PaymentPort;
  beforeEach(() => {
    books = createWalletBooks(set.market.db);
    port = createWalletPort(books);
  });

  /** 25.00 EUR, 10.00 of it out of the wallet, of which the ledger has taken `bookedMinor`. */
  async function paid({ isTaken = true, bookedMinor = 1_000 } = {}): Promise<Paid> {
    const order = await endedOrder(set.market);
    const { orderId, customerId } = order;
    const wallet = { customerId, currency: 'EUR' };
    const hold = { orderId, step: 'wallet', attempt: 1 };
    await fillWallet(set.market.db, { ...wallet, amountMinor: 1_000 });
    await books.hold({ ...hold, ...wallet, amountMinor: 1_000 });
    if (isTaken) await books.settle({ ...hold, amountMinor: 1_000 });
    const asked = { orderId, attempt: 1, key: `${orderId}:authorize:1`, currency: 'EUR' };
    const card = { ...asked, amountMinor: 1_500, paymentMethod: 'pm_card_visa' };
    const held = await set.gateway.authorize(card);
    if (held.status !== 'authorized') throw new Error(held.status);
    const { providerRef } = held;
    const key = `${orderId}:capture:1`;
    await set.gateway.capture({ orderId, providerRef, amountMinor: 1_500, key });
    await bookTaken(
      set.market,
      { ...order, providerRef },
      {
        method: `split:${customerId}_all_pm_card_visa`,
        currency: 'EUR',
        taken: [
          { provider: 'wallet', amountMinor: bookedMinor },
          { provider: 'stripe', amountMinor: 1_500 },
        ],
      },
    );
    return { ...order, providerRef: holdRef(hold) };
  }
  const giveBackHalf = (order: Paid) =>
    refund(order, port, { provider: 'wallet', currency: 'EUR' });

  it('is what the ledger says, and what of it went back', async () => {
    const order = await paid();
    expect(await said(port, order)).toEqual([]);
    await giveBackHalf(order);
    expect(await said(port, order)).toEqual([]);
  });

  it('that was taken otherwise than the ledger says, is told to somebody', async () => {
    const order = await paid({ bookedMinor: 900 });
    expect(await said(port, order)).toEqual(['reconcile_captured_amount_differs']);
  });

  it('that the ledger took and the wallet still holds, is told to somebody and left as it is', async () => {
    const order = await paid({ isTaken: false });
    expect((await said(port, order)).toSorted()).toEqual([
      'reconcile_captured_here_unknown_there',
      'reconcile_hold_left',
    ]);
    expect(await port.look(order)).toMatchObject({ status: 'authorized' });
  });

  it('of which more went back than the ledger says, is told to somebody', async () => {
    const order = await paid();
    await giveBackHalf(order);
    const { orderId, providerRef } = order;
    await port.refund({ orderId, providerRef, amountMinor: 100, key: `${orderId}:behind` });
    expect(await said(port, order)).toEqual(backThereOnly);
  });
});
