// The yardstick: the nearest idle driver, at once, weighing nothing else. The engine itself must differ from it.

import { expect, test } from 'vitest';
import { plan } from '../../dispatch/plan.ts';
import type { OnlineDriver, SearchingOrder } from '../../dispatch/snapshot.ts';
import { at, delivery, driver, driverId, minute, now, order, policy, snapshot } from './city.ts';

const run = (
  matching: 'nearest' | 'rolling',
  orders: readonly SearchingOrder[],
  drivers: readonly OnlineDriver[],
) =>
  plan({
    snapshot: snapshot(orders, drivers),
    policy: { ...policy, matching },
    seed: 1,
  }).offers.map(
    (offer) => `${offer.orders.map(({ orderId }) => orderId).join('+')} → ${offer.driverId}`,
  );

test('the oldest order takes the nearest driver, whatever that costs the others', () => {
  const old = order(2, at(0), { searchSince: now - 2 * minute });
  const young = order(1, at(500), { searchSince: now - minute });
  const drivers = [driver(1, at(400)), driver(2, at(-500))];
  expect(run('nearest', [young, old], drivers)).toEqual([
    'ord_0002 → drv_0001',
    'ord_0001 → drv_0002',
  ]);
  expect(run('rolling', [young, old], drivers)).toEqual([
    'ord_0001 → drv_0001',
    'ord_0002 → drv_0002',
  ]);
});

test('nobody who has something to do is asked, and nobody gets two', () => {
  const busy = driver(1, at(0), { capacity: 3, route: delivery(7, at(0), at(100)) });
  expect(run('nearest', [order(1, at(0)), order(2, at(0))], [busy, driver(2, at(2_000))])).toEqual([
    'ord_0001 → drv_0002',
  ]);
});

test('whom the order may not have is passed over', () => {
  const earlier = [{ driverId: driverId(1), search: 1, outcome: 'declined' }] as const;
  expect(
    run('nearest', [order(1, at(0), { earlier })], [driver(1, at(0)), driver(2, at(2_000))]),
  ).toEqual(['ord_0001 → drv_0002']);
});

test('a driver is sent at once, however long the goods take', () => {
  const ready = {
    earlyAt: now + 60 * minute,
    expectedAt: now + 60 * minute,
    lateAt: now + 60 * minute,
  };
  const later = [order(1, at(0), { ready })];
  expect(run('nearest', later, [driver(1, at(0))])).toEqual(['ord_0001 → drv_0001']);
  expect(run('rolling', later, [driver(1, at(0))])).toEqual([]);
});
