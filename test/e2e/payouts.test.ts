// Payouts through everything: API, workflows, worker killed on the way, the provider's webhooks, the market's schedule,
// ledger and audit.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditOf } from '../support/audit.ts';
import { earn, movedByPayouts } from '../support/payouts.ts';
import { openShop, type Reply, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, { payouts: { every: 'day' } });
}, 90_000);
afterAll(() => stack.close());

const dayMs = 86_400_000;
const soon = { timeout: 60_000, interval: 250 };
const looks = { timeout: 60_000, interval: 1_500 };
const path = (): string => `/v1/merchants/${shop.ids.merchant}/payouts`;
const ask = (): Promise<Reply> => shop.post({ secret: shop.merchantKey, path: path() });
const payouts = async () =>
  (await shop.get({ secret: shop.merchantKey, path: path() })).body['data'] as Record<
    string,
    unknown
  >[];
const earned = (amountMinor: number): Promise<void> =>
  earn(stack.db, shop.ids.merchant, { amountMinor, at: new Date(Date.now() - 2 * dayMs) });
const books = () => stack.stripe.control.books();

test('a payout waits for its account, survives the worker, is paid once, and comes back', async () => {
  const destination = stack.stripe.control.openAccount({ payoutsEnabled: false });
  const account = { party: shop.ids.merchant, rail: 'stripe', destination };
  const made = await shop.post({
    secret: stack.adminKey,
    path: '/v1/admin/payout-accounts',
    body: account,
  });
  expect(made).toMatchObject({ status: 201, body: { verified: false } });
  await earned(9_000);
  expect((await ask()).body).toMatchObject({ code: 'payout_held' });
  await stack.kill('worker');
  await stack.start('worker', { CRASH_AT: 'payout:after-effect#sending' });
  stack.stripe.control.changeAccount(destination, { payoutsEnabled: true });
  await expect
    .poll(
      stack.lookFirst(async () => (await ask()).status),
      looks,
    )
    .toBe(201);
  await stack.ended('worker');
  expect(books().transfers.map(({ amount }) => amount)).toEqual([9_000]);
  await stack.start('worker');
  await expect.poll(payouts, soon).toMatchObject([{ status: 'paid', amount_minor: 9_000 }]);
  expect(books().transfers).toHaveLength(1);
  expect(books().payouts).toMatchObject([{ amount: 9_000, method: 'instant' }]);
  expect(await movedByPayouts(stack.db, shop.ids.merchant)).toEqual({
    merchant: 9_000,
    provider_clearing: -9_000,
  });

  stack.stripe.control.decidePayout(books().payouts[0]?.id ?? '', 'failed');
  await expect.poll(payouts, soon).toMatchObject([{ status: 'failed', code: 'bank_refused' }]);
  expect(books().transfers).toMatchObject([{ reversed: true }]);
  expect(await movedByPayouts(stack.db, shop.ids.merchant)).toEqual({});
}, 240_000);

test('a market pays out by its own schedule, each period once', async () => {
  const schedule = stack.client.schedule.getHandle(`payouts:${shop.ids.market}`);
  await expect
    .poll(
      stack.lookFirst(() => schedule.describe().then(({ spec }) => spec.timezone)),
      looks,
    )
    .toBe('Europe/Berlin');
  await earned(500);
  await schedule.trigger();
  await expect
    .poll(payouts, soon)
    .toMatchObject([{ status: 'paid', amount_minor: 9_500, instant: false }, { status: 'failed' }]);
  const [{ period = '' } = {}] = await payouts();
  expect(period).toMatch(/^\d{4}-\d\d-\d\d$/);
  await earned(70);
  await schedule.trigger();
  const runs = async () => (await schedule.describe()).info.recentActions.length;
  await expect.poll(runs, soon).toBeGreaterThanOrEqual(2);
  expect(await payouts()).toHaveLength(2);

  const reconciled = await stack.client.workflow.execute('reconciliation', {
    workflowId: 'reconcile-now',
    taskQueue: 'orders',
  });
  expect(reconciled).toMatchObject({ differences: 0 });
  expect((await auditOf(stack)).breaches).toBe(0);
}, 240_000);
