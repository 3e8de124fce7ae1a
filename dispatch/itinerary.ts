// A route written out stop by stop, for offers and explanations: when the driver leaves for each stop, arrives, and is
// done there. The same arithmetic as the costs in route.ts, which only add it up.

import { wantedAt, type Bundle } from './bundle.ts';
import type { PlannedStop } from './decision.ts';
import type { Carrier, Job, Market } from './market.ts';
import type { Route } from './route.ts';
import type { Spot } from './travel.ts';

/** Epoch milliseconds. `doneAt`: taken over at the counter, handed over at the door. */
export type Timed = {
  readonly kind: 'pickup' | 'dropoff';
  readonly job: Job;
  /** At the latest, to be there when the goods are. */
  readonly leaveAt: number;
  readonly arriveAt: number;
  readonly doneAt: number;
};

export const plannedStop = ({ kind, job, arriveAt, doneAt }: Timed): PlannedStop => ({
  kind,
  orderId: job.orderId,
  arriveAt: Math.round(arriveAt),
  doneAt: Math.round(doneAt),
});

/** Of the committed visits and what was added to them, then of the first `bundles` of the tail. */
export function itineraryOf(route: Route, bundles: number, market: Market): readonly Timed[] {
  const { carrier, visits, tail } = route;
  const { now } = market;
  const stands = visits[0]?.spot === carrier.start;
  const drive = createDrive(
    route,
    stands ? carrier.startAt : Math.max(now, carrier.startAt),
    market,
  );
  for (const visit of visits)
    if (visit.kind === 'pickup') drive.pickUp(visit.spot, visit.jobs);
    else drive.dropOff(visit.job);
  for (const bundle of tail.slice(0, bundles)) driveBundle(bundle, { carrier, market }, drive);
  return drive.stops;
}

type Drive = ReturnType<typeof createDrive>;

type Driving = { readonly carrier: Carrier; readonly market: Market };

function driveBundle(bundle: Bundle, { carrier, market }: Driving, drive: Drive): void {
  const { pickup, jobs, latestAt, readyAt } = bundle;
  if (latestAt > carrier.shiftEndsAt) drive.waitUntil(readyAt);
  drive.pickUp(pickup, jobs, wantedAt(bundle, carrier.speed, market));
  for (const job of jobs) drive.dropOff(job);
}

function createDrive({ carrier }: Route, startAt: number, market: Market) {
  const { now, travel, beforeMs } = market;
  const stops: Timed[] = [];
  let at = carrier.start;
  let time = startAt;
  const arrive = (spot: Spot): { readonly arriveAt: number; readonly travelMs: number } => {
    const travelMs = travel.ms(at, spot, carrier.speed);
    at = spot;
    return { arriveAt: time + travelMs, travelMs };
  };
  return {
    stops,
    waitUntil: (moment: number): void => void (time = Math.max(time, moment)),
    pickUp(spot: Spot, jobs: readonly Job[], notBefore = now): void {
      const { arriveAt, travelMs } = arrive(spot);
      const readyAt = jobs.reduce(
        (latest, job) => Math.max(latest, job.ready.expectedAt),
        Math.max(now, notBefore),
      );
      const doneAt = Math.max(arriveAt + beforeMs.pickup, readyAt);
      const leaveAt = Math.max(time, doneAt - beforeMs.pickup - travelMs);
      for (const job of jobs) stops.push({ kind: 'pickup', job, leaveAt, arriveAt, doneAt });
      time = doneAt + beforeMs.pickup;
    },
    dropOff(job: Job): void {
      const { arriveAt } = arrive(job.dropoff);
      const doneAt = Math.max(arriveAt + beforeMs.dropoff, job.notBefore, now);
      stops.push({ kind: 'dropoff', job, leaveAt: time, arriveAt, doneAt });
      time = doneAt + beforeMs.dropoff;
    },
  };
}
