// Rounds of a bulk action on a real database; the engine answers as told.

import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSupportActivities } from '../../activities/support.ts';
import type { Outcome } from '../../adapters/order-engine.ts';
import { bulkProgress, createBulk } from '../../db/bulk.ts';
import { record } from '../../db/record.ts';
import type { BulkId } from '../../domain/ids.ts';
import type { OrderFacts } from '../../domain/order.ts';
import { fold } from '../../domain/evolve.ts';
import { initialState } from '../../domain/order.ts';
import { rowOf } from '../../domain/view.ts';
import { factsOf } from '../support/order-world.ts';
import { createMarket, type Market } from '../db/market.ts';

let market: Market;
beforeEach(async () => {
  market = await createMarket();
});
afterEach(() => market.close());

const log = pino({ level: 'silent' });
const actor = { kind: 'system' } as const;

/** Stored as placed: enough for a cancel to be allowed. */
async function placed(): Promise<string> {
  const facts: OrderFacts = factsOf();
  const id = await market.addOrder({ sequence: 0, delivery_status: 'none', search: 0 });
  const own = { ...facts, orderId: id };
  await market.db
    .updateTable('orders')
    .set({ facts: JSON.stringify(own) })
    .where('id', '=', id)
    .execute();
  const { totalMinor, currency, itemCount, paymentMethod } = own;
  const events = [
    { type: 'order.placed', totalMinor, currency, itemCount },
    { type: 'payment.authorizing', attempt: 1, paymentMethod, amountMinor: totalMinor },
  ] as const;
  const step = { commandId: 'place', actor, at: own.placedAt };
  const stored = events.map((event, i) => ({ ...event, ...step, sequence: i + 1 }));
  const row = rowOf(fold(initialState(own), stored));
  const input = { facts: own, expectedSequence: 1, previousDriverId: undefined, row, events };
  await record(market.db, { ...input, ...step });
  return id;
}

async function round(bulkId: BulkId, answer: (orderId: string) => Outcome) {
  const sent: string[] = [];
  const activities = createSupportActivities({
    db: market.db,
    log,
    crashPoint: () => undefined,
    engine: {
      workflowOf: async () => ({ kind: 'running' }),
      send: async ({ orderId, commandId }) => {
        sent.push(commandId);
        return answer(orderId);
      },
    },
  });
  return { ...(await activities.bulkRound({ bulkId })), sent };
}

const done: Outcome = { kind: 'done', answer: { status: 'CANCELLED', sequence: 3 } };

test('a bulk action is done to each order once, whatever answers late or not at all', async () => {
  const orderIds = [await placed(), await placed(), await placed()].toSorted();
  const [slow, refusing] = orderIds;
  const job = { action: 'cancel', reason: 'platform_fault', keyId: 'key_a', orderIds };
  const id = await createBulk(market.db, { ...job, now: new Date() });
  const first = await round(id, (orderId) => {
    if (orderId === slow) return { kind: 'unknown' };
    if (orderId === refusing)
      return { kind: 'refused', refusal: { code: 'already_picked_up', reason: 'gone' } };
    return done;
  });
  expect(first).toMatchObject({ left: 1 });
  const second = await round(id, () => done);
  expect(second).toEqual({ left: 0, sent: [`${id}:${String(slow)}`] });
  expect(await bulkProgress(market.db, id)).toEqual({
    total: 3,
    left: 0,
    done: 2,
    refused: 1,
    refusals: [{ order_id: refusing, code: 'already_picked_up' }],
  });
  const audit = await market.db
    .selectFrom('support_attempts')
    .select(['order_id', 'outcome', 'bulk_id'])
    .orderBy('order_id')
    .execute();
  expect(audit).toEqual(
    orderIds.map((order_id) => ({
      order_id,
      outcome: order_id === refusing ? 'refused' : 'done',
      bulk_id: id,
    })),
  );
});

test('a bulk action leaves alone what another agent works on', async () => {
  const orderId = await placed();
  await market.db
    .insertInto('api_keys')
    .values({ id: 'key_b', secret_hash: Buffer.from('b'), role: 'support' })
    .execute();
  const now = new Date();
  const expires_at = new Date(now.getTime() + 60_000);
  await market.db
    .insertInto('order_claims')
    .values({ order_id: orderId, key_id: 'key_b', claimed_at: now, expires_at })
    .execute();
  const job = { action: 'cancel', reason: 'other', keyId: 'key_a', orderIds: [orderId] };
  const id = await createBulk(market.db, { ...job, now });
  expect(await round(id, () => done)).toEqual({ left: 0, sent: [] });
  expect(await bulkProgress(market.db, id)).toMatchObject({
    refusals: [{ code: 'claimed_by_other' }],
  });
});
