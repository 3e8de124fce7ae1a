// A plan that is being improved, and the one move that everything is made of: an order is put where the whole plan gets
// cheapest, into another bundle of the same counter, into the stop of a driver on his way there, or as a task of its own
// anywhere in a candidate's route. Used by improve.ts and rebuild.ts.

import { addOn, hasOpenPickup, withoutAdded } from './add-on.ts';
import { bundleOf, withJob, withoutJob, type Bundle } from './bundle.ts';
import type { Candidates, Search } from './candidates.ts';
import type { Job, Market } from './market.ts';
import { isInReach } from './radius.ts';
import { tailCost, withTail, withVisits, type Change, type Route } from './route.ts';
import type { Solved } from './solve.ts';
import { objectionOf } from './terms.ts';

/** Less is not worth a change: it might only be rounding. */
export const leastGainMs = 1;

export type State = {
  readonly market: Market;
  readonly routes: Route[];
  readonly candidates: ReadonlyMap<Job, Candidates>;
  /** Job index → index of the route that has it, -1: none. */
  readonly placeOf: Int32Array;
  readonly alone: ReadonlyMap<Job, Bundle>;
  /** Spot → carriers who fetch something there, perhaps no longer. */
  readonly visitors: Map<number, Set<number>>;
  readonly budget: { steps: number };
};

export function stateOf(solved: Solved, search: Search, market: Market): State {
  const placeOf = new Int32Array(market.jobs.length).fill(-1);
  const visitors = new Map<number, Set<number>>();
  const visit = (spot: number, carrier: number): void => {
    const there = visitors.get(spot);
    if (there) there.add(carrier);
    else visitors.set(spot, new Set([carrier]));
  };
  for (const { carrier, tail, added } of solved.routes) {
    const { index } = carrier;
    for (const job of added) placeOf[job.index] = index;
    for (const { jobs, pickup } of tail) {
      for (const job of jobs) placeOf[job.index] = index;
      visit(pickup.id, index);
    }
    for (const stop of carrier.visits) if (stop.kind === 'pickup') visit(stop.spot.id, index);
  }
  const alone = new Map<Job, Bundle>();
  const candidates = new Map<Job, Candidates>();
  for (const job of market.jobs) {
    const bundle = bundleOf([job], market);
    if (!bundle) continue;
    alone.set(job, bundle);
    const known = solved.candidates.get(job);
    candidates.set(job, known?.orders === 1 ? known : search(bundle));
  }
  const budget = { steps: market.policy.improveSteps };
  return { market, routes: [...solved.routes], candidates, placeOf, alone, visitors, budget };
}

/** A way to have the job in a route: among its visits, or as or in a bundle of its tail. */
type Way =
  | {
      readonly kind: 'visits';
      readonly index: number;
      readonly deltaMs: number;
      readonly made: Route;
    }
  | {
      readonly kind: 'tail';
      readonly index: number;
      readonly deltaMs: number;
      readonly route: Route;
      readonly change: Change;
    };

function routeOf(way: Way, market: Market): Route {
  if (way.kind === 'visits') return way.made;
  return withTail(way.route, changed(way.route.tail, way.change), market);
}

const changed = (tail: readonly Bundle[], { at, bundle, replaces }: Change): readonly Bundle[] =>
  tail.toSpliced(at, replaces ? 1 : 0, bundle);

/** False: it stays where it is. */
export function moveToBest(job: Job, state: State): boolean {
  const { market, routes, placeOf, visitors } = state;
  const fromIndex = placeOf[job.index] ?? -1;
  const from = routes[fromIndex];
  const without = from && takeOut(job, from, market);
  if (without && !isInReach(without)) return false;
  const gainMs = from && without ? from.costMs - without.costMs : neverMs(market);
  let best: Way | undefined;
  const bound = (): number => best?.deltaMs ?? gainMs - leastGainMs;
  const look = (index: number): void => {
    const route = index === fromIndex ? without : routes[index];
    if (!route || (index !== fromIndex && objects(job, route, state))) return;
    best = betterWay(job, { route, index, bound: bound() }, state) ?? best;
  };
  const there = visitors.get(job.pickup.id);
  for (const index of there ?? []) look(index);
  const { drivers, keysMs } = state.candidates.get(job) ?? { drivers: [], keysMs: [] };
  for (let at = 0; at < drivers.length; at += 1) {
    const index = drivers[at] ?? 0;
    // They come with the least that a task of its own can cost, so from here on nothing is better.
    const leastMs = (keysMs[at] ?? 0) - leastTakenAt(job, market);
    if (job.notBefore === 0 && leastMs >= bound()) break;
    if (!there?.has(index)) look(index);
  }
  if (!best) return false;
  if (from && without) routes[fromIndex] = without;
  routes[best.index] = routeOf(best, market);
  placeOf[job.index] = best.index;
  visitors.set(job.pickup.id, (there ?? new Set<number>()).add(best.index));
  return true;
}

/** What an order costs that nobody has. */
export const neverMs = ({ policy }: Market): number => policy.unservedMs * 10;

/** Lateness counts from here. */
const leastTakenAt = ({ ready }: Job, { now, beforeMs }: Market): number =>
  Math.max(now + beforeMs.pickup, ready.expectedAt);

function objects(job: Job, { carrier }: Route, { candidates }: State): boolean {
  if (job.load > carrier.capacity) return true;
  const objection = objectionOf(job.terms, carrier);
  const isAsked = objection === 'let_lapse_before' && candidates.get(job)?.askedAgain === true;
  return objection !== undefined && !isAsked;
}

export function takeOut(job: Job, route: Route, market: Market): Route {
  if (route.added.includes(job)) return withVisits(route, withoutAdded(route, job), market);
  const tail = route.tail.flatMap((bundle) => {
    if (!bundle.jobs.includes(job)) return [bundle];
    return withoutJob(bundle, job, market) ?? [];
  });
  return withTail(route, tail, market);
}

type Target = { readonly route: Route; readonly index: number; readonly bound: number };

/** The cheapest way in this route; undefined when none costs less than the bound. */
function betterWay(job: Job, { route, index, bound }: Target, state: State): Way | undefined {
  const { market, budget } = state;
  const { tail, carrier, base } = route;
  let best: Way | undefined;
  let least = bound;
  const made = carrier.visits.length > 0 ? withAddOn(job, route, market) : undefined;
  if (made) {
    budget.steps -= 1;
    const deltaMs = made.costMs - route.costMs;
    if (deltaMs < least && isInReach(made)) {
      best = { kind: 'visits', index, deltaMs, made };
      least = deltaMs;
    }
  }
  const alone = state.alone.get(job);
  for (let at = 0; at <= tail.length; at += 1) {
    const there = tail[at];
    const joined = there && joinedWith(there, job, route, market);
    for (const bundle of [joined, alone]) {
      if (!bundle) continue;
      budget.steps -= 1;
      const change = { at, bundle, replaces: bundle === joined };
      const deltaMs = tailCost(route, change, market) - route.costMs;
      if (deltaMs >= least || Number.isNaN(deltaMs)) continue;
      if (!isInReach({ carrier, base, tail: changed(tail, change) })) continue;
      least = deltaMs;
      best = { kind: 'tail', index, deltaMs, route, change };
    }
  }
  return best;
}

function joinedWith(
  bundle: Bundle,
  job: Job,
  { carrier }: Route,
  market: Market,
): Bundle | undefined {
  if (bundle.pickup !== job.pickup || bundle.jobs.length >= market.policy.bundleLimit)
    return undefined;
  if (bundle.load + job.load > carrier.capacity) return undefined;
  return withJob(bundle, job, market);
}

function withAddOn(job: Job, route: Route, market: Market): Route | undefined {
  if (!hasOpenPickup(route.carrier, job) && market.policy.detourLimitMs < 1_000) return undefined;
  const extension = addOn(route, job, market);
  return extension && withVisits(route, extension, market);
}
