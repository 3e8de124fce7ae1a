// Jobs put into a route that is being driven: into the pickup stop at the same counter, or, with a detour, as a stop of
// its own before the last drop-off. Capacity holds at every stop, what goes direct is alone on board, and no customer
// whose driver has said yes waits for all that is added more than the policy allows. Used by bundling.ts and improve.ts.

import { aboardOf } from './aboard.ts';
import { itineraryOf } from './itinerary.ts';
import type { Carrier, Job, Market, Visit } from './market.ts';
import type { Spot } from './travel.ts';
import { timingOf, type Extension, type Route } from './route.ts';

/** The cheapest way with the job among the committed visits; undefined when it does not fit. */
export function addOn(route: Route, job: Job, market: Market, pressure = 0): Extension | undefined {
  const { carrier } = route;
  if (carrier.held + loadOf(route.added) + job.load > carrier.capacity) return undefined;
  const latest = latestDoors(route, job, market);
  const hasDirect = job.direct || route.visits.some(isDirect);
  let best: readonly Visit[] | undefined;
  let least = Number.POSITIVE_INFINITY;
  const added = [...route.added, job];
  for (const [from, begun] of beginnings(route, job, market)) {
    for (let at = from + 1; at <= begun.length; at += 1) {
      const candidate = begun.toSpliced(at, 0, { kind: 'dropoff', spot: job.dropoff, job });
      const { costMs, endAt } = timingOf(carrier, candidate, market);
      const cost = costMs + pressure * (endAt - market.now);
      if (cost >= least || (hasDirect && !aboardOf(candidate).isDirectAlone)) continue;
      if (delaysTooMuch({ ...route, visits: candidate }, latest, market)) continue;
      least = cost;
      best = candidate;
    }
  }
  return best && { visits: best, added };
}

/** The visits with the job's pickup in them, and where it is. */
function* beginnings(
  { visits }: Route,
  job: Job,
  market: Market,
): Generator<readonly [number, readonly Visit[]]> {
  const open = openPickup(visits, job);
  if (open >= 0) {
    const visit = visits[open];
    if (visit?.kind === 'pickup' && visit.jobs.length < market.policy.bundleLimit)
      yield [open, visits.with(open, { ...visit, jobs: [...visit.jobs, job] })];
    return;
  }
  if (market.policy.detourLimitMs < 1_000) return;
  // Never before the stop that the driver is heading for.
  for (let at = 1; at < visits.length; at += 1)
    yield [at, visits.toSpliced(at, 0, { kind: 'pickup', spot: job.pickup, jobs: [job] })];
}

/** How late each committed door may get: within the limit after its promise, or as late as it is without anything added. */
function latestDoors(
  { carrier, ...route }: Route,
  job: Job,
  market: Market,
): ReadonlyMap<Job, number> {
  const { addOnLimitMs, detourLimitMs } = market.policy;
  const limitMs = hasOpenPickup(carrier, job) ? addOnLimitMs : detourLimitMs;
  const committed = { ...route, carrier, visits: carrier.visits };
  return new Map(
    itineraryOf(committed, 0, market).flatMap(({ kind, job: other, doneAt }) =>
      kind === 'dropoff'
        ? [[other, Math.max(doneAt, (other.promisedAt ?? doneAt) + limitMs)] as const]
        : [],
    ),
  );
}

const delaysTooMuch = (route: Route, latest: ReadonlyMap<Job, number>, market: Market): boolean =>
  itineraryOf(route, 0, market).some(
    ({ kind, job, doneAt }) =>
      kind === 'dropoff' && doneAt > (latest.get(job) ?? Number.POSITIVE_INFINITY),
  );

const isDirect = (visit: Visit): boolean =>
  visit.kind === 'pickup' ? visit.jobs.some(({ direct }) => direct) : visit.job.direct;

const openPickup = (visits: readonly Visit[], job: Job): number =>
  job.direct
    ? -1
    : visits.findIndex(
        (visit) => visit.kind === 'pickup' && visit.spot === job.pickup && !isDirect(visit),
      );

/** Without a job that is not committed. */
export function withoutAdded(route: Route, job: Job): Extension {
  const visits = route.visits.flatMap((visit): readonly Visit[] => {
    if (visit.kind === 'dropoff') return visit.job === job ? [] : [visit];
    const jobs = visit.jobs.filter((each) => each !== job);
    return jobs.length === 0 ? [] : [{ ...visit, jobs }];
  });
  return { visits, added: route.added.filter((each) => each !== job) };
}

const loadOf = (jobs: readonly Job[]): number => jobs.reduce((sum, each) => sum + each.load, 0);

/** Where something may be added to a stop. */
export const openCounters = ({ visits }: Carrier): ReadonlySet<Spot> =>
  new Set(
    visits.flatMap((visit) => (visit.kind === 'pickup' && !isDirect(visit) ? [visit.spot] : [])),
  );

export const hasOpenPickup = ({ visits }: Carrier, job: Job): boolean =>
  openPickup(visits, job) >= 0;
