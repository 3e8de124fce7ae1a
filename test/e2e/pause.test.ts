// Orders under way, the worker stopped for a while and started again: nothing is lost, nobody is charged twice, no
// order ends because of the pause, and what was due meanwhile is late by no more than the pause and 20 s.
// `npm run proof` plays it with 200 orders and a minute.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { figure } from '../support/figure.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { expectAgreement, insist, paymentsOf } from '../support/truth.ts';

const isProof = process.env['PROOF'] === '1';
const orders = isProof ? 200 : 24;
const pauseMs = isProof ? 60_000 : 20_000;
const toleranceMs = 20_000;
/** Both come due while the worker is away. */
const policy = {
  remindMerchantMs: pauseMs * 0.3,
  expireMs: pauseMs * 0.75,
  dispatchTickMs: 500,
  dispatchIdleMs: 500,
};

let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack({ latencyMs: 50 });
  shop = await openShop(stack, { policy, capacity: 20 });
  await shop.goOnline();
}, 120_000);
afterAll(() => stack.close());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Takes every offer, and carries what is in hand, until all is delivered. */
async function drive(isDone: () => boolean): Promise<void> {
  const { driverKey: secret } = shop;
  while (!isDone()) {
    const offers = await shop.get({ secret, path: '/v1/offers?wait=1' }).catch(() => undefined);
    for (const { id } of (offers?.body['data'] ?? []) as { id: string }[]) {
      await shop
        .post({ secret, path: `/v1/offers/${id}/accept`, key: `accept-${id}` })
        .catch(() => undefined);
    }
    const mine = await shop.get({ secret, path: '/v1/orders?limit=100' }).catch(() => undefined);
    const inHand = (mine?.body['data'] ?? []) as {
      id: string;
      delivery_status: string;
      order_status: string;
    }[];
    await Promise.all(
      inHand.map(async ({ id, delivery_status, order_status }) => {
        if (delivery_status === 'confirmed' && order_status === 'ready')
          await shop.driverSays(id, 'pick-up', `p-${id}`).catch(() => undefined);
        if (delivery_status === 'picked_up')
          await shop.driverSays(id, 'deliver', `d-${id}`).catch(() => undefined);
      }),
    );
  }
}

const eventsOf = (type: string) =>
  stack.db.selectFrom('order_events').select(['order_id', 'at']).where('type', '=', type).execute();

async function placeAll(): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < orders) {
    const some = await Promise.all(Array.from({ length: 8 }, () => shop.place()));
    ids.push(...some.map(({ body }) => body.id));
  }
  return ids;
}

const prepare = (id: string) =>
  insist(() => shop.merchantSays(id, 'accept', { prep_seconds: 60 }, `a-${id}`));
const finish = (id: string) => insist(() => shop.merchantSays(id, 'ready', {}, `r-${id}`));

test('a pause of the worker costs time and nothing else', { timeout: 400_000 }, async () => {
  const ids = await placeAll();
  // A third is with the driver, a third is being prepared, a third waits for its merchant.
  const [accepted, silent] = [ids.filter((_, i) => i % 3 > 0), ids.filter((_, i) => i % 3 === 0)];
  for (const id of accepted) await prepare(id);
  for (const id of accepted.filter((_, i) => i % 2 === 0)) await finish(id);
  let done = false;
  const driving = drive(() => done);
  await stack.stop('worker');
  await sleep(pauseMs);
  await stack.start('worker');
  await expect
    .poll(async () => (await eventsOf('order.reminded')).length, { timeout: 30_000 })
    .toBe(silent.length);
  await Promise.all(silent.map(prepare));
  await Promise.all([...silent, ...accepted.filter((_, i) => i % 2 > 0)].map(finish));
  const ends = await Promise.all(ids.map((id) => expectAgreement(stack, id)));
  done = true;
  await driving;
  expect(ends.map(({ status, payment }) => `${status} ${payment}`)).toEqual(
    ids.map(() => 'completed captured'),
  );
  for (const id of ids)
    expect(await paymentsOf(stack, id)).toMatchObject([{ amount_received: 2_350 }]);
  const [reminders, submitted] = [
    await eventsOf('order.reminded'),
    await eventsOf('order.submitted'),
  ];
  const submittedAt = new Map(submitted.map(({ order_id, at }) => [order_id, at.getTime()]));
  const lateMs = reminders.map(
    ({ order_id, at }) => at.getTime() - (submittedAt.get(order_id) ?? 0) - policy.remindMerchantMs,
  );
  figure(
    `${orders} orders, pause ${pauseMs} ms: ${reminders.length} reminders, the latest ${Math.max(...lateMs)} ms late`,
  );
  expect(Math.max(...lateMs)).toBeLessThan(pauseMs + toleranceMs);
});
