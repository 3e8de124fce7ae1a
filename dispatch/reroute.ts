// What a driver has in hand, put into a better order: when goods slip or ways take longer than they did when the driver
// said yes, another order of the same stops may bring everything clearly sooner. Pure and deterministic; exact unless a
// route is so long that the steps run out. Called by activities/dispatch.ts before it plans.

import type { Reroute } from '../domain/eta.ts';
import type { Policy } from '../domain/policy.ts';
import { aboardOf } from './aboard.ts';
import { doorCost } from './bundle.ts';
import { itineraryOf, plannedStop, type Timed } from './itinerary.ts';
import { visitsAt, type Carrier, type Job, type JobStop, type Market } from './market.ts';
import { timingOf, type Route } from './route.ts';
import type { Snapshot } from './snapshot.ts';
import { eachRoute } from './timing.ts';

/** Orders so much better are found among so many beginnings of a route. */
const mostSteps = 1_000;
/** Less is rounding. */
const roundingMs = 1;

/** Of drivers who are not being asked for more. The stops at which they have arrived stay first. */
export const reroute = (
  { now, travel, drivers }: Pick<Snapshot, 'now' | 'travel' | 'drivers'>,
  policy: Policy,
): readonly Reroute[] =>
  eachRoute(
    {
      now,
      travel,
      drivers: drivers.filter(({ hasOpenOffer, route }) => !hasOpenOffer && route.length > 1),
    },
    policy,
    rerouted,
  );

/** The snapshot as it is with the new routes. */
export function withReroutes(snapshot: Snapshot, reroutes: readonly Reroute[]): Snapshot {
  const routes = new Map(reroutes.map(({ driverId, route }) => [driverId, route]));
  return {
    ...snapshot,
    drivers: snapshot.drivers.map((driver) => {
      const stops = routes.get(driver.driverId) ?? [];
      const found = stops.flatMap(
        ({ kind, orderId }) =>
          driver.route.find((stop) => stop.kind === kind && stop.orderId === orderId) ?? [],
      );
      return found.length > 0 ? { ...driver, route: found } : driver;
    }),
  };
}

function rerouted(route: Route, market: Market): readonly Reroute[] {
  const { carrier } = route;
  const { rerouteGainMs } = market.policy;
  const before = itineraryOf(route, 0, market);
  const lateMs = latenessOf(before);
  // What was best as planned cannot be beaten by more than it has become later.
  if (lateMs < rerouteGainMs) return [];
  const fixed = reachedOf(carrier);
  if (fixed === undefined) return [];
  const better = createSearch({ before, fixed, route }, market)();
  if (!better) return [];
  const visits = visitsAt(better);
  return [
    {
      driverId: carrier.driverId,
      before: before.map(plannedStop),
      route: itineraryOf({ ...route, visits }, 0, market).map(plannedStop),
      lateMs: Math.round(lateMs),
      gainMs: Math.round(route.base.costMs - timingOf(carrier, visits, market).costMs),
    },
  ];
}

const doorsOf = (stops: readonly Timed[]): readonly Timed[] =>
  stops.filter(({ kind }) => kind === 'dropoff');

/** In sum, against what was planned when the driver said yes. */
const latenessOf = (stops: readonly Timed[]): number =>
  doorsOf(stops).reduce(
    (sum, { job, doneAt }) => sum + Math.max(0, doneAt - (job.promisedAt ?? doneAt)),
    0,
  );

/** How many stops at the beginning the driver has arrived at; undefined: at others, so nobody knows what they are doing. */
function reachedOf({ driver: { route } }: Carrier): number | undefined {
  const first = route.findIndex(({ reached }) => reached !== true);
  const count = first < 0 ? route.length : first;
  return route.slice(count).some(({ reached }) => reached) ? undefined : count;
}

type Searching = {
  readonly before: readonly Timed[];
  readonly fixed: number;
  readonly route: Route;
};

/**
 * Depth-first over all orders of the stops, the soonest next stop first; a beginning is given up when even with every
 * other door reached at once it would not be better by enough.
 */
function createSearch({ before, fixed, route }: Searching, market: Market) {
  const { carrier, base } = route;
  const { rerouteGainMs, detourLimitMs } = market.policy;
  const stops: readonly JobStop[] = before.map(({ kind, job }) => ({ kind, job }));
  const now = aboardOf(route.visits);
  const mostLoad = Math.max(carrier.capacity, now.load);
  const latestEndAt = Math.max(carrier.shiftEndsAt, base.endAt) + roundingMs;
  const latest = latestDoors(before, detourLimitMs);
  let least = base.costMs - rerouteGainMs;
  let best: readonly JobStop[] | undefined;
  let steps = mostSteps;

  const fits = (order: readonly JobStop[], left: readonly JobStop[]): boolean => {
    const { load, isDirectAlone } = aboardOf(visitsAt([...order, ...doorsLeft(left)]));
    return load <= mostLoad && (isDirectAlone || !now.isDirectAlone);
  };

  /** A drop-off comes after its pickup; of pickups in a row at one counter only one order is looked at. */
  const isNext = ({ kind, job }: JobStop, order: readonly JobStop[], left: readonly JobStop[]) => {
    if (kind === 'dropoff') return !isToFetch(job, left);
    const last = order.length > fixed ? order.at(-1) : undefined;
    const isSameCounter = last?.kind === 'pickup' && last.job.pickup === job.pickup;
    return !isSameCounter || last.job.orderId < job.orderId;
  };

  function look(order: readonly JobStop[], left: readonly JobStop[]): void {
    const next = left
      .filter((stop) => isNext(stop, order, left))
      .map((stop) => {
        const made = [...order, stop];
        return { made, stop, timing: timingOf(carrier, visitsAt(made), market) };
      })
      .toSorted((a, b) => a.timing.endAt - b.timing.endAt);
    for (const { made, stop, timing } of next) {
      steps -= 1;
      if (steps < 0) return;
      const rest = left.filter((each) => each !== stop);
      const doorAt = timing.endAt - market.beforeMs.dropoff;
      if (stop.kind === 'dropoff' && doorAt > (latest.get(stop.job) ?? doorAt)) continue;
      if (timing.costMs + leastOf(rest, timing.endAt, market) > least || !fits(made, rest))
        continue;
      if (rest.length > 0) look(made, rest);
      else if (timing.endAt <= latestEndAt) {
        least = timing.costMs - roundingMs;
        best = made;
      }
    }
  }

  return (): readonly JobStop[] | undefined => {
    look(stops.slice(0, fixed), stops.slice(fixed));
    return best;
  };
}

/** Nobody is to come further behind what they were promised than the worst off would have come anyway. */
function latestDoors(before: readonly Timed[], limitMs: number): ReadonlyMap<Job, number> {
  const doors = doorsOf(before);
  const worstMs = Math.max(
    limitMs,
    ...doors.map(({ job, doneAt }) => doneAt - (job.promisedAt ?? doneAt)),
  );
  return new Map(
    doors.map(({ job, doneAt }) => [
      job,
      Math.max(doneAt, (job.promisedAt ?? 0) + worstMs) + roundingMs,
    ]),
  );
}

const isToFetch = (job: Job, left: readonly JobStop[]): boolean =>
  left.some((stop) => stop.kind === 'pickup' && stop.job === job);

/** Of what is on board: nothing else of what is left counts before its pickup. */
const doorsLeft = (left: readonly JobStop[]): readonly JobStop[] =>
  left.filter(({ kind, job }) => kind === 'dropoff' && !isToFetch(job, left));

/** Below what the doors that are left cost at best. */
const leastOf = (left: readonly JobStop[], from: number, market: Market): number =>
  left.reduce((sum, { kind, job }) => {
    if (kind === 'pickup') return sum;
    const readyAt = isToFetch(job, left) ? job.ready.expectedAt : 0;
    return sum + doorCost(job, Math.max(from, job.notBefore, readyAt), market);
  }, 0);
