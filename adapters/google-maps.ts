// Driving times with traffic from Google's Routes API, `computeRouteMatrix`.
// Protocol: https://developers.google.com/maps/documentation/routes/compute_route_matrix

import type { Place } from '../domain/geo.ts';
import type { RoadUser } from '../domain/vehicles.ts';
import { askJson, type RoadDurations, type RoadProvider } from './road-times.ts';

export type GoogleMapsOptions = {
  /** Without a slash at the end. */
  readonly url?: string | undefined;
  readonly apiKey: string;
  readonly timeoutMs: number;
};

const modes: Readonly<Record<RoadUser, string>> = {
  car: 'DRIVE',
  bicycle: 'BICYCLE',
  foot: 'WALK',
};

/** Zero indexes are left out, as protocol buffers do in JSON. */
type Element = {
  readonly originIndex?: number;
  readonly destinationIndex?: number;
  /** As `"160s"`. */
  readonly duration?: string;
  readonly condition?: string;
};

export function createGoogleMaps(options: GoogleMapsOptions): RoadProvider {
  const { url = 'https://routes.googleapis.com', apiKey, timeoutMs } = options;
  return {
    name: 'Google Maps',
    users: ['car', 'bicycle', 'foot'],
    knowsTraffic: true,
    // 625 elements per request.
    mostPlaces: 25,
    async durations({ user, from, to, departAt }): Promise<RoadDurations> {
      const departureTime = new Date(departAt + 1_000).toISOString();
      const traffic = user === 'car' ? { routingPreference: 'TRAFFIC_AWARE', departureTime } : {};
      const elements = (await askJson(`${url}/distanceMatrix/v2:computeRouteMatrix`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-goog-api-key': apiKey,
          'x-goog-fieldmask': 'originIndex,destinationIndex,duration,condition',
        },
        body: JSON.stringify({
          origins: from.map(waypoint),
          destinations: to.map(waypoint),
          travelMode: modes[user],
          ...traffic,
        }),
        timeoutMs,
      })) as readonly Element[];
      return matrixOf(elements, from.length, to.length);
    },
  };
}

const waypoint = ({ lat, lng }: Place): object => ({
  waypoint: { location: { latLng: { latitude: lat, longitude: lng } } },
});

function matrixOf(elements: readonly Element[], rows: number, columns: number): RoadDurations {
  if (!Array.isArray(elements)) throw new Error('no matrix');
  const known = new Map(
    elements.map((element) => [
      `${element.originIndex ?? 0} ${element.destinationIndex ?? 0}`,
      durationOf(element),
    ]),
  );
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => known.get(`${row} ${column}`) ?? null),
  );
}

function durationOf({ duration, condition }: Element): number | null {
  const seconds = Number(duration?.replace(/s$/, ''));
  return condition === 'ROUTE_EXISTS' && Number.isFinite(seconds)
    ? Math.round(seconds * 1_000)
    : null;
}
