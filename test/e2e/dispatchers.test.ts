// Four dispatchers on one market, and the worker killed at every crash point of the round: no driver ever holds two open
// offers or more deliveries than fit, and every order is delivered. The unique indexes, the second wall, are taken away
// first, so that the rounds' own locks are what is tried.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crashPoints } from '../../adapters/crash-point.ts';
import { dispatcherWorkflowId, parseId } from '../../domain/ids.ts';
import { auditOf } from '../support/audit.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { insist } from '../support/truth.ts';

let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, { policy: { dispatchTickMs: 200, offerTtlMs: 3_000 } });
  await sql`DROP INDEX offers_one_open_per_driver; DROP INDEX offer_orders_one_live`.execute(
    stack.db,
  );
}, 120_000);
afterAll(() => stack.close());

const orderCount = 16;
const capacities = [1, 1, 2, 3];

async function hireDriver(capacity: number): Promise<string> {
  const admin = async (path: string, body: object) =>
    (await shop.post({ secret: stack.adminKey, path: `/v1/admin/${path}`, body })).body;
  const made = { market_id: shop.ids.market, name: 'Dana', phone: '+4915100000009', capacity };
  const { id } = await admin('drivers', made);
  const secret = String((await admin('keys', { role: 'driver', driver_id: id }))['secret']);
  const location = { lat: 52.52, lng: 13.405 };
  await shop.post({ secret, path: '/v1/driver/online', body: { location } });
  return secret;
}

type Offered = { readonly id: string; readonly orders: readonly { readonly order_id: string }[] };

/** Says yes to everything and carries it out, with the pauses of a person. */
async function drive(secret: string, day: AbortSignal): Promise<void> {
  while (!day.aborted) {
    const answer = await shop.get({ secret, path: '/v1/offers?wait=1' }).catch(() => undefined);
    for (const offer of (answer?.body['data'] ?? []) as Offered[]) {
      const path = `/v1/offers/${offer.id}/accept`;
      await shop.post({ secret, path, key: `accept-${offer.id}` }).catch(() => undefined);
    }
    await delay(150);
    const mine = await shop.get({ secret, path: '/v1/orders' }).catch(() => undefined);
    for (const { id } of (mine?.body['data'] ?? []) as { id: string }[]) {
      for (const what of ['pick-up', 'deliver'])
        await shop.post({ secret, path: `/v1/orders/${id}/${what}` }).catch(() => undefined);
    }
  }
}

/** What must never be, looked for every few milliseconds. */
async function watch(day: AbortSignal): Promise<readonly string[]> {
  const seen = new Set<string>();
  while (!day.aborted) {
    const { rows } = await sql<{ what: string }>`
      SELECT 'two open offers: ' || driver_id AS what FROM offers WHERE status = 'open'
      GROUP BY driver_id HAVING count(*) > 1
      UNION ALL
      SELECT 'two live offers: ' || order_id FROM offer_orders WHERE status IN ('open', 'accepted')
      GROUP BY order_id HAVING count(*) > 1
      UNION ALL
      SELECT 'beyond capacity: ' || drivers.id FROM drivers JOIN (
        SELECT driver_id, id FROM orders WHERE driver_id IS NOT NULL AND NOT is_over
          AND delivery_status IN ('confirmed', 'arrived_at_pickup', 'picked_up', 'arrived_at_dropoff')
        UNION
        SELECT f.driver_id, l.order_id FROM offer_orders l JOIN offers f ON f.id = l.offer_id
        WHERE l.status IN ('open', 'accepted')) AS held ON held.driver_id = drivers.id
      GROUP BY drivers.id, capacity HAVING count(*) > capacity`.execute(stack.db);
    for (const { what } of rows) seen.add(what);
    await delay(10);
  }
  return [...seen];
}

async function startMoreDispatchers(): Promise<void> {
  const marketId = parseId('market', shop.ids.market);
  if (!marketId) throw new Error('no market');
  for (const n of [2, 3, 4])
    await stack.client.workflow.start('dispatcher', {
      workflowId: `${dispatcherWorkflowId(marketId)}#${n}-${randomUUID()}`,
      taskQueue: 'orders',
      args: [{ marketId }],
    });
}

async function placeAccepted(): Promise<string> {
  const { body } = await shop.place();
  await shop.until(body.id, { order_status: 'pending' });
  await insist(() => shop.merchantSays(body.id, 'accept', { prep_seconds: 1 }, `a-${body.id}`));
  return body.id;
}

async function audited(): Promise<void> {
  const { verdicts, breaches } = await auditOf(stack);
  expect(breaches).toBe(0);
  const replayed = verdicts.find(({ check }) => check.id === 'rounds-replay');
  expect(replayed?.finding.counted).toBeGreaterThan(0);
}

test(
  'four dispatchers › no two open offers, nobody beyond capacity, whichever point the worker dies at',
  { timeout: 240_000 },
  async () => {
    const secrets: string[] = [];
    for (const capacity of capacities) secrets.push(await hireDriver(capacity));
    await startMoreDispatchers();
    const day = new AbortController();
    const watching = watch(day.signal);
    const driving = secrets.map((secret) => drive(secret, day.signal));
    const orders: string[] = [];
    const points = crashPoints.worker.filter((point) => point.startsWith('dispatch:'));
    for (const point of [...points, undefined]) {
      if (point !== undefined) {
        await stack.kill('worker');
        await stack.start('worker', { CRASH_AT: point });
      }
      const share = Math.floor(orderCount / (points.length + 1));
      // Placed while the worker may die: the dying worker comes back for the rest.
      const placing = Promise.all(Array.from({ length: share }, placeAccepted));
      if (point !== undefined) {
        await stack.ended('worker');
        await stack.start('worker');
      }
      orders.push(...(await placing));
    }
    for (const id of orders) await shop.until(id, { order_status: 'completed' });
    day.abort();
    await Promise.all(driving);
    expect(await watching).toEqual([]);
    const { made } = await stack.db
      .selectFrom('offers')
      .select((eb) => eb.fn.countAll<number>().as('made'))
      .executeTakeFirstOrThrow();
    expect(made).toBeGreaterThan(0);
    await audited();
  },
);
