// What the event log says about preparations.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { readAnnounced, readFinishedPreparations } from '../../db/preparations.ts';
import { createMarket, start, type Market } from './market.ts';

const minute = 60_000;
let market: Market;
beforeEach(async () => {
  market = await createMarket();
});
afterEach(() => market.close());

const accepted = { type: 'order.accepted', body: { readyEstimateAt: start + 20 * minute } };
const ready = (minutes: number, assumed = false) => ({
  type: 'order.ready',
  body: { assumed },
  at: start + minutes * minute,
});

test('a finished preparation counts by the time it took against the time announced', async () => {
  await market.addEvents(await market.addOrder(), [accepted, ready(30)]);
  const early = {
    type: 'order.accepted',
    body: { ...accepted.body, prepStartAt: start + 10 * minute },
  };
  await market.addEvents(await market.addOrder(), [early, ready(15)]);
  const rows = await readFinishedPreparations(market.db, market.marketId);
  expect(rows.map(({ share }) => share).toSorted((a, b) => a - b)).toEqual([0.5, 1.5]);
});

test('what is not ready, or only assumed to be, does not count', async () => {
  await market.addEvents(await market.addOrder(), [accepted]);
  await market.addEvents(await market.addOrder(), [accepted, ready(30, true)]);
  expect(await readFinishedPreparations(market.db, market.marketId)).toEqual([]);
});

test('goods under way are announced as at the acceptance or the remake, and as the order says now', async () => {
  const readyAt = start + 25 * minute;
  const making = await market.addOrder({ ready_estimate_at: new Date(readyAt) });
  await market.addEvents(making, [accepted]);
  const again = await market.addOrder({ ready_estimate_at: new Date(readyAt) });
  await market.addEvents(again, [
    accepted,
    {
      type: 'order.remade',
      body: { readyEstimateAt: start + 22 * minute },
      at: start + 5 * minute,
    },
  ]);
  const done = await market.addOrder({ ready_at: new Date(start + minute) });
  await market.addEvents(done, [accepted, ready(1)]);
  const rows = await readAnnounced(market.db, [making, again, done]);
  expect(
    new Map(rows.map(({ orderId, since, announcedAt }) => [orderId, [since, announcedAt]])),
  ).toEqual(
    new Map([
      [making, [start, start + 20 * minute]],
      [again, [start + 5 * minute, start + 22 * minute]],
    ]),
  );
  expect(rows.map((row) => row.readyAt)).toEqual([readyAt, readyAt]);
});
