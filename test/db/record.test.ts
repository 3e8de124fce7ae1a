// What a step writes besides the order's own row: whom a new hold that does not come is told to; and what it locks.

import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { acceptOffer } from '../../db/offers.ts';
import { record } from '../../db/record.ts';
import { initialState } from '../../domain/order.ts';
import { rowOf } from '../../domain/view.ts';
import { facts } from '../domain/lives.ts';
import { createMarket, planned, start, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const failed = { type: 'payment.renewal_failed', attempt: 2, code: 'card_declined' } as const;

it.each([
  ['is told as a failure, while it is tried again', failed, ['hold_not_renewed']],
  [
    'is told as a loss to come, the last time',
    { ...failed, last: true } as const,
    ['hold_will_lapse'],
  ],
  ['is not told when nobody needs it', { ...failed, code: 'not_needed' }, []],
])('a hold that is not renewed %s', async (_name, event, kinds) => {
  const orderId = await market.addOrder({ sequence: 0 });
  const own = { ...facts, orderId };
  await record(market.db, {
    facts: own,
    expectedSequence: 1,
    commandId: 'answer',
    actor: { kind: 'system' },
    at: facts.placedAt,
    events: [event],
    previousDriverId: undefined,
    row: rowOf(initialState(own)),
  });
  const told = market.db.selectFrom('incidents').select('kind').where('order_id', '=', orderId);
  expect((await told.execute()).map(({ kind }) => kind)).toEqual(kinds);
});

async function waitingForLocks(count: number): Promise<void> {
  const waiting = sql`
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  const counted = async () => (await waiting.execute(market.db)).rows.length;
  await expect.poll(counted).toBe(count);
}

it('what support gives a full driver by hand is not joined by an offer that they accept meanwhile', async () => {
  const { db } = market;
  const driverId = await market.addDriver();
  const offer = planned(driverId, await market.addOrder());
  await market.write(offer);
  const orderId = await market.addOrder({ sequence: 0 });
  const own = { ...facts, orderId };
  const given = { driverId, offerId: newId('offer'), pickupEtaAt: start };
  const locking = await db.startTransaction().execute();
  await sql`SELECT FROM drivers WHERE id = ${driverId} FOR NO KEY UPDATE`.execute(locking);
  const giving = record(db, {
    facts: own,
    expectedSequence: 1,
    commandId: 'give',
    actor: { kind: 'support', id: 'key_1' },
    at: start,
    events: [
      { type: 'delivery.assigned', ...given, dropoffEtaAt: start + 900_000, rideMs: 600_000 },
    ],
    previousDriverId: undefined,
    row: { ...rowOf(initialState(own)), ...given, deliveryStatus: 'confirmed' },
  });
  await waitingForLocks(1);
  const answer = acceptOffer(db, { offerId: offer.offerId, driverId, now: start });
  await Promise.race([answer, waitingForLocks(2)]);
  await locking.commit().execute();
  await giving;
  expect(await answer).toMatchObject({ kind: 'refused', refusal: { code: 'offer_not_open' } });
});
