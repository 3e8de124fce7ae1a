// A driver's plan: the committed visits, perhaps with jobs added, then bundles one after the other. Its cost is the
// sum of what every drop-off is late, plus where it leaves the driver; infinite when a shift would end too soon.

import { doorCost, latenessOf, plainLateness, profileOf, type Bundle } from './bundle.ts';
import type { Carrier, Job, Market, Visit } from './market.ts';
import type { Spot } from './travel.ts';

export type Route = {
  readonly carrier: Carrier;
  /** Committed visits and what was added to them. */
  readonly visits: readonly Visit[];
  /** The jobs among them that are not committed yet. */
  readonly added: readonly Job[];
  readonly base: Timing;
  readonly tail: readonly Bundle[];
  /** Where and when the driver is free after everything, and what all of it costs but for standing there. */
  readonly end: End;
  readonly costMs: number;
};

type End = { readonly at: Spot; readonly freeAt: number; readonly costMs: number };

/** How the committed part ends. */
export type Timing = {
  readonly endAt: number;
  readonly end: Spot;
  readonly costMs: number;
};

export const emptyRoute = (carrier: Carrier, market: Market): Route => {
  const base = timingOf(carrier, carrier.visits, market);
  return finished({ carrier, visits: carrier.visits, added: [], base, tail: [] }, market);
};

/** Visits that nobody can undo cost what they cost; only a pickup of something new must fit the shift. */
export function timingOf(carrier: Carrier, visits: readonly Visit[], market: Market): Timing {
  const { now, beforeMs, travel } = market;
  let at = carrier.start;
  // Who stands at the first stop already has his arrival behind him.
  let time = visits[0]?.spot === at ? carrier.startAt : Math.max(now, carrier.startAt);
  let costMs = 0;
  for (const visit of visits) {
    const arriveAt = time + travel.ms(at, visit.spot, carrier.speed);
    at = visit.spot;
    if (visit.kind === 'pickup') {
      const takenAt = Math.max(arriveAt + beforeMs.pickup, readyAtOf(visit.jobs), now);
      const isChanged = visit.jobs.some((job) => job.order);
      if (isChanged && takenAt > carrier.shiftEndsAt) costMs = Number.POSITIVE_INFINITY;
      time = takenAt + beforeMs.pickup;
    } else {
      const doorAt = Math.max(arriveAt + beforeMs.dropoff, visit.job.notBefore, now);
      costMs += doorCost(visit.job, doorAt, market);
      if (visit.job.order) costMs += carrier.biasMs;
      time = doorAt + beforeMs.dropoff;
    }
  }
  return { endAt: Math.max(time, now), end: at, costMs };
}

const readyAtOf = (jobs: readonly Job[]): number => {
  let readyAt = 0;
  for (const job of jobs) readyAt = Math.max(readyAt, job.ready.expectedAt);
  return readyAt;
};

/** A change of the tail, looked at before it is made. */
export type Change = {
  readonly at: number;
  readonly bundle: Bundle;
  /** In place of the one that stands there. */
  readonly replaces: boolean;
};

/** The cost of the whole route with the change. */
export function tailCost(
  { carrier, base, tail }: Route,
  { at, bundle, replaces }: Change,
  market: Market,
): number {
  begin(base.end, base.endAt, base.costMs);
  for (let index = 0; index < at; index += 1) follow(tail[index], carrier, market);
  follow(bundle, carrier, market);
  for (let index = replaces ? at + 1 : at; index < tail.length; index += 1)
    follow(tail[index], carrier, market);
  return costSoFar(carrier, market);
}

/** What the route costs more with the bundle at its end. */
export function nextTaskCost(bundle: Bundle, route: Route, market: Market): number {
  const { carrier, end, costMs } = route;
  begin(end.at, end.freeAt, end.costMs);
  follow(bundle, carrier, market);
  return costSoFar(carrier, market) - costMs;
}

/** Of that: what the place costs where it leaves the driver, and what uncertain goods cost. */
export function nextTaskParts(
  bundle: Bundle,
  route: Route,
  market: Market,
): { readonly costMs: number; readonly standingMs: number; readonly uncertaintyMs: number } {
  const { carrier, end } = route;
  const costMs = nextTaskCost(bundle, route, market);
  const toDoorsMs = driver.costMs - end.costMs;
  const half = market.beforeMs.pickup;
  const leftAt = Math.max(arrivalAt(bundle, end, carrier, market), bundle.readyAt) + half;
  const surely = latenessOf(bundle, leftAt, carrier.speed, market).costMs - bundle.riskMs;
  return {
    costMs,
    standingMs: costMs - toDoorsMs,
    uncertaintyMs: toDoorsMs - bundle.jobs.length * carrier.biasMs - surely,
  };
}

/** What the place costs where a route leaves the driver. */
export const standingOf = ({ costMs, end }: Route): number => costMs - end.costMs;

function finished(route: Omit<Route, 'end' | 'costMs'>, market: Market): Route {
  const { carrier, visits, added, base, tail } = route;
  begin(base.end, base.endAt, base.costMs);
  for (const bundle of tail) follow(bundle, carrier, market);
  const end = { at: driver.at ?? base.end, freeAt: driver.freeAt, costMs: driver.costMs };
  return { carrier, visits, added, base, tail, end, costMs: costSoFar(carrier, market) };
}

/** The driver while a route is followed. One for all, so that the innermost loops need no memory; no call nests. */
const driver: { at: Spot | undefined; freeAt: number; costMs: number } = {
  at: undefined,
  freeAt: 0.5,
  costMs: 0.5,
};

function begin(at: Spot, freeAt: number, costMs: number): void {
  driver.at = at;
  driver.freeAt = freeAt;
  driver.costMs = costMs;
}

function follow(bundle: Bundle | undefined, carrier: Carrier, market: Market): void {
  if (!bundle) return;
  const { speed, shiftEndsAt, biasMs } = carrier;
  const before = market.beforeMs.pickup;
  const arriveAt = arrivalAt(bundle, driver, carrier, market);
  const takenAt = takenAtOf(bundle, arriveAt);
  const leftAt = takenAt + before;
  const profile = profileOf(bundle, speed, market);
  driver.at = profile.end;
  driver.freeAt = leftAt + profile.durationMs;
  let lateMs = plainLateness(bundle, leftAt, profile);
  if (bundle.hasWindows) {
    const late = latenessOf(bundle, leftAt, speed, market);
    driver.freeAt = late.endAt;
    lateMs = late.costMs;
  }
  driver.costMs += lateMs;
  driver.costMs += bundle.jobs.length * biasMs;
  if (Math.max(arriveAt, bundle.readyAt) > shiftEndsAt) driver.costMs = Number.POSITIVE_INFINITY;
}

type From = { readonly at: Spot | undefined; readonly freeAt: number };

function arrivalAt(bundle: Bundle, { at, freeAt }: From, carrier: Carrier, market: Market): number {
  const { pickup, latestAt, readyAt } = bundle;
  // Goods that might come after the driver's shift are only fetched once they are there.
  const setOffAt = latestAt > carrier.shiftEndsAt ? Math.max(freeAt, readyAt) : freeAt;
  const approachMs = market.travel.ms(at ?? pickup, pickup, carrier.speed) + market.beforeMs.pickup;
  return setOffAt + approachMs;
}

/** On average: goods may be early or late, and who is there first waits for them. */
function takenAtOf({ earlyAt, readyAt, lateAt }: Bundle, arriveAt: number): number {
  const usual = Math.max(arriveAt, readyAt);
  if (earlyAt >= lateAt) return usual;
  return usual / 2 + (Math.max(arriveAt, earlyAt) + Math.max(arriveAt, lateAt)) / 4;
}

function costSoFar(carrier: Carrier, market: Market): number {
  const { at, freeAt, costMs } = driver;
  return costMs + (at ? standingCost({ at, freeAt }, carrier, market) : 0);
}

const hourMs = 3_600_000;

/** Ending far from where orders arise delays the next one; of little weight when the shift is about to end. */
function standingCost(
  { at, freeAt }: Pick<End, 'at' | 'freeAt'>,
  { shiftEndsAt }: Carrier,
  market: Market,
): number {
  const rest = Math.max(0, Math.min(1, (shiftEndsAt - freeAt) / hourMs));
  return (market.standingMs(at) * rest * market.policy.standingPercent) / 100;
}

export function withTail(route: Route, tail: readonly Bundle[], market: Market): Route {
  const { carrier, visits, added, base } = route;
  return finished({ carrier, visits, added, base, tail }, market);
}

export type Extension = { readonly visits: readonly Visit[]; readonly added: readonly Job[] };

export function withVisits(route: Route, extension: Extension, market: Market): Route {
  const { carrier, tail } = route;
  const { visits, added } = extension;
  const base = timingOf(carrier, visits, market);
  return finished({ carrier, visits, added, base, tail }, market);
}
