// Verb six: explain. For every order who was considered and at what cost, who was not and why, whom the plan means
// for it and when. Costs stand in minutes, as people think in them; words.ts makes sentences of it.

import { bundleOf, type Bundle } from './bundle.ts';
import type { Candidates } from './candidates.ts';
import type { Committed } from './commit.ts';
import type { Considered, Decision, Exclusion, Outcome } from './decision.ts';
import { itineraryOf, type Timed } from './itinerary.ts';
import type { Job, Market } from './market.ts';
import { nextTaskCost, type Route } from './route.ts';
import type { Solved } from './solve.ts';

export type Explaining = {
  readonly market: Market;
  /** Before anything was planned. */
  readonly start: readonly Route[];
  readonly solved: Solved;
  readonly committed: Committed;
  readonly inputHash: string;
};

const mostShown = 5;
/** The most promising are weighed exactly, to show the best of them. */
const mostWeighed = 8;

/** By job index. */
export function explain(explaining: Explaining): readonly Decision[] {
  const { market, solved } = explaining;
  const planned = plannedOf(solved.routes, market);
  const offered = new Set(explaining.committed.commitments.flatMap(({ jobs }) => jobs));
  const considered = new Map<Bundle, readonly Considered[]>();
  return market.jobs.map((job) => {
    const place = planned.get(job);
    const candidates = solved.candidates.get(job);
    const bundle = place?.bundle ?? bundleOf([job], market);
    let best = bundle && considered.get(bundle);
    if (bundle && !best) {
      best = consider(bundle, { candidates, chosen: place?.route.carrier.index }, explaining);
      considered.set(bundle, best);
    }
    return {
      ...decisionOf(job, place, explaining),
      outcome: outcomeOf(job, { offered, place, candidates, explaining }),
      candidates: candidates?.count ?? 0,
      best: best ?? [],
      excluded: excludedOf(candidates, market),
      askedAgain: candidates?.askedAgain ?? false,
    };
  });
}

type Place = {
  readonly route: Route;
  /** Absent: added to committed visits. */
  readonly bundle: Bundle | undefined;
  readonly pickup: Timed | undefined;
  readonly dropoff: Timed | undefined;
};

function plannedOf(routes: readonly Route[], market: Market): ReadonlyMap<Job, Place> {
  const places = new Map<Job, Place>();
  for (const route of routes) {
    if (route.tail.length === 0 && route.added.length === 0) continue;
    const stops = itineraryOf(route, route.tail.length, market);
    const pickups = new Map(
      stops.filter(({ kind }) => kind === 'pickup').map((stop) => [stop.job, stop]),
    );
    const dropoffs = new Map(
      stops.filter(({ kind }) => kind === 'dropoff').map((stop) => [stop.job, stop]),
    );
    const put = (job: Job, bundle: Bundle | undefined): void => {
      places.set(job, { route, bundle, pickup: pickups.get(job), dropoff: dropoffs.get(job) });
    };
    for (const job of route.added) put(job, undefined);
    for (const bundle of route.tail) for (const job of bundle.jobs) put(job, bundle);
  }
  return places;
}

type Plain = Omit<Decision, 'outcome' | 'candidates' | 'best' | 'excluded' | 'askedAgain'>;

function decisionOf(
  job: Job,
  place: Place | undefined,
  { market, solved, inputHash }: Explaining,
): Plain {
  const { radiusM, assignedTo } = job.terms;
  return {
    policyVersion: market.policy.version,
    inputHash,
    solver: solved.solver,
    chosen: place?.route.carrier.driverId,
    together: togetherWith(job, place),
    isAddOn: place !== undefined && place.bundle === undefined,
    isByHand: assignedTo !== undefined,
    leaveAt: place?.pickup?.leaveAt,
    pickupAt: place?.pickup?.doneAt,
    dropoffAt: place?.dropoff?.doneAt,
    readyAt: job.ready.expectedAt,
    radiusM: radiusM < Number.POSITIVE_INFINITY ? radiusM : null,
    waysEstimated: market.travel.fellBack,
  };
}

/** In the order of the drop-offs. */
function togetherWith(job: Job, place: Place | undefined): Decision['together'] {
  if (!place) return [job.orderId];
  if (place.bundle) return place.bundle.jobs.map(({ orderId }) => orderId);
  return place.route.visits.flatMap((visit) =>
    visit.kind === 'dropoff' ? [visit.job.orderId] : [],
  );
}

type Situation = {
  readonly offered: ReadonlySet<Job>;
  readonly place: Place | undefined;
  readonly candidates: Candidates | undefined;
  readonly explaining: Explaining;
};

function outcomeOf(job: Job, { offered, place, candidates, explaining }: Situation): Outcome {
  if (offered.has(job)) return 'offered';
  if (place) return explaining.committed.held.get(job) ?? 'driver_busy';
  return candidates && candidates.count > 0 ? 'nobody_left' : 'nobody_possible';
}

type Asking = { readonly candidates: Candidates | undefined; readonly chosen: number | undefined };

/** Each candidate as if this were his next task; the chosen one is always among them. */
function consider(
  bundle: Bundle,
  { candidates, chosen }: Asking,
  { start, market }: Explaining,
): readonly Considered[] {
  const weighed: Weighed[] = [];
  const weigh = (index: number): void => {
    const route = start[index];
    const costMs = route ? nextTaskCost(bundle, route, market) : Number.POSITIVE_INFINITY;
    if (route && costMs < Number.POSITIVE_INFINITY) weighed.push({ route, costMs });
  };
  const drivers = candidates?.drivers ?? [];
  const shortList = Math.min(mostWeighed, drivers.length);
  let isMissing = chosen !== undefined;
  for (let at = 0; at < shortList; at += 1) {
    const index = drivers[at] ?? -1;
    if (index === chosen) isMissing = false;
    weigh(index);
  }
  if (isMissing && chosen !== undefined) weigh(chosen);
  weighed.sort((a, b) => a.costMs - b.costMs || a.route.carrier.index - b.route.carrier.index);
  return weighed
    .filter(({ route }, rank) => rank < mostShown || route.carrier.index === chosen)
    .map((each) => featuresOf(bundle, each, market));
}

type Weighed = { readonly route: Route; readonly costMs: number };

function featuresOf(
  bundle: Bundle,
  { route, costMs }: Weighed,
  { now, travel, beforeMs }: Market,
): Considered {
  const { carrier, base } = route;
  const travelMs = travel.ms(base.end, bundle.pickup, carrier.speed);
  const arriveAt = base.endAt + travelMs;
  const biasMs = carrier.biasMs * bundle.jobs.length;
  return {
    driverId: carrier.driverId,
    minutes: minutesOf(arriveAt - now),
    freeIn: minutesOf(base.endAt - now),
    travel: minutesOf(travelMs),
    waits: minutesOf(Math.max(0, bundle.readyAt - arriveAt - beforeMs.pickup)),
    late: minutesOf(costMs - biasMs),
    bias: minutesOf(biasMs),
    cost: minutesOf(costMs),
  };
}

/** To a tenth. */
const minutesOf = (ms: number): number => Math.round(ms / 6_000) / 10 + 0;

const excludedOf = (
  candidates: Candidates | undefined,
  { absent }: Market,
): Decision['excluded'] => {
  const all: Partial<Record<Exclusion, number>> = { ...absent, ...candidates?.excluded };
  if (candidates?.askedAgain) delete all.let_lapse_before;
  return all;
};
