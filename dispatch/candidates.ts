// Verb two: find candidates. For every bundle the drivers who could be there soonest, counted with the reasons of
// those who could not. The search runs over straight lines in flat arrays; the exact times come later, for few.

import { bundleOf, type Bundle } from './bundle.ts';
import type { Carrier, Market } from './market.ts';
import { endOf, type Route } from './route.ts';
import type { Exclusion } from './decision.ts';
import { objectionOf, type Terms } from './terms.ts';

export type Candidates = {
  /** Carrier indexes, ascending. */
  readonly carriers: readonly number[];
  /** How many could be asked, before only the best were kept. */
  readonly count: number;
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
  /** Nobody else was left, so those who let an offer lapse are asked again. */
  readonly askedAgain: boolean;
};

/** Where everybody will be free, as flat arrays. */
export type Ends = {
  readonly carriers: readonly Carrier[];
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly freeAt: Float64Array;
  readonly paces: Float64Array;
  /** What the driver costs beside time: bias, less the value of the place that he would leave. */
  readonly extra: Float64Array;
};

export function endsOf(routes: readonly Route[], market: Market): Ends {
  const { travel, policy } = market;
  const size = routes.length;
  const flat = (): Float64Array => new Float64Array(size);
  const carriers = routes.map(({ carrier }) => carrier);
  const ends = {
    carriers,
    x: flat(),
    y: flat(),
    z: flat(),
    freeAt: flat(),
    paces: flat(),
    extra: flat(),
  };
  for (const [index, route] of routes.entries()) {
    const { at, freeAt } = endOf(route, market);
    const { speed, biasMs } = route.carrier;
    ends.x[index] = at.x;
    ends.y[index] = at.y;
    ends.z[index] = at.z;
    ends.freeAt[index] = freeAt;
    ends.paces[index] = travel.msPerMeter(speed);
    ends.extra[index] = biasMs - (market.standingMs(at) * policy.standingPercent) / 100;
  }
  return ends;
}

export function findCandidates(bundle: Bundle, ends: Ends, market: Market): Candidates {
  const first = scan(bundle, { ends, market, askLapsed: false });
  if (first.count > 0 || first.lapsed === 0 || bundle.jobs.length > 1) return first.found;
  return scan(bundle, { ends, market, askLapsed: true }).found;
}

type Scan = { readonly ends: Ends; readonly market: Market; readonly askLapsed: boolean };
type Scanned = { readonly found: Candidates; readonly count: number; readonly lapsed: number };

function scan(bundle: Bundle, { ends, market, askLapsed }: Scan): Scanned {
  const { x, y, z, freeAt, paces, extra, carriers } = ends;
  const { pickup, terms, load, readyAt } = bundle;
  const { now, policy, beforeMs } = market;
  const excluded: Partial<Record<Exclusion, number>> = {};
  const exclude = (why: Exclusion): void => {
    excluded[why] = (excluded[why] ?? 0) + 1;
  };
  const radiusSquared = terms.radiusM * terms.radiusM;
  const latestFreeAt = now + policy.lookAheadMs;
  const best = createBest(policy.candidateDrivers);
  const size = carriers.length;
  let count = 0;
  let outOfRadius = 0;
  for (let index = 0; index < size; index += 1) {
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
    const takenAt = Math.max(
      free + Math.sqrt(squared) * (paces[index] ?? 0) + beforeMs.pickup,
      readyAt,
    );
    const why = whyNot({ terms, load, takenAt, free, latestFreeAt, askLapsed }, carrier);
    if (why) {
      exclude(why);
      continue;
    }
    count += 1;
    best.offer(takenAt + (extra[index] ?? 0), index);
  }
  const lapsed = excluded.let_lapse_before ?? 0;
  const all = outOfRadius > 0 ? { ...excluded, out_of_radius: outOfRadius } : excluded;
  return {
    found: { carriers: best.sorted(), count, excluded: all, askedAgain: askLapsed },
    count,
    lapsed,
  };
}

type Asked = {
  readonly terms: Terms;
  readonly load: number;
  readonly takenAt: number;
  readonly free: number;
  readonly latestFreeAt: number;
  readonly askLapsed: boolean;
};

function whyNot(asked: Asked, carrier: Carrier): Exclusion | undefined {
  const { terms, load, takenAt, free, latestFreeAt, askLapsed } = asked;
  const objection = objectionOf(terms, carrier);
  if (objection && !(askLapsed && objection === 'let_lapse_before')) return objection;
  if (load > carrier.capacity) return 'no_room';
  if (free > latestFreeAt)
    return carrier.held >= carrier.capacity ? 'at_capacity' : 'busy_for_long';
  return takenAt > carrier.shiftEndsAt ? 'shift_ends' : undefined;
}

/** Keeps the `most` smallest keys, ties by index: the largest kept stands on top of a heap. */
function createBest(most: number) {
  const keys: number[] = [];
  const indexes: number[] = [];
  const isWorse = (a: number, b: number): boolean => {
    const difference = (keys[a] ?? 0) - (keys[b] ?? 0);
    return difference > 0 || (difference === 0 && (indexes[a] ?? 0) > (indexes[b] ?? 0));
  };
  const swap = (a: number, b: number): void => {
    [keys[a], keys[b]] = [keys[b] ?? 0, keys[a] ?? 0];
    [indexes[a], indexes[b]] = [indexes[b] ?? 0, indexes[a] ?? 0];
  };
  function rise(start: number): void {
    for (let at = start; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!isWorse(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  }
  function sink(): void {
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= keys.length) return;
      const child = left + 1 < keys.length && isWorse(left + 1, left) ? left + 1 : left;
      if (!isWorse(child, at)) return;
      swap(at, child);
      at = child;
    }
  }
  return {
    /** Indexes come in ascending order, so an equal key belongs behind. */
    offer(key: number, index: number): void {
      if (keys.length < most) {
        rise(keys.push(key) - 1 + 0 * indexes.push(index));
      } else if (key < (keys[0] ?? 0)) {
        keys[0] = key;
        indexes[0] = index;
        sink();
      }
    },
    sorted: (): readonly number[] => indexes.toSorted((a, b) => a - b),
  };
}

/** The jobs of a bundle that nobody could take as a whole. */
export const split = (bundle: Bundle, market: Market): readonly Bundle[] =>
  bundle.jobs.flatMap((job) => bundleOf([job], market) ?? []);
