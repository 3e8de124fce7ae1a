// Support's first day: the steps of docs/operations/support.md, against the whole stack. Each trouble is found in the
// queue and resolved in at most three calls; the money is right and the audit complete.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { orderWorkflowId, parseId } from '../../domain/ids.ts';
import { copyCode, failsAtAccept } from '../support/other-code.ts';
import { openShop, type Reply, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { acceptOffer, insist, paymentsOf } from '../support/truth.ts';

let folder: string;
let stack: Stack;
let shop: Shop;
let agent: string;
let calls = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-'));
  stack = await startStack({ env: { WAYBILL_PROMOTE: 'always' } });
  shop = await openShop(stack, { policy: { dispatchTickMs: 300, dispatchIdleMs: 500 } });
  await shop.goOnline();
  const key = { secret: stack.adminKey, path: '/v1/admin/keys', body: { role: 'support' } };
  agent = String((await shop.post(key)).body['secret']);
}, 120_000);
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  calls = 0;
});

type Row = {
  readonly order_id: string;
  readonly by_itself: string;
  readonly reasons: readonly { readonly code: string }[];
  readonly actions: readonly { readonly path: string }[];
};

/** Polls as a person reloads; only what they then do counts as calls. */
async function foundAs(reason: string, orderId: string): Promise<Row> {
  let row: Row | undefined;
  const look = async (): Promise<unknown> => {
    const path = `/v1/support/exceptions?reason=${reason}`;
    const { body } = await shop.get({ secret: agent, path });
    row = ((body['data'] ?? []) as Row[]).find((each) => each.order_id === orderId);
    return row?.reasons.map(({ code }) => code);
  };
  await expect.poll(look, { timeout: 60_000, interval: 500 }).toContain(reason);
  if (!row) throw new Error('not found');
  return row;
}

/** What the queue itself proposes. */
const linkTo = ({ actions }: Row, what: string): string => {
  const link = actions.find(({ path }) => path.endsWith(`/${what}`));
  if (!link) throw new Error(`the queue does not propose ${what}`);
  return link.path;
};

async function call(path: string, body: object): Promise<Reply> {
  calls += 1;
  return shop.post({ secret: agent, path, body });
}

/** The same request with the same key until it is over, as `curl --retry` does; one call. */
async function callUntilDone(path: string, body: object): Promise<void> {
  calls += 1;
  await insist(() => shop.post({ secret: agent, path, body, key: `${path}-once` }));
}

async function pending(extra: object = {}): Promise<string> {
  const { body } = await shop.place(extra);
  await shop.until(body.id, { order_status: 'pending' });
  return body.id;
}

async function onTheRoad(extra: object = {}): Promise<string> {
  const id = await pending(extra);
  await insist(() => shop.merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`));
  await insist(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
  await acceptOffer(shop, id);
  await insist(() => shop.driverSays(id, 'pick-up', `pick-up-${id}`));
  return id;
}

/** As if the deadline had passed long ago while nothing came of it. */
const makeOverdue = (orderId: string) =>
  stack.db
    .updateTable('orders')
    .set({ deadline_at: new Date(Date.now() - 180_000) })
    .where('id', '=', orderId)
    .execute();

async function timelineOf(orderId: string): Promise<readonly string[]> {
  const { body } = await shop.get({ secret: agent, path: `/v1/orders/${orderId}/timeline` });
  return (body['data'] as { text: string }[]).map(({ text }) => text);
}

const workflowOf = (orderId: string) => {
  const id = parseId('order', orderId);
  if (!id) throw new Error(orderId);
  return stack.client.workflow.getHandle(orderWorkflowId(id));
};

describe('on the first day', () => {
  test(
    'a silent merchant’s order is cancelled; the card is released',
    { timeout: 90_000 },
    async () => {
      const id = await pending();
      await makeOverdue(id);
      const row = await foundAs('overdue', id);
      const cancel = linkTo(row, 'actions/cancel');
      const preview = await call(`${cancel}/preview`, { reason: 'merchant_silent' });
      expect(preview.body).toMatchObject({ allowed: true, after: { payment: 'voided' } });
      const reply = await call(cancel, { reason: 'merchant_silent', note: 'rang twice' });
      expect(reply).toMatchObject({ status: 200, body: { outcome: 'done' } });
      expect(calls).toBeLessThanOrEqual(3);
      await shop.until(id, { order_status: 'cancelled', payment_status: 'voided' });
      expect((await paymentsOf(stack, id)).map(({ status }) => status)).toEqual(['canceled']);
      expect(await timelineOf(id)).toContain('support asks for cancel (merchant_silent): done');
    },
  );

  test(
    'a delivery whose driver vanished is marked as delivered; the card is charged',
    { timeout: 90_000 },
    async () => {
      const id = await onTheRoad();
      await makeOverdue(id);
      const deliver = linkTo(await foundAs('overdue', id), 'actions/mark-delivered');
      const preview = await call(`${deliver}/preview`, { reason: 'driver_unreachable' });
      expect(preview.body).toMatchObject({ after: { money: { customer_pays_minor: 2_350 } } });
      const note = 'the customer has it';
      expect((await call(deliver, { reason: 'driver_unreachable', note })).status).toBe(200);
      expect(calls).toBeLessThanOrEqual(3);
      await shop.until(id, { order_status: 'completed', payment_status: 'captured' });
      const [payment] = await paymentsOf(stack, id);
      expect(payment?.amount_received).toBe(2_350);
    },
  );

  test(
    'an age-restricted order whose customer is absent comes back, and is paid',
    { timeout: 90_000 },
    async () => {
      const wine = { name: 'Wine', quantity: 1, unit_price_minor: 1_200, age_restricted: true };
      const id = await onTheRoad({ items: [wine], tip_minor: 0 });
      await insist(() => shop.driverSays(id, 'arrive-at-dropoff', `door-${id}`));
      await makeOverdue(id);
      const back = linkTo(await foundAs('overdue', id), 'actions/bring-back');
      const because = { reason: 'customer_absent', because: 'customer_absent' };
      const preview = await call(`${back}/preview`, because);
      expect(preview.body).toMatchObject({
        allowed: true,
        after: { delivery: 'enroute_to_return' },
      });
      expect((await call(back, because)).status).toBe(200);
      expect(calls).toBeLessThanOrEqual(3);
      await insist(() => shop.driverSays(id, 'complete-return', `back-${id}`));
      await shop.until(id, { order_status: 'failed', payment_status: 'captured' });
      const [payment] = await paymentsOf(stack, id);
      expect(payment?.amount_received).toBe(1_500);
      expect(await timelineOf(id)).toContain('support asks for bring-back (customer_absent): done');
    },
  );

  test(
    'an order terminated by hand is settled from its log; the driver is free',
    { timeout: 90_000 },
    async () => {
      const id = await onTheRoad();
      await workflowOf(id).terminate('somebody clicked');
      const row = await foundAs('workflow_gone', id);
      expect(row.by_itself).toBe('nothing: settle it');
      const settle = linkTo(row, 'settle');
      const refused = await call(`${settle}/preview`, { reason: 'workflow_broken' });
      expect(refused.body).toMatchObject({ refusal: { code: 'outcome_needed' } });
      await callUntilDone(settle, { reason: 'workflow_broken', outcome: 'failed' });
      expect(calls).toBeLessThanOrEqual(3);
      await shop.until(id, { order_status: 'failed', payment_status: 'voided' });
      expect((await paymentsOf(stack, id)).map(({ status }) => status)).toEqual(['canceled']);
      const offline = { secret: shop.driverKey, path: '/v1/driver/offline' };
      expect((await shop.post(offline)).status).toBe(200);
      await shop.goOnline();
      expect(await timelineOf(id)).toContain('support asks for settle (workflow_broken): done');
    },
  );

  test(
    'a workflow whose code is broken is ended and its order settled',
    { timeout: 180_000 },
    async () => {
      await stack.stop('worker');
      await stack.start('worker', {}, await copyCode(join(folder, 'bad'), failsAtAccept));
      const id = await pending();
      void shop.merchantSays(id, 'accept', {}).catch(() => undefined);
      await expect
        .poll(async () => (await workflowOf(id).describe()).raw.pendingWorkflowTask?.attempt ?? 0, {
          timeout: 90_000,
          interval: 500,
        })
        .toBeGreaterThanOrEqual(3);
      const terminate = linkTo(await foundAs('workflow_failing', id), 'terminate');
      expect((await call(terminate, { reason: 'workflow_broken' })).status).toBe(200);
      const settle = linkTo(await foundAs('workflow_gone', id), 'settle');
      await callUntilDone(settle, { reason: 'workflow_broken' });
      expect(calls).toBeLessThanOrEqual(3);
      await shop.until(id, { order_status: 'cancelled', payment_status: 'voided' });
      expect((await paymentsOf(stack, id)).map(({ status }) => status)).toEqual(['canceled']);
      expect(await timelineOf(id)).toEqual(
        expect.arrayContaining([
          'support asks for terminate (workflow_broken): done',
          'support asks for settle (workflow_broken): done',
        ]),
      );
      await stack.stop('worker');
      await stack.start('worker');
    },
  );

  test('all pending orders of a branch are cancelled at once', { timeout: 90_000 }, async () => {
    const orders = [await pending(), await pending(), await pending()];
    const filter = { branch_id: shop.ids.branch, order_status: 'pending' };
    const body = { action: 'cancel', reason: 'platform_fault', ...filter };
    const count = await call('/v1/support/bulk', { ...body, dry_run: true });
    expect(count.body).toMatchObject({ would_do: 3, would_refuse: 0, loss_minor: 0 });
    const job = await call('/v1/support/bulk', { ...body, dry_run: false, expected_count: 3 });
    expect(job.status).toBe(202);
    const progress = () => shop.get({ secret: agent, path: `/v1/support/bulk/${job.body.id}` });
    await expect
      .poll(async () => (await progress()).body, { timeout: 30_000, interval: 200 })
      .toMatchObject({ left: 0, done: 3, refused: 0 });
    for (const id of orders)
      await shop.until(id, { order_status: 'cancelled', payment_status: 'voided' });
  });
});
