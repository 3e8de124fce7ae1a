// A worker with OSRM: real rounds over the API's own orders choose by roads, and by straight lines when it is away.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRoads } from '../../adapters/roads.ts';
import { readRounds } from '../../db/rounds.ts';
import type { PlanInput } from '../../dispatch/plan.ts';
import { replay } from '../../scripts/audit/replay-rounds.ts';
import { createHttpFake, type Heard, type HttpReply } from '../support/http-fake.ts';
import { latestDecision } from './explained.ts';
import { createRounds } from './rounds.ts';
import { branchAt, createWorld, openShop, type Shop, type World } from './world.ts';

let world: World;
let shop: Shop;
let rounds: ReturnType<typeof createRounds>;
let provider: Awaited<ReturnType<typeof createHttpFake>>;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  shop = await openShop(world);
  rounds = createRounds(world, shop);
  provider = await createHttpFake(overTheBridge);
});
afterEach(() => provider.close());
afterAll(() => world.close());

/** North of the branch is a river: from there it is forty minutes, from elsewhere five. */
function overTheBridge({ url }: Heard): HttpReply {
  const { pathname, searchParams } = new URL(url, 'http://osrm');
  const latitudes = (pathname.split('/').at(-1) ?? '')
    .split(';')
    .map((at) => Number(at.split(',')[1]));
  const indexes = (name: string): readonly number[] =>
    (searchParams.get(name) ?? '').split(';').map(Number);
  const isNorth = (at: number): boolean => (latitudes[at] ?? 0) > branchAt.lat;
  const durations = indexes('sources').map((from) =>
    indexes('destinations').map((to) => (isNorth(from) === isNorth(to) ? 300 : 2_400)),
  );
  return { body: { code: 'Ok', durations } };
}

async function twoDrivers(more: object = {}) {
  const north = { lat: branchAt.lat + 0.003, lng: branchAt.lng };
  const south = { lat: branchAt.lat - 0.009, lng: branchAt.lng };
  return {
    north: await rounds.driver(1, { location: north, more }),
    south: await rounds.driver(1, { location: south, more }),
  };
}

/** Offers of the north and of the south after a round. */
async function offered(
  { north, south }: Awaited<ReturnType<typeof twoDrivers>>,
  url = provider.url,
) {
  const log = { warn: () => undefined };
  await rounds.round({ roads: createRoads({ kind: 'osrm', urls: { car: url } }, log) });
  return [(await north.offers()).length, (await south.offers()).length];
}

const textOf = async (orderId: string): Promise<string> =>
  String((await latestDecision(world, orderId))?.['text']);

async function latestRound() {
  const [latest] = await readRounds(world.db, { marketId: shop.market.id, limit: 1 });
  if (!latest) throw new Error('no round');
  const { snapshot } = JSON.parse(latest.input) as PlanInput;
  return { travel: snapshot.travel, breaches: replay(latest) };
}

describe('with road times', () => {
  it('the driver on this side of the river is sent, as the stored round says again', async () => {
    const orderId = await rounds.searching();
    const drivers = await twoDrivers();
    expect(await offered(drivers)).toEqual([0, 1]);
    const { travel, breaches } = await latestRound();
    expect(breaches).toEqual([]);
    expect(travel).toMatchObject({ kind: 'table' });
    expect(travel).not.toHaveProperty('fellBack');
    expect(await textOf(orderId)).toContain('5 minutes from the counter');
    expect(await textOf(orderId)).not.toContain('straight lines');
  });

  it('only ways that matter are asked for', async () => {
    await rounds.searching();
    await offered(await twoDrivers());
    // Two drivers and the door to the counter; the counter and the door to the door.
    const sizes = provider.heard.map(({ url }) => url.split('?')[0]?.split(';').length);
    expect(sizes.toSorted((a = 0, b = 0) => a - b)).toEqual([3, 4]);
  });

  it('who walks is estimated where roads are only known for cars', async () => {
    await rounds.searching();
    expect(await offered(await twoDrivers({ vehicle: 'foot' }))).toEqual([1, 0]);
    expect(provider.heard).toEqual([]);
  });
});

describe('without them', () => {
  it('the nearer driver is sent', async () => {
    await rounds.searching();
    const { north, south } = await twoDrivers();
    await rounds.round();
    expect([(await north.offers()).length, (await south.offers()).length]).toEqual([1, 0]);
  });

  it.each([
    ['is away', async () => provider.close(), /OSRM did not answer \(.+\)/],
    ['is silent', silence, /OSRM did not answer \(.*timeout\)/],
  ])('because the provider %s: the round and explain say so', async (_, fail, sentence) => {
    const orderId = await rounds.searching();
    const drivers = await twoDrivers();
    await fail();
    expect(await offered(drivers, provider.url)).toEqual([1, 0]);
    const { travel, breaches } = await latestRound();
    expect(breaches).toEqual([]);
    expect(travel).toMatchObject({
      kind: 'table',
      legs: {},
      fellBack: expect.stringMatching(sentence),
    });
    const text = await textOf(orderId);
    expect(text).toMatch(sentence);
    expect(text).toContain('estimated from straight lines');
  });
});

async function silence(): Promise<void> {
  provider.close();
  provider = await createHttpFake(() => undefined);
}
