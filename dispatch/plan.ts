// plan({ snapshot, policy, seed }) → offers and why. Six verbs: bundle, find candidates, cost, solve, commit, explain,
// and between solving and committing the plan is improved order by order. Pure and deterministic: the same input in
// any order gives the same plan, live and in virtual time. Called by activities/dispatch.ts and by the benchmark.

import type { Policy } from '../domain/policy.ts';
import { bundle } from './bundling.ts';
import { createSearch, type Search } from './candidates.ts';
import { commit, withFixedFirst, type Commitment } from './commit.ts';
import type { Decision, Plan, PlannedOffer } from './decision.ts';
import { endsOf, type Ends } from './ends.ts';
import { explain, explainExhausted } from './explain.ts';
import { inputHashOf } from './hash.ts';
import { improve } from './improve.ts';
import { itineraryOf, plannedStop } from './itinerary.ts';
import { createMarket, type Job, type Market } from './market.ts';
import { sendNearest } from './nearest.ts';
import { emptyRoute, type Route } from './route.ts';
import type { SearchingOrder, Snapshot } from './snapshot.ts';
import { solve } from './solve.ts';

export type PlanInput = {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  /** For engines that draw lots; part of the input's hash. */
  readonly seed: number;
};

/** Never two offers for a driver or an order, never a driver beyond capacity or one who may not have an order. */
export function plan(input: PlanInput): Plan {
  const { snapshot, policy } = input;
  const isExhausted = (order: SearchingOrder): boolean =>
    order.assignedTo === undefined &&
    order.earlier.filter((offer) => offer.search === order.search).length >= policy.maxOfferRounds;
  const open = snapshot.orders.filter((order) => !isExhausted(order));
  const market = createMarket(snapshot, policy, open);
  const start = market.carriers.map((carrier) => emptyRoute(carrier, market));
  const ends = endsOf(start, market);
  const finder = createSearch(ends, market);
  const { solved, committed } =
    policy.matching === 'nearest'
      ? sendNearest(start, finder, market)
      : match({ start, ends, finder }, market);
  const inputHash = hashOf(input);
  const explaining = { market, start, search: finder, solved, committed, inputHash };
  const decisions = explain(explaining);
  const offered = new Set(committed.commitments.flatMap(({ jobs }) => jobs));
  return {
    inputHash,
    offers: committed.commitments.map((each) => offerOf(each, decisions, market)),
    skipped: market.jobs
      .filter((job) => !offered.has(job))
      .map((job) => ({ orderId: job.orderId, decision: decisionOf(decisions, job) })),
    exhausted: byId(snapshot.orders.filter(isExhausted), (order) => order.orderId).map((order) => ({
      orderId: order.orderId,
      search: order.search,
      decision: explainExhausted(order, explaining),
    })),
  };
}

type Matching = {
  readonly start: readonly Route[];
  readonly ends: Ends;
  readonly finder: Search;
};

function match({ start, ends, finder }: Matching, market: Market) {
  const bundled = bundle(start, ends, market);
  const assigned = solve({ ...bundled, search: finder }, market);
  const improved = improve(assigned, finder, market);
  const routes = improved.routes.map((route) => withFixedFirst(route, market));
  return { solved: { ...improved, routes }, committed: commit(routes, market) };
}

function offerOf(
  commitment: Commitment,
  decisions: readonly Decision[],
  market: Market,
): PlannedOffer {
  const { route, isAddOn } = commitment;
  const stops = itineraryOf(route, isAddOn ? 0 : 1, market);
  const jobs = stops
    .filter(({ kind, job }) => kind === 'dropoff' && commitment.jobs.includes(job))
    .map(({ job }) => job);
  const pickup = stops.find(({ kind, job }) => kind === 'pickup' && commitment.jobs.includes(job));
  const [first] = jobs;
  if (!first || !pickup) throw new Error(`nothing to offer to ${route.carrier.driverId}`);
  return {
    driverId: route.carrier.driverId,
    orders: jobs.flatMap(({ order }) =>
      order ? [{ orderId: order.orderId, search: order.search }] : [],
    ),
    pickupEtaAt: Math.round(pickup.arriveAt),
    isAddOn,
    route: stops.map(plannedStop),
    decisions: jobs.map((job) => ({ orderId: job.orderId, decision: decisionOf(decisions, job) })),
  };
}

function decisionOf(decisions: readonly Decision[], job: Job): Decision {
  const decision = decisions[job.index];
  if (!decision) throw new Error(`${job.orderId} has no decision`);
  return decision;
}

const byId = <T>(items: readonly T[], idOf: (item: T) => string): readonly T[] =>
  items.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));

const hashOf = ({ snapshot, policy, seed }: PlanInput): string =>
  inputHashOf({
    ...snapshot,
    orders: byId(snapshot.orders, (order) => order.orderId),
    drivers: byId(snapshot.drivers, (driver) => driver.driverId),
    policy,
    seed,
  });
