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
  const quantiles = noisyPrep ? quantilesOf(orders) : undefined;
  const heard = new Map(restaurants.map(({ id }) => [id, prior]));
  return {
    hear({ restaurant }: InstanceOrder): void {
      heard.set(restaurant, (heard.get(restaurant) ?? 0) + 1);
    },
    demand: () => restaurants.map(({ id, spot }) => ({ spot, weight: heard.get(id) ?? prior })),
    spotOf(restaurant: string): Spot {
      const spot = spots.get(restaurant);
      if (!spot) throw new Error(`there is no restaurant ${restaurant}`);
      return spot;
    },
    readyOf({ readyAt, placedAt, restaurant }: InstanceOrder, minute: number): ReadyEstimate {
      const known = quantiles?.get(restaurant);
      const isKnown = !known || readyAt <= minute;
      if (isKnown) return { earlyAt: readyAt * minuteMs, expectedAt: readyAt * minuteMs, lateAt: readyAt * minuteMs };
      return readyEstimate({ since: placedAt * minuteMs, now: minute * minuteMs, quantiles: known });
    },
  };
}

/** Around the mean as kitchens usually spread: a tenth are done in 45 % of it, a tenth need more than 160 %. */
function quantilesOf(orders: readonly InstanceOrder[]): ReadonlyMap<string, PrepQuantiles> {
  const totals = new Map<string, { readonly sum: number; readonly count: number }>();
  for (const { restaurant, placedAt, readyAt } of orders) {
    const { sum, count } = totals.get(restaurant) ?? { sum: 0, count: 0 };
    totals.set(restaurant, { sum: sum + readyAt - placedAt, count: count + 1 });
  }
  return new Map(
    [...totals].map(([restaurant, { sum, count }]) => {
      const meanMs = (sum / count) * minuteMs;
      return [restaurant, { earlyMs: 0.45 * meanMs, meanMs, lateMs: 1.6 * meanMs }];
    }),
  );
}
