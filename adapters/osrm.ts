// Driving times from an OSRM server: one `table` request per block. Knows roads, but no traffic.
// Protocol: https://project-osrm.org/docs/v5.24.0/api/#table-service

import type { Place } from '../domain/geo.ts';
import { askJson, type RoadDurations, type RoadProvider } from './road-times.ts';

export type OsrmOptions = {
  /** Without a slash at the end. */
  readonly url: string;
  readonly profile: 'car' | 'bike' | 'foot';
  readonly timeoutMs: number;
};

type Answer = {
  readonly code?: string;
  readonly durations?: readonly (readonly (number | null)[])[];
};

export function createOsrm({ url, profile, timeoutMs }: OsrmOptions): RoadProvider {
  return {
    name: 'OSRM',
    // Its server takes 100 places in all unless told otherwise.
    mostPlaces: 50,
    async durations({ from, to }): Promise<RoadDurations> {
      const places = [...from, ...to].map(written).join(';');
      const sources = from.map((_, index) => index).join(';');
      const destinations = to.map((_, index) => from.length + index).join(';');
      const query = `sources=${sources}&destinations=${destinations}&annotations=duration`;
      const answer = (await askJson(`${url}/table/v1/${profile}/${places}?${query}`, {
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
