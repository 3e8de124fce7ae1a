// What the engine can do beyond the nearest driver, one rule at a time.

import { describe, expect, test } from 'vitest';
import type { Plan } from '../../dispatch/decision.ts';
import type { OnlineDriver, SearchingOrder } from '../../dispatch/snapshot.ts';
import {
  at,
  delivery,
  driver,
  driverId,
  minute,
  now,
  order,
  orderId,
  readyAt,
  run,
} from './city.ts';

const chosen = (result: Plan): readonly string[] =>
  result.offers.map(
    (offer) => `${offer.orders.map((each) => each.orderId).join('+')} → ${offer.driverId}`,
  );
const outcomes = (result: Plan): readonly string[] =>
  result.skipped.map(({ decision }) => decision.outcome);

describe('bundles', () => {
  const two = [order(1, at(0), { dropoff: at(2_000) }), order(2, at(0), { dropoff: at(2_100) })];

  test('neighbours of one counter travel together when drivers are short', () => {
    const result = run(two, [driver(1, at(0), { capacity: 2 })]);
    expect(chosen(result)).toEqual(['ord_0001+ord_0002 → drv_0001']);
    expect(result.offers[0]?.route.map(({ kind, orderId: id }) => `${kind} ${id}`)).toEqual([
      'pickup ord_0001',
      'pickup ord_0002',
      'dropoff ord_0001',
      'dropoff ord_0002',
    ]);
  });

  test('but not with one that goes direct', () => {
    const [one, other] = two;
    if (!one || !other) throw new Error('two orders');
    const result = run([{ ...one, direct: true }, other], [driver(1, at(0), { capacity: 2 })]);
    expect(result.offers.map(({ orders }) => orders.length)).toEqual([1]);
  });

  test('and apart when there are drivers and the ways part', () => {
    const apart = [
      order(1, at(0), { dropoff: at(2_000) }),
      order(2, at(0), { dropoff: at(-2_000) }),
    ];
    const result = run(apart, [
      driver(1, at(0), { capacity: 2 }),
      driver(2, at(0), { capacity: 2 }),
    ]);
    expect(chosen(result)).toEqual(['ord_0001 → drv_0001', 'ord_0002 → drv_0002']);
  });

  test('never exceed the capacity or the limit', () => {
    expect(run(two, [driver(1, at(0))]).offers[0]?.orders).toHaveLength(1);
    const heavy = two.map((each) => ({ ...each, load: 2 }));
    expect(run(heavy, [driver(1, at(0), { capacity: 3 })]).offers[0]?.orders).toHaveLength(1);
    const single = run(two, [driver(1, at(0), { capacity: 9 })], { policy: { bundleLimit: 1 } });
    expect(single.offers[0]?.orders).toHaveLength(1);
  });

  test('a late dish does not hold up a ready one', () => {
    const [first, second] = two.map((each, index) => ({ ...each, ready: readyAt(20 * index) }));
    if (!first || !second) throw new Error('two orders');
    const result = run([first, second], [driver(1, at(0), { capacity: 2 })]);
    expect(chosen(result)).toEqual(['ord_0001 → drv_0001']);
  });
});

const onTheWay = (direct = false): OnlineDriver =>
  driver(1, at(-600), {
    capacity: 2,
    route: delivery(9, at(2_000), at(0)).map((stop) => (direct ? { ...stop, direct } : stop)),
  });

describe('open commitments', () => {
  test('a driver on the way to the counter takes another order along', () => {
    const result = run(
      [order(1, at(0), { dropoff: at(2_100) })],
      [onTheWay(), driver(2, at(2_500))],
    );
    expect(chosen(result)).toEqual(['ord_0001 → drv_0001']);
    expect(result.offers[0]).toMatchObject({
      isAddOn: true,
      decisions: [{ decision: { isAddOn: true } }],
    });
    expect(result.offers[0]?.decisions[0]?.decision.together).toEqual([orderId(9), orderId(1)]);
  });

  test('but not beside what goes direct, nor what goes direct beside another', () => {
    const asked = order(1, at(0), { dropoff: at(2_100) });
    const direct = { ...asked, direct: true };
    for (const [one, carrying] of [
      [asked, onTheWay(true)] as const,
      [direct, onTheWay()] as const,
    ]) {
      const result = run([one], [carrying, driver(2, at(2_500))]);
      expect(result.offers.filter((offer) => offer.isAddOn)).toEqual([]);
    }
  });

  test('nor beyond as many as may be carried together', () => {
    const asked = [order(1, at(0), { dropoff: at(2_100) })];
    const alone = run(asked, [onTheWay(), driver(2, at(2_500))], { policy: { bundleLimit: 1 } });
    expect(chosen(alone)).toEqual(['ord_0001 → drv_0002']);
  });

  test('a pickup on the way is put in between, within the detour that is allowed', () => {
    const carrying = driver(1, at(0), {
      capacity: 2,
      route: [...delivery(8, at(10)), ...delivery(9, at(5_000))],
    });
    const near = [order(1, at(2_500), { dropoff: at(5_100) })];
    const roomy = { ...carrying, capacity: 3 };
    const patient = { lookAheadMs: 40 * minute };
    const result = run(near, [roomy], { policy: patient });
    expect(result.offers[0]?.isAddOn).toBe(true);
    const strict = run(near, [roomy], { policy: { ...patient, detourLimitMs: 2 * minute } });
    expect(strict.offers.filter((offer) => offer.isAddOn)).toEqual([]);
  });
});

const outcomeAt = (placeFrom: number) =>
  outcomes(run([order(1, at(0))], [driver(1, at(0), { placeFrom })]));

test('ahead of a shift a driver is asked only when it is about to begin', () => {
  expect(outcomeAt(now + 8 * minute)).toEqual(['not_yet']);
  expect(outcomeAt(now + 2 * minute)).toEqual([]);
});

describe('what is added', () => {
  /** Far to bring: rather than come back, the driver would wait some six minutes for what comes later. */
  const later = order(1, at(0), { dropoff: at(8_100), ready: readyAt(10) });
  const planOf = (addOnLimitMs: number, promisedAt?: number) => {
    const route = delivery(9, at(8_000), at(0)).map((stop) => ({ ...stop, promisedAt }));
    const policy = { addOnLimitMs, lookAheadMs: 60 * minute };
    return run([later], [driver(1, at(-600), { capacity: 2, route })], { policy });
  };
  const isAdded = (result: ReturnType<typeof planOf>): boolean =>
    result.offers.some(({ isAddOn }) => isAddOn);

  test('at a counter holds up what is ready no longer than the policy allows', () => {
    expect(isAdded(planOf(10 * minute))).toBe(true);
    expect(isAdded(planOf(5 * minute))).toBe(false);
  });

  test('is measured against the first promise, so that delays do not add up', () => {
    const asPlanned = now + 32 * minute;
    expect(isAdded(planOf(10 * minute, asPlanned))).toBe(true);
    expect(isAdded(planOf(10 * minute, asPlanned - 5 * minute))).toBe(false);
  });

  test('may come along to what is late already, if it delays nothing', () => {
    const promisedAt = now - 60 * minute;
    const carrier = driver(1, at(-600), {
      capacity: 2,
      route: delivery(9, at(2_000), at(0)).map((stop) =>
        stop.kind === 'dropoff' ? { ...stop, promisedAt } : stop,
      ),
    });
    const asked = [order(1, at(0), { dropoff: at(2_100) })];
    expect(isAdded(run(asked, [carrier], { policy: { addOnLimitMs: 1 } }))).toBe(true);
  });
});

describe('late commitment', () => {
  test('a driver who could still come in time is not sent yet', () => {
    const result = run([order(1, at(0), { ready: readyAt(20) })], [driver(1, at(900))]);
    expect(result.offers).toEqual([]);
    expect(result.skipped[0]?.decision).toMatchObject({ outcome: 'not_yet', chosen: driverId(1) });
  });

  test('with an uncertain kitchen he is sent for the early time', () => {
    const result = run([order(1, at(0), { ready: readyAt(20, 16) })], [driver(1, at(900))]);
    expect(result.offers).toHaveLength(1);
  });

  test('an order waits for a driver about to be free rather than for one far away', () => {
    const soonFree = driver(1, at(0), { route: delivery(9, at(0)) });
    const result = run([order(1, at(0))], [soonFree, driver(2, at(2_900))]);
    expect(outcomes(result)).toEqual(['driver_busy']);
    expect(result.skipped[0]?.decision.chosen).toBe(driverId(1));
  });
});

const forLater = (minutes: number) => [
  order(1, at(0), { dropoff: at(3_000), notBefore: now + minutes * minute }),
];

describe('a door that is not open yet', () => {
  test('keeps the driver back until he would not wait there', () => {
    const { offers, skipped } = run(forLater(40), [driver(1, at(500))]);
    expect(offers).toEqual([]);
    expect(skipped[0]?.decision.outcome).toBe('not_yet');
    // Nine minutes of driving, four at the counter, two at the door, and a minute and a half to the counter.
    const { leaveAt = 0, dropoffAt = 0 } = skipped[0]?.decision ?? {};
    expect((leaveAt - now) / minute).toBeCloseTo(40 - 9 - 6 - 1.5, 1);
    expect((dropoffAt - now) / minute).toBeCloseTo(40, 1);
  });

  test('and no longer', () => {
    expect(run(forLater(15), [driver(1, at(500))]).offers).toHaveLength(1);
  });
});

const far = (more: Partial<OnlineDriver>): OnlineDriver => driver(2, at(2_000), more);

describe('who may carry what', () => {
  const near = driver(1, at(0));
  test.each<[string, Partial<SearchingOrder>, OnlineDriver, string]>([
    ['cold chain', { needs: ['cold_chain'] }, far({ skills: ['cold_chain'] }), 'lacks_skill'],
    ['age check', { needs: ['age_check'] }, far({ skills: ['age_check', 'cash'] }), 'lacks_skill'],
    ['blocked pairs', { blocked: [driverId(1)] }, far({}), 'blocked'],
    [
      'own drivers',
      { merchantId: 'm', ownDriversOnly: true },
      far({ merchantId: 'm' }),
      'other_merchant',
    ],
    ['by hand', { assignedTo: driverId(2) }, far({}), 'assigned_by_hand'],
  ])('%s: the further driver gets it, and the record says why', (_, wish, second, reason) => {
    const result = run([order(1, at(0), wish)], [near, second]);
    expect(chosen(result)).toEqual(['ord_0001 → drv_0002']);
    expect(result.offers[0]?.decisions[0]?.decision.excluded).toEqual({ [reason]: 1 });
  });

  test('vehicles: a van for the fridge', () => {
    const result = run(
      [order(1, at(0), { vehicles: ['van'] })],
      [{ ...near, vehicle: 'bicycle' }, far({ vehicle: 'van' })],
    );
    expect(chosen(result)).toEqual(['ord_0001 → drv_0002']);
    expect(result.offers[0]?.decisions[0]?.decision.excluded).toEqual({ wrong_vehicle: 1 });
  });

  test('a driver of a merchant carries for nobody else', () => {
    const result = run(
      [order(1, at(0), { merchantId: 'other' })],
      [driver(1, at(0), { merchantId: 'm' })],
    );
    expect(outcomes(result)).toEqual(['nobody_possible']);
  });

  test('what a person has fixed is a fixed point: the rest is planned around it', () => {
    const result = run(
      [order(1, at(0)), order(2, at(10), { assignedTo: driverId(1), ready: readyAt(30) })],
      [near, far({})],
    );
    expect(chosen(result)).toContain('ord_0002 → drv_0001');
  });

  test('what a person has fixed takes no order along that its driver has refused', () => {
    const refused = { driverId: driverId(1), search: 0, outcome: 'declined' } as const;
    const result = run(
      [order(1, at(0), { earlier: [refused] }), order(2, at(0), { assignedTo: driverId(1) })],
      [driver(1, at(0), { capacity: 2 })],
    );
    expect(chosen(result)).toEqual(['ord_0002 → drv_0001']);
  });
});

describe('soft terms', () => {
  const asked = [order(1, at(0))];

  test('a likely refusal, a low rating and a short wait cost a little, within limits', () => {
    const reliable = driver(2, at(100));
    expect(chosen(run(asked, [driver(1, at(0), { acceptance: 0.1 }), reliable]))[0]).toContain(
      'drv_0002',
    );
    expect(chosen(run(asked, [driver(1, at(0), { rating: 2 }), reliable]))[0]).toContain(
      'drv_0002',
    );
    const waited = { ...reliable, idleSince: now - 60 * minute };
    expect(chosen(run(asked, [driver(1, at(0), { idleSince: now }), waited]))[0]).toContain(
      'drv_0002',
    );
    const tooFar = driver(2, at(900), { idleSince: now - 900 * minute });
    expect(chosen(run(asked, [driver(1, at(0), { idleSince: now }), tooFar]))[0]).toContain(
      'drv_0001',
    );
  });

  test('of two who come in time, the one who stands where nobody orders is sent', () => {
    const soon = [order(1, at(0), { ready: readyAt(5, 0) })];
    const demand = [{ place: at(400), weight: 10 }];
    const drivers = [driver(1, at(400)), driver(2, at(-900))];
    expect(chosen(run(soon, drivers, { snapshot: { demand } }))).toEqual(['ord_0001 → drv_0002']);
  });

  test('a promise that would be broken goes first', () => {
    const promised = order(2, at(-50), { dueAt: now + 5 * minute });
    const result = run([order(1, at(50)), promised], [driver(1, at(0))], {
      policy: { bundleLimit: 1, overduePercent: 300, detourLimitMs: 1 },
    });
    expect(chosen(result)).toEqual(['ord_0002 → drv_0001']);
  });
});

test('the travel table decides where it knows, the straight line elsewhere', () => {
  const places = [at(0), at(1_000)];
  const legs = { car: [[1, 0, 60 * minute]] } as const;
  const otherwise = { kind: 'great_circle', metersPerMinute: 1_000 / 3, roadFactor: 1 } as const;
  const result = run([order(1, at(0))], [driver(1, at(1_000)), driver(2, at(2_000))], {
    snapshot: { travel: { kind: 'table', places, legs, otherwise } },
  });
  // Across the river it is an hour.
  expect(chosen(result)).toEqual(['ord_0001 → drv_0002']);
});

test('an overloaded solver falls back on the same costs and says so', () => {
  const result = run([order(1, at(0))], [driver(1, at(0))], { policy: { solverSteps: 0 } });
  expect(chosen(result)).toEqual(['ord_0001 → drv_0001']);
  expect(result.offers[0]?.decisions[0]?.decision.solver).toBe('regret_greedy');
});

const between = (early: number, late: number, latest = late) => ({
  earlyAt: now + early * minute,
  expectedAt: now + ((early + late) / 2) * minute,
  lateAt: now + late * minute,
  latestAt: now + latest * minute,
});

describe('uncertain goods', () => {
  test('a driver who is wanted elsewhere afterwards takes what is certain first', () => {
    const unsure = order(1, at(0), { ready: between(-10, 22) });
    const sure = order(2, at(500), { ready: between(6, 6) });
    const { offers, skipped } = run([sure, unsure], [driver(1, at(250))], {
      policy: { commitSlackMs: 10 * minute },
    });
    expect(offers.flatMap(({ orders }) => orders.map(({ orderId: id }) => id))).toEqual([
      sure.orderId,
    ]);
    expect(skipped).toMatchObject([{ orderId: unsure.orderId }]);
  });

  test('towards the end of a shift a driver is sent when one of the goods is there for sure', () => {
    const shift = { shiftEndsAt: now + 20 * minute, capacity: 2 };
    const unsure = order(1, at(0), { ready: between(0, 8, 60), dropoff: at(300) });
    const sure = order(2, at(0), { ready: between(2, 2), dropoff: at(300) });
    const tight = { policy: { pressurePercent: 600 } };
    expect(run([unsure], [driver(1, at(500), shift)], tight).offers).toEqual([]);
    const [offer] = run([unsure, sure], [driver(1, at(500), shift)], tight).offers;
    expect(offer?.orders).toHaveLength(2);
  });
});
