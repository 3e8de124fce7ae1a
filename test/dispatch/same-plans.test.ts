// The engine's plans by their hashes, decisions included: what only makes it faster changes none of them. A change that
// is meant to plan differently has to state the new ones here.

import { expect, test } from 'vitest';
import { marketOf } from '../../bench/rounds.ts';
import { playDay } from '../../bench/mdrp/day.ts';
import { generateInstance } from '../../bench/mdrp/generate.ts';
import { policyFor } from '../../bench/mdrp/policy.ts';
import { inputHashOf } from '../../dispatch/hash.ts';
import { plan } from '../../dispatch/plan.ts';
import type { OnlineDriver, SearchingOrder, Snapshot } from '../../dispatch/snapshot.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { createRandom, type Random } from '../../sandbox/city/random.ts';

const minute = 60_000;
const vehicles = ['bicycle', 'scooter', 'car'] as const;

/** A made-up market with a bit of everything that an order or a driver can have. */
function fullMarket(orders: number, drivers: number, seed: number): Snapshot {
  const random = createRandom(seed);
  const plain = marketOf({ orders, drivers }, random);
  const places = plain.orders.flatMap(({ pickup, dropoff }) => [pickup, dropoff]).slice(0, 40);
  const legs = places.flatMap((_, i) =>
    places.map((__, j) => [i, j, Math.abs(i - j) * 20_000] as const),
  );
  return {
    ...plain,
    orders: plain.orders.map((order) => withMore(order, plain, random)),
    drivers: plain.drivers.map((driver) => busier(driver, plain, random)),
    travel: {
      kind: 'table',
      places,
      legs: { car: legs, bicycle: legs },
      otherwise: {
        kind: 'great_circle',
        metersPerMinute: 320,
        roadFactor: 1.3,
        vehicleFactors: { bicycle: 0.7, car: 1.2 },
      },
    },
  };
}

function withMore(order: SearchingOrder, { now, drivers }: Snapshot, random: Random) {
  const someone = drivers[Math.floor(random.next() * drivers.length)];
  const draw = random.next();
  if (!someone || draw < 0.4) return order;
  const { driverId } = someone;
  return {
    ...order,
    ...(draw < 0.5 ? { dueAt: now + 30 * minute } : {}),
    ...(draw > 0.45 && draw < 0.55 ? { notBefore: now + 25 * minute } : {}),
    ...(draw > 0.6 && draw < 0.7 ? { blocked: [driverId] } : {}),
    ...(draw > 0.7 && draw < 0.72 ? { assignedTo: driverId } : {}),
    ...(draw > 0.72 && draw < 0.8 ? { load: 2 } : {}),
    earlier: draw > 0.85 ? [{ driverId, search: 1, outcome: 'declined' as const }] : [],
  };
}

/** Some on the way to a counter where others wait. */
function busier(driver: OnlineDriver, { orders, now }: Snapshot, random: Random): OnlineDriver {
  const other = orders[Math.floor(random.next() * orders.length)];
  const vehicle = random.pick(vehicles);
  if (!other || driver.route.length > 0 || random.chance(0.6)) return { ...driver, vehicle };
  const orderId = `${other.orderId}_held` as SearchingOrder['orderId'];
  const ready = { earlyAt: now, expectedAt: now + 5 * minute, lateAt: now + 9 * minute };
  return {
    ...driver,
    vehicle,
    route: [
      { kind: 'pickup', orderId, place: other.pickup, ready },
      { kind: 'dropoff', orderId, place: other.dropoff },
    ],
  };
}

const wide: Policy = { ...defaultPolicy, rungs: [{ radiusM: 6_000, durationMs: 5 * minute }] };

/** Without the names of the inputs, which a new field of the policy changes. */
const hashOf = (plans: unknown): string =>
  inputHashOf(
    JSON.stringify(plans, (key, value: unknown) => (key === 'inputHash' ? undefined : value)),
  ).slice(0, 16);

function market(orders: number, drivers: number): string {
  const plans = [1, 2, 3].map((seed) =>
    plan({ snapshot: fullMarket(orders, drivers, seed), policy: wide, seed }),
  );
  expect(plans.every(({ offers }) => offers.length > 0)).toBe(true);
  return hashOf(plans);
}

function day(noisyPrep: boolean): string {
  const instance = generateInstance({
    seed: 11,
    orders: 40,
    restaurants: 12,
    clusters: 3,
    staffing: 0.7,
  });
  const seen: string[] = [];
  const policy = policyFor(instance);
  playDay(instance, {
    noisyPrep,
    watch: (snapshot) => seen.push(hashOf(plan({ snapshot, policy, seed: 0 }))),
  });
  return hashOf(seen);
}

const cases: readonly (readonly [string, () => string, string])[] = [
  ['a quiet market', () => market(120, 240), '468991d0dc72f26c'],
  ['a tight market', () => market(150, 150), 'da0cb024a2991ebe'],
  ['an overloaded market', () => market(200, 90), 'b44bedf01522f82d'],
  ['a day of known preparation', () => day(false), '4fd0e0c0a11071fb'],
  ['a day of estimated preparation', () => day(true), '6df199b8c8ed7628'],
];

test.each(cases)('%s is planned as before', { timeout: 60_000 }, (_, play, recorded) => {
  expect(play()).toBe(recorded);
});
