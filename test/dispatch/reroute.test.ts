// What drivers have in hand is put into another order only when that brings it clearly sooner, and never against a rule.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rerouteInWords } from '../../dispatch/reroute-words.ts';
import { reroute, withReroutes } from '../../dispatch/reroute.ts';
import type { OnlineDriver, RouteStop, Snapshot } from '../../dispatch/snapshot.ts';
import { timeRoutes } from '../../dispatch/timing.ts';
import { at, delivery, driver, minute, now, orderId as idOf, policy, snapshot } from './city.ts';

const nameOf = ({ kind, orderId }: Pick<RouteStop, 'kind' | 'orderId'>): string =>
  `${kind === 'pickup' ? '+' : '-'}${Number(orderId.slice(-4))}`;
const inShort = (stops: readonly Pick<RouteStop, 'kind' | 'orderId'>[]): string =>
  stops.map(nameOf).join(' ');

/** When the doors were planned for as the driver said yes, in minutes from now. */
const promised = (
  stops: readonly RouteStop[],
  minutes: Readonly<Record<string, number>>,
): readonly RouteStop[] =>
  stops.map((stop) =>
    stop.kind === 'dropoff'
      ? { ...stop, promisedAt: now + (minutes[stop.orderId] ?? 0) * minute }
      : stop,
  );
const asPlanned = (one: OnlineDriver): OnlineDriver => {
  const doors = timeRoutes(snapshot([], [one]), policy).filter(({ kind }) => kind === 'dropoff');
  const minutes = doors.map(({ orderId, doneAt }) => [orderId, (doneAt - now) / minute] as const);
  return { ...one, route: promised(one.route, Object.fromEntries(minutes)) };
};

/** Two counters a kilometre apart, a door a kilometre behind each; the goods of the first come so late. */
function twoKitchens(lateMinutes: number, more: Partial<OnlineDriver> = {}): OnlineDriver {
  const [take, bring] = delivery(1, at(2_000, 1_000), at(0, 1_000));
  const [takeOther, bringOther] = delivery(2, at(2_000), at(0));
  if (!take || !bring || !takeOther || !bringOther) throw new Error('four stops');
  const route = [take, takeOther, bring, bringOther];
  const planned = asPlanned(driver(1, at(-500, 500), { capacity: 2, route, ...more }));
  const readyAt = now + lateMinutes * minute;
  const ready = { earlyAt: readyAt, expectedAt: readyAt, lateAt: readyAt };
  return {
    ...planned,
    route: planned.route.map((stop) =>
      stop.kind === 'pickup' && stop.orderId === take.orderId ? { ...stop, ready } : stop,
    ),
  };
}

const answer = (one: OnlineDriver, more: Partial<typeof policy> = {}) =>
  reroute(snapshot([], [one]), { ...policy, ...more });

describe('a driver whose first goods slip', () => {
  test('fetches and brings the others first', () => {
    const [made] = answer(twoKitchens(40));
    expect(inShort(made?.before ?? [])).toBe('+1 +2 -1 -2');
    expect(inShort(made?.route ?? [])).toBe('+2 -2 +1 -1');
    expect(made?.gainMs).toBeGreaterThan(15 * minute);
  });

  test('who wonders why is told in a sentence', () => {
    const [made] = answer(twoKitchens(40));
    expect(made && rerouteInWords(idOf(1), made)).toBe(
      'The route of drv_0001 was 72 minutes behind the plan, all deliveries in sum, and gains 58 minutes by another order of the stops: 12:04 UTC pickup of ord_0002, 12:14 UTC delivery of ord_0002, 12:40 UTC pickup of this order, 12:50 UTC delivery of this order. This order arrives at 12:50 UTC instead of 12:57 UTC.',
    );
  });

  test('drives on as planned when nothing slips, or by little', () => {
    for (const late of [0, 1, 2, 3]) expect(answer(twoKitchens(late))).toEqual([]);
  });

  test('drives on when what is gained is less than the policy asks for', () => {
    const { gainMs = 0 } = answer(twoKitchens(40))[0] ?? {};
    expect(answer(twoKitchens(40), { rerouteGainMs: gainMs - 1 })).toHaveLength(1);
    expect(answer(twoKitchens(40), { rerouteGainMs: gainMs + 1 })).toEqual([]);
  });

  test('waits where they have arrived', () => {
    const one = twoKitchens(40);
    const there = one.route.map((stop, index) => (index === 0 ? { ...stop, reached: true } : stop));
    const [made] = answer({ ...one, route: there });
    expect(made === undefined || nameOf(made.route[0] ?? stopOf(one)) === '+1').toBe(true);
  });

  test('is left alone when they stand where nobody expects them, are being asked for more, or are not seen', () => {
    const one = twoKitchens(40);
    const astray = one.route.map((stop, index) =>
      index === 1 ? { ...stop, reached: true } : stop,
    );
    expect(answer({ ...one, route: astray })).toEqual([]);
    expect(answer({ ...one, hasOpenOffer: true })).toEqual([]);
    expect(answer({ ...one, place: undefined })).toEqual([]);
  });
});

test('a driver for whom the ways have become slow brings first what is near', () => {
  const far = delivery(1, at(6_000));
  const near = delivery(2, at(-500));
  const planned = asPlanned(driver(1, at(0), { capacity: 2, route: [...far, ...near] }));
  const slow = { ...policy, metersPerMinute: policy.metersPerMinute / 2 };
  const [made] = reroute(snapshot([], [planned]), slow);
  expect(inShort(made?.route ?? [])).toBe('-2 -1');
  expect(made?.lateMs).toBeGreaterThan(30 * minute);
});

test('what goes direct stays alone on board', () => {
  const one = twoKitchens(40);
  const direct = one.route.map((stop) => ({ ...stop, direct: true }));
  const apart = [0, 2, 1, 3].flatMap((index) => direct[index] ?? []);
  expect(answer({ ...one, route: apart }).map(({ route }) => inShort(route))).toEqual([
    '+2 -2 +1 -1',
  ]);
});

test('a route that cannot be timed keeps no other from it', () => {
  const one = twoKitchens(40);
  const broken = driver(2, at(0), { capacity: 2, route: twoKitchens(0).route.slice(0, 3) });
  expect(reroute(snapshot([], [broken, one]), policy)).toHaveLength(1);
});

const stopOf = ({ route: [stop] }: OnlineDriver): RouteStop => {
  if (!stop) throw new Error('no stop');
  return stop;
};

const place = fc
  .tuple(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }))
  .map(([east, north]) => at(1_000 * east, 1_000 * north));

type Drawn = readonly [
  to: ReturnType<typeof at>,
  from: ReturnType<typeof at> | undefined,
  ready: number,
  promised: number | undefined,
  due: number | undefined,
  load: number,
  direct: boolean,
];

const drawn: fc.Arbitrary<Drawn> = fc.tuple(
  place,
  fc.option(place, { nil: undefined }),
  fc.integer({ min: -5, max: 60 }),
  fc.option(fc.integer({ min: -20, max: 40 }), { nil: undefined }),
  fc.option(fc.integer({ min: -20, max: 60 }), { nil: undefined }),
  fc.integer({ min: 1, max: 2 }),
  fc.constantFrom(false, false, false, true),
);

const stopsOf = ([to, from, ready, planned, due, load, direct]: Drawn, n: number) =>
  delivery(n, to, from, now + ready * minute).map((stop) => ({
    ...stop,
    load,
    direct,
    ...(stop.kind === 'dropoff' && planned !== undefined && { promisedAt: now + planned * minute }),
    ...(stop.kind === 'dropoff' && due !== undefined && { dueAt: now + due * minute }),
  }));

/** Any order in which each pickup comes before its drop-off. */
const orderOf = (stops: readonly RouteStop[]): fc.Arbitrary<readonly RouteStop[]> =>
  fc.shuffledSubarray([...stops], { minLength: stops.length }).map((shuffled) => {
    const seen = new Set<string>();
    return shuffled.map(({ orderId }) => {
      const [first, last] = stops.filter((stop) => stop.orderId === orderId);
      const stop = seen.has(orderId) ? last : first;
      seen.add(orderId);
      if (!stop) throw new Error(orderId);
      return stop;
    });
  });

const routeOf = (maxLength: number) =>
  fc
    .array(drawn, { minLength: 2, maxLength })
    .chain((some) => orderOf(some.flatMap((each, index) => stopsOf(each, index + 1))));

const carrier = (maxLength: number): fc.Arbitrary<OnlineDriver> =>
  fc
    .tuple(
      place,
      routeOf(maxLength),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 0, max: 1 }),
      fc.option(fc.integer({ min: 0, max: 90 }), { nil: undefined }),
    )
    .map(([start, route, capacity, reached, shift]) =>
      driver(1, start, {
        capacity,
        shiftEndsAt: shift === undefined ? undefined : now + shift * minute,
        route: route.map((stop, index) => (index < reached ? { ...stop, reached: true } : stop)),
      }),
    );

const seen = (one: OnlineDriver): Snapshot => snapshot([], [one]);

/** As a customer sees it: when the goods come, and how much later than promised. */
const costOf = (one: OnlineDriver): number =>
  timeRoutes(seen(one), policy).reduce((sum, { kind, orderId, doneAt }) => {
    if (kind === 'pickup') return sum;
    const dueAt = one.route.find((stop) => stop.kind === kind && stop.orderId === orderId)?.dueAt;
    const overdueMs = Math.max(0, doneAt - (dueAt ?? Number.POSITIVE_INFINITY));
    return sum + doneAt + (overdueMs * policy.overduePercent) / 100;
  }, 0);

type Loads = { readonly most: number; readonly isDirectAlone: boolean };

function loadsOf({ route }: OnlineDriver): Loads {
  const fetched = new Set(
    route.filter(({ kind }) => kind === 'pickup').map((stop) => stop.orderId),
  );
  let aboard = route.filter(({ kind, orderId }) => kind === 'dropoff' && !fetched.has(orderId));
  let loads: Loads = { most: 0, isDirectAlone: true };
  for (const stop of [undefined, ...route]) {
    if (stop?.kind === 'pickup') aboard = [...aboard, stop];
    if (stop?.kind === 'dropoff') aboard = aboard.filter(({ orderId }) => orderId !== stop.orderId);
    const load = aboard.reduce((sum, each) => sum + (each.load ?? 1), 0);
    const isMixed = aboard.length > 1 && aboard.some(({ direct }) => direct);
    loads = { most: Math.max(loads.most, load), isDirectAlone: loads.isDirectAlone && !isMixed };
  }
  return loads;
}

const freeAt = (one: OnlineDriver): number =>
  (timeRoutes(seen(one), policy).at(-1)?.doneAt ?? now) + policy.dropoffServiceMs / 2;

/** Every order of the stops that keeps all rules; times, in whole milliseconds here, may be so much later. */
function allowed(one: OnlineDriver, roundingMs: number): readonly OnlineDriver[] {
  const fixed = one.route.filter(({ reached }) => reached).length;
  const doors = new Map(timeRoutes(seen(one), policy).map((stop) => [nameOf(stop), stop.doneAt]));
  const promiseOf = (orderId: string): number | undefined =>
    one.route.find((stop) => stop.kind === 'dropoff' && stop.orderId === orderId)?.promisedAt;
  const isLate = timeRoutes(seen(one), policy).map(({ kind, orderId, doneAt }) =>
    kind === 'pickup' ? 0 : doneAt - (promiseOf(orderId) ?? doneAt),
  );
  const worst = Math.max(policy.detourLimitMs, ...isLate);
  const latest = ({ orderId }: Pick<RouteStop, 'orderId'>): number =>
    Math.max((promiseOf(orderId) ?? 0) + worst, doors.get(`-${Number(orderId.slice(-4))}`) ?? 0);
  const before = loadsOf(one);
  const mostFreeAt = Math.max(one.shiftEndsAt ?? Number.POSITIVE_INFINITY, freeAt(one));
  return permutations(one.route.slice(fixed))
    .map((rest) => ({ ...one, route: [...one.route.slice(0, fixed), ...rest] }))
    .filter((other) => {
      const { most, isDirectAlone } = loadsOf(other);
      return (
        hasPickupsFirst(other) &&
        most <= Math.max(one.capacity, before.most) &&
        (isDirectAlone || !before.isDirectAlone) &&
        freeAt(other) <= mostFreeAt + roundingMs &&
        timeRoutes(seen(other), policy).every(
          (stop) => stop.kind === 'pickup' || stop.doneAt <= latest(stop) + roundingMs,
        )
      );
    });
}

const hasPickupsFirst = ({ route }: OnlineDriver): boolean =>
  route.every(
    ({ kind, orderId }, index) =>
      kind === 'pickup' ||
      !route.slice(index).some((stop) => stop.kind === 'pickup' && stop.orderId === orderId),
  );

const permutations = <T>(items: readonly T[]): readonly (readonly T[])[] =>
  items.length === 0
    ? [[]]
    : items.flatMap((item, index) =>
        permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
      );

const slow = { timeout: 60_000 };

describe('whatever a driver has in hand', () => {
  test('a new order keeps every rule and is better by as much as is said', slow, () => {
    fc.assert(
      fc.property(carrier(5), (one) => {
        const [made] = reroute(seen(one), policy);
        if (!made) return;
        const [then] = withReroutes(seen(one), [made]).drivers;
        if (!then) throw new Error('the driver is gone');
        expect(inShort(then.route)).toBe(inShort(made.route));
        expect(new Set(then.route)).toEqual(new Set(one.route));
        expect(then.route).toHaveLength(one.route.length);
        expect(hasPickupsFirst(then)).toBe(true);
        const before = loadsOf(one);
        const after = loadsOf(then);
        expect(after.most).toBeLessThanOrEqual(Math.max(one.capacity, before.most));
        expect(after.isDirectAlone || !before.isDirectAlone).toBe(true);
        const reached = one.route.filter((stop) => stop.reached);
        expect(then.route.slice(0, reached.length)).toEqual(reached);
        const gainMs = costOf(one) - costOf(then);
        expect(made.gainMs).toBeGreaterThanOrEqual(policy.rerouteGainMs);
        expect(Math.abs(gainMs - made.gainMs)).toBeLessThan(10);
      }),
      { numRuns: 300 },
    );
  });

  test('none that keeps every rule is better', slow, () => {
    fc.assert(
      fc.property(carrier(3), (one) => {
        const late = timeRoutes(seen(one), policy).reduce((sum, { kind, orderId, doneAt }) => {
          const stop = one.route.find((each) => each.kind === kind && each.orderId === orderId);
          return sum + Math.max(0, doneAt - (stop?.promisedAt ?? doneAt));
        }, 0);
        const [made] = reroute(seen(one), policy);
        const bestMs = (roundingMs: number): number => {
          const gains = allowed(one, roundingMs).map((other) => costOf(one) - costOf(other));
          const best = Math.max(0, ...gains);
          return Math.min(late, best) >= policy.rerouteGainMs ? best : 0;
        };
        const gainMs = made?.gainMs ?? 0;
        expect(gainMs).toBeGreaterThan(bestMs(0) - 10);
        expect(gainMs).toBeLessThan(bestMs(1) + 10);
        expect(made && reroute(withReroutes(seen(one), [made]), policy)).toEqual(made && []);
      }),
      { numRuns: 300 },
    );
  });

  test(
    'the same is answered again, from what was stored, and with others in whatever order',
    slow,
    () => {
      fc.assert(
        fc.property(fc.array(carrier(4), { maxLength: 5 }), (some) => {
          const drivers = some.map((one, index) => ({
            ...one,
            driverId: driver(index + 1, at(0)).driverId,
          }));
          const first = reroute(snapshot([], drivers), policy);
          const stored = JSON.parse(JSON.stringify(snapshot([], drivers.toReversed()))) as Snapshot;
          expect(reroute(stored, policy)).toEqual(first);
        }),
        { numRuns: 50 },
      );
    },
  );
});
