// Where and when every driver will be free, as flat arrays: what the quick searches run over.

import type { Carrier, Market } from './market.ts';
import type { Route } from './route.ts';
import type { Spot } from './travel.ts';

/** By rank: along the axis on which the drivers lie furthest apart, so that a search runs through neighbours. */
export type Ends = {
  readonly carriers: readonly Carrier[];
  /** Of the carriers. */
  readonly indexes: Int32Array;
  readonly axis: 'x' | 'y' | 'z';
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly freeAt: Float64Array;
  /** Milliseconds per straight metre. */
  readonly paces: Float64Array;
  /** What the driver costs beside time: bias, less the worth of the place that he would leave. */
  readonly extra: Float64Array;
  readonly shiftEndsAt: Float64Array;
  readonly capacity: Float64Array;
  /** Masks, as in terms.ts. */
  readonly skills: Int32Array;
  readonly vehicles: Int32Array;
  /** 1: works for whoever asks. */
  readonly isFree: Int32Array;
};

export function endsOf(routes: readonly Route[], market: Market): Ends {
  const { axis, ranked } = inBand(routes);
  const flat = (): Float64Array => new Float64Array(ranked.length);
  const whole = (): Int32Array => new Int32Array(ranked.length);
  const ends = {
    carriers: ranked.map(({ carrier }) => carrier),
    indexes: whole(),
    axis,
    x: flat(),
    y: flat(),
    z: flat(),
    freeAt: flat(),
    paces: flat(),
    extra: flat(),
    shiftEndsAt: flat(),
    capacity: flat(),
    skills: whole(),
    vehicles: whole(),
    isFree: whole(),
  };
  for (let rank = 0; rank < ranked.length; rank += 1) put(ranked[rank], rank, ends, market);
  return ends;
}

function put(route: Route | undefined, rank: number, ends: Ends, market: Market): void {
  if (!route) return;
  const { end, carrier } = route;
  const standing = (market.standingMs(end.at) * market.policy.standingPercent) / 100;
  ends.indexes[rank] = carrier.index;
  ends.x[rank] = end.at.x;
  ends.y[rank] = end.at.y;
  ends.z[rank] = end.at.z;
  ends.freeAt[rank] = end.freeAt;
  ends.paces[rank] = market.travel.msPerMeter(carrier.speed);
  ends.extra[rank] = carrier.biasMs - standing;
  ends.shiftEndsAt[rank] = carrier.shiftEndsAt;
  ends.capacity[rank] = carrier.capacity;
  ends.skills[rank] = carrier.skills;
  ends.vehicles[rank] = carrier.vehicle;
  ends.isFree[rank] = carrier.merchantId === undefined ? 1 : 0;
}

const axes = ['x', 'y', 'z'] as const;

function spread(routes: readonly Route[], axis: Ends['axis']): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { end } of routes) {
    const value = end.at[axis];
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most - least;
}

function inBand(routes: readonly Route[]): {
  readonly axis: Ends['axis'];
  readonly ranked: readonly Route[];
} {
  const spreads = new Map(axes.map((axis) => [axis, spread(routes, axis)]));
  const axis = axes.reduce((widest, each) =>
    (spreads.get(each) ?? 0) > (spreads.get(widest) ?? 0) ? each : widest,
  );
  const ranked = routes.toSorted(
    (a, b) => a.end.at[axis] - b.end.at[axis] || a.carrier.index - b.carrier.index,
  );
  return { axis, ranked };
}

/** Between which ranks the drivers within `radiusM` of a spot are. */
export function bandAround(
  spot: Spot,
  radiusM: number,
  ends: Ends,
): { readonly from: number; readonly to: number } {
  const values = ends[ends.axis];
  const firstAbove = (limit: number): number => {
    let [low, high] = [0, values.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[middle] ?? 0) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const at = spot[ends.axis];
  return { from: firstAbove(at - radiusM), to: firstAbove(at + radiusM + 1) };
}

/** When the first driver could take something over at this counter, within his shift; undefined: nobody could. */
export function soonestAt(counter: Spot, ends: Ends, market: Market): number | undefined {
  const { x, y, z, freeAt, paces, shiftEndsAt } = ends;
  let soonest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < freeAt.length; index += 1) {
    const free = (freeAt[index] ?? 0) + market.beforeMs.pickup;
    if (free >= soonest) continue;
    const dx = (x[index] ?? 0) - counter.x;
    const dy = (y[index] ?? 0) - counter.y;
    const dz = (z[index] ?? 0) - counter.z;
    const takenAt = free + Math.sqrt(dx * dx + dy * dy + dz * dz) * (paces[index] ?? 0);
    if (takenAt < soonest && takenAt <= (shiftEndsAt[index] ?? 0)) soonest = takenAt;
  }
  return soonest < Number.POSITIVE_INFINITY ? soonest : undefined;
}
