// Whose road times a worker uses, from its settings. Called by worker/main.ts.

import { createGoogleMaps } from './google-maps.ts';
import { createOsrm, type OsrmOptions } from './osrm.ts';
import { createRoadTimes, type RoadTimes } from './road-times.ts';

export type RoadSettings =
  | { readonly kind: 'osrm'; readonly urls: OsrmOptions['urls'] }
  | { readonly kind: 'google_maps'; readonly apiKey: string; readonly url: string | undefined };

type Log = { readonly warn: (fields: object, message: string) => void };

const minuteMs = 60_000;
const timeoutMs = 1_000;

export const createRoads = (settings: RoadSettings, log: Log): RoadTimes =>
  createRoadTimes({
    ...(settings.kind === 'osrm'
      ? // Roads without traffic change with the map.
        { provider: createOsrm({ urls: settings.urls, timeoutMs }), slotMs: 24 * 60 * minuteMs }
      : { provider: createGoogleMaps({ ...settings, timeoutMs }), slotMs: 15 * minuteMs }),
    mostCached: 100_000,
    budgetMs: 1_500,
    restMs: 30_000,
    log,
  });
