// Verb six: explain. For every order who was considered and at what cost, who was not and why, whom the plan means
// for it and when. Costs stand in minutes, as people think in them; words.ts makes sentences of it.

import { bundleOf, type Bundle } from './bundle.ts';
import type { Search } from './candidates.ts';
import type { Committed } from './commit.ts';
import { weigh, type Weighed, type Weighing } from './considered.ts';
import type { Decision, Outcome } from './decision.ts';
import { itineraryOf, type Timed } from './itinerary.ts';
import type { Job, Market } from './market.ts';
import { beyondBecause } from './radius.ts';
import type { Route } from './route.ts';
import { detourOf, sharedOf, type Trip } from './shared.ts';
import type { SearchingOrder } from './snapshot.ts';
import type { Solved } from './solve.ts';
import { objectionOf, termsOf } from './terms.ts';

export type Explaining = {
  readonly market: Market;
  /** Before anything was planned. */
  readonly start: readonly Route[];
  /** Over what is there at the start. */
  readonly search: Search;
  readonly solved: Solved;
  readonly committed: Committed;
  readonly inputHash: string;
};

/** By job index. */
export function explain(explaining: Explaining): readonly Decision[] {
  const { market, solved, start, search } = explaining;
  const places = placesOf(solved.routes, market);
  const offered = new Set(explaining.committed.commitments.flatMap(({ jobs }) => jobs));
  const weighing: Weighing = { market, start, search, routes: solved.routes };
  const known = new Map<Bundle, Weighed>();
  const weighed = (bundle: Bundle, chosen: number): Weighed => {
    const before = known.get(bundle);
    if (before) return before;
    const now = weigh(bundle, chosen, weighing);
    known.set(bundle, now);
    return now;
  };
  return market.jobs.map((job) => {
    const place = places.get(job);
    const bundle = place?.bundle ?? bundleOf([job], market);
    if (!bundle) throw new Error(`${job.orderId} makes no bundle`);
    const { isBeyond, ...figures } = weighed(bundle, place?.route.carrier.index ?? -1);
    const outcome = outcomeOf(job, { isOffered: offered.has(job), place, figures, explaining });
    return {
      ...decisionOf(job, { place, bundle, explaining }),
      ...(place && !place.bundle ? withDetour(job, place, { figures, market }) : figures),
      outcome,
      beyond: isBeyond && place ? beyondBecause(bundle, place.route) : undefined,
      wider: place ? undefined : widerOf(job.order, market),
    };
  });
}

type Place = Trip & {
  /** Absent: added to committed visits. */
  readonly bundle: Bundle | undefined;
};

function placesOf(routes: readonly Route[], market: Market): ReadonlyMap<Job, Place> {
  const places = new Map<Job, Place>();
  for (const route of routes) {
    if (route.tail.length === 0 && route.added.length === 0) continue;
    const stops = itineraryOf(route, route.tail.length, market);
    const visited = route.visits.flatMap((visit) => (visit.kind === 'dropoff' ? [visit.job] : []));
    for (const job of route.added)
      places.set(job, { route, stops, together: visited, bundle: undefined });
    for (const bundle of route.tail)
      for (const job of bundle.jobs)
        places.set(job, { route, stops, together: bundle.jobs, bundle });
  }
  return places;
}

type Figures = Omit<Weighed, 'isBeyond'>;
type Circumstances = {
  readonly place: Place | undefined;
  readonly bundle: Bundle;
  readonly explaining: Explaining;
};
type Plain = Omit<Decision, keyof Figures | 'outcome' | 'beyond' | 'wider'>;

function decisionOf(job: Job, { place, bundle, explaining }: Circumstances): Plain {
  const { market, solved, inputHash } = explaining;
  const stopOf = (wanted: Timed['kind']): Timed | undefined =>
    place?.stops.find((stop) => stop.kind === wanted && stop.job === job);
  const pickup = stopOf('pickup');
  const isShared = place !== undefined && place.together.length > 1;
  return {
    policyVersion: market.policy.version,
    inputHash,
    solver: solved.solver,
    chosen: place?.route.carrier.driverId,
    together: (place?.together ?? [job]).map(({ orderId }) => orderId),
    isAddOn: place !== undefined && place.bundle === undefined,
    isByHand: job.terms.assignedTo !== undefined,
    leaveAt: rounded(pickup?.leaveAt),
    pickupAt: rounded(pickup?.doneAt),
    dropoffAt: rounded(stopOf('dropoff')?.doneAt),
    readyAt: Math.round(job.ready.expectedAt),
    radiusM: radiusOf(bundle.terms),
    waysEstimated: market.travel.fellBack,
    shared: isShared ? sharedOf(job, place, { solved, market }) : undefined,
    used: undefined,
  };
}

const rounded = (at: number | undefined): number | undefined =>
  at === undefined ? undefined : Math.round(at);

const radiusOf = ({ radiusM }: { readonly radiusM: number }): number | null =>
  radiusM < Number.POSITIVE_INFINITY ? radiusM : null;

type Weighted = { readonly figures: Figures; readonly market: Market };

/** Who takes it along is not weighed for a trip of its own: what counts is what the detour adds. */
function withDetour(job: Job, place: Place, { figures, market }: Weighted): Figures {
  const own = detourOf(job, place, market);
  const others = figures.best.filter(({ driverId }) => driverId !== own.driverId);
  const { carrier } = place.route;
  const isAsked = place.together.some(
    ({ terms }) => objectionOf(terms, carrier) === 'let_lapse_before',
  );
  return {
    ...figures,
    best: [...others, own].toSorted((a, b) => a.cost - b.cost),
    askedAgain: figures.askedAgain || isAsked,
  };
}

type Situation = {
  readonly isOffered: boolean;
  readonly place: Place | undefined;
  readonly figures: Figures;
  readonly explaining: Explaining;
};

function outcomeOf(job: Job, { isOffered, place, figures, explaining }: Situation): Outcome {
  if (isOffered) return 'offered';
  if (place) return explaining.committed.held.get(job) ?? 'driver_busy';
  return figures.candidates > 0 ? 'nobody_left' : 'nobody_possible';
}

/** The next rung of its search. */
function widerOf(
  order: SearchingOrder | undefined,
  { policy, now }: Pick<Market, 'policy' | 'now'>,
): Decision['wider'] {
  if (!order || order.assignedTo) return undefined;
  const radiusM = policy.rungs[order.rung + 1]?.radiusM;
  const passed = policy.rungs.slice(0, order.rung + 1);
  const at = order.searchSince + passed.reduce((sum, { durationMs }) => sum + durationMs, 0);
  return radiusM === undefined || at <= now ? undefined : { at, radiusM };
}

/** Of a search that has used up its offers. */
export function explainExhausted(
  order: SearchingOrder,
  { market, solved, inputHash }: Pick<Explaining, 'market' | 'solved' | 'inputHash'>,
): Decision {
  const used: { -readonly [K in keyof NonNullable<Decision['used']>]: number } = {};
  for (const { search, outcome } of order.earlier)
    if (search === order.search) used[outcome] = (used[outcome] ?? 0) + 1;
  return {
    policyVersion: market.policy.version,
    inputHash,
    solver: solved.solver,
    outcome: 'exhausted',
    chosen: undefined,
    together: [order.orderId],
    isAddOn: false,
    isByHand: false,
    leaveAt: undefined,
    pickupAt: undefined,
    dropoffAt: undefined,
    readyAt: order.ready?.expectedAt ?? market.now,
    radiusM: radiusOf(termsOf(order, market.policy)),
    beyond: undefined,
    shared: undefined,
    wider: undefined,
    used,
    candidates: 0,
    best: [],
    excluded: {},
    askedAgain: false,
  };
}
