// A wallet through everything: filled by card while the worker is killed, an order paid out of it, its refund back into
// it, the rest withdrawn to the card, and the audit over all of it.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditOf } from '../support/audit.ts';
import { openShop, type Reply, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { acceptOffer, expectAgreement } from '../support/truth.ts';

let stack: Stack;
let shop: Shop;
let customer: { readonly id: string; readonly secret: string };
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, {
    policy: { dispatchTickMs: 300, dispatchIdleMs: 500 },
    payment_providers: ['stripe', 'wallet', 'cash'],
  });
  customer = await openCustomer();
}, 90_000);
afterAll(() => stack.close());

async function openCustomer() {
  const admin = (path: string, body: object): Promise<Reply> =>
    shop.post({ secret: stack.adminKey, path: `/v1/admin/${path}`, body });
  const { body } = await admin('customers', {
    name: 'Carla Canary',
    phone: '+4915100000002',
    merchant_id: shop.ids.merchant,
  });
  const key = await admin('keys', { role: 'customer', customer_id: body.id });
  return { id: body.id, secret: String(key.body['secret']) };
}

const path = (rest = ''): string => `/v1/customers/${customer.id}/wallet${rest}`;
const ask = (rest: string, body: object): Promise<Reply> =>
  shop.post({ secret: customer.secret, path: path(rest), body: { currency: 'EUR', ...body } });
const read = async (rest = ''): Promise<readonly Record<string, unknown>[]> =>
  (await shop.get({ secret: customer.secret, path: path(rest) })).body['data'] as Record<
    string,
    unknown
  >[];
const soon = { timeout: 60_000, interval: 200 };
const placed = (payment: object): Promise<Reply> =>
  shop.place({ customer: { id: customer.id }, payment });

async function bring(orderId: string): Promise<void> {
  await shop.merchantSays(orderId, 'accept');
  await carry(orderId);
}

async function carry(orderId: string): Promise<void> {
  await shop.merchantSays(orderId, 'ready');
  await shop.goOnline();
  await acceptOffer(shop, orderId);
  for (const step of ['pick-up', 'deliver'])
    expect((await shop.driverSays(orderId, step)).status).toBe(200);
  await shop.until(orderId, { order_status: 'completed' });
}

test('money goes in once although the worker dies, pays an order, comes back, and goes out again', async () => {
  await stack.kill('worker');
  await stack.start('worker', { CRASH_AT: 'topup:after-effect' });
  const topUp = { amount_minor: 5_000, token: 'pm_card_visa' };
  expect((await ask('/top-ups', topUp)).status).toBe(201);
  await stack.ended('worker');
  await stack.start('worker');
  await expect.poll(() => read('/top-ups'), soon).toMatchObject([{ status: 'paid' }]);
  const { payment_intents: intents } = stack.stripe.control.books();
  expect(intents.map(({ amount_received: minor }) => minor)).toEqual([5_000]);

  const { body } = await placed({ method: 'wallet' });
  await shop.until(body.id, { payment_status: 'authorized' });
  expect(await read()).toMatchObject([{ balance_minor: 2_650, held_minor: 2_350 }]);
  await bring(body.id);
  await shop.until(body.id, { payment_status: 'captured' });
  await expectAgreement(stack, body.id);

  const refund = { reason: 'late', fault: 'merchant', amount_minor: 350 };
  expect((await shop.merchantSays(body.id, 'refunds', refund)).status).toBe(201);
  await expect.poll(() => read(), soon).toMatchObject([{ balance_minor: 3_000 }]);
}, 180_000);

const statusOf = async ({ body }: Reply) => String((await shop.order(body.id))['payment_status']);
const byName = (a: string, b: string): number => a.localeCompare(b);

test('of two orders at once that want it one gets it, and the other waits to be paid', async () => {
  const both = await Promise.all([placed({ method: 'wallet' }), placed({ method: 'wallet' })]);
  await expect
    .poll(async () => (await Promise.all(both.map(statusOf))).toSorted(byName), soon)
    .toEqual(['authorized', 'declined']);
  for (const { body } of both)
    expect((await shop.merchantSays(body.id, 'cancel')).status).toBe(200);
  await expect.poll(() => read(), soon).toMatchObject([{ balance_minor: 3_000, held_minor: 0 }]);
}, 60_000);

/** Refunds of the order whose workflow waits for somebody. */
async function waitingRefunds(orderId: string): Promise<number> {
  const refunds = stack.db.selectFrom('refunds').select('id').where('order_id', '=', orderId);
  const waits = async ({ id }: { readonly id: string }): Promise<boolean> => {
    const { events } = await stack.client.workflow.getHandle(`refund:${id}`).fetchHistory();
    return events?.some((event) => event.timerStartedEventAttributes) === true;
  };
  return (await Promise.all((await refunds.execute()).map(waits))).filter(Boolean).length;
}

test('an order that wallet and card pay: the wallet first, and its refund to the card first', async () => {
  const { body } = await placed({ method: 'split', token: 'pm_card_visa', wallet_minor: 1_000 });
  await shop.until(body.id, { payment_status: 'authorized' });
  expect(await read()).toMatchObject([{ balance_minor: 2_000, held_minor: 1_000 }]);
  await shop.merchantSays(body.id, 'accept');
  await shop.merchantSays(body.id, 'shortages', { line: 0, quantity: 1 });
  await shop.merchantSays(body.id, 'shortage-answer', { answer: 'remove' });
  await carry(body.id);
  await shop.until(body.id, { payment_status: 'captured' });
  await expectAgreement(stack, body.id);
  const own = stack.stripe.control
    .books()
    .payment_intents.filter(({ metadata }) => metadata['order_id'] === body.id);
  expect(own.map((p) => [p.amount, p.amount_received])).toEqual([[1_350, 400]]);
  const refund = { reason: 'late', fault: 'merchant', amount_minor: 800 };
  const asked = await shop.merchantSays(body.id, 'refunds', refund);
  expect(asked.body).toMatchObject({
    amount_minor: 400,
    to: 'payment',
    status: 'awaiting_approval',
  });
  await expect.poll(() => waitingRefunds(body.id), soon).toBe(2);
  const approve = `/v1/refunds/${asked.body.id}/approve`;
  await shop.post({ secret: stack.adminKey, path: approve, body: {} });
  // Both halves, and at once: before the housekeeping would find one that nobody told.
  await expect
    .poll(() => read(), { timeout: 10_000, interval: 200 })
    .toMatchObject([{ balance_minor: 2_400, held_minor: 0 }]);
}, 90_000);

test('the rest goes back to the card', async () => {
  const asked = await ask('/withdrawals', { amount_minor: 2_400 });
  expect(asked).toMatchObject({ status: 201, body: { status: 'sending' } });
  await expect.poll(() => read('/withdrawals'), soon).toMatchObject([{ status: 'paid' }]);
  expect(
    stack.stripe.control
      .books()
      .refunds.map(({ amount }) => amount)
      .toSorted((a, b) => a - b),
  ).toEqual([400, 2_400]);
  expect(await read()).toMatchObject([{ balance_minor: 0, held_minor: 0 }]);
}, 60_000);

test('leaves nothing behind that the audit would see', async () => {
  expect((await auditOf(stack)).breaches).toBe(0);
}, 60_000);
