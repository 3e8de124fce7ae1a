import { describe, expect, test } from 'vitest';
import { plan } from '../../dispatch/plan.ts';
import type { EarlierOffer, OnlineDriver, SearchingOrder } from '../../dispatch/snapshot.ts';
import {
  at,
  delivery,
  driver,
  driverId,
  minute,
  now,
  order,
  orderId,
  policy,
  snapshot,
} from './city.ts';

const run = (orders: readonly SearchingOrder[], drivers: readonly OnlineDriver[]) =>
  plan({ snapshot: snapshot(orders, drivers), policy: separately, seed: 1 });

/** Nothing is carried together. */
const separately = { ...policy, bundleLimit: 1, detourLimitMs: 0 };

const pairs = (result: ReturnType<typeof run>): readonly string[] =>
  result.offers.map((offer) => `${offer.orders[0]?.orderId} → ${offer.driverId}`);

const earlier = (n: number, outcome: EarlierOffer['outcome'], search = 1): EarlierOffer => ({
  driverId: driverId(n),
  search,
  outcome,
});

const ends = (minutes: number) => driver(1, at(2_000), { shiftEndsAt: now + minutes * minute });

const lapsed = (search: number) =>
  Array.from({ length: policy.maxOfferRounds }, (_, n) => earlier(n, 'expired', search));

const hashOf = (eastM: number, seed = 1) =>
  plan({ snapshot: snapshot([order(1, at(0))], [driver(1, at(eastM))]), policy, seed }).offers[0]
    ?.decisions[0]?.decision.inputHash;

describe('plan', () => {
  test('offers a delivery to the nearest driver and says when they can be there', () => {
    const result = run([order(1, at(0))], [driver(1, at(2_000)), driver(2, at(-1_000))]);
    expect(pairs(result)).toEqual(['ord_0001 → drv_0002']);
    expect(result.offers[0]?.pickupEtaAt).toBeCloseTo(now + 3 * minute, -2);
    expect(result.offers[0]?.orders).toEqual([{ orderId: orderId(1), search: 1 }]);
  });

  test('serves the oldest search first', () => {
    const late = order(1, at(0), { searchSince: now - minute });
    const early = order(2, at(0), { searchSince: now - 2 * minute });
    const result = run([late, early], [driver(1, at(100))]);
    expect(pairs(result)).toEqual(['ord_0002 → drv_0001']);
    expect(result.skipped.map((each) => each.orderId)).toEqual([orderId(1)]);
    expect(result.skipped[0]?.decision).toMatchObject({
      outcome: 'driver_busy',
      chosen: driverId(1),
      excluded: {},
    });
  });

  test('gives each driver one offer at a time', () => {
    const result = run(
      [order(1, at(0)), order(2, at(0))],
      [driver(1, at(0), { capacity: 2 }), driver(2, at(2_000))],
    );
    expect(pairs(result)).toEqual(['ord_0001 → drv_0001', 'ord_0002 → drv_0002']);
  });

  test('settles ties by id', () => {
    const drivers = [9, 4, 8, 7, 5, 6, 3].map((n) => driver(n, at(500)));
    expect(pairs(run([order(1, at(0))], drivers))).toEqual(['ord_0001 → drv_0003']);
    expect(pairs(run([order(9, at(0)), order(8, at(0))], [driver(1, at(0))]))).toEqual([
      'ord_0008 → drv_0001',
    ]);
  });

  test('looks no further than the radius of the rung, and on the last rung stays there', () => {
    const far = driver(1, at(5_000));
    expect(run([order(1, at(0))], [far]).offers).toEqual([]);
    expect(run([order(1, at(0))], [far]).skipped[0]?.decision).toMatchObject({
      radiusM: 3_000,
      candidates: 0,
      excluded: { out_of_radius: 1 },
    });
    expect(pairs(run([order(1, at(0), { rung: 1 })], [far]))).toHaveLength(1);
    expect(pairs(run([order(1, at(0), { rung: 7 })], [far]))).toHaveLength(1);
  });

  test('leaves out who is full for long, has an open offer or is nowhere', () => {
    const result = run(
      [order(1, at(0))],
      [
        driver(1, at(0), { route: delivery(9, at(0), at(50), now + 30 * minute) }),
        driver(2, at(0), { hasOpenOffer: true }),
        driver(3, at(0), { place: undefined }),
      ],
    );
    expect(result.offers).toEqual([]);
    expect(result.skipped[0]?.decision.excluded).toEqual({
      at_capacity: 1,
      open_offer: 1,
      no_position: 1,
    });
  });

  test('asks nobody whose shift ends before the goods could be taken over', () => {
    expect(run([order(1, at(0))], [ends(7.9)]).skipped[0]?.decision.excluded).toEqual({
      shift_ends: 1,
    });
    expect(run([order(1, at(0))], [ends(8.1)]).offers).toHaveLength(1);
  });

  test.each(['declined', 'voided', 'dropped_out'] as const)(
    'never asks again who has %s',
    (how) => {
      const again = order(1, at(0), {
        search: 2,
        earlier: [earlier(1, how), earlier(1, 'expired', 2)],
      });
      const result = run([again], [driver(1, at(0))]);
      expect(result.offers).toEqual([]);
      expect(result.skipped[0]?.decision.excluded).toEqual({ said_no_before: 1 });
    },
  );

  test('asks who let an offer lapse again only when nobody else is left', () => {
    const again = order(1, at(0), { earlier: [earlier(1, 'expired')] });
    const both = run([again], [driver(1, at(0)), driver(2, at(2_900))]);
    expect(pairs(both)).toEqual(['ord_0001 → drv_0002']);
    expect(both.offers[0]?.decisions[0]?.decision).toMatchObject({
      askedAgain: false,
      excluded: { let_lapse_before: 1 },
    });
    const alone = run([again], [driver(1, at(0)), driver(2, at(3_100))]);
    expect(pairs(alone)).toEqual(['ord_0001 → drv_0001']);
    expect(alone.offers[0]?.decisions[0]?.decision).toMatchObject({
      askedAgain: true,
      chosen: driverId(1),
    });
  });

  test('who was just asked for another order is not asked again for an offer they let lapse', () => {
    const first = order(1, at(0), { searchSince: now - 2 * minute });
    const again = order(2, at(0), { earlier: [earlier(1, 'expired')] });
    const result = run([first, again], [driver(1, at(0)), driver(2, at(2_000))]);
    expect(pairs(result)).toEqual(['ord_0001 → drv_0001', 'ord_0002 → drv_0002']);
  });

  test('an offer that was taken back counts against nobody', () => {
    const again = order(1, at(0), { earlier: [earlier(1, 'withdrawn')] });
    expect(pairs(run([again], [driver(1, at(0))]))).toEqual(['ord_0001 → drv_0001']);
  });

  test('counts a driver on a route from its end: drives, waits for the goods, services', () => {
    const busy = driver(1, at(0), {
      capacity: 2,
      route: delivery(9, at(2_000), at(1_000), now + 10 * minute),
    });
    const patient = {
      ...policy,
      lookAheadMs: 40 * minute,
      commitAheadMs: 40 * minute,
      detourLimitMs: 0,
    };
    const asked = snapshot([order(1, at(3_000), { rung: 1 })], [busy]);
    const [offer] = plan({ snapshot: asked, policy: patient, seed: 1 }).offers;
    // 10 to the goods, half of 4 at the counter after it, 3 to the customer, 4 at the door, 3 to the next counter.
    expect(offer?.pickupEtaAt).toBeCloseTo(now + 22 * minute, -2);
  });

  test('a free driver further away beats a near one who is busy for longer', () => {
    const busy = driver(1, at(0), { capacity: 2, route: delivery(9, at(0)) });
    expect(pairs(run([order(1, at(0))], [busy, driver(2, at(1_000))]))).toEqual([
      'ord_0001 → drv_0002',
    ]);
    expect(pairs(run([order(1, at(0))], [busy, driver(2, at(2_000))]))).toEqual([
      'ord_0001 → drv_0001',
    ]);
  });

  test('ends a search that has used up its offers, earlier searches apart', () => {
    const result = run(
      [
        order(1, at(0), { search: 2, earlier: lapsed(2) }),
        order(2, at(0), { search: 2, earlier: lapsed(1) }),
      ],
      [driver(99, at(0))],
    );
    expect(result.exhausted).toMatchObject([
      {
        orderId: orderId(1),
        search: 2,
        decision: { outcome: 'exhausted', used: { expired: policy.maxOfferRounds } },
      },
    ]);
    expect(pairs(result)).toEqual(['ord_0002 → drv_0099']);
  });

  test('the decision record says who was considered, nearest first', () => {
    const metres = [300, 2_400, 2_100, 1_800, 1_500, 600, 900];
    const drivers = metres.map((eastM, i) => driver(i + 1, at(eastM)));
    const decision = run([order(1, at(0))], drivers).offers[0]?.decisions[0]?.decision;
    expect(decision).toMatchObject({
      policyVersion: policy.version,
      radiusM: 3_000,
      candidates: 7,
      chosen: driverId(1),
      excluded: {},
    });
    expect(decision?.best.map((each) => each.driverId)).toEqual([1, 6, 7, 5, 4].map(driverId));
    expect(decision?.best.map((each) => each.minutes)).toEqual([0.9, 1.8, 2.7, 4.5, 5.4]);
  });

  test('the input hash names the input', () => {
    expect(hashOf(100)).toBe(hashOf(100));
    expect(hashOf(100)).not.toBe(hashOf(101));
    expect(hashOf(100)).not.toBe(hashOf(100, 2));
    const over = run([order(1, at(0), { earlier: lapsed(1) })], [driver(1, at(0))]);
    expect(over).toMatchObject({ offers: [], skipped: [] });
    expect(over.inputHash).toBe(over.exhausted[0]?.decision.inputHash);
  });
});
