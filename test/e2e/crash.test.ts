// Real processes killed at named points: afterwards events, read model and workflow agree, and nothing is paid twice.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventOf } from '../../db/record.ts';
import { fold } from '../../domain/evolve.ts';
import { orderWorkflowId, parseId } from '../../domain/ids.ts';
import type { OrderResult } from '../../domain/messages.ts';
import { initialState } from '../../domain/order.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';

let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, { policy: { dispatchTickMs: 300, dispatchIdleMs: 500 } });
  await shop.goOnline();
}, 120_000);
afterAll(() => stack.close());

/** The worker dies at the named point, once, and comes back. */
async function crashing<T>(point: string, work: () => Promise<T>): Promise<T> {
  await stack.kill('worker');
  await stack.start('worker', { CRASH_AT: point });
  const doing = work();
  await stack.ended('worker');
  await stack.start('worker');
  return doing;
}

/** Events, read model and workflow tell the same story. */
async function expectAgreement(orderId: string): Promise<OrderResult> {
  const id = parseId('order', orderId);
  if (!id) throw new Error(`no order id: ${orderId}`);
  const result = await stack.client.workflow
    .getHandle<() => Promise<OrderResult>>(orderWorkflowId(id))
    .result();
  const row = await stack.db
    .selectFrom('orders')
    .selectAll()
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();
  const stored = await stack.db
    .selectFrom('order_events')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('sequence')
    .execute();
  const folded = fold(initialState(row.facts), stored.map(eventOf));
  const told = {
    status: folded.order.status,
    delivery: folded.delivery.status,
    payment: folded.payment.status,
    sequence: folded.sequence,
  };
  expect(result).toMatchObject(told);
  expect({
    status: row.order_status,
    delivery: row.delivery_status,
    payment: row.payment_status,
    sequence: row.sequence,
  }).toEqual(told);
  return result;
}

const paymentsOf = async (orderId: string) => {
  const books = (await (await fetch(`${stack.stripe.url}/sandbox/books`)).json()) as {
    payment_intents?: {
      metadata: Record<string, string>;
      amount_received: number;
      status: string;
    }[];
  };
  return (books.payment_intents ?? []).filter((intent) => intent.metadata['order_id'] === orderId);
};

describe('a worker killed', () => {
  const points = [
    'record:before#order.placed',
    'record:after-commit#order.placed',
    'payment:before#authorize',
    'payment:after-effect#authorize',
    'record:after-commit#payment.authorized',
    'record:after-commit#order.accepted',
    'record:after-commit#delivery.assigned',
    'record:after-commit#delivery.delivered',
    'payment:after-effect#capture',
    'record:after-commit#payment.captured',
    'dispatch:before-commit',
    'dispatch:after-commit',
  ];
  test.for(points)('at %s loses nothing and charges once', { timeout: 90_000 }, async (point) => {
    const orderId = await crashing(point, async () => {
      const placed = await shop.place();
      expect([201, 202]).toContain(placed.status);
      const { id } = placed.body;
      await shop.until(id, { payment_status: 'authorized' });
      await retried(() => shop.merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`));
      await retried(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
      await deliver(id);
      return id;
    });
    expect(await expectAgreement(orderId)).toMatchObject({
      status: 'completed',
      payment: 'captured',
    });
    const payments = await paymentsOf(orderId);
    expect(payments.map(({ amount_received }) => amount_received)).toEqual([2_350]);
  });
});

async function retried(say: () => Promise<{ readonly status: number }>): Promise<void> {
  await expect
    .poll(
      async () => {
        const r = await say();
        console.log(JSON.stringify(r));
        return r.status;
      },
      { timeout: 40_000, interval: 300 },
    )
    .toBe(200);
}

async function deliver(orderId: string): Promise<void> {
  await expect
    .poll(
      async () => {
        const { body } = await shop.get({ secret: shop.driverKey, path: '/v1/offers?wait=1' });
        for (const { id } of body['data'] as { id: string }[])
          await shop.post({ secret: shop.driverKey, path: `/v1/offers/${id}/accept` });
        return (await shop.order(orderId))['delivery_status'];
      },
      { timeout: 40_000, interval: 200 },
    )
    .toBe('confirmed');
  const key = (what: string) => ({
    secret: shop.driverKey,
    path: `/v1/orders/${orderId}/${what}`,
    key: `${what}-${orderId}`,
  });
  await retried(() => shop.post(key('pick-up')));
  await retried(() => shop.post(key('deliver')));
}

describe('the crashes that break a naive outbox', () => {
  test(
    'worker killed after an expiry is recorded, then a cancel arrives: the expiry stands',
    { timeout: 60_000 },
    async () => {
      const quick = await openShop(stack, { policy: { remindMerchantMs: 500, expireMs: 1_500 } });
      await stack.kill('worker');
      await stack.start('worker', { CRASH_AT: 'record:after-commit#order.expired' });
      const { body } = await quick.place();
      await stack.ended('worker');
      await quick.until(body.id, { order_status: 'expired' });
      const cancelling = quick.merchantSays(body.id, 'cancel', {}, `cancel-${body.id}`);
      await stack.start('worker');
      const replies = [await cancelling];
      await expect
        .poll(
          async () =>
            replies.push(await quick.merchantSays(body.id, 'cancel', {}, `cancel-${body.id}`)) &&
            replies.at(-1)?.status,
          { timeout: 30_000 },
        )
        .toBe(409);
      expect(replies.at(-1)?.body).toMatchObject({ code: 'already_cancelled' });
      expect(await expectAgreement(body.id)).toMatchObject({
        status: 'expired',
        payment: 'voided',
      });
    },
  );

  test(
    'worker killed after an accept is recorded and its caller gave up: the accept stands',
    { timeout: 90_000 },
    async () => {
      const placed = await shop.place();
      const { id } = placed.body;
      await shop.until(id, { order_status: 'pending' });
      await stack.kill('worker');
      await stack.start('worker', { CRASH_AT: 'record:after-commit#order.accepted' });
      const gaveUp = shop
        .merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`)
        .catch(() => undefined);
      await stack.ended('worker');
      await stack.kill('api');
      await gaveUp;
      await Promise.all([stack.start('api'), stack.start('worker')]);
      await stack.apiAnswers();
      await shop.until(id, { order_status: 'preparing' });
      await retried(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
      await deliver(id);
      expect(await expectAgreement(id)).toMatchObject({ status: 'completed', payment: 'captured' });
    },
  );
});
