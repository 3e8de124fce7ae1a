// The reconciliation on a real database against the fake Stripe over HTTP: nothing to say about sound books; every
// planted difference is found, and what is safe is put right.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities, type Progress } from '../../activities/reconcile.ts';
import { createRefundActivities } from '../../activities/refunds.ts';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { postOnce } from '../../db/ledger.ts';
import { newId } from '../../db/new-id.ts';
import { readRefundBasis } from '../../db/refund-basis.ts';
import { namedPayments, type Named } from '../../db/named-payments.ts';
import { openRefunds, refundsOfOrder } from '../../db/refunds.ts';
import { reportUnexpected, saveWebhook } from '../../db/webhooks.ts';
import { parseId, type OrderId } from '../../domain/ids.ts';
import { createLog } from '../../log.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, start, type Market } from '../db/market.ts';
import { rigs } from '../support/payment-rigs.ts';
import {
  balancesOf,
  bookRefund,
  payOrder,
  type PaidOrder,
  holdTotal,
} from '../support/paid-order.ts';

let market: Market;
let stripe: StripeSandbox;
let gateway: CardGateway;
beforeEach(async () => {
  market = await createMarket();
  stripe = await startStripeSandbox({ searchLagMs: 0 });
  const options = { secretKey: 'sk_test_x', apiBase: stripe.url, webhookSecret: 'x' };
  gateway = createStripeGateway({ ...options, timeoutMs: 500 });
});
afterEach(async () => {
  await stripe.close();
  await market.close();
});

const log = createLog({ name: 'test', level: 'silent' });
const reconcile = () => createReconcileActivities({ db: market.db, gateway, log }).reconcile();
const incidents = () =>
  market.db
    .selectFrom('incidents')
    .select(['kind', 'order_id', 'resolved_at'])
    .orderBy('kind')
    .execute();

/** An order that ended without taking anything, and a hold of its own at the provider. */
async function endedOrder(): Promise<{ readonly orderId: OrderId; readonly providerRef: string }> {
  const orderId = await market.addOrder({
    is_over: true,
    order_status: 'expired',
    payment_status: 'voided',
    sequence: 5,
  });
  const providerRef = await holdTotal(gateway, orderId);
  return { orderId, providerRef };
}

/** Of 23.50: it is charged whatever becomes of the money. */
const onlyFee = { provider_clearing: -58, provider_fees: 58 };

const takeBehindOurBack = (orderId: OrderId, providerRef: string) =>
  gateway.capture({ orderId, providerRef, amountMinor: 2_350, key: `${orderId}:behind` });
const refundBehindOurBack = ({ id, providerRef }: PaidOrder) =>
  gateway.refund({ orderId: id, providerRef, amountMinor: 100, key: `${id}:behind` });

async function carryOutRefunds(port: Pick<PaymentPort, 'refund'> = gateway): Promise<void> {
  const refunds = createRefundActivities({
    db: market.db,
    portOf: () => port,
    crashPoint: () => undefined,
  });
  for (const id of await openRefunds(market.db)) {
    const refundId = parseId('refund', id);
    if (refundId) await refunds.advanceRefund({ refundId });
  }
}

describe('a reconciliation', () => {
  it('has nothing to say about sound books', async () => {
    for (let n = 0; n < 3; n++) await payOrder(market, { gateway });
    expect(await reconcile()).toEqual({ compared: 3, differences: 0, healed: 0, vanished: 0 });
    expect(await incidents()).toEqual([]);
  });

  it('lets go of a hold that an ended order has left', async () => {
    const { providerRef } = await endedOrder();
    expect(await reconcile()).toMatchObject({ differences: 1, healed: 1 });
    expect(await gateway.retrieve({ providerRef })).toMatchObject({ status: 'voided' });
    expect(await reconcile()).toMatchObject({ differences: 0 });
  });

  it('leaves the hold of an order that lives', async () => {
    const { orderId, providerRef } = await endedOrder();
    await market.setOrder(orderId, { is_over: false });
    expect(await reconcile()).toMatchObject({ differences: 0 });
    expect(await gateway.retrieve({ providerRef })).toMatchObject({ status: 'authorized' });
  });

  it('gives back what was taken after the end, once', async () => {
    const { orderId, providerRef } = await endedOrder();
    await takeBehindOurBack(orderId, providerRef);
    expect(await reconcile()).toMatchObject({ differences: 1, healed: 1 });
    expect(await reconcile()).toMatchObject({ differences: 0 });
    await carryOutRefunds();
    expect(stripe.control.books().refunds.map((refund) => refund.amount)).toEqual([2_350]);
    expect(await balancesOf(market.db, orderId)).toEqual(onlyFee);
    expect(await reconcile()).toMatchObject({ differences: 0 });
  });

  it('puts the others right when one cannot be, and tells somebody of that one', async () => {
    const [stuck, other] = [await endedOrder(), await endedOrder()];
    for (const { orderId, providerRef } of [stuck, other])
      await takeBehindOurBack(orderId, providerRef);
    await postOnce(market.db, {
      posting: {
        key: `${stuck.orderId}:late:${stuck.providerRef}`,
        kind: 'write_off',
        entries: [
          { account: 'bad_debt', party: 'platform', amountMinor: 1 },
          { account: 'customer', party: 'cus_1', amountMinor: -1 },
        ],
      },
      orderId: stuck.orderId,
      currency: 'EUR',
      at: new Date(),
    });
    expect(await reconcile()).toMatchObject({ differences: 2, healed: 1 });
    await carryOutRefunds();
    expect(stripe.control.books().refunds).toHaveLength(1);
    const open = (await incidents()).filter(({ resolved_at: at }) => at === null);
    expect(open.map(({ order_id: id }) => id)).toEqual([stuck.orderId]);
  });

  it('gives nothing back of what was taken in another currency, and tells somebody', async () => {
    const { orderId, providerRef } = await endedOrder();
    await takeBehindOurBack(orderId, providerRef);
    await market.setOrder(orderId, { currency: 'USD' });
    expect(await reconcile()).toMatchObject({ differences: 2, healed: 0 });
    expect(await openRefunds(market.db)).toEqual([]);
    expect(await balancesOf(market.db, orderId)).toEqual(onlyFee);
    expect(await incidents()).toMatchObject([
      { kind: 'reconcile_captured_there_unknown_here', resolved_at: null },
      { kind: 'reconcile_currency_differs', resolved_at: null },
    ]);
  });

  it('does not count money that came late and went back against what may still be refunded', async () => {
    const order = await payOrder(market, { gateway });
    const late = await gateway.authorize({
      orderId: order.orderId,
      attempt: 2,
      key: `${order.id}:authorize:2`,
      amountMinor: 2_350,
      currency: 'EUR',
      paymentMethod: 'pm_card_visa',
    });
    if (late.status !== 'authorized') throw new Error(late.status);
    await takeBehindOurBack(order.orderId, late.providerRef);
    expect(await reconcile()).toMatchObject({ differences: 1, healed: 1 });
    const { basis } = await market.db
      .transaction()
      .execute((trx) => readRefundBasis(trx, order, { kind: 'whole' }));
    expect([basis.capturedMinor, basis.refundedMinor]).toEqual([2_350, 0]);
  });

  it('asks providers without a list for each payment, and gives back what nobody here knew of', async () => {
    const [, startCampay] = rigs.find(([name]) => name === 'campay') ?? [];
    if (!startCampay) throw new Error('no CamPay');
    const clock = { now: Date.now() };
    const rig = await startCampay({ db: market.db, clock, webhookUrl: 'http://127.0.0.1:9/' });
    const reconciled = () => {
      const others = [rig.port];
      return createReconcileActivities({ db: market.db, gateway, others, log }).reconcile();
    };
    const orderId = await market.addOrder({
      is_over: true,
      order_status: 'cancelled',
      payment_status: 'written_off',
      sequence: 5,
      currency: 'XAF',
      facts: JSON.stringify({ paymentMethod: rig.method }),
    });
    const key = `${orderId}:authorize:1`;
    const asked = { orderId, attempt: 1, key, amountMinor: 2_350, currency: 'XAF' };
    const answer = await rig.port.authorize({ ...asked, paymentMethod: rig.method });
    if (answer.status !== 'requires_action') throw new Error(answer.status);
    expect(await reconciled()).toMatchObject({ compared: 0 });
    // Our record of its name was lost; the provider's news came.
    const news = { provider: 'campay', type: 'campay.successful', orderId } as const;
    const { providerRef } = answer;
    await saveWebhook(market.db, { ...news, eventId: 'a', providerRef });
    expect(await reconciled()).toMatchObject({ compared: 1, differences: 0 });
    rig.confirm(providerRef);
    await reportUnexpected(market.db, { ...news, providerRef }, new Date());
    expect(await reconciled()).toMatchObject({ compared: 1, differences: 1, healed: 1 });
    await carryOutRefunds(rig.port);
    expect(rig.books()).toMatchObject({ taken: [2_350], givenBack: [2_350] });
    expect(await balancesOf(market.db, orderId)).toEqual({});
    expect(await reconciled()).toMatchObject({ differences: 0 });
    const payout = (await refundsOfOrder(market.db, orderId)).map(({ id }) => id);
    for (const [n, ref] of payout.entries())
      await saveWebhook(market.db, {
        ...news,
        type: 'refund.successful',
        eventId: `${n}`,
        providerRef: ref,
      });
    expect(await reconciled()).toMatchObject({ compared: 1, differences: 0 });
    const kinds = await incidents();
    expect(kinds.map(({ kind }) => kind)).toContain('reconcile_payment_unexpected');
    expect(kinds.filter(({ resolved_at: at }) => at === null)).toEqual([]);
    await rig.close();
  });

  it('compares the others while one provider is away, and is tried again', async () => {
    const [, startCampay] = rigs.find(([name]) => name === 'campay') ?? [];
    if (!startCampay) throw new Error('no CamPay');
    const clock = { now: Date.now() };
    const rig = await startCampay({ db: market.db, clock, webhookUrl: 'http://127.0.0.1:9/' });
    const { providerRef } = await endedOrder();
    const paymentMethod = rig.method;
    const facts = JSON.stringify({ paymentMethod });
    await market.addOrder({ is_over: true, provider_ref: 'tx_1', facts });
    const others = [rig.port];
    await rig.close();
    const away = createReconcileActivities({ db: market.db, gateway, others, log });
    await expect(away.reconcile()).rejects.toThrow('no certain answer');
    expect(await gateway.retrieve({ providerRef })).toMatchObject({ status: 'voided' });
  });

  it('interrupted, goes on where it was, and may take longer the more there is', async () => {
    const [, startCampay] = rigs.find(([name]) => name === 'campay') ?? [];
    if (!startCampay) throw new Error('no CamPay');
    const clock = { now: Date.now() };
    const rig = await startCampay({ db: market.db, clock, webhookUrl: 'http://127.0.0.1:9/' });
    const died = new Error('the worker died');
    let kept: Progress | undefined;
    let looks = 0;
    const comparing = (diesAt: number) =>
      createReconcileActivities({
        db: market.db,
        gateway,
        log,
        others: [
          {
            ...rig.port,
            look: (input) => {
              looks += 1;
              if (looks === diesAt) throw died;
              return rig.port.look(input);
            },
          },
        ],
        progress: { last: () => kept, keep: (progress) => void (kept = progress) },
      });
    const budgetMs = await comparing(0).reconciliationBudgetMs();
    const facts = JSON.stringify({ paymentMethod: rig.method });
    for (let n = 0; n < 250; n++)
      await market.addOrder({ is_over: true, provider_ref: `tx_${n}`, facts });
    expect(await comparing(0).reconciliationBudgetMs()).toBe(budgetMs + 250 * 1_500);
    await expect(comparing(230).reconcile()).rejects.toBe(died);
    looks = 0;
    expect(await comparing(0).reconcile()).toMatchObject({ compared: 250, differences: 0 });
    // The last order of a full page comes with the next one, whole.
    expect(looks).toBe(51);
    await rig.close();
  });

  it('leaves out no payment at the edge of a page', async () => {
    const orderId = await market.addOrder();
    const provider = 'campay';
    for (const providerRef of ['tx_1', 'tx_2', 'tx_3'])
      await saveWebhook(market.db, {
        provider,
        eventId: providerRef,
        type: 'x',
        providerRef,
        orderId,
      });
    const seen: string[] = [];
    for (let after: Named | undefined; ;) {
      const page = await namedPayments(market.db, {
        provider,
        since: new Date(start),
        after,
        limit: 2,
      });
      seen.push(...page.map(({ providerRef }) => providerRef));
      after = page.at(-1);
      if (!after) break;
    }
    expect(seen).toEqual(['tx_1', 'tx_2', 'tx_3']);
  });

  it('recovers what was written off and had been taken after all, and gives nothing back', async () => {
    const { orderId, providerRef } = await endedOrder();
    await postOnce(market.db, {
      posting: {
        key: `${orderId}:write_off:1`,
        kind: 'write_off',
        entries: [
          { account: 'bad_debt', party: 'platform', amountMinor: 2_350 },
          { account: 'customer', party: 'cus_1', amountMinor: -2_350 },
        ],
      },
      orderId,
      currency: 'EUR',
      at: new Date(),
    });
    await takeBehindOurBack(orderId, providerRef);
    expect(await reconcile()).toMatchObject({ differences: 1, healed: 1 });
    expect(await openRefunds(market.db)).toEqual([]);
    expect(await balancesOf(market.db, orderId)).toEqual({
      provider_clearing: 2_350 - 58,
      provider_fees: 58,
      customer: -2_350,
    });
    expect(await reconcile()).toMatchObject({ differences: 0 });
  });

  it('tells somebody of what it may not put right, once, and no more when it has gone', async () => {
    const order = await payOrder(market, { gateway });
    await refundBehindOurBack(order);
    for (let n = 0; n < 2; n++)
      expect(await reconcile()).toMatchObject({ differences: 1, healed: 0 });
    expect(await incidents()).toEqual([
      { kind: 'reconcile_refunded_there_unknown_here', order_id: order.id, resolved_at: null },
    ]);
    await bookRefund(market.db, order, { amountMinor: 100, status: 'refunded' });
    expect(await reconcile()).toMatchObject({ differences: 0, vanished: 1 });
    expect((await incidents())[0]?.resolved_at).not.toBeNull();
  });

  it('of which a part fails is repeated without doing anything twice', async () => {
    const { orderId, providerRef } = await endedOrder();
    await takeBehindOurBack(orderId, providerRef);
    await endedOrder();
    stripe.control.addFault({ kind: 'execute_then_timeout', match: { path: '/cancel' } });
    await expect(reconcile()).rejects.toThrow('no certain answer');
    await reconcile();
    await carryOutRefunds();
    expect(stripe.control.books().refunds).toHaveLength(1);
    expect(await reconcile()).toMatchObject({ differences: 0 });
  });

  it('of a day finds every difference that was planted, and nothing else', async () => {
    const planted: string[] = [];
    for (let n = 0; n < 60; n++) {
      const order = await payOrder(market, { gateway });
      if (n % 10 === 3) {
        await refundBehindOurBack(order);
        planted.push('refunded_there_unknown_here');
      }
      if (n % 10 === 7) {
        const { orderId, providerRef } = await endedOrder();
        planted.push(n < 30 ? 'hold_left' : 'captured_there_unknown_here');
        if (n >= 30) await takeBehindOurBack(orderId, providerRef);
      }
    }
    await gateway.authorize({
      orderId: newId('order'),
      attempt: 1,
      key: 'nobody',
      amountMinor: 500,
      currency: 'EUR',
      paymentMethod: 'pm_card_visa',
    });
    await loseAtTheProvider(await payOrder(market, { gateway }));
    // Under another name there, perhaps: nothing of it is given back by itself.
    planted.push('payment_of_nobody', 'captured_here_unknown_there', 'captured_there_unknown_here');
    const { differences, healed } = await reconcile();
    const found = (await incidents()).map(({ kind }) => kind.replace('reconcile_', ''));
    expect(found).toEqual(planted.toSorted((a, b) => (a < b ? -1 : 1)));
    expect([differences, healed]).toEqual([planted.length, 6]);
    await carryOutRefunds();
    expect((await reconcile()).differences).toBe(planted.length - 6);
  });
});

/** Our log names a payment that the provider has never heard of. */
const loseAtTheProvider = ({ id }: PaidOrder) =>
  market.db
    .updateTable('order_events')
    .set({ body: JSON.stringify({ attempt: 1, providerRef: 'pi_lost', amountMinor: 2_350 }) })
    .where('order_id', '=', id)
    .execute();
