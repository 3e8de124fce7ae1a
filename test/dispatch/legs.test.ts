// Which ways a provider of road times is asked for.

import { expect, test } from 'vitest';
import { blocksWanted } from '../../dispatch/legs.ts';
import type { OnlineDriver, SearchingOrder } from '../../dispatch/snapshot.ts';
import { at, delivery, driver, order } from './city.ts';

const model = { kind: 'great_circle', metersPerMinute: 320, roadFactor: 1.3 } as const;
const wanted = (
  orders: readonly SearchingOrder[],
  drivers: readonly OnlineDriver[],
  most = 5_000,
) => blocksWanted({ snapshot: { orders, drivers }, model, users: ['car', 'foot'], most });
const waysIn = (blocks: ReturnType<typeof wanted>): number =>
  blocks.reduce((sum, { from, to }) => sum + from.length * to.length, 0);
const many = <T>(count: number, make: (n: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, n) => make(n));

test('from the drivers to the counter, from the counter to the door, and along what is driven', () => {
  const route = delivery(9, at(300), at(200));
  const blocks = wanted(
    [order(1, at(0), { dropoff: at(900) })],
    [driver(1, at(50)), driver(2, at(60), { route }), driver(3, at(5), { hasOpenOffer: true })],
  );
  expect(blocks).toEqual([
    { user: 'car', from: [at(50), at(300), at(900)], to: [at(0)] },
    { user: 'car', from: [at(0), at(900)], to: [at(900)] },
    { user: 'car', from: [at(60), at(200), at(300)], to: [at(200), at(300)] },
  ]);
});

test('each kind of road user for itself', () => {
  const orders = [order(1, at(0), { dropoff: at(900) })];
  const blocks = wanted(orders, [
    driver(1, at(50), { vehicle: 'van' }),
    driver(2, at(60), { vehicle: 'foot' }),
    driver(3, at(70), { vehicle: 'bicycle' }),
  ]);
  expect(blocks.map(({ user, from }) => [user, from[0]])).toEqual([
    ['car', at(50)],
    ['car', at(0)],
    ['foot', at(60)],
    ['foot', at(0)],
  ]);
});

test('only the nearest, so that the ways grow with the orders and not with orders times drivers', () => {
  const orders = many(200, (n) => order(n, at(n * 50), { dropoff: at(n * 50, 2_000) }));
  const blocks = wanted(
    orders,
    many(400, (n) => driver(n, at(n * 25, 10))),
    1e9,
  );
  expect(waysIn(blocks)).toBeLessThanOrEqual(200 * (10 + 5 + 2));
});

test('never more than asked, those who wait longest first', () => {
  const orders = many(50, (n) =>
    order(n, at(n * 50), { dropoff: at(n * 50, 2_000), searchSince: 1_000 - n }),
  );
  const blocks = wanted(
    orders,
    many(50, (n) => driver(n, at(n * 50, 10))),
    100,
  );
  expect(waysIn(blocks)).toBeLessThanOrEqual(100);
  expect(blocks[0]?.to).toEqual([at(49 * 50)]);
});
