// A refund of which Stripe's books show something else than was asked, through the API, the steps of its workflow and the
// nightly comparison, on a real database and against the fake Stripe: two persons end it as the books say.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createRefundActivities } from '../../activities/refunds.ts';
import type { CardGateway, RefundAnswer } from '../../adapters/card-gateway.ts';
import { stripePort } from '../../adapters/payment-port.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { newId } from '../../db/new-id.ts';
import { findRefund } from '../../db/refunds.ts';
import { parseId, type DriverId } from '../../domain/ids.ts';
import { refundKey } from '../../domain/refund.ts';
import { createLog } from '../../log.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { balancesOf } from '../support/paid-order.ts';
import { createWorld, type Reply, type World } from './world.ts';

let world: World;
let stripe: StripeSandbox;
let gateway: CardGateway;
let second: string;
beforeAll(async () => {
  stripe = await startStripeSandbox({ searchLagMs: 0 });
  const options = { secretKey: 'sk_test_x', apiBase: stripe.url, webhookSecret: 'whsec_test' };
  gateway = createStripeGateway({ ...options, timeoutMs: 500 });
  world = await createWorld({ ports: { stripe: stripePort(gateway) } });
  second = await world.keyOf({ role: 'platform_admin' });
});
afterAll(async () => {
  await world.close();
  await stripe.close();
});

const say = (orderId: string, what: string, body: object = {}, secret = world.shop.owner) =>
  world.call('POST', `/v1/orders/${orderId}/${what}`, { secret, body });

type Paid = { readonly orderId: string; readonly providerRef: string };

/** Delivered, and 23.50 were taken by Stripe. */
async function paid(card = 'pm_card_visa', currency = 'EUR'): Promise<Paid> {
  const orderId = (await world.shop.place()).body.id;
  await say(orderId, 'accept');
  const driverId = world.shop.driver.id as DriverId;
  const assigned = { offerId: newId('offer'), driverId, pickupEtaAt: Date.now() };
  await world.engine.happens(orderId, { kind: 'assign', ...assigned });
  await say(orderId, 'pick-up', {}, world.shop.driverKey);
  expect((await say(orderId, 'deliver', {}, world.shop.driverKey)).status).toBe(200);
  const amountMinor = 2_350;
  const named = { attempt: 1, key: `${orderId}:authorize:1`, currency, paymentMethod: card };
  const held = await gateway.authorize({ orderId, amountMinor, ...named });
  if (held.status !== 'authorized') throw new Error(held.status);
  const { providerRef } = held;
  await gateway.capture({ orderId, providerRef, amountMinor, key: `${orderId}:capture:1` });
  await world.engine.happens(orderId, { kind: 'paymentCaptured', amountMinor });
  const row = { provider_ref: providerRef };
  await world.db.updateTable('orders').set(row).where('id', '=', orderId).execute();
  await world.db
    .updateTable('order_events')
    .set({ body: sql`jsonb_set(body, '{providerRef}', to_jsonb(${providerRef}::text))` })
    .where('order_id', '=', orderId)
    .where('type', 'in', ['payment.capturing', 'payment.captured'])
    .execute();
  return { orderId, providerRef };
}

const worker = (refund: CardGateway['refund'] = gateway.refund) =>
  createRefundActivities({
    db: world.db,
    crashPoint: () => undefined,
    portOf: () => ({ refund, findRefund: gateway.findRefund }),
  });
async function carryOut(id: string, refund?: CardGateway['refund']) {
  const refundId = parseId('refund', id);
  if (!refundId) throw new Error(`no refund: ${id}`);
  return worker(refund).advanceRefund({ refundId });
}

type Doubted = Paid & { readonly id: string };

/** 5.00 were asked for; the merchant bears them. */
async function asked(payment: Paid): Promise<Doubted> {
  const body = { reason: 'quality', fault: 'merchant', amount_minor: 500 };
  const reply = await say(payment.orderId, 'refunds', body, world.support);
  expect(reply).toMatchObject({ status: 201, body: { status: 'requested' } });
  return { ...payment, id: reply.body.id };
}

/** In Stripe's books, under the refund's own key. */
async function booked({ orderId, providerRef, id }: Doubted, amountMinor: number) {
  const key = refundKey({ orderId, refundId: id }, 1);
  await gateway.refund({ orderId, providerRef, amountMinor, key });
}

async function misbooked(amountMinor: number, card?: string): Promise<Doubted> {
  const refund = await asked(await paid(card));
  await booked(refund, amountMinor);
  await expect(carryOut(refund.id)).rejects.toMatchObject({ type: 'amount_mismatch' });
  return refund;
}

/** Stripe says that it gave something back, and its books show nothing. */
async function saidOnly(card?: string): Promise<Doubted> {
  const refund = await asked(await paid(card));
  await lie(refund, 499);
  return refund;
}

const lie = ({ id }: Doubted, amountMinor: number) => {
  const said: RefundAnswer = { status: 'refunded', refundRef: 're_none', amountMinor };
  const answer = carryOut(id, async () => said);
  return expect(answer).rejects.toMatchObject({ type: 'amount_mismatch' });
};

const settle = (id: string, outcome: string, secret = world.admin): Promise<Reply> =>
  world.call('POST', `/v1/refunds/${id}/settle`, {
    secret,
    body: { outcome, reason: 'payment_problem' },
  });
const verdict = (id: string, word: 'approve' | 'reject', secret = second): Promise<Reply> =>
  world.call('POST', `/v1/refunds/${id}/${word}`, { secret });

const shown = async ({ orderId, id }: Doubted) => {
  const { body } = await world.call('GET', `/v1/orders/${orderId}/refunds`, {
    secret: world.support,
  });
  const { data } = body as unknown as { readonly data: readonly { readonly id: string }[] };
  return data.find((each) => each.id === id);
};
const incidents = async (orderId: string) =>
  (
    await world.db
      .selectFrom('incidents')
      .select(['kind', 'resolved_at'])
      .where('order_id', '=', orderId)
      .orderBy('kind')
      .execute()
  ).map(({ kind, resolved_at: at }) => `${kind} ${at ? 'resolved' : 'open'}`);
const attempts = (orderId: string) =>
  world.db
    .selectFrom('support_attempts')
    .select(['action', 'outcome', 'code', 'approved_by'])
    .where('order_id', '=', orderId)
    .orderBy('at')
    .execute();
const refundsAt = ({ providerRef }: Paid): readonly number[] =>
  stripe.control
    .books()
    .refunds.filter((refund) => refund.payment_intent === providerRef)
    .map(({ amount }) => amount);

/** What becomes of the fake's refunds comes when they are next read. */
async function arrive({ providerRef }: Paid): Promise<void> {
  for (const { id, payment_intent: of } of stripe.control.books().refunds)
    if (of === providerRef)
      await fetch(`${stripe.url}/v1/refunds/${id}`, { headers: { authorization: 'Bearer x' } });
}

/** As if it had been asked for so long ago. */
const askedBefore = (id: string, ms: number) =>
  world.db
    .updateTable('refunds')
    .set({ settlement: sql`jsonb_set(settlement, '{at}', to_jsonb(${Date.now() - ms}::bigint))` })
    .where('id', '=', id)
    .execute();

const taken = { provider_clearing: 2_350, merchant: -1_520, driver: -550, platform: -280 };

const log = createLog({ name: 'test', level: 'silent' });
const nightly = () => createReconcileActivities({ db: world.db, gateway, log }).reconcile();

describe('a refund of which the books show another amount', () => {
  it('is settled by two persons as what they show, and everything knows', async () => {
    const refund = await misbooked(499);
    const { orderId, id } = refund;
    const path = `POST /v1/refunds/${id}`;
    const corrected = 'the provider’s corrected answer';
    expect(await shown(refund)).toMatchObject({
      status: 'sending',
      waits_for: { for: 'settlement', ends_by: [`${path}/settle`, corrected] },
    });
    // It keeps nobody from seeing what differs.
    await nightly();
    const differs = 'reconcile_refunded_there_unknown_here';
    expect(await incidents(orderId)).toEqual([`${differs} open`, 'refund_answer_differs open']);

    expect(await settle(id, 'as_booked')).toMatchObject({
      status: 200,
      body: {
        settlement: { outcome: 'as_booked', amount_minor: 499, approved: false },
        waits_for: { for: 'settlement_approval' },
      },
    });
    const twice = await settle(id, 'as_booked', world.support);
    expect(twice).toMatchObject({ status: 409, body: { code: 'approval_needed' } });
    const own = await verdict(id, 'approve', world.admin);
    expect(own).toMatchObject({ status: 409, body: { code: 'approval_needs_another' } });

    expect(await verdict(id, 'approve')).toMatchObject({
      status: 200,
      body: {
        status: 'refunded',
        amount_minor: 499,
        asked_minor: 500,
        borne_by: [{ account: 'merchant', amount_minor: 499 }],
        settlement: { approved: true },
        waits_for: null,
      },
    });
    const again = await verdict(id, 'approve');
    expect(again).toMatchObject({ status: 409, body: { code: 'refund_not_waiting' } });
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    const given = { ...taken, provider_clearing: 1_851, merchant: -1_021 };
    const fees = { provider_clearing: 1_851 - 58, provider_fees: 58 };
    expect(await balancesOf(world.db, orderId)).toEqual({ ...given, ...fees });
    expect(refundsAt(refund)).toEqual([499]);
    expect((await attempts(orderId)).filter(({ outcome }) => outcome === 'done')).toMatchObject([
      { action: 'settle_refund', code: null, approved_by: expect.stringMatching(/^key_/) },
    ]);
    await nightly();
    const over = [`${differs} resolved`, 'refund_answer_differs resolved'];
    expect(await incidents(orderId)).toEqual(over);
  });

  it('and more than was asked: the rest is the platform’s, once, however many agree', async () => {
    const { orderId, id } = await misbooked(600);
    await settle(id, 'as_booked');
    const third = await world.keyOf({ role: 'platform_admin' });
    const answers = await Promise.all([second, third].map((key) => verdict(id, 'approve', key)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409]);
    const settled = { provider_clearing: 1_750, merchant: -1_020, driver: -550, platform: -180 };
    expect(await balancesOf(world.db, orderId)).toEqual(settled);
  });

  it('and that the bank takes its time over waits for the bank, and is believed then', async () => {
    const refund = await misbooked(499, 'pm_card_pendingRefund');
    const { orderId, id } = refund;
    await settle(id, 'as_booked');
    const agreed = { status: 'pending', waits_for: { for: 'bank' } };
    expect((await verdict(id, 'approve')).body).toMatchObject(agreed);
    expect(await carryOut(id)).toMatchObject({ status: 'pending', isOver: false });
    await arrive(refund);
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    const settled = { provider_clearing: 1_851, merchant: -1_021 };
    expect(await balancesOf(world.db, orderId)).toMatchObject(settled);
    expect(refundsAt(refund)).toEqual([499]);
  });

  it('in another currency cannot be settled as that, nor as failed', async () => {
    const refund = await asked(await paid('pm_card_visa', 'USD'));
    await expect(carryOut(refund.id)).rejects.toMatchObject({ type: 'currency_mismatch' });
    for (const [outcome, says] of [
      ['as_booked', 'the books show it in USD, the order is in EUR'],
      ['failed', 'the books show 500 USD'],
    ] as const)
      expect(await settle(refund.id, outcome)).toMatchObject({
        status: 409,
        body: {
          code: 'refund_books_differ',
          errors: [{ field: 'outcome', problem: `cannot be ${outcome}: ${says}` }],
        },
      });
  });
});

describe('a refund of which the books show nothing', () => {
  it('is settled as failed once nothing can arrive any more; nothing is sent meanwhile', async () => {
    const refund = await saidOnly();
    const { orderId, id } = refund;
    const wrong = await settle(id, 'as_booked');
    expect(wrong).toMatchObject({ status: 409, body: { errors: [{ field: 'outcome' }] } });
    expect(await settle(id, 'failed')).toMatchObject({ status: 200 });
    expect(await carryOut(id)).toMatchObject({ status: 'sending', isOver: false });
    expect(refundsAt(refund)).toEqual([]);
    const early = await verdict(id, 'approve');
    expect(early).toMatchObject({ status: 503, body: { code: 'provider_unavailable' } });
    await askedBefore(id, 61_000);
    expect((await verdict(id, 'approve')).body).toMatchObject({
      status: 'failed',
      code: 'not_in_books',
      waits_for: null,
    });
    expect(await carryOut(id)).toMatchObject({ status: 'failed', isOver: true });
    expect(await balancesOf(world.db, orderId)).toEqual(taken);
    expect(await incidents(orderId)).toEqual([
      'refund_answer_differs resolved',
      'refund_failed open',
    ]);
    expect(refundsAt(refund)).toEqual([]);
  });

  it('is looked at again when it is decided: what is in the books by then speaks against it', async () => {
    const refund = await saidOnly();
    const { id } = refund;
    await settle(id, 'failed');
    await askedBefore(id, 61_000);
    await booked(refund, 499);
    expect(await verdict(id, 'approve')).toMatchObject({
      status: 409,
      body: { code: 'refund_books_differ', errors: [{ field: 'outcome' }] },
    });
    expect(await verdict(id, 'reject')).toMatchObject({ status: 200, body: { status: 'sending' } });
    expect(await settle(id, 'as_booked')).toMatchObject({ status: 200 });
    expect((await verdict(id, 'approve')).body).toMatchObject({ amount_minor: 499 });
  });
});

describe('a settlement that was asked for', () => {
  it('ends with the provider’s correction', async () => {
    const refund = await saidOnly();
    const { orderId, id } = refund;
    await settle(id, 'failed');
    await booked(refund, 500);
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    const late = await verdict(id, 'approve');
    expect(late).toMatchObject({ status: 409, body: { code: 'refund_not_waiting' } });
    expect(await incidents(orderId)).toEqual(['refund_answer_differs resolved']);
    expect(await attempts(orderId)).toMatchObject([
      { outcome: 'refused', code: 'refund_not_in_doubt', approved_by: null },
    ]);
  });

  it('stays ended when the provider is in doubt again: it is asked for anew', async () => {
    const refund = await saidOnly('pm_card_pendingRefund');
    const { orderId, id } = refund;
    await settle(id, 'failed');
    await booked(refund, 500);
    expect(await carryOut(id)).toMatchObject({ status: 'pending', isOver: false });
    await lie(refund, 499);
    expect(await shown(refund)).toMatchObject({
      settlement: null,
      waits_for: { for: 'settlement' },
    });
    const late = await verdict(id, 'approve');
    expect(late).toMatchObject({ status: 409, body: { code: 'refund_not_waiting' } });
    expect(await settle(id, 'as_booked')).toMatchObject({ status: 200 });
    const outcomes = (await attempts(orderId)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['refused', 'awaits_approval']);
  });

  it('while the provider is about to correct itself ends with that too', async () => {
    const { orderId, id } = await saidOnly();
    const step = await carryOut(id, async (input) => {
      expect(await settle(id, 'failed')).toMatchObject({ status: 200 });
      return gateway.refund(input);
    });
    expect(step).toMatchObject({ status: 'refunded', isOver: true });
    expect(await findRefund(world.db, id)).toMatchObject({ settlement: null });
    expect(await attempts(orderId)).toMatchObject([
      { outcome: 'refused', code: 'refund_not_in_doubt' },
    ]);
  });

  it('lapses when nobody decides, and the provider is asked again', async () => {
    const refund = await saidOnly();
    const { orderId, id } = refund;
    await settle(id, 'failed');
    await world.db
      .updateTable('refunds')
      .set({ decide_before: new Date() })
      .where('id', '=', id)
      .execute();
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    expect(refundsAt(refund)).toEqual([500]);
    expect(await attempts(orderId)).toMatchObject([
      { outcome: 'refused', code: 'approval_expired' },
    ]);
  });

  it('is refused for a refund that nobody doubts', async () => {
    const { id } = await asked(await paid());
    const refused = await settle(id, 'failed');
    expect(refused).toMatchObject({ status: 409, body: { code: 'refund_not_in_doubt' } });
    const odd = await settle(id, 'lost');
    expect(odd).toMatchObject({ status: 400, body: { errors: [{ field: 'outcome' }] } });
  });
});
