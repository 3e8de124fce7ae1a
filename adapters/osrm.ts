// Driving times from an OSRM server: one `table` request per block. Knows roads, but no traffic.
// Protocol: https://project-osrm.org/docs/v5.24.0/api/#table-service

import type { Place } from '../domain/geo.ts';
import type { RoadUser } from '../domain/vehicles.ts';
import { askJson, type RoadDurations, type RoadProvider } from './road-times.ts';

export type OsrmOptions = {
  /** A server is made for one kind of road user. Without a slash at the end. */
  readonly urls: { readonly [User in RoadUser]?: string | undefined };
  readonly timeoutMs: number;
};

const profiles: Readonly<Record<RoadUser, string>> = { car: 'car', bicycle: 'bike', foot: 'foot' };
const known = ['car', 'bicycle', 'foot'] as const;

type Answer = {
  readonly code?: string;
  readonly durations?: readonly (readonly (number | null)[])[];
};

export function createOsrm({ urls, timeoutMs }: OsrmOptions): RoadProvider {
  return {
    name: 'OSRM',
    users: known.filter((user) => urls[user] !== undefined),
    knowsTraffic: false,
    // Its server takes 100 places in all unless told otherwise.
    mostPlaces: 50,
    async durations({ user, from, to }): Promise<RoadDurations> {
      const places = [...from, ...to].map(written).join(';');
      const sources = from.map((_, index) => index).join(';');
      const destinations = to.map((_, index) => from.length + index).join(';');
      const query = `sources=${sources}&destinations=${destinations}&annotations=duration`;
      const answer = (await askJson(`${urls[user]}/table/v1/${profiles[user]}/${places}?${query}`, {
        timeoutMs,
      })) as Answer;
      if (answer.code !== 'Ok' || !answer.durations) throw new Error(answer.code ?? 'no durations');
      return answer.durations.map((row) =>
        row.map((seconds) => (seconds === null ? null : Math.round(seconds * 1_000))),
      );
    },
  };
}

const written = ({ lat, lng }: Place): string => `${lng.toFixed(6)},${lat.toFixed(6)}`;
