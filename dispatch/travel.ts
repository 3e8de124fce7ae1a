// Travel time as the engine sees it: a synchronous function over prepared places, made from plain data, so that a
// stored snapshot knows its own travel times. A road provider fills a table beforehand (activities/roads.ts); what the
// table does not hold is estimated. Used by everything in dispatch/.

import { distanceM, type Place } from '../domain/geo.ts';
import { assertNever } from '../domain/errors.ts';
import { roadUserOf, vehicles, type RoadUser, type Vehicle } from '../domain/vehicles.ts';

export type TravelData = GreatCircle | Plane | TravelTable;

/** Great-circle metres times `roadFactor`, at a speed that depends on the vehicle and the hour. */
export type GreatCircle = {
  readonly kind: 'great_circle';
  readonly metersPerMinute: number;
  readonly roadFactor: number;
  /** Traffic of the hour: 1 is usual, 0.8 is a fifth slower. */
  readonly hourFactor?: number | undefined;
  /** Speed against `metersPerMinute`; absent: 1. */
  readonly vehicleFactors?: Readonly<Partial<Record<Vehicle, number>>> | undefined;
  /** Ways count as whole multiples of so many metres, rounded up; absent: as they are. */
  readonly stepM?: number | undefined;
};

/** Places are metres (`lng` east, `lat` north); drives take whole minutes, rounded up (Reyes et al., 2018). */
export type Plane = { readonly kind: 'plane'; readonly metersPerMinute: number };

/** Times on roads, for some ways between some places. */
export type TravelTable = {
  readonly kind: 'table';
  readonly places: readonly Place[];
  readonly legs: Readonly<Partial<Record<RoadUser, readonly Leg[]>>>;
  readonly otherwise: GreatCircle;
  /** Why times are missing that the provider was asked for, in words. */
  readonly fellBack?: string | undefined;
};

/** Places by their index, and milliseconds. */
export type Leg = readonly [from: number, to: number, ms: number];

/** A place made ready for the engine; equal places are one spot. Coordinates in metres (a sphere or a plane). */
export type Spot = {
  readonly id: number;
  readonly place: Place;
  readonly x: number;
  readonly y: number;
  readonly z: number;
};

/** Index into the vehicles that differ in speed. */
export type SpeedClass = number;

export type Travel = {
  readonly spotOf: (place: Place) => Spot;
  readonly ms: (from: Spot, to: Spot, speed: SpeedClass) => number;
  readonly speedOf: (vehicle: Vehicle | undefined) => SpeedClass;
  /** Why times that a provider of road times should know are estimated, in words. */
  readonly fellBack: string | undefined;
  /** Milliseconds per straight metre (the chord): a quick estimate to search by. */
  readonly msPerMeter: (speed: SpeedClass) => number;
};

export function createTravel(data: TravelData): Travel {
  switch (data.kind) {
    case 'plane':
      return planeTravel(data);
    case 'great_circle':
      return sphereTravel(data, undefined);
    case 'table':
      return sphereTravel(data.otherwise, data);
    default:
      return assertNever(data);
  }
}

type Known = { readonly spot: Spot; readonly next: Known | undefined };

function createSpots(coordinatesOf: (place: Place) => Pick<Spot, 'x' | 'y' | 'z'>) {
  /** By latitude, which hardly two places share; the others of it follow. */
  const known = new Map<number, Known>();
  let count = 0;
  return (place: Place): Spot => {
    const first = known.get(place.lat);
    for (let each = first; each; each = each.next)
      if (each.spot.place.lng === place.lng) return each.spot;
    const { x, y, z } = coordinatesOf(place);
    if (!Number.isFinite(x + y + z)) throw new Error('a place has no coordinates');
    const spot: Spot = { id: count, place, x, y, z };
    known.set(place.lat, { spot, next: first });
    count += 1;
    return spot;
  };
}

function planeTravel({ metersPerMinute }: Plane): Travel {
  return {
    spotOf: createSpots(({ lat, lng }) => ({ x: lng, y: lat, z: 0 })),
    // The root of the sum of squares is exact for whole metres, Math.hypot is not.
    ms: (from, to) => Math.ceil(chordM(from, to) / metersPerMinute) * 60_000,
    speedOf: () => 0,
    fellBack: undefined,
    msPerMeter: () => 60_000 / metersPerMinute,
  };
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;
const earthRadiusM = distanceM({ lat: 90, lng: 0 }, { lat: -90, lng: 0 }) / Math.PI;

function sphereTravel(model: GreatCircle, table: TravelTable | undefined): Travel {
  const spotOf = createSpots(onSphere);
  const usual = (60_000 * model.roadFactor) / (model.metersPerMinute * (model.hourFactor ?? 1));
  const paces = [1, ...vehicles.map((vehicle) => 1 / (model.vehicleFactors?.[vehicle] ?? 1))];
  const paceOf = (speed: SpeedClass): number => paces[speed] ?? 1;
  const roads = table && roadsOf(table, spotOf, paceOf);
  const { stepM = 0, roadFactor } = model;
  // What is whole on a plane is a thousandth more or less on the sphere.
  const roundedM = (meters: number): number =>
    (Math.ceil((meters * roadFactor * 0.999) / stepM) * stepM) / roadFactor;
  const straightMs = (from: Spot, to: Spot): number => {
    const meters = arcM(chordM(from, to));
    return (stepM > 0 ? roundedM(meters) : meters) * usual;
  };
  return {
    spotOf,
    ms: (from, to, speed) => roads?.(from, to, speed) ?? straightMs(from, to) * paceOf(speed),
    speedOf,
    fellBack: table?.fellBack,
    msPerMeter: (speed) => usual * paceOf(speed),
  };
}

const speedOf = (vehicle: Vehicle | undefined): SpeedClass =>
  vehicle === undefined ? 0 : vehicles.indexOf(vehicle) + 1;

/** More than a round has places. */
const mostSpots = 2 ** 26;

/** The provider knows one pace on each kind of road; other vehicles on it are slower or faster as the policy says. */
function roadsOf(
  { places, legs }: TravelTable,
  spotOf: (place: Place) => Spot,
  paceOf: (speed: SpeedClass) => number,
) {
  const ids = places.map((place) => spotOf(place).id);
  const byUser = new Map<string, ReadonlyMap<number, number>>(
    Object.entries(legs).map(([user, known]) => [
      user,
      new Map(known.map(([from, to, ms]) => [(ids[from] ?? 0) * mostSpots + (ids[to] ?? 0), ms])),
    ]),
  );
  const bySpeed = [undefined, ...vehicles].map((vehicle) => {
    const user = roadUserOf(vehicle);
    return { known: byUser.get(user), pace: paceOf(speedOf(vehicle)) / paceOf(speedOf(user)) };
  });
  return (from: Spot, to: Spot, speed: SpeedClass): number | undefined => {
    const roads = bySpeed[speed];
    const ms = roads?.known?.get(from.id * mostSpots + to.id);
    return ms === undefined ? undefined : ms * (roads?.pace ?? 1);
  };
}

function onSphere({ lat, lng }: Place): Pick<Spot, 'x' | 'y' | 'z'> {
  const flat = earthRadiusM * Math.cos(radians(lat));
  return {
    x: flat * Math.cos(radians(lng)),
    y: flat * Math.sin(radians(lng)),
    z: earthRadiusM * Math.sin(radians(lat)),
  };
}

/** Straight metres, through the earth where it is round. */
export function chordM(a: Spot, b: Spot): number {
  const dx = a.x - b.x;
  const dy = a.y - b.y;
  const dz = a.z - b.z;
  return Math.sqrt(dx * dx + dy * dy + dz * dz);
}

/** Metres along the ground; the series of the arc sine is good to a millimetre within 500 km. */
function arcM(chord: number): number {
  const half = chord / (2 * earthRadiusM);
  if (half > 0.04) return 2 * earthRadiusM * Math.asin(Math.min(1, half));
  const square = half * half;
  return chord * (1 + square / 6 + (3 * square * square) / 40);
}
