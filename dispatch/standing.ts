// What a place is worth to a driver who ends there: the mean travel time to where orders arise. Hot branches pull
// drivers with it, and of two drivers who come in time the one who stands badly is sent.

import type { Place } from '../domain/geo.ts';
import { chordM, type Spot, type Travel } from './travel.ts';

type Demand = readonly { readonly place: Place; readonly weight: number }[];

/** Beyond so many places the heaviest stand for all. */
const mostPlaces = 60;

/** Milliseconds; 0 everywhere when nothing is known of the demand. */
export function createStanding(demand: Demand, travel: Travel): (spot: Spot) => number {
  const places = demand
    .toSorted(
      (a, b) => b.weight - a.weight || a.place.lat - b.place.lat || a.place.lng - b.place.lng,
    )
    .slice(0, mostPlaces)
    .map(({ place, weight }) => ({ spot: travel.spotOf(place), weight }));
  const total = places.reduce((sum, { weight }) => sum + weight, 0);
  const pace = travel.msPerMeter(0);
  const known = new Map<number, number>();
  return (spot) => {
    if (total === 0) return 0;
    const before = known.get(spot.id);
    if (before !== undefined) return before;
    let sum = 0;
    for (const { spot: other, weight } of places) sum += weight * chordM(spot, other) * pace;
    known.set(spot.id, sum / total);
    return sum / total;
  };
}
