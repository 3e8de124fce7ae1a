// Verb two: find candidates. For every bundle the drivers who could be there soonest, counted with the reasons of
// those who could not. The search runs over straight lines in flat arrays; the exact times come later, for few.
// Orders of one counter with the same demands share one search.

import { bundleOf, type Bundle } from './bundle.ts';
import { createBest } from './best.ts';
import type { Exclusion } from './decision.ts';
import { bandAround, type Ends } from './ends.ts';
import type { Carrier, Market } from './market.ts';
import type { Route } from './route.ts';
import { objectionOf, type Terms } from './terms.ts';
import type { Spot } from './travel.ts';

export type Candidates = {
  /** Carrier indexes, the most promising first. */
  readonly drivers: readonly number[];
  /** Hardly ever above the time of the handover, plus bias, less the worth of the place that is left: for sorting. */
  readonly keysMs: readonly number[];
  /** In the bundle that they were found for. */
  readonly orders: number;
  /** How many could be asked, before only the best were kept. */
  readonly count: number;
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
  /** Nobody else was left, so those who let an offer lapse are asked again. */
  readonly askedAgain: boolean;
};

export type Search = ReturnType<typeof createSearch>;

/** Remembers what it has found, so one search serves a whole round. */
export function createSearch(ends: Ends, market: Market) {
  const { candidateDrivers } = market.policy;
  const searching: Searching = {
    ends,
    market,
    ranks: rankByIndex(ends),
    widest: createBest(candidateDrivers * widerBy),
    best: createBest(candidateDrivers),
  };
  const known = new Map<Spot, { readonly wanted: Wanted; readonly reached: Reach }[]>();
  const reachOf = (bundle: Bundle): Reach => {
    const { pickup, terms, load } = bundle;
    const there = known.get(pickup) ?? [];
    if (there.length === 0) known.set(pickup, there);
    for (const { wanted, reached } of there)
      if (wanted.load === load && isSame(wanted.terms, terms)) return reached;
    const reached = reach({ terms, load }, pickup, searching);
    there.push({ wanted: { terms, load }, reached });
    return reached;
  };
  /** `asksLapsed`: those too who let an offer lapse, which else happens only when one order has nobody left. */
  return (bundle: Bundle, asksLapsed = false): Candidates => {
    const first = reachOf(bundle);
    const lapsed = first.excluded.let_lapse_before ?? 0;
    const isAlone = bundle.jobs.length === 1;
    if (!asksLapsed && (first.count > 0 || lapsed === 0 || !isAlone))
      return select(bundle, first, searching);
    const { terms, load, pickup } = bundle;
    const again = reach({ terms, load, askLapsed: true }, pickup, searching);
    return { ...select(bundle, again, searching), askedAgain: true };
  };
}

type Searching = {
  readonly ends: Ends;
  readonly market: Market;
  /** Carrier index → rank. */
  readonly ranks: Int32Array;
  readonly widest: ReturnType<typeof createBest>;
  readonly best: ReturnType<typeof createBest>;
};

function rankByIndex({ indexes }: Ends): Int32Array {
  const ranks = new Int32Array(indexes.length);
  for (let rank = 0; rank < indexes.length; rank += 1) ranks[indexes[rank] ?? 0] = rank;
  return ranks;
}

/** Nothing personal, so that others may want just the same. */
const isPlain = ({ assignedTo, isPersonal }: Terms): boolean =>
  assignedTo === undefined && !isPersonal;

const isSame = (a: Terms, b: Terms): boolean =>
  a === b || (isPlain(a) && isPlain(b) && isAlike(a, b));

const isAlike = (a: Terms, b: Terms): boolean =>
  a.needs === b.needs &&
  a.vehicles === b.vehicles &&
  a.merchantId === b.merchantId &&
  a.ownDriversOnly === b.ownDriversOnly &&
  a.radiusM === b.radiusM;

/** Who could come at all, the soonest first. */
type Reach = {
  readonly indexes: readonly number[];
  /** When each could take something over. */
  readonly atCounter: readonly number[];
  readonly count: number;
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
};

type Wanted = { readonly terms: Terms; readonly load: number; readonly askLapsed?: boolean };

/** Of so many times the candidates wanted the best are chosen, as a bundle's own times matter too. */
const widerBy = 2;

function reach(wanted: Wanted, counter: Spot, searching: Searching): Reach {
  const { ends, market, widest, ranks } = searching;
  const { x, y, z, freeAt, paces, extra, indexes, shiftEndsAt } = ends;
  const excluded = new Map<Exclusion, number>();
  const { radiusM } = wanted.terms;
  const before = market.beforeMs.pickup;
  const latestFreeAt = market.now + market.policy.lookAheadMs;
  const { from, to } = bandAround(counter, radiusM, ends);
  const isWelcome = welcome(wanted, ends);
  let count = 0;
  let outOfRadius = indexes.length - (to - from);
  for (let rank = from; rank < to; rank += 1) {
    const dx = (x[rank] ?? 0) - counter.x;
    const dy = (y[rank] ?? 0) - counter.y;
    const dz = (z[rank] ?? 0) - counter.z;
    const squared = dx * dx + dy * dy + dz * dz;
    if (squared > radiusM * radiusM) {
      outOfRadius += 1;
      continue;
    }
    const free = freeAt[rank] ?? 0;
    const atCounter = free + Math.sqrt(squared) * (paces[rank] ?? 0) + before;
    const isPossible = free <= latestFreeAt && atCounter <= (shiftEndsAt[rank] ?? 0);
    const why =
      isPossible && isWelcome(rank)
        ? undefined
        : whyNot(wanted, ends.carriers[rank], isPossible, free > latestFreeAt);
    if (why === undefined) {
      count += 1;
      const key = atCounter + (extra[rank] ?? 0);
      if (key <= (widest.worst[0] ?? 0)) widest.offer(key, indexes[rank] ?? 0);
    } else excluded.set(why, (excluded.get(why) ?? 0) + 1);
  }
  if (outOfRadius > 0) excluded.set('out_of_radius', outOfRadius);
  const { keys, items } = widest.drain();
  const atCounter = keys.map((key, at) => key - (extra[ranks[items[at] ?? 0] ?? 0] ?? 0));
  return { indexes: items, atCounter, count, excluded: Object.fromEntries(excluded) };
}

/** Quick, and true only when whyNot() surely has nothing to say about orders and driver. */
function welcome({ terms, load }: Wanted, { skills, vehicles, capacity, isFree }: Ends) {
  const { needs, vehicles: allowed } = terms;
  if (!isPlain(terms) || terms.ownDriversOnly) return () => false;
  return (rank: number): boolean =>
    ((vehicles[rank] ?? 0) & allowed) !== 0 &&
    (needs & ~(skills[rank] ?? 0)) === 0 &&
    load <= (capacity[rank] ?? 0) &&
    isFree[rank] === 1;
}

function whyNot(
  { terms, load, askLapsed }: Wanted,
  carrier: Carrier | undefined,
  isPossible: boolean,
  isBusy: boolean,
): Exclusion | undefined {
  if (!carrier) return 'no_position';
  const objection = objectionOf(terms, carrier);
  if (objection && !(askLapsed && objection === 'let_lapse_before')) return objection;
  if (load > carrier.capacity) return 'no_room';
  if (isBusy) return carrier.held >= carrier.capacity ? 'at_capacity' : 'busy_for_long';
  return isPossible ? undefined : 'shift_ends';
}

/** Why this driver alone is not among the candidates of a bundle, as the search finds it for all. */
export function exclusionOf(
  { pickup, terms, load, readyAt }: Bundle,
  { end, carrier }: Route,
  { market, askLapsed }: { readonly market: Market; readonly askLapsed?: boolean },
): Exclusion | undefined {
  const { now, policy, travel, beforeMs } = market;
  const [dx, dy, dz] = [end.at.x - pickup.x, end.at.y - pickup.y, end.at.z - pickup.z];
  const squared = dx * dx + dy * dy + dz * dz;
  if (squared > terms.radiusM * terms.radiusM) return 'out_of_radius';
  const wayMs = Math.sqrt(squared) * travel.msPerMeter(carrier.speed);
  const atCounter = end.freeAt + wayMs + beforeMs.pickup;
  const isBusy = end.freeAt > now + policy.lookAheadMs;
  const isPossible = !isBusy && Math.max(atCounter, readyAt) <= carrier.shiftEndsAt;
  return whyNot({ terms, load, askLapsed: askLapsed === true }, carrier, isPossible, isBusy);
}

/** Once the goods are late anyway, who stands where nobody orders is worth most on the way. */
function select(bundle: Bundle, reached: Reach, { ends, best, ranks }: Searching): Candidates {
  const { indexes, atCounter, excluded, count } = reached;
  let shiftEnds = 0;
  for (let at = 0; at < indexes.length; at += 1) {
    const index = indexes[at] ?? 0;
    const rank = ranks[index] ?? 0;
    const takenAt = Math.max(atCounter[at] ?? 0, bundle.readyAt);
    const key = takenAt + (ends.extra[rank] ?? 0);
    if (takenAt > (ends.shiftEndsAt[rank] ?? 0)) shiftEnds += 1;
    else if (key <= (best.worst[0] ?? 0)) best.offer(key, index);
  }
  const { keys, items } = best.drain();
  return {
    orders: bundle.jobs.length,
    drivers: items,
    keysMs: keys,
    count: count - shiftEnds,
    excluded:
      shiftEnds === 0
        ? excluded
        : { ...excluded, shift_ends: (excluded.shift_ends ?? 0) + shiftEnds },
    askedAgain: false,
  };
}

/** The jobs of a bundle that nobody could take as a whole. */
export const split = (bundle: Bundle, market: Market): readonly Bundle[] =>
  bundle.jobs.flatMap((job) => bundleOf([job], market) ?? []);
