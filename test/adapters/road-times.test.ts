// Road times against small fakes of OSRM and Google's Routes API that speak HTTP.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createGoogleMaps } from '../../adapters/google-maps.ts';
import { createOsrm } from '../../adapters/osrm.ts';
import { createRoadTimes, type RoadProvider } from '../../adapters/road-times.ts';

type Heard = {
  readonly url: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
};
type Reply = { readonly status?: number; readonly body: unknown };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Answers every request with `reply`; undefined: never. */
async function fake(reply: (heard: Heard) => Reply | undefined) {
  const heard: Heard[] = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const each = { url: request.url ?? '', body, headers: request.headers };
      heard.push(each);
      const answer = reply(each);
      if (answer) response.writeHead(answer.status ?? 200).end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, heard };
}

const a = { lat: 52.5, lng: 13.4 };
const b = { lat: 52.51, lng: 13.41 };
const c = { lat: 52.52, lng: 13.42 };
const now = Date.UTC(2026, 4, 4, 18);
const warnings: string[] = [];
const log = { warn: (_: object, message: string) => void warnings.push(message) };
const timesOf = (provider: RoadProvider) =>
  createRoadTimes({ provider, cacheMs: 60_000, mostCached: 100, log });

describe('OSRM', () => {
  test('asks for a table, longitude first, and answers in milliseconds', async () => {
    const { url, heard } = await fake(() => ({ body: { code: 'Ok', durations: [[90.5, null]] } }));
    const osrm = createOsrm({ url, profile: 'bike', timeoutMs: 1_000 });
    expect(await osrm.durations({ from: [a], to: [b, c], departAt: now })).toEqual([
      [90_500, null],
    ]);
    expect(heard[0]?.url).toBe(
      '/table/v1/bike/13.400000,52.500000;13.410000,52.510000;13.420000,52.520000' +
        '?sources=0&destinations=1;2&annotations=duration',
    );
  });

  test('throws what it says is wrong', async () => {
    const { url } = await fake(() => ({ body: { code: 'NoSegment' } }));
    const osrm = createOsrm({ url, profile: 'car', timeoutMs: 1_000 });
    await expect(osrm.durations({ from: [a], to: [b], departAt: now })).rejects.toThrow(
      'NoSegment',
    );
  });
});

describe('Google Maps', () => {
  test('asks with traffic and departure, and puts the elements where they belong', async () => {
    const { url, heard } = await fake(() => ({
      body: [
        { originIndex: 1, duration: '160s', condition: 'ROUTE_EXISTS' },
        { destinationIndex: 1, condition: 'ROUTE_NOT_FOUND' },
        { originIndex: 1, destinationIndex: 1, duration: '0s', condition: 'ROUTE_EXISTS' },
      ],
    }));
    const google = createGoogleMaps({ url, apiKey: 'k', travelMode: 'DRIVE', timeoutMs: 1_000 });
    expect(await google.durations({ from: [a, b], to: [b, c], departAt: now })).toEqual([
      [null, null],
      [160_000, 0],
    ]);
    expect(heard[0]?.headers['x-goog-api-key']).toBe('k');
    expect(JSON.parse(heard[0]?.body ?? '')).toMatchObject({
      travelMode: 'DRIVE',
      routingPreference: 'TRAFFIC_AWARE',
      departureTime: '2026-05-04T18:00:01.000Z',
      origins: [{ waypoint: { location: { latLng: { latitude: 52.5, longitude: 13.4 } } } }, {}],
    });
  });
});

describe('road times', () => {
  test('are asked for once while they are fresh', async () => {
    const { url, heard } = await fake(() => ({
      body: {
        code: 'Ok',
        durations: [
          [0, 60],
          [70, 0],
        ],
      },
    }));
    const times = timesOf(createOsrm({ url, profile: 'car', timeoutMs: 1_000 }));
    const table = await times.table([a, b], now);
    expect(table).toEqual({
      places: [a, b],
      durationsMs: [
        [0, 60_000],
        [70_000, 0],
      ],
      fellBack: undefined,
    });
    expect(await times.table([a, b], now + 59_000)).toEqual(table);
    expect(heard).toHaveLength(1);
    await times.table([a, b], now + 61_000);
    expect(heard).toHaveLength(2);
  });

  test.each([
    ['an error', (): Reply | undefined => ({ status: 503, body: {} }), 'HTTP 503'],
    ['silence', (): Reply | undefined => undefined, 'timeout'],
  ])('with %s fall back, keep what is known, and say so', async (_, failure, reason) => {
    let works = true;
    const { url } = await fake(() =>
      works
        ? {
            body: {
              code: 'Ok',
              durations: [
                [0, 60],
                [70, 0],
              ],
            },
          }
        : failure(),
    );
    const times = timesOf(createOsrm({ url, profile: 'car', timeoutMs: 100 }));
    await times.table([a, b], now);
    works = false;
    const table = await times.table([a, b, c], now + 1);
    expect(table.durationsMs).toEqual([
      [0, 60_000, null],
      [70_000, 0, null],
      [null, null, null],
    ]);
    expect(table.fellBack).toContain('OSRM did not answer');
    expect(table.fellBack).toContain(reason);
    expect(warnings.at(-1)).toBe('road times are estimated');
  });
});
