// What holds for every market, and for one order against every driver looked at by brute force.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PlannedOffer } from '../../dispatch/decision.ts';
import { inWords } from '../../dispatch/words.ts';
import { plan } from '../../dispatch/plan.ts';
import type { OnlineDriver, SearchingOrder, Skill, Snapshot } from '../../dispatch/snapshot.ts';
import { distanceM, travelMs } from '../../domain/geo.ts';
import { at, delivery, driverId, minute, now, orderId, policy, snapshot } from './city.ts';

const place = fc
  .tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }))
  .map(([east, north]) => at(1_000 * east, 1_000 * north));
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const skills = fc.subarray<Skill>(['cold_chain', 'age_check']);

/** Some carried, some to be fetched first. */
const route = fc
  .array(fc.tuple(place, optional(place), fc.integer({ min: -5, max: 20 })), { maxLength: 3 })
  .map((deliveries) =>
    deliveries.flatMap(([to, from, ready], index) =>
      delivery(100 + index, to, from, now + ready * minute),
    ),
  );

const drivers: fc.Arbitrary<readonly OnlineDriver[]> = fc.uniqueArray(
  fc.record({
    driverId: fc.integer({ min: 1, max: 12 }).map(driverId),
    capacity: fc.integer({ min: 1, max: 4 }),
    place: optional(place),
    placeFrom: optional(fc.integer({ min: -5, max: 20 }).map((late) => now + late * minute)),
    shiftEndsAt: optional(fc.integer({ min: now, max: now + 60 * minute })),
    hasOpenOffer: fc.boolean(),
    route,
    skills: optional(skills),
    acceptance: optional(fc.double({ min: 0, max: 1, noNaN: true })),
    rating: optional(fc.double({ min: 1, max: 5, noNaN: true })),
  }),
  { selector: (driver) => driver.driverId, maxLength: 12 },
);

const earlier = fc.array(
  fc.record({
    driverId: fc.integer({ min: 1, max: 12 }).map(driverId),
    search: fc.integer({ min: 1, max: 2 }),
    outcome: fc.constantFrom('declined', 'expired', 'voided', 'withdrawn', 'dropped_out'),
  }),
  { maxLength: 6 },
);

const ordersOf = (maxLength: number): fc.Arbitrary<readonly SearchingOrder[]> =>
  fc.uniqueArray(
    fc.record({
      orderId: fc.integer({ min: 1, max: 30 }).map(orderId),
      search: fc.constant(2),
      rung: fc.integer({ min: 0, max: 2 }),
      searchSince: fc.integer({ min: now - 3, max: now }),
      pickup: place,
      dropoff: place,
      ready: optional(
        fc.integer({ min: -5, max: 20 }).map((late) => ({
          earlyAt: now + (late - 2) * minute,
          expectedAt: now + late * minute,
          lateAt: now + (late + 5) * minute,
        })),
      ),
      dueAt: optional(fc.integer({ min: now, max: now + 40 * minute })),
      load: optional(fc.integer({ min: 1, max: 2 })),
      direct: optional(fc.boolean()),
      needs: optional(skills),
      blocked: optional(fc.array(fc.integer({ min: 1, max: 12 }).map(driverId), { maxLength: 3 })),
      assignedTo: fc.option(fc.integer({ min: 1, max: 12 }).map(driverId), {
        nil: undefined,
        freq: 8,
      }),
      earlier,
    }),
    { selector: (order) => order.orderId, maxLength },
  );

/** On a machine with much else to do. */
const slow = { timeout: 60_000 };

const few = { ...policy, maxOfferRounds: 4 };
const run = (orders: readonly SearchingOrder[], online: readonly OnlineDriver[]) =>
  plan({ snapshot: snapshot(orders, online), policy: few, seed: 1 });

const saidNo = (order: SearchingOrder, id: string): boolean =>
  order.earlier.some(
    (offer) => offer.driverId === id && !['expired', 'withdrawn'].includes(offer.outcome),
  );

function rulesBroken(
  order: SearchingOrder | undefined,
  driver: OnlineDriver | undefined,
): readonly string[] {
  if (!order || !driver) return ['made up'];
  const { driverId: id, skills: has = [] } = driver;
  if (order.assignedTo) return order.assignedTo === id ? [] : ['assigned to somebody else'];
  return [
    ...(saidNo(order, id) ? ['said no'] : []),
    ...((order.blocked ?? []).includes(id) ? ['blocked'] : []),
    ...(order.needs ?? []).filter((need) => !has.includes(need)),
  ];
}

/** What is on board after every stop, from what is on board now. */
function aboardOf(offer: PlannedOffer, online: readonly OnlineDriver[]) {
  const driver = online.find((each) => each.driverId === offer.driverId);
  const collected = new Set(
    offer.route.filter((stop) => stop.kind === 'pickup').map((stop) => stop.orderId),
  );
  const aboard = new Set(
    driver?.route.filter((stop) => !collected.has(stop.orderId)).map((stop) => stop.orderId),
  );
  return offer.route.map(({ kind, orderId: id }) => {
    if (kind === 'pickup') aboard.add(id);
    else aboard.delete(id);
    return [...aboard];
  });
}

describe('plan, whatever the market', () => {
  test('every order is offered once, skipped or exhausted', slow, () => {
    fc.assert(
      fc.property(ordersOf(12), drivers, (orders, online) => {
        const { offers, skipped, exhausted } = run(orders, online);
        const seen = [
          ...offers.flatMap((offer) => offer.orders.map((line) => line.orderId)),
          ...skipped.map((each) => each.orderId),
          ...exhausted.map((each) => each.orderId),
        ];
        expect(seen.toSorted()).toEqual(orders.map((order) => order.orderId).toSorted());
      }),
    );
  });

  test('no driver carries more than fits, at any stop, or gets two offers', slow, () => {
    fc.assert(
      fc.property(ordersOf(12), drivers, (orders, online) => {
        const { offers } = run(orders, online);
        const loadOf = (id: string): number =>
          orders.find((order) => order.orderId === id)?.load ?? 1;
        expect(new Set(offers.map((offer) => offer.driverId)).size).toBe(offers.length);
        for (const offer of offers) {
          const driver = online.find((each) => each.driverId === offer.driverId);
          const fits = driver?.capacity ?? 0;
          const held = new Set(driver?.route.map((stop) => stop.orderId)).size;
          const loads = aboardOf(offer, online).map((ids) =>
            ids.reduce((sum, id) => sum + loadOf(id), 0),
          );
          expect(held + offer.orders.length).toBeLessThanOrEqual(fits);
          expect(Math.max(...loads)).toBeLessThanOrEqual(fits);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what goes direct is alone on board', slow, () => {
    fc.assert(
      fc.property(ordersOf(12), drivers, (orders, online) => {
        const direct = new Set(orders.filter((each) => each.direct).map((each) => each.orderId));
        for (const offer of run(orders, online).offers)
          for (const aboard of aboardOf(offer, online))
            expect(aboard.length < 2 || !aboard.some((id) => direct.has(id))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('the rules between orders and drivers hold in every offer', slow, () => {
    fc.assert(
      fc.property(ordersOf(12), drivers, (orders, online) => {
        for (const offer of run(orders, online).offers) {
          const driver = online.find((each) => each.driverId === offer.driverId);
          expect(driver?.hasOpenOffer).toBe(false);
          expect(driver?.shiftEndsAt ?? Infinity).toBeGreaterThanOrEqual(offer.pickupEtaAt);
          for (const line of offer.orders) {
            const order = orders.find((each) => each.orderId === line.orderId);
            expect(rulesBroken(order, driver)).toEqual([]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test(
    'every pickup comes before its drop-off, and committed stops are all still driven',
    slow,
    () => {
      fc.assert(
        fc.property(ordersOf(12), drivers, (orders, online) => {
          for (const { route: stops, driverId: id } of run(orders, online).offers) {
            const names = stops.map((stop) => `${stop.kind} ${stop.orderId}`);
            for (const { orderId: order } of stops.filter(({ kind }) => kind === 'pickup'))
              expect(names.indexOf(`pickup ${order}`)).toBeLessThan(
                names.indexOf(`dropoff ${order}`),
              );
            const committed = online.find((each) => each.driverId === id)?.route ?? [];
            expect(names).toEqual(
              expect.arrayContaining(committed.map((stop) => `${stop.kind} ${stop.orderId}`)),
            );
          }
        }),
      );
    },
  );

  test(
    'the order of the input does not matter, and a stored snapshot replays identically',
    slow,
    () => {
      const shuffled = fc
        .tuple(ordersOf(12), drivers)
        .chain(([orders, online]) =>
          fc.tuple(
            fc.constant([orders, online] as const),
            fc.shuffledSubarray([...orders], { minLength: orders.length }),
            fc.shuffledSubarray([...online], { minLength: online.length }),
          ),
        );
      fc.assert(
        fc.property(shuffled, ([[orders, online], otherOrders, otherDrivers]) => {
          const planned = run(orders, online);
          expect(run(otherOrders, otherDrivers)).toEqual(planned);
          const stored = JSON.parse(JSON.stringify(snapshot(orders, online))) as Snapshot;
          const again = plan({ snapshot: stored, policy: few, seed: 1 });
          expect(JSON.stringify(again)).toBe(JSON.stringify(planned));
        }),
      );
    },
  );

  test('every decision can be read out', slow, () => {
    fc.assert(
      fc.property(ordersOf(12), drivers, (orders, online) => {
        const { offers, skipped } = run(orders, online);
        for (const each of [...offers.flatMap((offer) => offer.decisions), ...skipped]) {
          const text = inWords(each.orderId, each.decision).join(' ');
          expect(text).not.toMatch(/undefined|NaN|Infinity|null/);
          expect(text.length).toBeGreaterThan(20);
        }
      }),
    );
  });
});

/** Every free driver looked at, nothing clever: who hands over at the door first. */
function oracle(order: SearchingOrder, online: readonly OnlineDriver[]): number {
  const radiusM = few.rungs[Math.min(order.rung, few.rungs.length - 1)]?.radiusM ?? 0;
  const half = few.pickupServiceMs / 2;
  const doors = online.flatMap((driver) => {
    if ((driver.placeFrom ?? now) > now + few.lookAheadMs) return [];
    if (!driver.place || driver.hasOpenOffer || distanceM(driver.place, order.pickup) > radiusM)
      return [];
    const isRisky =
      (order.ready?.latestAt ?? order.ready?.expectedAt ?? now) > (driver.shiftEndsAt ?? Infinity);
    const setOffAt = Math.max(
      now,
      driver.placeFrom ?? now,
      isRisky ? (order.ready?.expectedAt ?? now) : now,
    );
    const arriveAt = setOffAt + travelMs(driver.place, order.pickup, few);
    const takenAt = Math.max(arriveAt + half, order.ready?.expectedAt ?? now);
    if (takenAt > (driver.shiftEndsAt ?? Infinity)) return [];
    return [takenAt + half + travelMs(order.pickup, order.dropoff, few) + few.dropoffServiceMs / 2];
  });
  return Math.min(...doors);
}

test('one order gets the driver who is at the door first, as brute force finds', slow, () => {
  const plain = ordersOf(1).map((orders) =>
    orders.map(({ orderId: id, search, rung, searchSince, pickup, dropoff, ready }) => ({
      orderId: id,
      search,
      rung,
      searchSince,
      pickup,
      dropoff,
      ready,
      earlier: [],
    })),
  );
  const free = drivers.map((all) =>
    all.map(({ driverId: id, capacity, place: from, placeFrom, shiftEndsAt, hasOpenOffer }) => ({
      driverId: id,
      capacity,
      place: from,
      placeFrom,
      shiftEndsAt,
      hasOpenOffer,
      route: [],
    })),
  );
  fc.assert(
    fc.property(plain, free, ([order], online) => {
      if (!order) return;
      const { offers, skipped } = run([order], online);
      const decision = offers[0]?.decisions[0]?.decision ?? skipped[0]?.decision;
      const best = oracle(order, online);
      const planned = decision?.dropoffAt ?? Infinity;
      expect(planned === best || Math.abs(planned - best) <= 5).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
