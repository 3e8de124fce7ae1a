// Where and when every driver will be free, as flat arrays: what the quick searches run over.

import type { Carrier, Market } from './market.ts';
import { endOf, type Route } from './route.ts';
import type { Spot } from './travel.ts';

export type Ends = {
  readonly carriers: readonly Carrier[];
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly z: Float64Array;
  readonly freeAt: Float64Array;
  /** Milliseconds per straight metre. */
  readonly paces: Float64Array;
  /** What the driver costs beside time: bias, less the worth of the place that he would leave. */
  readonly extra: Float64Array;
  /** Carrier indexes along the axis on which they lie furthest apart, and where on it. */
  readonly band: { readonly indexes: Int32Array; readonly axis: 'x' | 'y' | 'z' };
};

export function endsOf(routes: readonly Route[], market: Market): Ends {
  const { travel, policy } = market;
  const flat = (): Float64Array => new Float64Array(routes.length);
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
  return { ...ends, band: bandOf(ends) };
}

const axes = ['x', 'y', 'z'] as const;

function spread(values: Float64Array): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return most - least;
}

function bandOf(ends: Pick<Ends, 'x' | 'y' | 'z'>): Ends['band'] {
  const axis = axes.reduce((widest, each) =>
    spread(ends[each]) > spread(ends[widest]) ? each : widest,
  );
  const values = ends[axis];
  const indexes = Int32Array.from(values, (_, index) => index);
  indexes.sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0) || a - b);
  return { indexes, axis };
}

/** Where in the band the carriers within `radiusM` of a spot begin and end. */
export function bandAround(
  spot: Spot,
  radiusM: number,
  { band, ...ends }: Ends,
): { readonly from: number; readonly to: number } {
  const values = ends[band.axis];
  const firstAbove = (limit: number): number => {
    let [low, high] = [0, band.indexes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[band.indexes[middle] ?? 0] ?? 0) < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const at = spot[band.axis];
  return { from: firstAbove(at - radiusM), to: firstAbove(at + radiusM + 1) };
}

/** When the first driver could take something over at this counter, within his shift; undefined: nobody could. */
export function soonestAt(counter: Spot, ends: Ends, market: Market): number | undefined {
  const { x, y, z, freeAt, paces, carriers } = ends;
  let soonest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < carriers.length; index += 1) {
    const free = (freeAt[index] ?? 0) + market.beforeMs.pickup;
    if (free >= soonest) continue;
    const dx = (x[index] ?? 0) - counter.x;
    const dy = (y[index] ?? 0) - counter.y;
    const dz = (z[index] ?? 0) - counter.z;
    const takenAt = free + Math.sqrt(dx * dx + dy * dy + dz * dz) * (paces[index] ?? 0);
    if (takenAt < soonest && takenAt <= (carriers[index]?.shiftEndsAt ?? 0)) soonest = takenAt;
  }
  return soonest < Number.POSITIVE_INFINITY ? soonest : undefined;
}
