// The drivers who can be asked at all, ready to be searched: where each is free and from when. The search for the
// nearest runs over straight lines through the earth, which cost no trigonometry: 1 mm off at 10 km.

import { distanceM, type Place, type TravelModel } from '../domain/geo.ts';
import type { DriverId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import { routeEnd } from './route.ts';
import type { Exclusion, OnlineDriver, Snapshot } from './snapshot.ts';

/** On the unit sphere. */
type Point = { readonly x: number; readonly y: number; readonly z: number };

export type PoolDriver = {
  readonly driverId: DriverId;
  readonly shiftEndsAt: number;
  readonly freeAt: number;
  readonly place: Place;
  readonly point: Point;
};

export type Counts = Readonly<Partial<Record<Exclusion, number>>>;
export type Pool = { readonly drivers: readonly PoolDriver[]; readonly excluded: Counts };

/** By driver id, whatever the order of the snapshot. */
export function poolOf(snapshot: Snapshot, policy: Policy): Pool {
  const excluded: Partial<Record<Exclusion, number>> = {};
  const drivers: PoolDriver[] = [];
  for (const driver of snapshot.drivers.toSorted((a, b) => (a.driverId < b.driverId ? -1 : 1))) {
    const free = routeEnd(driver, policy, snapshot.now);
    const why = free ? unavailable(driver) : 'no_position';
    if (why) excluded[why] = (excluded[why] ?? 0) + 1;
    else if (free) drivers.push(entryOf(driver, free));
  }
  return { drivers, excluded };
}

function unavailable(driver: OnlineDriver): Exclusion | undefined {
  if (driver.hasOpenOffer) return 'open_offer';
  return driver.stops.length >= driver.capacity ? 'at_capacity' : undefined;
}

const entryOf = (
  { driverId, shiftEndsAt }: OnlineDriver,
  { place, at }: { readonly place: Place; readonly at: number },
): PoolDriver => ({
  driverId,
  shiftEndsAt: shiftEndsAt ?? Number.POSITIVE_INFINITY,
  freeAt: at,
  place,
  point: pointOf(place),
});

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const pole: Place = { lat: 90, lng: 0 };
const earthRadiusM = distanceM(pole, { lat: -90, lng: 0 }) / Math.PI;

function pointOf({ lat, lng }: Place): Point {
  const flat = Math.cos(radians(lat));
  return {
    x: flat * Math.cos(radians(lng)),
    y: flat * Math.sin(radians(lng)),
    z: Math.sin(radians(lat)),
  };
}

/** A driver within reach; `etaAt` by the straight line, so up to a millisecond or so early. */
export type Candidate = { readonly driver: PoolDriver; readonly etaAt: number };

export type Reach = {
  readonly candidates: number;
  /** Nearest in time first, ties by id. */
  readonly best: readonly Candidate[];
  readonly excluded: Counts;
};

type Query = {
  readonly drivers: readonly PoolDriver[];
  readonly to: Place;
  readonly radiusM: number;
  readonly model: TravelModel;
  /** How many of the nearest are wanted. */
  readonly atMost: number;
};

/** The nearest of the drivers who are within the radius and whose shift lasts until they can be there. */
export function nearest({ drivers, to, radiusM, model, atMost }: Query): Reach {
  const { x, y, z } = pointOf(to);
  const radiusSquared = (radiusM / earthRadiusM) ** 2;
  const msPerUnit = (earthRadiusM * model.roadFactor * 60_000) / model.metersPerMinute;
  const best: Candidate[] = [];
  let outside = 0;
  let shiftEnds = 0;
  for (const driver of drivers) {
    const { point } = driver;
    const squared = (point.x - x) ** 2 + (point.y - y) ** 2 + (point.z - z) ** 2;
    if (squared > radiusSquared) {
      outside += 1;
      continue;
    }
    const etaAt = driver.freeAt + Math.sqrt(squared) * msPerUnit;
    if (etaAt + 1 > driver.shiftEndsAt) shiftEnds += 1;
    else keepBest(best, { driver, etaAt }, atMost);
  }
  return {
    candidates: drivers.length - outside - shiftEnds,
    best,
    excluded: { out_of_radius: outside, shift_ends: shiftEnds },
  };
}

/** Drivers come by id, so an equal one belongs behind. */
function keepBest(best: Candidate[], candidate: Candidate, atMost: number): void {
  const last = best.at(-1);
  if (best.length >= atMost && last && last.etaAt <= candidate.etaAt) return;
  const behind = best.findIndex((other) => other.etaAt > candidate.etaAt);
  best.splice(behind < 0 ? best.length : behind, 0, candidate);
  if (best.length > atMost) best.pop();
}
