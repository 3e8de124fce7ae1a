// Road times against small fakes of OSRM and Google's Routes API that speak HTTP.

import { afterEach, describe, expect, test } from 'vitest';
import { createGoogleMaps } from '../../adapters/google-maps.ts';
import { createOsrm } from '../../adapters/osrm.ts';
import { createRoadTimes, type RoadProvider } from '../../adapters/road-times.ts';
import { roadsOf } from '../../config.ts';
import { createHttpFake, type Heard, type HttpReply } from '../support/http-fake.ts';

const opened: { readonly close: () => void }[] = [];
afterEach(() => {
  for (const { close } of opened.splice(0)) close();
});

async function fake(reply: (heard: Heard) => HttpReply | undefined) {
  const made = await createHttpFake(reply);
  opened.push(made);
  return made;
}

const a = { lat: 52.5, lng: 13.4 };
const b = { lat: 52.51, lng: 13.41 };
const c = { lat: 52.52, lng: 13.42 };
const now = Date.UTC(2026, 4, 4, 18);
const warnings: string[] = [];
const log = { warn: (_: object, message: string) => void warnings.push(message) };
const timesOf = (provider: RoadProvider, more: object = {}) =>
  createRoadTimes({
    provider,
    slotMs: 60_000,
    mostCached: 100,
    budgetMs: 1_000,
    restMs: 0,
    log,
    ...more,
  });
const osrmAt = (url: string, timeoutMs = 1_000) => createOsrm({ urls: { car: url }, timeoutMs });
const byCar = (...places: readonly (typeof a)[]) => ({
  user: 'car' as const,
  from: places,
  to: places,
});

/** A minute for each place that the origin stands before the destination in the URL, as OSRM says it. */
function minutesBetween({ url }: Heard): HttpReply {
  const query = new URL(url, 'http://osrm').searchParams;
  const indexes = (name: string): readonly number[] =>
    (query.get(name) ?? '').split(';').map(Number);
  const durations = indexes('sources').map((from) =>
    indexes('destinations').map((to) => (to - from) * 60),
  );
  return { body: { code: 'Ok', durations } };
}

describe('OSRM', () => {
  test('asks for a table, longitude first, and answers in milliseconds', async () => {
    const { url, heard } = await fake(() => ({
      body: { code: 'Ok', durations: [[61.25, null]] },
    }));
    const request = { user: 'car', from: [a], to: [b, c], departAt: now } as const;
    expect(await osrmAt(url).durations(request)).toEqual([[61_250, null]]);
    expect(heard[0]?.url).toBe(
      '/table/v1/car/13.400000,52.500000;13.410000,52.510000;13.420000,52.520000?sources=0&destinations=1;2&annotations=duration',
    );
  });

  test('has a server for each kind of road user that it knows', async () => {
    const { url, heard } = await fake(() => ({ body: { code: 'Ok', durations: [[1]] } }));
    const osrm = createOsrm({ urls: { car: 'http://127.0.0.1:1', foot: url }, timeoutMs: 1_000 });
    expect(osrm.users).toEqual(['car', 'foot']);
    await osrm.durations({ user: 'foot', from: [a], to: [b], departAt: now });
    expect(heard[0]?.url).toContain('/table/v1/foot/');
  });

  test('throws what it says is wrong', async () => {
    const { url } = await fake(() => ({ body: { code: 'NoSegment' } }));
    const request = { user: 'car', from: [a], to: [b], departAt: now } as const;
    await expect(osrmAt(url).durations(request)).rejects.toThrow('NoSegment');
  });
});

describe('Google Maps', () => {
  const answer = [
    { originIndex: 1, duration: '160s', condition: 'ROUTE_EXISTS' },
    { destinationIndex: 1, condition: 'ROUTE_NOT_FOUND' },
    { originIndex: 1, destinationIndex: 1, duration: '0s', condition: 'ROUTE_EXISTS' },
  ];

  test('asks with traffic and departure, and puts the elements where they belong', async () => {
    const { url, heard } = await fake(() => ({ body: answer }));
    const google = createGoogleMaps({ url, apiKey: 'k', timeoutMs: 1_000 });
    const request = { user: 'car', from: [a, b], to: [b, c], departAt: now } as const;
    expect(await google.durations(request)).toEqual([
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

  test('asks for who walks without traffic, which it would refuse', async () => {
    const { url, heard } = await fake(() => ({ body: answer }));
    const google = createGoogleMaps({ url, apiKey: 'k', timeoutMs: 1_000 });
    await google.durations({ user: 'foot', from: [a], to: [b], departAt: now });
    const body = JSON.parse(heard[0]?.body ?? '') as object;
    expect(body).toMatchObject({ travelMode: 'WALK' });
    expect(body).not.toHaveProperty('routingPreference');
  });
});

describe('road times', () => {
  test('are asked for once in a slot of departures', async () => {
    const { url, heard } = await fake(minutesBetween);
    const times = timesOf(osrmAt(url));
    const answer = await times.times([byCar(a, b)], now);
    expect(answer).toEqual({
      durationsMs: [
        [
          [120_000, 180_000],
          [60_000, 120_000],
        ],
      ],
      fellBack: undefined,
    });
    expect(await times.times([byCar(a, b)], now + 59_000)).toEqual(answer);
    expect(heard).toHaveLength(1);
    await times.times([byCar(a, b)], now + 61_000);
    expect(heard).toHaveLength(2);
  });

  test('are shared by places ten metres apart, and not by road users', async () => {
    const { url, heard } = await fake(minutesBetween);
    const osrm = createOsrm({ urls: { car: url, foot: url }, timeoutMs: 1_000 });
    const times = timesOf(osrm);
    await times.times([{ user: 'car', from: [a], to: [b] }], now);
    const beside = { lat: a.lat + 0.00001, lng: a.lng };
    await times.times([{ user: 'car', from: [beside], to: [b] }], now);
    expect(heard).toHaveLength(1);
    await times.times([{ user: 'foot', from: [a], to: [b] }], now);
    expect(heard).toHaveLength(2);
  });

  test('are asked for only from where some are missing, in parts that the provider takes', async () => {
    const { url, heard } = await fake(minutesBetween);
    const times = timesOf({ ...osrmAt(url), mostPlaces: 2 });
    await times.times([{ user: 'car', from: [a], to: [c] }], now);
    await times.times([{ user: 'car', from: [a, b], to: [c] }], now);
    expect(heard.map((each) => each.url.split('?')[0]?.split(';').length)).toEqual([2, 2]);
    await times.times([byCar({ lat: 1, lng: 1 }, { lat: 2, lng: 2 }, { lat: 3, lng: 3 })], now);
    expect(heard).toHaveLength(2 + 4);
  });

  test.each([
    ['an error', (): HttpReply | undefined => ({ status: 503, body: {} }), 'HTTP 503'],
    ['silence', (): HttpReply | undefined => undefined, 'timeout'],
    ['a page for people', (): HttpReply | undefined => ({ body: '<p>' }), '(no JSON)'],
  ])('with %s fall back, keep what is known, and say so', async (_, failure, reason) => {
    let works = true;
    const { url } = await fake((heard) => (works ? minutesBetween(heard) : failure()));
    const times = timesOf(osrmAt(url, 100));
    await times.times([byCar(a, b)], now);
    works = false;
    const { durationsMs, fellBack } = await times.times([byCar(a, b, c)], now + 1);
    expect(durationsMs).toEqual([
      [
        [120_000, 180_000, null],
        [60_000, 120_000, null],
        [null, null, null],
      ],
    ]);
    expect(fellBack).toContain('OSRM did not answer');
    expect(fellBack).toContain(reason);
    expect(warnings.at(-1)).toBe('road times are estimated');
  });

  test('leave a provider that failed alone for a while, saying the same', async () => {
    const { url, heard } = await fake(() => ({ status: 500, body: {} }));
    const times = timesOf(osrmAt(url), { restMs: 60_000 });
    const first = await times.times([byCar(a, b)], now);
    expect(await times.times([byCar(b, c)], now)).toEqual(first);
    expect(heard).toHaveLength(1);
  });

  test('begin no request when the time is over', async () => {
    const { url, heard } = await fake(minutesBetween);
    const times = timesOf(osrmAt(url), { budgetMs: -1 });
    const { fellBack } = await times.times([byCar(a, b)], now);
    expect(fellBack).toBe('OSRM was too slow');
    expect(heard).toEqual([]);
  });
});

describe('the settings', () => {
  test.each([
    [{}, undefined],
    [
      { OSRM_URL: 'http://osrm:5000/', OSRM_FOOT_URL: 'http://feet:5000' },
      {
        kind: 'osrm',
        urls: { car: 'http://osrm:5000', bicycle: undefined, foot: 'http://feet:5000' },
      },
    ],
    [{ GOOGLE_MAPS_API_KEY: 'k' }, { kind: 'google_maps', apiKey: 'k', url: undefined }],
  ])('%j', (environment, settings) => {
    expect(roadsOf(environment)).toEqual(settings);
  });

  test.each([
    [{ OSRM_URL: 'osrm' }, 'OSRM_URL=osrm is not an address'],
    [{ OSRM_FOOT_URL: 'http://feet:5000' }, 'OSRM_URL is not set'],
    [
      { OSRM_URL: 'http://osrm:5000', GOOGLE_MAPS_API_KEY: 'k' },
      'OSRM_URL and GOOGLE_MAPS_API_KEY',
    ],
  ])('%j are refused by name', (environment, message) => {
    expect(() => roadsOf(environment)).toThrow(message);
  });
});
