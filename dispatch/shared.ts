// Why an order travels with others: the stops of the trip, what it and the others arrive later because of it, and what it
// would cost to bring it without them. Measured in what is planned, so the rest of the plan stays as it is. Called by explain.ts.

import { bundleOf } from './bundle.ts';
import { biasOf, costOf, minutesOf } from './considered.ts';
import type { Considered, Shared } from './decision.ts';
import { takeOut } from './moves.ts';
import { itineraryOf, type Timed } from './itinerary.ts';
import type { Job, Market } from './market.ts';
import { nextTaskCost, standingOf, withTail, type Route } from './route.ts';
import type { Solved } from './solve.ts';

/** A job in the route that it is planned for. */
export type Trip = {
  readonly route: Route;
  /** Of the route, in order. */
  readonly stops: readonly Timed[];
  /** In the order of the drop-offs; perhaps committed ones among them. */
  readonly together: readonly Job[];
};

type Planned = { readonly solved: Solved; readonly market: Market };

export function sharedOf(job: Job, { route, stops, together }: Trip, planned: Planned): Shared {
  const { market } = planned;
  const without = takeOut(job, route, market);
  const before = doorsOf(itineraryOf(without, without.tail.length, market));
  const laterMs = stops.reduce((sum, stop) => {
    const isOther = stop.kind === 'dropoff' && stop.job !== job && together.includes(stop.job);
    return isOther ? sum + stop.doneAt - (before.get(stop.job) ?? stop.doneAt) : sum;
  }, 0);
  return {
    stops: stops
      .filter((stop) => together.includes(stop.job))
      .map(({ kind, job: { orderId, ready }, doneAt }) => ({
        kind,
        orderId,
        at: Math.round(doneAt),
        readyAt: kind === 'pickup' ? Math.round(ready.expectedAt) : undefined,
      })),
    othersLater: minutesOf(laterMs),
    selfLater: minutesOf(selfLaterMs(job, { route, stops }, market)),
    alone: aloneOf(job, { route, without }, planned),
  };
}

/** The stops between its counter and its door. */
function selfLaterMs(
  job: Job,
  { route, stops }: Pick<Trip, 'route' | 'stops'>,
  { travel, beforeMs }: Market,
): number {
  const own = stops.filter((stop) => stop.job === job);
  const pickup = own.find(({ kind }) => kind === 'pickup');
  const door = own.find(({ kind }) => kind === 'dropoff');
  if (!pickup || !door) return 0;
  const wayMs = travel.ms(job.pickup, job.dropoff, route.carrier.speed);
  const straightAt = pickup.doneAt + beforeMs.pickup + wayMs + beforeMs.dropoff;
  return Math.max(0, door.doneAt - Math.max(straightAt, job.notBefore));
}

const doorsOf = (stops: readonly Timed[]): ReadonlyMap<Job, number> =>
  new Map(stops.filter(({ kind }) => kind === 'dropoff').map((stop) => [stop.job, stop.doneAt]));

type Taken = { readonly route: Route; readonly without: Route };

/** Behind everything that its candidates have to do as planned. */
function aloneOf(
  job: Job,
  { route, without }: Taken,
  { solved, market }: Planned,
): Shared['alone'] {
  const bundle = bundleOf([job], market);
  let best: Route | undefined;
  let leastMs = Number.POSITIVE_INFINITY;
  if (!bundle) return undefined;
  for (const index of solved.candidates.get(job)?.drivers ?? []) {
    const other = index === route.carrier.index ? without : solved.routes[index];
    const costMs = other ? nextTaskCost(bundle, other, market) : leastMs;
    if (costMs >= leastMs) continue;
    leastMs = costMs;
    best = other;
  }
  if (!best) return undefined;
  const made = withTail(best, [...best.tail, bundle], market);
  const dropoffAt = doorsOf(itineraryOf(made, made.tail.length, market)).get(job) ?? market.now;
  const costsMore = minutesOf(without.costMs + leastMs - route.costMs);
  return { driverId: best.carrier.driverId, dropoffAt: Math.round(dropoffAt), costsMore };
}

/** The driver who takes it along on his way: what the detour adds, others' lateness included. */
export function detourOf(job: Job, { route, stops }: Trip, market: Market): Considered {
  const without = takeOut(job, route, market);
  const pickup = stops.find(({ kind, job: other }) => kind === 'pickup' && other === job);
  const arriveAt = pickup?.arriveAt ?? market.now;
  const waitsMs = pickup ? pickup.doneAt - pickup.arriveAt - market.beforeMs.pickup : 0;
  const standing = standingOf(route) - standingOf(without);
  return {
    driverId: route.carrier.driverId,
    minutes: minutesOf(arriveAt - market.now),
    freeIn: 0,
    travel: minutesOf(arriveAt - market.now),
    waits: minutesOf(Math.max(0, waitsMs)),
    ...costOf(route.costMs - without.costMs, {
      standing,
      uncertainty: 0,
      ...biasOf(route, 1, market),
    }),
    takes: undefined,
  };
}
