// What every explanation keeps to, whatever the market: nobody is shown who may not have the orders, everybody online
// counts once, and a cost is the sum of what it is said to consist of.

import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision, Plan } from '../../dispatch/decision.ts';
import { plan, type PlanInput } from '../../dispatch/plan.ts';
import type { OnlineDriver, SearchingOrder } from '../../dispatch/snapshot.ts';
import { leftOut, whyNot } from '../../dispatch/why-not.ts';
import { inWords } from '../../dispatch/words.ts';
import { distanceM } from '../../domain/geo.ts';
import type { DriverId, OrderId } from '../../domain/ids.ts';
import { at, delivery, driverId, minute, now, orderId, policy } from './city.ts';

const place = fc
  .tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }))
  .map(([east, north]) => at(1_000 * east, 1_000 * north));
/** Few, so that orders meet there. */
const counter = fc.constantFrom(at(0), at(2_500), at(-3_500, 1_000));
const someone = fc.integer({ min: 1, max: 9 }).map(driverId);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const around = (minutes: number) => ({
  earlyAt: now + (minutes - 2) * minute,
  expectedAt: now + minutes * minute,
  lateAt: now + (minutes + 5) * minute,
});

const orders: fc.Arbitrary<readonly SearchingOrder[]> = fc.uniqueArray(
  fc.record({
    orderId: fc.integer({ min: 1, max: 30 }).map(orderId),
    search: fc.constant(1),
    rung: fc.integer({ min: 0, max: 1 }),
    searchSince: fc.constant(now),
    pickup: counter,
    dropoff: place,
    ready: optional(fc.integer({ min: -5, max: 20 }).map(around)),
    dueAt: optional(fc.integer({ min: now, max: now + 40 * minute })),
    load: optional(fc.integer({ min: 1, max: 2 })),
    blocked: optional(fc.array(someone, { maxLength: 2 })),
    assignedTo: fc.option(someone, { nil: undefined, freq: 12 }),
    earlier: fc.array(
      fc.record({
        driverId: someone,
        search: fc.constant(1),
        outcome: fc.constantFrom('declined', 'expired'),
      }),
      { maxLength: 5 },
    ),
  }),
  { selector: (order) => order.orderId, minLength: 2, maxLength: 10 },
);

const committed = fc
  .tuple(place, optional(counter))
  .map(([to, from]) => delivery(100, to, from, now + 5 * minute));

const drivers: fc.Arbitrary<readonly OnlineDriver[]> = fc.uniqueArray(
  fc.record({
    driverId: someone,
    capacity: fc.integer({ min: 1, max: 4 }),
    place: fc.option(place, { nil: undefined, freq: 8 }),
    shiftEndsAt: optional(fc.integer({ min: now, max: now + 90 * minute })),
    hasOpenOffer: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
    route: fc.oneof(fc.constant([]), committed),
    acceptance: optional(fc.double({ min: 0, max: 1, noNaN: true })),
    rating: optional(fc.double({ min: 1, max: 5, noNaN: true })),
    idleSince: optional(fc.integer({ min: now - 60 * minute, max: now })),
  }),
  { selector: (driver) => driver.driverId, minLength: 1, maxLength: 9 },
);

const demand = fc.array(fc.record({ place, weight: fc.integer({ min: 1, max: 9 }) }), {
  minLength: 1,
  maxLength: 5,
});

const markets: fc.Arbitrary<PlanInput> = fc
  .tuple(orders, drivers, demand)
  .map(([searching, online, where]) => ({
    snapshot: { now, orders: searching, drivers: online, demand: where },
    policy: { ...policy, maxOfferRounds: 4, pressurePercent: 200 },
    seed: 1,
  }));

/** On a machine with much else to do. */
const slow = { timeout: 60_000 };
const often = { numRuns: 400 };

type Entry = { readonly orderId: OrderId; readonly decision: Decision };

const decided = ({ offers, skipped }: Plan): readonly Entry[] => [
  ...offers.flatMap(({ decisions }) => decisions),
  ...skipped,
];

/** By the rules between this driver and any of the orders; who let an offer lapse may be asked again. */
function objections({ snapshot }: PlanInput, entry: Entry, id: DriverId): readonly string[] {
  const { decision } = entry;
  // Who does not go there anyway would come for this order alone.
  const alone = decision.isAddOn && id !== decision.chosen;
  const together = alone ? [entry.orderId] : decision.together;
  const driver = snapshot.drivers.find((each) => each.driverId === id);
  const own = snapshot.orders.filter((each) => together.includes(each.orderId));
  const load = own.reduce((sum, order) => sum + (order.load ?? 1), 0);
  const ruled = own.filter((order) => order.assignedTo === undefined);
  const lapsed = (order: SearchingOrder): boolean =>
    order.earlier.some((offer) => offer.driverId === id && offer.outcome === 'expired');
  return [
    ...(!decision.isAddOn && load > (driver?.capacity ?? 0) ? ['no room'] : []),
    ...own.flatMap(({ assignedTo }) => (assignedTo && assignedTo !== id ? ['by hand'] : [])),
    ...ruled.flatMap(({ blocked = [] }) => (blocked.includes(id) ? ['blocked'] : [])),
    ...ruled.flatMap(({ earlier }) =>
      earlier.some((offer) => offer.driverId === id && offer.outcome === 'declined')
        ? ['said no']
        : [],
    ),
    ...(!decision.askedAgain && ruled.some(lapsed) ? ['let it lapse'] : []),
  ];
}

test('nobody is shown who may not have every order of the bundle', slow, () => {
  fc.assert(
    fc.property(markets, (input) => {
      for (const entry of decided(plan(input)))
        for (const { driverId: id } of entry.decision.best)
          expect([entry.orderId, id, ...objections(input, entry, id)]).toEqual([entry.orderId, id]);
    }),
    often,
  );
});

test('everybody online counts once, as a candidate or by a reason, and can be named', slow, () => {
  fc.assert(
    fc.property(markets, (input) => {
      const made = plan(input);
      for (const { orderId: id, decision } of decided(made)) {
        const reasons = Object.values(decision.excluded).reduce((sum, count) => sum + count, 0);
        expect(decision.candidates + reasons).toBe(input.snapshot.drivers.length);
        const asked = { orderId: id, decision, input, plan: made };
        const named = leftOut(asked, 50);
        const counts = Object.entries(named).map(([name, ids]) => [name, ids.length]);
        expect(Object.fromEntries(counts)).toEqual(decision.excluded);
        for (const [reason, ids] of Object.entries(named))
          for (const each of ids)
            expect(whyNot(asked, each)).toMatchObject({ kind: 'excluded', reason });
      }
    }),
    often,
  );
});

test('a cost is the sum of its parts, and no sentence tells less than nothing', slow, () => {
  fc.assert(
    fc.property(markets, (input) => {
      for (const { orderId: id, decision } of decided(plan(input))) {
        for (const { cost, parts } of decision.best) {
          const values = Object.values(parts);
          expect(values).not.toContain(0);
          expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(cost, 6);
        }
        expect(inWords(id, decision).join(' ')).not.toMatch(/-\d|undefined|NaN|Infinity|null/);
      }
    }),
    often,
  );
});

test('nobody is sent from beyond the reach of every search, unless on the way there', slow, () => {
  fc.assert(
    fc.property(markets, (input) => {
      const { snapshot } = input;
      for (const { driverId: id, isAddOn, decisions } of plan(input).offers) {
        const driver = snapshot.drivers.find((each) => each.driverId === id);
        const from = driver?.route.at(-1)?.place ?? driver?.place;
        const own = decisions.flatMap(({ orderId: each }) =>
          snapshot.orders.filter((order) => order.orderId === each),
        );
        const isNear = own.some((order) => {
          const { radiusM = 0 } = policy.rungs[order.rung] ?? {};
          const isFixed = order.assignedTo !== undefined;
          return isFixed || (from && distanceM(from, order.pickup) <= radiusM);
        });
        const comesBy = driver?.route.some(({ kind }) => kind === 'pickup');
        expect(isNear || isAddOn || comesBy).toBe(true);
        const reasons = isNear ? [] : decisions.map(({ decision }) => decision.beyond);
        expect(reasons.every((reason) => reason === 'on_the_way')).toBe(true);
      }
    }),
    { numRuns: 2_000 },
  );
});
