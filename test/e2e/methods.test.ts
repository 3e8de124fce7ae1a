// Orders paid over PayPal and by mobile money, through everything: API, workflow, the providers' fakes over HTTP and
// their webhooks, the refund of what was taken early, and the audit over all of it.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditOf } from '../support/audit.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { acceptOffer, expectAgreement } from '../support/truth.ts';

let stack: Stack;
let africa: Shop;
let europe: Shop;
beforeAll(async () => {
  stack = await startStack({ withProviders: true });
  africa = await openShop(stack, {
    policy: { dispatchTickMs: 300, dispatchIdleMs: 500 },
    currency: 'XAF',
    payment_providers: ['stripe', 'campay', 'noupay', 'cash'],
  });
  europe = await openShop(stack, {
    policy: { dispatchTickMs: 300, dispatchIdleMs: 500 },
    payment_providers: ['stripe', 'paypal'],
  });
}, 90_000);
afterAll(() => stack.close());

const fakes = () => {
  if (!stack.providers) throw new Error('no providers');
  return stack.providers;
};
type Operator = 'campay' | 'noupay';
const good = '+237670000100';

const mobile = (provider: Operator, phone = good): object => ({
  currency: 'XAF',
  payment: { method: 'mobile_money', provider, phone },
});

/** Placed, and the payer is asked; the provider's name for the payment. */
async function place(shop: Shop, extra: object): Promise<{ orderId: string; ref: string }> {
  const { status, body } = await shop.place(extra);
  expect(status).toBe(201);
  await shop.until(body.id, { payment_status: 'requires_action' });
  const { provider_ref: ref } = await stack.db
    .selectFrom('orders')
    .select('provider_ref')
    .where('id', '=', body.id)
    .executeTakeFirstOrThrow();
  return { orderId: body.id, ref: ref ?? '' };
}

async function bring(shop: Shop, orderId: string): Promise<void> {
  await shop.merchantSays(orderId, 'ready');
  await shop.goOnline();
  await acceptOffer(shop, orderId);
  for (const step of ['pick-up', 'deliver'])
    expect((await shop.driverSays(orderId, step)).status).toBe(200);
  await shop.until(orderId, { order_status: 'completed' });
}

const clearing = async (orderId: string): Promise<Readonly<Record<string, number>>> => {
  const rows = await stack.db
    .selectFrom('ledger_entries as e')
    .innerJoin('ledger_transactions as t', 't.key', 'e.transaction_key')
    .select(['e.account', 'e.party', 'e.amount_minor'])
    .where('t.order_id', '=', orderId)
    .where('e.account', 'in', ['provider_clearing', 'customer', 'refunds_in_transit'])
    .execute();
  const sums = new Map<string, number>();
  for (const { account, party, amount_minor: minor } of rows) {
    const name = account === 'customer' ? account : `${account} ${party}`;
    sums.set(name, (sums.get(name) ?? 0) + minor);
  }
  return Object.fromEntries([...sums].filter(([, minor]) => minor !== 0));
};

function paidOut(operator: Operator, orderId: string): readonly number[] {
  const { book } = fakes()[operator];
  const own = book.all().filter(({ reference }) => reference.startsWith(orderId));
  return own.filter(({ kind }) => kind === 'payout').map(({ amount }) => Number(amount));
}
const soon = { timeout: 45_000, interval: 200 };
const looks = { timeout: 45_000, interval: 1_500 };

describe('mobile money', () => {
  test('is taken when the payer confirms, kept when delivered, and tells three times what happened once', async () => {
    const { orderId, ref } = await place(africa, mobile('campay'));
    expect(await africa.order(orderId)).toMatchObject({
      payment_method: 'mobile_money',
      payment_client_secret: '*126#',
    });
    fakes().campay.notices.set({ copies: 3 });
    fakes().campay.book.answer(ref);
    await africa.until(orderId, { payment_status: 'captured', order_status: 'pending' });
    fakes().campay.notices.set({ copies: 1 });
    await africa.merchantSays(orderId, 'accept');
    await bring(africa, orderId);
    expect(await clearing(orderId)).toEqual({ 'provider_clearing campay': 2_350 });
    expect(paidOut('campay', orderId)).toEqual([]);
    await expectAgreement(stack, orderId);
  }, 90_000);

  test('of an order that is denied goes back whole', async () => {
    const { orderId, ref } = await place(africa, mobile('noupay'));
    fakes().noupay.book.answer(ref);
    await africa.until(orderId, { order_status: 'pending' });
    const early = { reason: 'late', fault: 'merchant', amount_minor: 500 };
    expect(await africa.merchantSays(orderId, 'refunds', early)).toMatchObject({
      status: 409,
      body: { code: 'refund_too_early' },
    });
    await africa.merchantSays(orderId, 'deny', { code: 'store_closed' });
    await expect
      .poll(
        stack.lookFirst(() => paidOut('noupay', orderId)),
        looks,
      )
      .toEqual([2_350]);
    await expect.poll(() => clearing(orderId), soon).toEqual({});
    await expectAgreement(stack, orderId);
  }, 90_000);

  test('for goods that were missing goes back; what may be refunded later is what was kept', async () => {
    const { orderId, ref } = await place(africa, mobile('campay'));
    fakes().campay.book.answer(ref);
    await africa.until(orderId, { order_status: 'pending' });
    await africa.merchantSays(orderId, 'accept');
    const missing = { line: 0, quantity: 1 };
    expect((await africa.merchantSays(orderId, 'shortages', missing)).status).toBe(200);
    await africa.merchantSays(orderId, 'shortage-answer', { answer: 'remove' });
    await bring(africa, orderId);
    await expect
      .poll(
        stack.lookFirst(() => paidOut('campay', orderId)),
        looks,
      )
      .toEqual([950]);
    const settled = { 'provider_clearing campay': 1_400 };
    await expect.poll(() => clearing(orderId), soon).toEqual(settled);
    const refund = (amount_minor: number) =>
      africa.merchantSays(orderId, 'refunds', { reason: 'late', fault: 'merchant', amount_minor });
    expect((await refund(1_401)).body['code']).toBe('refund_too_large');
    expect(await refund(400)).toMatchObject({ status: 201, body: { status: 'requested' } });
    await expect.poll(() => paidOut('campay', orderId), soon).toEqual([950, 400]);
  }, 120_000);

  test('that is refused on the phone can be asked for again; without a webhook the provider is asked', async () => {
    const { orderId, ref } = await place(africa, mobile('campay'));
    fakes().campay.book.answer(ref, false);
    await africa.until(orderId, { payment_status: 'declined' });
    const otherCard = { token: 'pm_card_visa' };
    expect((await africa.merchantSays(orderId, 'payment', otherCard)).body['code']).toBe(
      'payment_not_retryable',
    );
    expect((await africa.merchantSays(orderId, 'payment')).status).toBe(200);
    await africa.until(orderId, { payment_status: 'requires_action' });
    const again = fakes()
      .campay.book.all()
      .find(({ reference, status }) => reference.startsWith(orderId) && status === 'pending');
    fakes().campay.notices.set({ held: true });
    fakes().campay.book.answer(again?.id ?? '');
    await expect
      .poll(async () => (await africa.order(orderId))['payment_status'], {
        timeout: 60_000,
        interval: 500,
      })
      .toBe('captured');
    await fakes().campay.notices.release('reversed');
    await africa.merchantSays(orderId, 'cancel');
    await expect
      .poll(
        stack.lookFirst(() => paidOut('campay', orderId)),
        looks,
      )
      .toEqual([2_350]);
  }, 120_000);

  test('is asked of the phone alone: no event, log of the order or payment method holds the number', async () => {
    const { orderId } = await place(africa, mobile('noupay', '+237670000999'));
    const { facts } = await stack.db
      .selectFrom('orders')
      .select('facts')
      .where('id', '=', orderId)
      .executeTakeFirstOrThrow();
    expect(facts.paymentMethod).toMatch(/^noupay:note_/);
    expect(JSON.stringify(facts)).not.toContain('670000999');
    const [asked] = fakes()
      .noupay.book.all()
      .filter(({ reference }) => reference.startsWith(orderId));
    expect(asked?.phone).toBe('237670000999');
    fakes().noupay.book.answer(asked?.id ?? '', false);
    await africa.until(orderId, { payment_status: 'declined' });
    await africa.merchantSays(orderId, 'cancel');
  }, 60_000);
});

describe('PayPal', () => {
  const paypal = { payment: { method: 'paypal' } };

  test('is held once the payer has approved, and captured when delivered', async () => {
    const { orderId, ref } = await place(europe, paypal);
    expect(await europe.order(orderId)).toMatchObject({
      payment_client_secret: `https://paypal.example/approve/${ref}`,
    });
    fakes().paypal.approve(ref);
    await europe.until(orderId, { payment_status: 'authorized', order_status: 'pending' });
    await europe.merchantSays(orderId, 'accept');
    await bring(europe, orderId);
    expect(await clearing(orderId)).toEqual({ 'provider_clearing paypal': 2_350 });
    const order = fakes()
      .paypal.orders()
      .find(({ id }) => id === ref);
    expect(order?.capture?.amount).toEqual({ currency_code: 'EUR', value: '23.50' });
    await expectAgreement(stack, orderId);
  }, 90_000);

  test('is let go when the customer cancels in time', async () => {
    const { orderId, ref } = await place(europe, paypal);
    fakes().paypal.approve(ref);
    await europe.until(orderId, { order_status: 'pending' });
    await europe.merchantSays(orderId, 'cancel');
    await europe.until(orderId, { payment_status: 'voided' });
    const order = fakes()
      .paypal.orders()
      .find(({ id }) => id === ref);
    expect([order?.authorization?.status, order?.capture]).toEqual(['VOIDED', undefined]);
  }, 60_000);
});

describe('what a market offers', () => {
  test('is what an order may use', async () => {
    const paypal = { currency: 'XAF', payment: { method: 'paypal' } };
    for (const reply of [
      await africa.place(paypal),
      await europe.place({ payment: { method: 'cash' } }),
      await europe.place({ payment: { method: 'mobile_money', provider: 'campay', phone: good } }),
    ])
      expect([reply.status, reply.body['code']]).toEqual([422, 'payment_method_unavailable']);
  });

  test.each(['paypal', 'campay', 'noupay'])('%s’s webhooks are verified', async (provider) => {
    const answer = await fetch(`${stack.apiUrl}/v1/webhooks/${provider}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'WH-1', event_type: 'x', resource: {}, signature: 'a.b.c' }),
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'invalid_signature' });
  });

  test('leaves nothing behind that the audit would see', async () => {
    const { verdicts, breaches } = await auditOf(stack);
    expect(breaches).toBe(0);
    for (const id of ['objects-in-ledger', 'ledger-in-objects'])
      expect(verdicts.find(({ check }) => check.id === id)?.finding.counted).toBeGreaterThan(4);
  }, 60_000);
});
