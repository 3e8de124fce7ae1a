// What is known of the kitchens: with `noisyPrep` only the mean preparation of each restaurant until the food is there,
// else the ready time from the placement on; and how often each has been ordered from so far.

import { readyEstimate, type PrepQuantiles } from '../../dispatch/ready.ts';
import type { ReadyEstimate } from '../../dispatch/snapshot.ts';
import type { InstanceFiles, InstanceOrder } from '../../sandbox/city/instance-files.ts';
import type { Spot } from '../../sandbox/city/projection.ts';
import { minuteMs } from './policy.ts';

export type Kitchens = ReturnType<typeof createKitchens>;

/** Before anybody has ordered, every restaurant counts so much of an order. */
const prior = 0.2;

export function createKitchens({ orders, restaurants }: InstanceFiles, noisyPrep: boolean) {
  const spots = new Map(restaurants.map(({ id, spot }) => [id, spot]));
  const means = noisyPrep ? meansOf(orders) : undefined;
  const spread = createSpread();
  const heard = new Map(restaurants.map(({ id }) => [id, prior]));
  return {
    hear(order: InstanceOrder): void {
      const { restaurant } = order;
      const meanMs = means?.get(restaurant);
      if (meanMs !== undefined) spread.expect(order, meanMs);
      heard.set(restaurant, (heard.get(restaurant) ?? 0) + 1);
    },
    demand: () => restaurants.map(({ id, spot }) => ({ spot, weight: heard.get(id) ?? prior })),
    spotOf(restaurant: string): Spot {
      const spot = spots.get(restaurant);
      if (!spot) throw new Error(`there is no restaurant ${restaurant}`);
      return spot;
    },
    readyOf({ readyAt, placedAt, restaurant }: InstanceOrder, minute: number): ReadyEstimate {
      const meanMs = means?.get(restaurant);
      const isKnown = meanMs === undefined || readyAt <= minute;
      if (isKnown)
        return {
          earlyAt: readyAt * minuteMs,
          expectedAt: readyAt * minuteMs,
          lateAt: readyAt * minuteMs,
        };
      return readyEstimate({
        since: placedAt * minuteMs,
        now: minute * minuteMs,
        quantiles: spread.around(meanMs, minute),
      });
    },
  };
}

const meansOf = (orders: readonly InstanceOrder[]): ReadonlyMap<string, number> => {
  const totals = new Map<string, { readonly sum: number; readonly count: number }>();
  for (const { restaurant, placedAt, readyAt } of orders) {
    const { sum, count } = totals.get(restaurant) ?? { sum: 0, count: 0 };
    totals.set(restaurant, { sum: sum + readyAt - placedAt, count: count + 1 });
  }
  return new Map([...totals].map(([id, { sum, count }]) => [id, (sum / count) * minuteMs]));
};

/** Until the day has shown how kitchens spread around their mean. */
const usual = { early: 0.45, late: 1.6, latest: 3 };
const leastLatest = 2.2;
const enoughSeen = 40;
const margin = 1.15;

/** Learns through the day by how much the slowest preparation so far has exceeded its restaurant's mean. */
function createSpread() {
  let cooking: { readonly readyAt: number; readonly share: number }[] = [];
  let seen = 0;
  let longest = leastLatest / margin;
  const look = (minute: number): void => {
    const done = cooking.filter(({ readyAt }) => readyAt <= minute);
    if (done.length === 0) return;
    cooking = cooking.filter(({ readyAt }) => readyAt > minute);
    seen += done.length;
    for (const { share } of done) longest = Math.max(longest, share);
  };
  return {
    expect({ placedAt, readyAt }: InstanceOrder, meanMs: number): void {
      cooking.push({
        readyAt,
        share: ((readyAt - placedAt) * minuteMs) / Math.max(minuteMs, meanMs),
      });
    },
    around(meanMs: number, minute: number): PrepQuantiles {
      look(minute);
      const latest = Math.max(seen < enoughSeen ? usual.latest : 0, longest * margin);
      return {
        earlyMs: usual.early * meanMs,
        meanMs,
        lateMs: usual.late * meanMs,
        latestMs: latest * meanMs,
      };
    },
  };
}
