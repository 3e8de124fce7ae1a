// What is known of the kitchens: with a history only the mean preparation of each restaurant until the food is there,
// else the ready time from the placement on; and how often each has been ordered from so far.

import { readyEstimate, spreadWithUsual, type Spread } from '../../dispatch/ready.ts';
import type { ReadyEstimate } from '../../dispatch/snapshot.ts';
import type { InstanceFiles, InstanceOrder } from '../../sandbox/city/instance-files.ts';
import type { Spot } from '../../sandbox/city/projection.ts';
import { minuteMs } from './policy.ts';

export type Kitchens = ReturnType<typeof createKitchens>;

/** Before anybody has ordered, every restaurant counts so much of an order. */
const prior = 0.2;

export function createKitchens(
  { restaurants }: Pick<InstanceFiles, 'restaurants'>,
  history: readonly InstanceOrder[] | undefined,
) {
  const spots = new Map(restaurants.map(({ id, spot }) => [id, spot]));
  const means = history && meansOf(history);
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
        expectedMs: meanMs,
        spread: spread.at(minute),
        stepMs: minuteMs,
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

/** Learns through the day how preparations spread around the mean of their restaurant. */
function createSpread() {
  let cooking: { readonly readyAt: number; readonly share: number }[] = [];
  const finished: number[] = [];
  let spread = spreadWithUsual(finished);
  return {
    expect({ placedAt, readyAt }: InstanceOrder, meanMs: number): void {
      const share = ((readyAt - placedAt) * minuteMs) / Math.max(minuteMs, meanMs);
      cooking.push({ readyAt, share });
    },
    at(minute: number): Spread {
      const done = cooking.filter(({ readyAt }) => readyAt <= minute);
      if (done.length === 0) return spread;
      cooking = cooking.filter(({ readyAt }) => readyAt > minute);
      finished.push(...done.map(({ share }) => share));
      spread = spreadWithUsual(finished);
      return spread;
    },
  };
}
