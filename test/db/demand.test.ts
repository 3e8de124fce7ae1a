// Where orders arise: branches weighed by what was ordered there lately.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { readDemand } from '../../db/demand.ts';
import { createMarket, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

test('demand › is every branch of the market, and what was ordered there since', async () => {
  const { marketId, db } = market;
  const branch = await db.selectFrom('branches').selectAll().executeTakeFirstOrThrow();
  const quiet = { ...branch, id: `brn_${'f'.repeat(32)}`, lat: 1, lng: 2 };
  await db.insertInto('branches').values(quiet).execute();
  await market.addOrder();
  await market.addOrder();
  const here = { place: { lat: branch.lat, lng: branch.lng }, weight: 2.2 };
  const there = { place: { lat: 1, lng: 2 }, weight: 0.2 };
  expect(await readDemand(db, { marketId, since: Date.now() - 60_000 })).toEqual([here, there]);
  const later = await readDemand(db, { marketId, since: Date.now() + 60_000 });
  expect(later.map(({ weight }) => weight)).toEqual([0.2, 0.2]);
});
