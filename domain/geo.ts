// Places and the default travel time: great-circle distance times a road factor, at a speed.

/** WGS 84 degrees. */
export type Place = { readonly lat: number; readonly lng: number };

const earthRadiusM = 6_371_008.8;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Great-circle distance in metres (haversine; mean earth radius, IUGG). */
export function distanceM(a: Place, b: Place): number {
  const dLat = radians(b.lat - a.lat);
  const dLng = radians(b.lng - a.lng);
  const h =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * Math.sin(dLng / 2) ** 2;
  return 2 * earthRadiusM * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** How travel is estimated: metres are multiplied by `roadFactor` and driven at `metersPerMinute`. */
export type TravelModel = { readonly metersPerMinute: number; readonly roadFactor: number };

/** Milliseconds from a to b, unrounded. */
export const travelMs = (a: Place, b: Place, model: TravelModel): number =>
  ((distanceM(a, b) * model.roadFactor) / model.metersPerMinute) * 60_000;
