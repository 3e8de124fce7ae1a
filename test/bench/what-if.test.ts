// Recorded demand, read from the event log and played again under another policy.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { compare, playable, tableOf } from '../../bench/what-if/compare.ts';
import { readRecordedDay } from '../../bench/what-if/recorded.ts';
import type { DriverId } from '../../domain/ids.ts';
import { createMarket, start, type Market } from '../db/market.ts';

const minute = 60_000;
let market: Market;
beforeEach(async () => {
  market = await createMarket();
});
afterEach(() => market.close());

const day = () =>
  readRecordedDay(market.db, {
    marketId: market.marketId,
    from: new Date(start),
    to: new Date(start + 180 * minute),
  });

const seen = async (driverId: DriverId, ...minutes: readonly number[]): Promise<void> => {
  const rows = minutes.map((at) => ({
    driver_id: driverId,
    at: new Date(start + at * minute),
    lat: 52.5,
    lng: 13.41,
  }));
  await market.db.insertInto('driver_positions').values(rows).execute();
};

/** Placed and ready at these minutes, two kilometres to carry. */
const ordered = async (placedAt: number, readyAt: number | undefined): Promise<void> => {
  const at = start + placedAt * minute;
  const id = await market.addOrder({ placed_at: new Date(at), dropoff_lat: 52.518 });
  const ready = { type: 'order.ready', body: {}, at: start + (readyAt ?? 0) * minute };
  await market.addEvents(id, [
    { type: 'order.accepted', body: { readyEstimateAt: at + 15 * minute }, at },
    ...(readyAt === undefined ? [] : [ready]),
  ]);
};

test('orders, branches and drivers come back with their places and minutes', async () => {
  await ordered(10, 30);
  await ordered(12, undefined);
  await market.addOrder({ placed_at: new Date(start + minute) });
  await seen(await market.addDriver(), 5, 60, 170);
  await seen(await market.addDriver(), 500);
  const { instance } = await day();
  expect(instance.orders.map(({ placedAt, readyAt }) => [placedAt, readyAt])).toEqual([
    [10, 30],
    [12, 27],
  ]);
  expect(instance.orders[0]?.dropoff).toEqual({ x: 0, y: 2_002 });
  expect(instance.couriers).toMatchObject([{ home: { x: 677, y: 0 }, onAt: 5, offAt: 170 }]);
});

test('the same demand needs fewer trips when more may be carried at a time', async () => {
  for (let n = 0; n < 6; n += 1) await ordered(10, 25);
  await seen(await market.addDriver(), 0, 170);
  const recorded = await day();
  const { overrides, without } = playable({ bundleLimit: 1, cashRemitMs: 1 }, false);
  expect(without).toEqual(['cashRemitMs']);
  const { present, other } = compare(recorded, overrides, false);
  expect(present.ordersPerBundle).toBeGreaterThan(1.5);
  expect(other.ordersPerBundle).toBe(1);
  expect(other.clickToDoor).toBeGreaterThan(present.clickToDoor);
  expect(tableOf('x', { present, other })).toMatch(/^orders +6 +6$/m);
});

test('a period without demand is refused by name', async () => {
  await expect(day()).rejects.toThrow(`no order of ${market.marketId}`);
  await ordered(10, 25);
  await expect(day()).rejects.toThrow(`no driver of ${market.marketId}`);
});
