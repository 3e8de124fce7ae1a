// A refund, a dispute and a later tip through everything: API, workflow, worker killed on the way, the provider's
// webhooks, ledger.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, { policy: { dispatchTickMs: 300, dispatchIdleMs: 500 } });
}, 90_000);
afterAll(() => stack.close());

async function deliver(): Promise<string> {
  const { body } = await shop.place();
  const orderId = body.id;
  await shop.until(orderId, { order_status: 'pending' });
  await shop.merchantSays(orderId, 'accept');
  await shop.merchantSays(orderId, 'ready');
  await shop.goOnline();
  await acceptOffer();
  await shop.until(orderId, { delivery_status: 'confirmed' });
  for (const step of ['pick-up', 'deliver'])
    expect((await shop.driverSays(orderId, step)).status).toBe(200);
  await shop.until(orderId, { order_status: 'completed' });
  return orderId;
}

async function acceptOffer(): Promise<void> {
  const { driverKey: secret } = shop;
  const offers = async (): Promise<readonly { readonly id: string }[]> =>
    (await shop.get({ secret, path: '/v1/offers' })).body['data'] as { id: string }[];
  await expect.poll(offers, { timeout: 30_000 }).toHaveLength(1);
  const [offer] = await offers();
  await shop.post({ secret, path: `/v1/offers/${offer?.id ?? ''}/accept` });
}

const refund = (orderId: string, body: object, key?: string) =>
  shop.post({
    secret: shop.merchantKey,
    path: `/v1/orders/${orderId}/refunds`,
    body: { reason: 'item_missing', fault: 'merchant', ...body },
    ...(key === undefined ? {} : { key }),
  });

const refunded = (): readonly number[] => stack.stripe.control.books().refunds.map((r) => r.amount);
const firstOf = async (orderId: string) => {
  const { body } = await shop.get({
    secret: shop.merchantKey,
    path: `/v1/orders/${orderId}/refunds`,
  });
  return (body['data'] as Record<string, unknown>[])[0];
};

test('a refund survives the worker and is paid once; a dispute then stops the next', async () => {
  const orderId = await deliver();
  await stack.kill('worker');
  await stack.start('worker', { CRASH_AT: 'refund:after-effect' });
  const asked = await refund(orderId, { items: [{ index: 0, quantity: 1 }] }, 'refund-1');
  expect(asked).toMatchObject({ status: 201, body: { amount_minor: 950, fault: 'merchant' } });
  expect(await refund(orderId, { items: [{ index: 0, quantity: 1 }] }, 'refund-1')).toMatchObject({
    body: { id: asked.body.id },
  });
  await stack.ended('worker');
  expect(refunded()).toEqual([950]);
  await stack.start('worker');
  await expect
    .poll(() => firstOf(orderId), { timeout: 60_000, interval: 200 })
    .toMatchObject({ status: 'refunded', borne_by: [{ account: 'merchant', amount_minor: 950 }] });
  expect(refunded()).toEqual([950]);

  const twin = await refund(orderId, { items: [{ index: 0, quantity: 1 }] });
  expect([twin.status, twin.body['code']]).toEqual([409, 'refund_duplicate']);
  const tooMuch = await refund(orderId, { amount_minor: 2_000 });
  expect([tooMuch.status, tooMuch.body['code']]).toEqual([409, 'refund_too_large']);
  const ofOthers = await refund(orderId, { fault: 'driver', amount_minor: 1 });
  expect([ofOthers.status, ofOthers.body['code']]).toEqual([403, 'forbidden']);
  const both = await refund(orderId, { amount_minor: 1, tip: true });
  expect([both.status, both.body['code']]).toEqual([400, 'invalid_request']);

  const reconciled = await stack.client.workflow.execute('reconciliation', {
    workflowId: 'reconcile-now',
    taskQueue: 'orders',
  });
  expect(reconciled).toEqual({ compared: 1, differences: 0, healed: 0, vanished: 0 });
  const { spec } = await stack.client.schedule.getHandle('reconciliation').describe();
  expect(spec.calendars).toHaveLength(1);

  const [intent] = stack.stripe.control.books().payment_intents;
  stack.stripe.control.dispute(intent?.id ?? '');
  const code = async (): Promise<unknown> =>
    (await refund(orderId, { amount_minor: 1, again: true })).body['code'];
  await expect.poll(code, { timeout: 40_000, interval: 1_000 }).toBe('payment_disputed');
}, 180_000);

test('a later tip is paid to the driver, one that is declined says so; the order stays as it was', async () => {
  const orderId = await deliver();
  const before = await shop.order(orderId);
  const tip = (token: string) =>
    shop.post({
      secret: shop.merchantKey,
      path: `/v1/orders/${orderId}/tips`,
      body: { amount_minor: 200, token },
    });
  const tips = async () =>
    (await shop.get({ secret: shop.merchantKey, path: `/v1/orders/${orderId}/tips` })).body['data'];
  const soon = { timeout: 30_000, interval: 200 };
  expect(await tip('pm_card_visa_chargeDeclined')).toMatchObject({
    status: 201,
    body: { n: 1, status: 'pending' },
  });
  await expect.poll(tips, soon).toMatchObject([{ status: 'declined', code: 'card_declined' }]);
  expect(await tip('pm_card_visa')).toMatchObject({ status: 201, body: { n: 2 } });
  await expect.poll(tips, soon).toMatchObject([{}, { status: 'paid', code: null }]);
  const { driver_id: driverId } = before;
  const paid = await stack.db
    .selectFrom('ledger_entries')
    .select(['account', 'party', 'amount_minor'])
    .where('transaction_key', '=', `${orderId}:tip_share:2`)
    .where('account', '=', 'driver')
    .execute();
  expect(paid).toEqual([{ account: 'driver', party: driverId, amount_minor: -200 }]);

  for (const wrong of [{ later_tip: 1 }, { later_tip: 3 }])
    expect((await refund(orderId, wrong)).body['code']).toBe('refund_not_captured');
  expect((await refund(orderId, { later_tip: 2, tip: true })).body).toMatchObject({
    code: 'invalid_request',
    errors: [{ field: 'later_tip' }],
  });
  const asked = await refund(orderId, { later_tip: 2, fault: 'merchant' });
  expect(asked).toMatchObject({ status: 201, body: { amount_minor: 200 } });
  await expect.poll(() => firstOf(orderId), soon).toMatchObject({ status: 'refunded' });
  expect(refunded().at(-1)).toBe(200);
  expect(await shop.order(orderId)).toEqual(before);
}, 120_000);

test('the nightly comparison survives its worker, which is missed within half a minute', async () => {
  const match = { method: 'GET', path: '/v1/payment_intents' } as const;
  const fault = stack.stripe.control.addFault({ kind: 'delay', delayMs: 7_000, match });
  const options = { workflowId: 'reconcile-again', taskQueue: 'orders' };
  const comparison = await stack.client.workflow.start('reconciliation', options);
  const isAsked = (): boolean =>
    stack.stripe.control.listFaults().some(({ id, left }) => id === fault && left === 0);
  await expect.poll(isAsked, { timeout: 20_000 }).toBe(true);
  await stack.kill('worker');
  await stack.start('worker');
  // The dispute of the first test keeps its refund open; what the books say is known.
  expect(await comparison.result()).toMatchObject({ differences: 0 });
}, 120_000);
