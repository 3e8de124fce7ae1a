// The gateway's other half through the real Stripe package: release, refund, the books, webhooks.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CardGateway, ProviderPayment } from '../../adapters/card-gateway.ts';
import { isOutage } from '../../adapters/outage.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { signWebhook } from '../../sandbox/stripe/webhooks.ts';

const SECRET = 'whsec_test';

let sandbox: StripeSandbox;
let gateway: CardGateway;

beforeEach(async () => {
  sandbox = await startStripeSandbox();
  gateway = createStripeGateway({
    secretKey: 'sk_test_x',
    apiBase: sandbox.url,
    webhookSecret: SECRET,
    timeoutMs: 400,
  });
});
afterEach(() => sandbox.close());

type Change = { readonly orderId?: string; readonly attempt?: number; readonly card?: string };

function authorize({ orderId = 'ord_1', attempt = 1, card = 'pm_card_visa' }: Change = {}) {
  return gateway.authorize({
    orderId,
    attempt,
    key: `${orderId}:authorize:${attempt}`,
    amountMinor: 2350,
    currency: 'EUR',
    paymentMethod: card,
  });
}

async function hold(change: Change = {}): Promise<string> {
  const answer = await authorize(change);
  if (answer.status !== 'authorized') throw new Error(`not authorized: ${answer.status}`);
  return answer.providerRef;
}

async function captured(change: Change = {}): Promise<string> {
  const providerRef = await hold(change);
  const orderId = change.orderId ?? 'ord_1';
  await gateway.capture({ orderId, providerRef, key: `${orderId}:capture:1`, amountMinor: 2000 });
  return providerRef;
}

const release = (providerRef?: string, n = 1) =>
  gateway.void({ orderId: 'ord_1', providerRef, attempt: 1, key: `ord_1:void:${n}` });
/** As long after the authorization was first sent. */
const releaseSince = (ageMs: number) =>
  gateway.void({
    orderId: 'ord_1',
    providerRef: undefined,
    attempt: 1,
    key: 'ord_1:void:1',
    firstSentAt: Date.now() - ageMs,
  });
const refund = (providerRef: string, amountMinor: number, n = 1) =>
  gateway.refund({ orderId: 'ord_1', providerRef, key: `ord_1:refund:${n}`, amountMinor });
const expectOutage = (work: Promise<unknown>) => expect(work).rejects.toSatisfy(isOutage);
const statuses = () => sandbox.control.books().payment_intents.map(({ status }) => status);

async function books(createdAfter = 0): Promise<readonly ProviderPayment[]> {
  const all: ProviderPayment[] = [];
  for await (const payment of gateway.list({ createdAfter })) all.push(payment);
  return all;
}

describe('void', () => {
  it('releases a hold, again and again', async () => {
    const providerRef = await hold();
    expect(await release(providerRef)).toEqual({ status: 'voided' });
    expect(await release(providerRef, 2)).toEqual({ status: 'voided' });
    expect(await gateway.retrieve({ providerRef })).toMatchObject({ reason: 'cancelled' });
  });

  it('says what was captured when it comes too late', async () => {
    const providerRef = await captured();
    expect(await release(providerRef)).toEqual({
      status: 'captured',
      providerRef,
      amountMinor: 2000,
      currency: 'EUR',
    });
  });

  it('finds and releases what an unanswered authorization left behind', async () => {
    sandbox.control.addFault({ kind: 'execute_then_timeout' });
    await expectOutage(authorize());
    expect(await release()).toEqual({ status: 'voided' });
    expect(statuses()).toEqual(['canceled']);
  });

  it('leaves the payments of other attempts alone', async () => {
    const second = await hold({ attempt: 2 });
    expect(await release()).toEqual({ status: 'nothing_to_void' });
    expect(await gateway.retrieve({ providerRef: second })).toMatchObject({ status: 'authorized' });
  });

  it('burns the key, so an authorization that arrives late cannot hold money', async () => {
    expect(await release()).toEqual({ status: 'nothing_to_void' });
    expect(await authorize()).toEqual({ status: 'not_executed' });
    expect(statuses()).toEqual(['canceled']);
  });

  it('is not stuck on a replayed 500 of the burning request itself', async () => {
    const match = { path: '/v1/payment_intents', method: 'POST' } as const;
    sandbox.control.addFault({ kind: 'execute_then_500', match });
    await expectOutage(release());
    expect(await release()).toEqual({ status: 'nothing_to_void' });
    expect(statuses()).toEqual(['canceled']);
    expect(await authorize()).toEqual({ status: 'not_executed' });
  });

  it('behind a used key › believes that there is nothing only after two hours', async () => {
    sandbox.control.addFault({ kind: '500' });
    await expectOutage(authorize());
    await expect(release()).rejects.toMatchObject({ name: 'Outage', code: 'not_settled' });
    await expect(releaseSince(3_600_000)).rejects.toMatchObject({ code: 'not_settled' });
    expect(await releaseSince(3 * 3_600_000)).toEqual({ status: 'nothing_to_void' });
  });

  it('behind a used key › lists back to the first moment what search does not show', async () => {
    const firstSentAt = Date.now();
    sandbox.control.addFault({ kind: 'execute_then_timeout' });
    await expectOutage(authorize());
    const later = createStripeGateway({
      secretKey: 'sk_test_x',
      apiBase: sandbox.url,
      webhookSecret: SECRET,
      now: () => Date.now() + 5 * 3_600_000,
    });
    const input = { orderId: 'ord_1', providerRef: undefined, attempt: 1, key: 'ord_1:void:1' };
    expect(await later.void({ ...input, firstSentAt })).toEqual({ status: 'voided' });
    expect(statuses()).toEqual(['canceled']);
  });

  it('waits, by an Outage, for an authorization that is still in flight', async () => {
    sandbox.control.addFault({ kind: 'delay', delayMs: 150, match: { method: 'POST' } });
    const late = authorize();
    await expectOutage(release());
    expect(await late).toMatchObject({ status: 'authorized' });
    expect(await release()).toEqual({ status: 'voided' });
  });

  it.each([
    ['execute_then_500', 'voided'],
    ['500', 'not_executed'],
  ] as const)('after %s the retry answers %s', async (kind, status) => {
    const providerRef = await hold();
    sandbox.control.addFault({ kind, match: { path: '/cancel' } });
    await release(providerRef).catch(() => undefined);
    expect(await release(providerRef)).toEqual({ status });
    expect(await release(providerRef, 2)).toEqual({ status: 'voided' });
  });
});

describe('refund', () => {
  it('gives back at most what was captured', async () => {
    const providerRef = await captured();
    expect(await refund(providerRef, 500)).toMatchObject({ status: 'refunded', amountMinor: 500 });
    expect(await refund(providerRef, 1501, 2)).toMatchObject({ code: 'amount_too_large' });
    expect(await refund(providerRef, 1500, 3)).toMatchObject({ status: 'refunded' });
    expect(await refund(providerRef, 1, 4)).toMatchObject({ code: 'already_refunded' });
  });

  it('is made once, whatever happens to the answer', async () => {
    const providerRef = await captured();
    for (const kind of ['execute_then_timeout', 'execute_then_500'] as const) {
      const n = kind === 'execute_then_500' ? 2 : 1;
      sandbox.control.addFault({ kind, match: { path: '/refunds', method: 'POST' } });
      await refund(providerRef, 500, n).catch(() => undefined);
      expect(await refund(providerRef, 500, n)).toMatchObject({ status: 'refunded' });
    }
    expect(sandbox.control.books().refunds).toHaveLength(2);
  });

  it('refuses before the capture and without a payment', async () => {
    expect(await refund(await hold(), 500)).toMatchObject({ code: 'not_captured' });
    expect(await refund('pi_none', 500, 2)).toMatchObject({ code: 'unknown_payment' });
  });

  it('reports a refund that the bank turns down later', async () => {
    const providerRef = await captured({ card: 'pm_card_refundFail' });
    expect(await refund(providerRef, 500)).toMatchObject({ status: 'refunded' });
    const refundRef = sandbox.control.books().refunds[0]?.id ?? '';
    await fetch(`${sandbox.url}/v1/refunds/${refundRef}`, {
      headers: { authorization: 'Bearer sk_test_x' },
    });
    expect(await refund(providerRef, 500)).toMatchObject({ code: 'refund_declined' });
  });
});

/** What a patient caller does: the same key after an Outage, the next n after `not_executed`. */
async function insist<A extends { readonly status: string }>(
  send: (n: number) => Promise<A>,
): Promise<A> {
  let n = 1;
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await send(n).catch((error: unknown) => {
      if (!isOutage(error)) throw error;
      return undefined;
    });
    if (answer?.status === 'not_executed') n += 1;
    else if (answer !== undefined) return answer;
  }
  throw new Error('no definitive answer');
}

describe('under random faults', () => {
  it('every order ends with one hold, captured once and refunded once', async () => {
    sandbox.control.setRandomFaults({ seed: 11, rate: 0.3 });
    gateway = createStripeGateway({
      secretKey: 'sk_test_x',
      apiBase: sandbox.url,
      webhookSecret: SECRET,
      timeoutMs: 400,
    });
    const orders = Array.from({ length: 30 }, (_, index) => `ord_${index}`);
    await Promise.all(
      orders.map(async (orderId) => {
        const held = await insist((attempt) => authorize({ orderId, attempt }));
        if (held.status !== 'authorized') throw new Error(held.status);
        const { providerRef } = held;
        const money = { orderId, providerRef, amountMinor: 2000 };
        await insist((n) => gateway.capture({ ...money, key: `${orderId}:capture:${n}` }));
        await insist((n) => gateway.refund({ ...money, key: `${orderId}:refund:${n}` }));
      }),
    );
    sandbox.control.setRandomFaults({ seed: 1, rate: 0 });
    const granted = (await books()).filter(({ authorizedMinor }) => authorizedMinor > 0);
    expect(granted).toHaveLength(orders.length);
    expect(new Set(granted.map(({ orderId }) => orderId))).toEqual(new Set(orders));
    expect(granted.every(({ capturedMinor }) => capturedMinor === 2000)).toBe(true);
    expect(granted.every(({ refundedMinor }) => refundedMinor === 2000)).toBe(true);
    expect(sandbox.control.books().refunds).toHaveLength(orders.length);
  });
});

describe('list', () => {
  it('shows authorized, captured and refunded apart, and no release as a refund', async () => {
    const providerRef = await captured();
    await refund(providerRef, 300);
    await release(await hold({ attempt: 2 }));
    await authorize({ attempt: 3, card: 'pm_card_visa_chargeDeclined' });
    const amounts = (await books()).map((payment) => [
      payment.attempt,
      payment.status,
      payment.authorizedMinor,
      payment.capturedMinor,
      payment.refundedMinor,
    ]);
    expect(amounts).toEqual([
      [3, 'declined', 0, 0, 0],
      [2, 'voided', 2350, 0, 0],
      [1, 'captured', 2350, 2000, 300],
    ]);
    expect((await books())[0]).toMatchObject({ orderId: 'ord_1', currency: 'EUR' });
  });

  it('walks all pages, each payment once', async () => {
    const numbers = Array.from({ length: 205 }, (_, index) => index);
    for (const attempt of numbers) await hold({ attempt });
    const seen = (await books()).map(({ attempt }) => attempt);
    expect(seen).toEqual(numbers.toReversed());
  });

  it('starts at createdAfter', async () => {
    await hold();
    expect(await books(Date.now() + 60_000)).toEqual([]);
  });

  it('is an Outage when a page cannot be read', async () => {
    sandbox.control.addFault({ kind: '503' });
    await expect(books()).rejects.toSatisfy(isOutage);
  });
});

const now = (): number => Math.floor(Date.now() / 1000);

const eventBody = (type: string, object: object): string =>
  JSON.stringify({
    id: 'evt_1',
    object: 'event',
    type,
    created: 1_700_000_000,
    data: { object },
  });
const read = (rawBody: string, at = now(), secret = SECRET) =>
  gateway.readWebhook({ rawBody, signature: signWebhook(rawBody, secret, at) });

describe('readWebhook', () => {
  const intent = { id: 'pi_1', object: 'payment_intent', metadata: { order_id: 'ord_1' } };
  it.each([
    ['payment_intent.amount_capturable_updated', intent, 'payment_changed'],
    ['payment_intent.succeeded', intent, 'payment_changed'],
    ['payment_intent.payment_failed', intent, 'payment_changed'],
    ['payment_intent.canceled', intent, 'payment_changed'],
    ['payment_intent.requires_action', intent, 'payment_changed'],
    ['charge.refunded', { object: 'charge', payment_intent: 'pi_1' }, 'refund_changed'],
    ['refund.failed', { object: 'refund', payment_intent: 'pi_1' }, 'refund_changed'],
    ['charge.dispute.created', { object: 'dispute', payment_intent: 'pi_1' }, 'dispute_changed'],
  ])('reads %s', (type, object, kind) => {
    const fact = read(eventBody(type, object));
    expect(fact).toMatchObject({ kind, type, eventId: 'evt_1', providerRef: 'pi_1' });
    expect(fact).toMatchObject({ createdAt: 1_700_000_000_000 });
  });

  it('ignores types that it does not know', () => {
    expect(read(eventBody('customer.created', { object: 'customer' })).kind).toBe('ignored');
  });

  it('refuses a tampered body, a stale or missing signature and another secret', () => {
    const good = eventBody('payment_intent.succeeded', intent);
    const refusal = { kind: 'refused', code: 'invalid_signature' };
    const signature = signWebhook(good, SECRET, now());
    expect(gateway.readWebhook({ rawBody: `${good} `, signature })).toEqual(refusal);
    expect(gateway.readWebhook({ rawBody: good, signature: '' })).toEqual(refusal);
    expect(read(good, now() - 301)).toEqual(refusal);
    expect(read(good, now(), 'whsec_other')).toEqual(refusal);
    expect(read('not json')).toEqual(refusal);
  });
});
