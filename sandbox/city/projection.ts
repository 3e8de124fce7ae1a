// The city's map: whole metres on a plane, and where they lie on the earth. Local equirectangular
// projection around a fixed origin almost on the equator, so that great-circle distances between places
// agree with the plane to better than 0.1 % within 50 km. Used by the city to place things and to read
// places back.

import type { Place } from '../../domain/geo.ts';

/** Metres east and north of the origin. */
export type Spot = { readonly x: number; readonly y: number };

/** South-west of the centre of Quito, which lies five kilometres to the east and north. */
const mapOrigin: Place = { lat: -0.225, lng: -78.52 };

const earthRadiusM = 6_371_008.8;
const degrees = (radians: number): number => (radians * 180) / Math.PI;
const radians = (value: number): number => (value * Math.PI) / 180;
const shrink = Math.cos(radians(mapOrigin.lat));

export const placeOf = ({ x, y }: Spot): Place => ({
  lat: mapOrigin.lat + degrees(y / earthRadiusM),
  lng: mapOrigin.lng + degrees(x / (earthRadiusM * shrink)),
});

/** The inverse, unrounded. */
const exactSpotOf = ({ lat, lng }: Place): Spot => ({
  x: radians(lng - mapOrigin.lng) * earthRadiusM * shrink,
  y: radians(lat - mapOrigin.lat) * earthRadiusM,
});

/** The inverse, to the whole metre: every spot of a plan comes back exactly. */
export function spotOf(place: Place): Spot {
  const { x, y } = exactSpotOf(place);
  // Adding zero turns -0 into 0.
  return { x: Math.round(x) + 0, y: Math.round(y) + 0 };
}

/** Straight metres. `Math.hypot` is not exact for whole numbers, the root of the sum of squares is. */
export const straightM = (a: Spot, b: Spot): number =>
  Math.sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));

/** The point at `share` (0 to 1) of the straight way. */
export const along = (from: Spot, to: Spot, share: number): Spot => ({
  x: from.x + (to.x - from.x) * share,
  y: from.y + (to.y - from.y) * share,
});

/** To the whole metre. */
export function halfWay(from: Spot, to: Spot): Spot {
  const { x, y } = along(from, to, 0.5);
  return { x: Math.round(x), y: Math.round(y) };
}
