// What holds for every market, and for one order against every driver looked at by brute force.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plan } from '../../dispatch/plan.ts';
import { routeEnd } from '../../dispatch/route.ts';
import type { OnlineDriver, SearchingOrder } from '../../dispatch/snapshot.ts';
import { distanceM, travelMs } from '../../domain/geo.ts';
import { at, driverId, minute, now, orderId, policy, snapshot } from './city.ts';

const place = fc
  .tuple(fc.integer({ min: -4_000, max: 4_000 }), fc.integer({ min: -4_000, max: 4_000 }))
  .map(([eastM, northM]) => at(eastM, northM));

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const stop = fc.record({
  pickedUp: fc.boolean(),
  pickup: place,
  dropoff: place,
  readyAt: optional(fc.integer({ min: now, max: now + 20 * minute })),
});

const drivers: fc.Arbitrary<readonly OnlineDriver[]> = fc.uniqueArray(
  fc.record({
    driverId: fc.integer({ min: 1, max: 15 }).map(driverId),
    capacity: fc.integer({ min: 1, max: 3 }),
    place: optional(place),
    shiftEndsAt: optional(fc.integer({ min: now, max: now + 40 * minute })),
    hasOpenOffer: fc.boolean(),
    stops: fc.array(stop, { maxLength: 3 }),
  }),
  { selector: (driver) => driver.driverId, maxLength: 15 },
);

const outcome = fc.constantFrom(
  ...(['declined', 'expired', 'voided', 'withdrawn', 'dropped_out'] as const),
);

const ordersOf = (maxLength: number): fc.Arbitrary<readonly SearchingOrder[]> =>
  fc.uniqueArray(
    fc.record({
      orderId: fc.integer({ min: 1, max: 30 }).map(orderId),
      search: fc.constant(2),
      rung: fc.integer({ min: 0, max: 2 }),
      searchSince: fc.integer({ min: now - 3, max: now }),
      pickup: place,
      earlier: fc.array(
        fc.record({
          driverId: fc.integer({ min: 1, max: 15 }).map(driverId),
          search: fc.integer({ min: 1, max: 2 }),
          outcome,
        }),
        { maxLength: 8 },
      ),
    }),
    { selector: (order) => order.orderId, maxLength },
  );

const few = { ...policy, maxOfferRounds: 6 };
const run = (orders: readonly SearchingOrder[], online: readonly OnlineDriver[]) =>
  plan({ snapshot: snapshot(orders, online), policy: few, seed: 1 });

const saidNo = (order: SearchingOrder, id: string): boolean =>
  order.earlier.some(
    (offer) => offer.driverId === id && !['expired', 'withdrawn'].includes(offer.outcome),
  );
const letLapse = (order: SearchingOrder, id: string): boolean =>
  order.earlier.some((offer) => offer.driverId === id && offer.outcome === 'expired');

describe('plan, whatever the market', () => {
  test('every order is offered once, skipped or exhausted', () => {
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

  test('no driver gets two offers, one beyond capacity, one while another is open, or one they refused', () => {
    fc.assert(
      fc.property(ordersOf(12), drivers, (orders, online) => {
        const { offers } = run(orders, online);
        expect(new Set(offers.map((offer) => offer.driverId)).size).toBe(offers.length);
        for (const offer of offers) {
          const driver = online.find((each) => each.driverId === offer.driverId);
          expect(driver?.hasOpenOffer).toBe(false);
          expect((driver?.stops.length ?? 0) + offer.orders.length).toBeLessThanOrEqual(
            driver?.capacity ?? 0,
          );
          expect(driver?.shiftEndsAt ?? Infinity).toBeGreaterThanOrEqual(offer.pickupEtaAt);
          for (const { orderId: id } of offer.orders) {
            const order = orders.find((each) => each.orderId === id);
            expect(order && saidNo(order, offer.driverId)).toBe(false);
          }
        }
      }),
    );
  });

  test('the order of the input does not matter', () => {
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
        expect(run(otherOrders, otherDrivers)).toEqual(run(orders, online));
      }),
    );
  });
});

/** Every driver looked at, nothing clever. */
function oracle(order: SearchingOrder, online: readonly OnlineDriver[]) {
  const radiusM = few.rungs[Math.min(order.rung, few.rungs.length - 1)]?.radiusM ?? 0;
  const can = online.flatMap((driver) => {
    const free = routeEnd(driver, few, now);
    if (!free || driver.hasOpenOffer || driver.stops.length >= driver.capacity) return [];
    if (saidNo(order, driver.driverId) || distanceM(free.place, order.pickup) > radiusM) return [];
    const etaAt = free.at + travelMs(free.place, order.pickup, few);
    return (driver.shiftEndsAt ?? Infinity) < etaAt + 1 ? [] : [{ id: driver.driverId, etaAt }];
  });
  const fresh = can.filter(({ id }) => !letLapse(order, id));
  const candidates = fresh.length > 0 ? fresh : can;
  return { count: candidates.length, etaAt: Math.min(...candidates.map(({ etaAt }) => etaAt)) };
}

test('one order gets the driver that brute force finds', () => {
  fc.assert(
    fc.property(ordersOf(1), drivers, ([order], online) => {
      if (!order) return;
      const { offers, skipped, exhausted } = run([order], online);
      if (exhausted.length > 0) return;
      const best = oracle(order, online);
      const decision = offers[0]?.decision ?? skipped[0]?.decision;
      expect(decision?.candidates).toBe(best.count);
      expect(offers.length).toBe(best.count > 0 ? 1 : 0);
      const chosenAt = offers[0]?.pickupEtaAt ?? best.etaAt;
      expect(chosenAt === best.etaAt || Math.abs(chosenAt - best.etaAt) <= 1).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
