// A bundle: jobs fetched in one stop and dropped off in a given order. Once it has left the counter everything about
// it is fixed, so its profile (how long, and how late in sum) is computed once per speed and any driver's cost follows
// in a few operations. Built by bundling.ts and improve.ts, timed by route.ts.

import type { Job, Market } from './market.ts';
import { bothTerms, type Terms } from './terms.ts';
import type { SpeedClass, Spot } from './travel.ts';

export type Bundle = {
  readonly pickup: Spot;
  /** In the order of the drop-offs; never empty. */
  readonly jobs: readonly Job[];
  /** Of the latest of its goods, as in ReadyEstimate. Before `earlyAt` nobody needs to be there. */
  readonly earlyAt: number;
  readonly readyAt: number;
  readonly lateAt: number;
  /** Of the first of its goods: the shift of who fetches it lasts until then, so he does not come for nothing. */
  readonly latestAt: number;
  readonly load: number;
  readonly terms: Terms;
  readonly idealSum: number;
  /** Promised times or closed doors: the profile alone does not tell the cost. */
  readonly hasWindows: boolean;
  /** What waiting together for the least certain of its goods may cost, in milliseconds. */
  readonly riskMs: number;
  readonly profiles: (Profile | undefined)[];
};

/** Milliseconds from leaving the counter. */
export type Profile = {
  /** Sum over the jobs until they are handed over at the door. */
  readonly doorSum: number;
  /** Until the driver is free. */
  readonly durationMs: number;
  readonly end: Spot;
};

/** Undefined when no single driver could take all of them. */
export function bundleOf(jobs: readonly Job[], market: Market): Bundle | undefined {
  const [first] = jobs;
  if (!first) return undefined;
  let terms: Terms | undefined = first.terms;
  let readyAt = 0;
  let earlyAt = 0;
  let latestAt = Number.POSITIVE_INFINITY;
  let lateAt = 0;
  let load = 0;
  let idealSum = 0;
  let hasWindows = false;
  let spread = 0;
  for (const job of jobs) {
    if (job.direct && jobs.length > 1) return undefined;
    terms = terms && bothTerms(terms, job.terms);
    readyAt = Math.max(readyAt, job.ready.expectedAt);
    latestAt = Math.min(latestAt, job.ready.latestAt ?? job.ready.expectedAt);
    earlyAt = Math.max(earlyAt, job.ready.earlyAt);
    lateAt = Math.max(lateAt, job.ready.lateAt);
    spread = Math.max(spread, job.ready.lateAt - job.ready.expectedAt);
    load += job.load;
    idealSum += job.idealAt;
    hasWindows ||= job.notBefore > 0 || job.dueAt < Number.POSITIVE_INFINITY;
  }
  if (!terms) return undefined;
  const riskMs = ((jobs.length - 1) * spread * market.policy.uncertaintyPercent) / 100;
  const { pickup } = first;
  return {
    pickup,
    jobs,
    readyAt,
    earlyAt,
    lateAt,
    latestAt,
    load,
    terms,
    idealSum,
    hasWindows,
    riskMs,
    profiles: [],
  };
}

export function profileOf(bundle: Bundle, speed: SpeedClass, market: Market): Profile {
  const known = bundle.profiles[speed];
  if (known) return known;
  const half = market.beforeMs.dropoff;
  let at = bundle.pickup;
  let time = 0;
  let doorSum = 0;
  for (const job of bundle.jobs) {
    time += market.travel.ms(at, job.dropoff, speed) + half;
    doorSum += time;
    time += half;
    at = job.dropoff;
  }
  const profile = { doorSum, durationMs: time, end: at };
  bundle.profiles[speed] = profile;
  return profile;
}

/** Before that nobody needs to take anything over: goods are not there, or the first door is not open yet. */
export function wantedAt(
  { jobs, pickup, earlyAt }: Bundle,
  speed: SpeedClass,
  { travel, beforeMs }: Market,
): number {
  const [first] = jobs;
  if (!first || first.notBefore === 0) return earlyAt;
  const wayMs = travel.ms(pickup, first.dropoff, speed);
  return Math.max(earlyAt, first.notBefore - beforeMs.pickup - wayMs - beforeMs.dropoff);
}

/** The sum over the jobs of milliseconds later than ideal, extra for broken promises, when the counter is left at `leftAt`. */
export function latenessOf(
  bundle: Bundle,
  leftAt: number,
  speed: SpeedClass,
  market: Market,
): { readonly costMs: number; readonly endAt: number } {
  const { jobs, riskMs } = bundle;
  if (!bundle.hasWindows) {
    const profile = profileOf(bundle, speed, market);
    return { costMs: plainLateness(bundle, leftAt, profile), endAt: leftAt + profile.durationMs };
  }
  const half = market.beforeMs.dropoff;
  let at = bundle.pickup;
  let time = leftAt;
  let costMs = riskMs;
  for (const job of jobs) {
    const doorAt = Math.max(time + market.travel.ms(at, job.dropoff, speed) + half, job.notBefore);
    costMs += doorCost(job, doorAt, market);
    time = doorAt + half;
    at = job.dropoff;
  }
  return { costMs, endAt: time };
}

/** Of a bundle without windows. */
export const plainLateness = (
  { jobs, idealSum, riskMs }: Bundle,
  leftAt: number,
  { doorSum }: Profile,
): number => jobs.length * leftAt + doorSum - idealSum + riskMs;

/** Of one hand-over at the door. */
export const doorCost = (job: Job, doorAt: number, { policy }: Market): number =>
  doorAt - job.idealAt + (Math.max(0, doorAt - job.dueAt) * policy.overduePercent) / 100;

/** The job put where the drop-offs of all come soonest in sum, then where the driver is free soonest. */
export function withJob(
  bundle: Bundle,
  job: Job,
  market: Market,
  pressure = 0,
): Bundle | undefined {
  if (bundle.hasWindows || job.notBefore > 0 || job.dueAt < Number.POSITIVE_INFINITY)
    return withJobInWindows(bundle, job, { market, pressure });
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let at = bundle.jobs.length; at >= 0; at -= 1) {
    const cost = costWithJob(bundle, job, at, { market, pressure });
    if (cost >= least) continue;
    least = cost;
    best = at;
  }
  return best < 0 ? undefined : bundleOf(bundle.jobs.toSpliced(best, 0, job), market);
}

type Weighing = { readonly market: Market; readonly pressure: number };

/** Of the bundle with the job at one place, left when it is ready: added up without making it. */
function costWithJob(
  { jobs, pickup, readyAt }: Bundle,
  job: Job,
  at: number,
  { market, pressure }: Weighing,
): number {
  const { travel, policy, beforeMs } = market;
  const half = beforeMs.dropoff;
  let from = pickup;
  let time = 0;
  let doorSum = 0;
  let idealSum = 0;
  let spread = 0;
  for (let index = 0; index <= jobs.length; index += 1) {
    const next = index === at ? job : jobs[index < at ? index : index - 1];
    if (!next) continue;
    time += travel.ms(from, next.dropoff, 0) + half;
    doorSum += time;
    time += half;
    from = next.dropoff;
    idealSum += next.idealAt;
    spread = Math.max(spread, next.ready.lateAt - next.ready.expectedAt);
  }
  const leftAt = Math.max(readyAt, job.ready.expectedAt);
  const riskMs = (jobs.length * spread * policy.uncertaintyPercent) / 100;
  const costMs = (jobs.length + 1) * leftAt + doorSum - idealSum + riskMs;
  return costMs + pressure * (leftAt + time - leftAt);
}

function withJobInWindows(
  { jobs }: Bundle,
  job: Job,
  { market, pressure }: Weighing,
): Bundle | undefined {
  let best: Bundle | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (let at = jobs.length; at >= 0; at -= 1) {
    const candidate = bundleOf(jobs.toSpliced(at, 0, job), market);
    if (!candidate) return undefined;
    const { costMs, endAt } = latenessOf(candidate, candidate.readyAt, 0, market);
    const cost = costMs + pressure * (endAt - candidate.readyAt);
    if (cost >= least) continue;
    least = cost;
    best = candidate;
  }
  return best;
}

export function withoutJob(bundle: Bundle, job: Job, market: Market): Bundle | undefined {
  return bundleOf(
    bundle.jobs.filter((each) => each !== job),
    market,
  );
}
