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
export type Pool = ReturnType<typeof createPool>;

/** By driver id, whatever the order of the snapshot. Who has been taken is not found any more. */
export function createPool(snapshot: Snapshot, policy: Policy) {
  const excluded: Partial<Record<Exclusion, number>> = {};
  const byId = new Map<DriverId, PoolDriver>();
  for (const driver of snapshot.drivers.toSorted((a, b) => (a.driverId < b.driverId ? -1 : 1))) {
    const free = routeEnd(driver, policy, snapshot.now);
    const why = free ? unavailable(driver) : 'no_position';
    if (why) excluded[why] = (excluded[why] ?? 0) + 1;
    else if (free) byId.set(driver.driverId, entryOf(driver, free));
  }
  let drivers: readonly PoolDriver[] = [...byId.values()];
  let taken = 0;

  return {
    all: (): readonly PoolDriver[] => drivers,
    find: (driverId: DriverId): PoolDriver | undefined => byId.get(driverId),
    take(driver: PoolDriver): void {
      drivers = drivers.toSpliced(drivers.indexOf(driver), 1);
      byId.delete(driver.driverId);
      taken += 1;
    },
    /** Everybody else who is online. */
    excluded: (): Counts => ({ ...excluded, offered_this_round: taken }),
  };
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
  readonly outOfRadius: number;
  readonly shiftEnds: number;
  /** Nearest in time first, ties by id. */
  readonly best: readonly Candidate[];
};

type Query = {
  readonly drivers: readonly PoolDriver[];
  /** Counted like the others, but never among the best. */
  readonly notBest: ReadonlySet<PoolDriver>;
  readonly to: Place;
  readonly radiusM: number;
  readonly model: TravelModel;
  /** How many of the nearest are wanted. */
  readonly atMost: number;
};

/** The nearest of the drivers who are within the radius and whose shift lasts until they can be there. */
export function nearest({ drivers, notBest, to, radiusM, model, atMost }: Query): Reach {
  const { x, y, z } = pointOf(to);
  const radiusSquared = (radiusM / earthRadiusM) ** 2;
  const msPerUnit = (earthRadiusM * model.roadFactor * 60_000) / model.metersPerMinute;
  const best: Candidate[] = [];
  let outOfRadius = 0;
  let shiftEnds = 0;
  let worst = Number.POSITIVE_INFINITY;
  for (const driver of drivers) {
    const { point } = driver;
    const squared = (point.x - x) ** 2 + (point.y - y) ** 2 + (point.z - z) ** 2;
    if (squared > radiusSquared) {
      outOfRadius += 1;
      continue;
    }
    const etaAt = driver.freeAt + Math.sqrt(squared) * msPerUnit;
    if (etaAt + 1 > driver.shiftEndsAt) shiftEnds += 1;
    else if (etaAt < worst && !notBest.has(driver)) {
      insert(best, { driver, etaAt }, atMost);
      if (best.length === atMost) worst = best.at(-1)?.etaAt ?? worst;
    }
  }
  const candidates = drivers.length - outOfRadius - shiftEnds;
  return { candidates, outOfRadius, shiftEnds, best };
}

/** Drivers come by id, so an equal one belongs behind. */
function insert(best: Candidate[], candidate: Candidate, atMost: number): void {
  const behind = best.findIndex((other) => other.etaAt > candidate.etaAt);
  best.splice(behind < 0 ? best.length : behind, 0, candidate);
  if (best.length > atMost) best.pop();
}
