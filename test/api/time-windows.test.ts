// Orders for later: nobody is sent to stand at a door before its time, and what is promised soon goes first. Real
// rounds over the API's own orders.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { readRounds } from '../../db/rounds.ts';
import type { PlanInput } from '../../dispatch/plan.ts';
import { latestDecision } from './explained.ts';
import { createRounds } from './rounds.ts';
import { createWorld, openShop, type Json, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

async function open(policy: object = {}) {
  const shop = await openShop(world, { policy });
  const rounds = createRounds(world, shop);
  /** Its goods are on the counter, and a driver is looked for. */
  async function forLater(minutes: number): Promise<string> {
    const scheduled_for = new Date(Date.now() + minutes * 60_000).toISOString();
    const orderId = await rounds.searching({ scheduled_for }, { prepSeconds: minutes * 60 });
    const path = `/v1/orders/${orderId}/ready`;
    expect((await world.call('POST', path, { secret: shop.owner })).status).toBe(200);
    const sinceNow = { search_since: new Date() };
    await world.db.updateTable('orders').set(sinceNow).where('id', '=', orderId).execute();
    return orderId;
  }
  return { ...rounds, forLater, marketId: shop.market.id };
}

const decisionOn = (orderId: string): Promise<Json | undefined> => latestDecision(world, orderId);

it('an order for later is not fetched so early that its driver waits at the door', async () => {
  const { driver, forLater, round } = await open();
  const { id, offers } = await driver();
  const orderId = await forLater(40);
  await round();
  expect(await offers()).toEqual([]);
  const decision = await decisionOn(orderId);
  expect(decision).toMatchObject({ outcome: 'not_yet', candidates: [{ driver_id: id }] });
  // Ten minutes before its time, less about six of driving and six of handing over.
  const leaveInMinutes = (Date.parse(String(decision?.['leave_at'])) - Date.now()) / 60_000;
  expect(leaveInMinutes).toBeGreaterThan(16);
  expect(leaveInMinutes).toBeLessThan(20);
});

it('where it may come an hour early it is fetched at once', async () => {
  const { driver, forLater, round } = await open({ promiseWindowMs: 3_600_000 });
  const { offers } = await driver();
  const orderId = await forLater(40);
  await round();
  expect(await offers()).toMatchObject([{ orders: [{ order_id: orderId }] }]);
});

it('of two orders the one whose time is near goes first', async () => {
  const { driver, searching, forLater, round } = await open();
  const { offers } = await driver();
  await searching();
  const promised = await forLater(23);
  await round();
  expect(await offers()).toMatchObject([{ orders: [{ order_id: promised }] }]);
});

it('a delivery that was accepted keeps its time in the plans after it', async () => {
  const { driver, searching, forLater, round, marketId } = await open();
  const { offers, says } = await driver(2);
  const minutes = 23;
  const promised = await forLater(minutes);
  const placedBefore = Date.now();
  await round();
  const [offer] = await offers();
  expect((await says(`/v1/offers/${offer?.id}/accept`)).status).toBe(200);
  await searching();
  await round();
  const [latest] = await readRounds(world.db, { marketId, limit: 1 });
  const { snapshot } = JSON.parse(latest?.input ?? '') as PlanInput;
  const stop = snapshot.drivers
    .flatMap(({ route }) => route)
    .find(({ kind, orderId }) => kind === 'dropoff' && orderId === promised);
  const { dueAt = 0, notBefore = 0 } = stop ?? {};
  expect(dueAt - notBefore).toBe(600_000);
  expect(dueAt).toBeLessThanOrEqual(placedBefore + minutes * 60_000);
  expect(dueAt).toBeGreaterThan(placedBefore + (minutes - 1) * 60_000);
});
