// Verb two: find candidates. For every bundle the drivers who could be there soonest, counted with the reasons of
// those who could not. The search runs over straight lines in flat arrays; the exact times come later, for few.
// Orders of one counter with the same demands share one search.

import { bundleOf, type Bundle } from './bundle.ts';
import { createBest } from './best.ts';
import type { Exclusion } from './decision.ts';
import { bandAround, type Ends } from './ends.ts';
import type { Carrier, Market } from './market.ts';
import { objectionOf, type Terms } from './terms.ts';

export type Candidates = {
  /** The most promising first. */
  readonly drivers: readonly Candidate[];
  /** In the bundle that they were found for. */
  readonly orders: number;
  /** How many could be asked, before only the best were kept. */
  readonly count: number;
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
  /** Nobody else was left, so those who let an offer lapse are asked again. */
  readonly askedAgain: boolean;
};

export type Candidate = {
  /** Carrier index. */
  readonly index: number;
  /** Hardly ever above the time of the handover, plus bias, less the worth of the place that is left: for sorting. */
  readonly keyMs: number;
};

export type Search = ReturnType<typeof createSearch>;

/** Remembers what it has found, so one search serves a whole round. */
export function createSearch(ends: Ends, market: Market) {
  const known = new Map<string, Reach>();
  const reachOf = (bundle: Bundle, askLapsed: boolean): Reach => {
    const { pickup, terms, load } = bundle;
    if (!isPlain(terms)) return reach({ bundle, ends, market, askLapsed });
    const { needs, vehicles, merchantId, ownDriversOnly, radiusM } = terms;
    const name = [pickup.id, needs, vehicles, merchantId, ownDriversOnly, radiusM, load].join();
    const found = known.get(name) ?? reach({ bundle, ends, market, askLapsed });
    known.set(name, found);
    return found;
  };
  return (bundle: Bundle): Candidates => {
    const first = reachOf(bundle, false);
    const lapsed = first.excluded.let_lapse_before ?? 0;
    if (first.count > 0 || lapsed === 0 || bundle.jobs.length > 1)
      return select(bundle, first, { ends, market, askedAgain: false });
    return select(bundle, reachOf(bundle, true), { ends, market, askedAgain: true });
  };
}

/** Nothing personal, so that others may want just the same. */
const isPlain = ({ assignedTo, isPersonal }: Terms): boolean =>
  assignedTo === undefined && !isPersonal;

/** Who could come at all, the soonest first. */
type Reach = {
  readonly indexes: Int32Array;
  /** When each could take something over. */
  readonly atCounter: Float64Array;
  readonly count: number;
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
};

type Reaching = {
  readonly bundle: Bundle;
  readonly ends: Ends;
  readonly market: Market;
  readonly askLapsed: boolean;
};

/** Of so many times the candidates wanted the best are chosen, as a bundle's own times matter too. */
const widerBy = 2;

function reach({ bundle, ends, market, askLapsed }: Reaching): Reach {
  const { x, y, z, freeAt, paces, extra, carriers, band } = ends;
  const { pickup, terms, load } = bundle;
  const { now, policy, beforeMs } = market;
  const excluded: Partial<Record<Exclusion, number>> = {};
  const radiusSquared = terms.radiusM * terms.radiusM;
  const latestFreeAt = now + policy.lookAheadMs;
  const best = createBest(policy.candidateDrivers * widerBy);
  const { from, to } = bandAround(pickup, terms.radiusM, ends);
  const asked = { terms, load, latestFreeAt, askLapsed };
  let count = 0;
  let outOfRadius = carriers.length - (to - from);
  for (let rank = from; rank < to; rank += 1) {
    const index = band.indexes[rank] ?? 0;
    const dx = (x[index] ?? 0) - pickup.x;
    const dy = (y[index] ?? 0) - pickup.y;
    const dz = (z[index] ?? 0) - pickup.z;
    const squared = dx * dx + dy * dy + dz * dz;
    if (squared > radiusSquared) {
      outOfRadius += 1;
      continue;
    }
    const carrier = carriers[index];
    if (!carrier) continue;
    const free = freeAt[index] ?? 0;
    const atCounter = free + Math.sqrt(squared) * (paces[index] ?? 0) + beforeMs.pickup;
    const why = whyNot(asked, carrier, free, atCounter);
    if (why) excluded[why] = (excluded[why] ?? 0) + 1;
    else {
      count += 1;
      best.offer(atCounter + (extra[index] ?? 0), index);
    }
  }
  if (outOfRadius > 0) excluded.out_of_radius = outOfRadius;
  const { keys, items } = best.drain();
  const atCounter = keys.map((key, at) => key - (extra[items[at] ?? 0] ?? 0));
  return { indexes: items, atCounter, count, excluded };
}

type Asked = {
  readonly terms: Terms;
  readonly load: number;
  readonly latestFreeAt: number;
  readonly askLapsed: boolean;
};

function whyNot(
  { terms, load, latestFreeAt, askLapsed }: Asked,
  carrier: Carrier,
  free: number,
  atCounter: number,
): Exclusion | undefined {
  const objection = objectionOf(terms, carrier);
  if (objection && !(askLapsed && objection === 'let_lapse_before')) return objection;
  if (load > carrier.capacity) return 'no_room';
  if (free > latestFreeAt)
    return carrier.held >= carrier.capacity ? 'at_capacity' : 'busy_for_long';
  return atCounter > carrier.shiftEndsAt ? 'shift_ends' : undefined;
}

type Selecting = { readonly ends: Ends; readonly market: Market; readonly askedAgain: boolean };

/** Once the goods are late anyway, who stands where nobody orders is worth most on the way. */
function select(
  bundle: Bundle,
  reached: Reach,
  { ends, market, askedAgain }: Selecting,
): Candidates {
  const best = createBest(market.policy.candidateDrivers);
  let shiftEnds = 0;
  for (let rank = 0; rank < reached.indexes.length; rank += 1) {
    const index = reached.indexes[rank] ?? 0;
    const takenAt = Math.max(reached.atCounter[rank] ?? 0, bundle.readyAt);
    if (takenAt > (ends.carriers[index]?.shiftEndsAt ?? 0)) shiftEnds += 1;
    else best.offer(takenAt + (ends.extra[index] ?? 0), index);
  }
  const { excluded, count } = reached;
  const { keys, items } = best.drain();
  return {
    orders: bundle.jobs.length,
    drivers: Array.from(items, (index, at) => ({ index, keyMs: keys[at] ?? 0 })),
    count: count - shiftEnds,
    excluded:
      shiftEnds === 0
        ? excluded
        : { ...excluded, shift_ends: (excluded.shift_ends ?? 0) + shiftEnds },
    askedAgain,
  };
}

/** The jobs of a bundle that nobody could take as a whole. */
export const split = (bundle: Bundle, market: Market): readonly Bundle[] =>
  bundle.jobs.flatMap((job) => bundleOf([job], market) ?? []);
