// A driver's plan: the committed visits, perhaps with jobs added, then bundles one after the other. Its cost is the
// sum of what every drop-off is late, plus where it leaves the driver; infinite when a shift would end too soon.

import { doorCost, latenessOf, profileOf, type Bundle } from './bundle.ts';
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
  readonly costMs: number;
};

/** How the committed part ends. */
export type Timing = {
  readonly endAt: number;
  readonly end: Spot;
  readonly costMs: number;
};

export const emptyRoute = (carrier: Carrier, market: Market): Route => {
  const base = timingOf(carrier, carrier.visits, market);
  const costMs = tailCost({ carrier, base, tail: [] }, undefined, market);
  return { carrier, visits: carrier.visits, added: [], base, tail: [], costMs };
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
      if (isChanged && Math.max(takenAt, latestOf(visit.jobs)) > carrier.shiftEndsAt)
        costMs = Number.POSITIVE_INFINITY;
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

/** Of what is not committed yet. */
const latestOf = (jobs: readonly Job[]): number => {
  let latestAt = 0;
  for (const { order, ready } of jobs)
    if (order) latestAt = Math.max(latestAt, ready.latestAt ?? ready.expectedAt);
  return latestAt;
};

/** A change of the tail, looked at before it is made. */
export type Change = {
  readonly at: number;
  readonly bundle: Bundle;
  /** In place of the one that stands there. */
  readonly replaces: boolean;
};

type Timed = Pick<Route, 'carrier' | 'base' | 'tail'>;

/** The cost of the whole route with the change. */
export function tailCost(
  { carrier, base, tail }: Timed,
  change: Change | undefined,
  market: Market,
): number {
  const { beforeMs, travel } = market;
  const { speed, shiftEndsAt, biasMs } = carrier;
  let at = base.end;
  let freeAt = base.endAt;
  let costMs = base.costMs;
  const changeAt = change ? change.at : -1;
  const length = tail.length + (change && !change.replaces ? 1 : 0);
  for (let index = 0, from = 0; index < length; index += 1) {
    const isChange = index === changeAt;
    const bundle = isChange ? change?.bundle : tail[from];
    if (!isChange || change?.replaces) from += 1;
    if (!bundle) break;
    const approachMs = travel.ms(at, bundle.pickup, speed) + beforeMs.pickup;
    const takenAt = takenAtOf(bundle, { freeAt, approachMs, shiftEndsAt });
    if (takenAt > shiftEndsAt) return Number.POSITIVE_INFINITY;
    const leftAt = takenAt + beforeMs.pickup;
    const profile = profileOf(bundle, speed, market);
    if (bundle.hasWindows) {
      const late = latenessOf(bundle, leftAt, speed, market);
      costMs += late.costMs;
      freeAt = late.endAt;
    } else {
      costMs += bundle.jobs.length * leftAt + profile.doorSum - bundle.idealSum + bundle.riskMs;
      freeAt = leftAt + profile.durationMs;
    }
    costMs += bundle.jobs.length * biasMs;
    at = profile.end;
  }
  return costMs + standingCost(at, freeAt, carrier, market);
}

type Approach = {
  readonly freeAt: number;
  readonly approachMs: number;
  readonly shiftEndsAt: number;
};

/** Goods that might come after the driver's shift are only fetched once they are there. */
function takenAtOf(
  { readyAt, latestAt }: Bundle,
  { freeAt, approachMs, shiftEndsAt }: Approach,
): number {
  const setOffAt = latestAt > shiftEndsAt ? Math.max(freeAt, readyAt) : freeAt;
  return Math.max(setOffAt + approachMs, readyAt);
}

const hourMs = 3_600_000;

/** Ending far from where orders arise delays the next one; of little weight when the shift is about to end. */
function standingCost(at: Spot, freeAt: number, { shiftEndsAt }: Carrier, market: Market): number {
  const rest = Math.max(0, Math.min(1, (shiftEndsAt - freeAt) / hourMs));
  return (market.standingMs(at) * rest * market.policy.standingPercent) / 100;
}

export function withTail(route: Route, tail: readonly Bundle[], market: Market): Route {
  const { carrier, base } = route;
  return { ...route, tail, costMs: tailCost({ carrier, base, tail }, undefined, market) };
}

export type Extension = { readonly visits: readonly Visit[]; readonly added: readonly Job[] };

export function withVisits(route: Route, extension: Extension, market: Market): Route {
  const { carrier, tail } = route;
  const base = timingOf(carrier, extension.visits, market);
  const costMs = tailCost({ carrier, base, tail }, undefined, market);
  return { carrier, ...extension, base, tail, costMs };
}

/** Where and when the driver is free after everything that is planned. */
export function endOf(
  { carrier, base, tail }: Timed,
  market: Market,
): { readonly at: Spot; readonly freeAt: number } {
  let at = base.end;
  let freeAt = base.endAt;
  for (const bundle of tail) {
    const { pickup } = market.beforeMs;
    const approachMs = market.travel.ms(at, bundle.pickup, carrier.speed) + pickup;
    const { shiftEndsAt } = carrier;
    const leftAt = takenAtOf(bundle, { freeAt, approachMs, shiftEndsAt }) + pickup;
    freeAt = latenessOf(bundle, leftAt, carrier.speed, market).endAt;
    at = profileOf(bundle, carrier.speed, market).end;
  }
  return { at, freeAt };
}
