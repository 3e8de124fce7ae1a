// Why this driver, or why nobody yet: real rounds on the API's own orders, read back by those who may.

import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDispatchActivities } from '../../activities/dispatch.ts';
import { dropOldRounds, readRounds } from '../../db/rounds.ts';
import { parseId } from '../../domain/ids.ts';
import { branchAt, createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

let world: World;
let shop: Shop;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  shop = await openShop(world);
});
afterAll(() => world.close());

type Entry = {
  readonly outcome: string;
  readonly rounds: number;
  readonly round_id: string | null;
  readonly text: readonly string[];
  readonly offer: { readonly status: string } | null;
  readonly driver_id: string | null;
  readonly candidates: readonly { readonly driver_id: string | null; readonly chosen: boolean }[];
  readonly together: readonly { readonly order_id: string | null }[];
};

async function searching(body: object = {}, secret = shop.owner): Promise<string> {
  const placed = await world.call('POST', '/v1/orders', { secret, body: shop.orderBody(body) });
  expect(placed.status).toBe(201);
  const { id } = placed.body;
  const accept = `/v1/orders/${id}/accept`;
  expect((await world.call('POST', accept, { secret, body: { prep_seconds: 0 } })).status).toBe(
    200,
  );
  return id;
}

async function driver(capacity = 1, location: object = branchAt): Promise<string> {
  const made = { market_id: shop.market.id, name: 'Dana', phone: '+4915100000009', capacity };
  const { id } = await world.make('drivers', made);
  const secret = await world.keyOf({ role: 'driver', driver_id: id });
  await world.call('POST', '/v1/driver/online', { secret, body: { location } });
  return id;
}

async function round(): Promise<void> {
  const marketId = parseId('market', shop.market.id);
  if (!marketId) throw new Error('no market');
  const { db, engine } = world;
  const log = pino({ level: 'silent' });
  await createDispatchActivities({ db, engine, log }).dispatchRound({ marketId });
}

const explain = (orderId: string, secret = world.support, query = ''): Promise<Reply> =>
  world.call('GET', `/v1/orders/${orderId}/explain${query}`, { secret });
const entries = async (orderId: string, secret?: string, query?: string) =>
  (await explain(orderId, secret, query)).body['data'] as readonly Entry[];

describe('explain', () => {
  it('says that nobody can come, round after round as one, then who was asked and what came of it', async () => {
    const orderId = await searching();
    await round();
    await round();
    const chosen = await driver();
    const other = await driver(1, { lat: branchAt.lat + 0.01, lng: branchAt.lng });
    await round();
    const [offered, nobody, ...rest] = await entries(orderId);
    expect(rest).toEqual([]);
    expect(nobody).toMatchObject({ outcome: 'nobody_possible', rounds: 2, driver_id: null });
    expect(offered).toMatchObject({
      outcome: 'offered',
      driver_id: chosen,
      offer: { status: 'open' },
      drivers_possible: 2,
      policy_version: 'default-1',
      candidates: [
        { driver_id: chosen, chosen: true },
        { driver_id: other, chosen: false },
      ],
    });
    expect(offered?.text[0]).toBe(`Offered to driver ${chosen.slice(-6)}.`);
    expect(offered?.text.at(-1)).toBe('The driver has not answered yet.');
    expect(await entries(orderId, world.support, '?every_round=true')).toHaveLength(3);
  });

  it('tells a merchant of its own orders and of the driver who comes, and of nobody else', async () => {
    const rival = await world.make('merchants', {
      market_id: shop.market.id,
      name: 'Rival',
      commission_bps: 0,
    });
    const place = { merchant_id: rival.id, name: 'Mitte', location: branchAt };
    const branch = await world.make('branches', place);
    const rivalKey = await world.keyOf({ role: 'owner', merchant_id: rival.id });
    const stranger = {
      id: (await world.make('customers', { name: 'Kim', phone: '+4915100000010' })).id,
    };
    const own = await searching();
    const foreign = await searching({ branch_id: branch.id, customer: stranger }, rivalKey);
    const [chosen] = [await driver(2), await driver(1, { lat: 52.6, lng: 13.6 })];
    await round();
    const [entry] = await entries(own, shop.owner);
    expect(entry).toMatchObject({ outcome: 'offered', driver_id: chosen });
    expect(new Set(entry?.together.map(({ order_id }) => order_id))).toEqual(new Set([own, null]));
    expect(entry?.text.join(' ')).toContain('It travels with an order of another merchant');
    expect(JSON.stringify(entry)).not.toContain(foreign);
    for (const { driver_id, chosen: isChosen } of entry?.candidates ?? [])
      expect(driver_id).toBe(isChosen ? chosen : null);
    const [forSupport] = await entries(own);
    expect(forSupport?.text.join(' ')).toMatch(/It travels with order \d+/);
  });

  it('keeps the decision behind an offer when its round is no longer kept', async () => {
    const orderId = await searching();
    await round();
    const chosen = await driver();
    await round();
    const inAWeek = new Date(Date.now() + 8 * 86_400_000);
    await dropOldRounds(world.db, inAWeek);
    expect(await readRounds(world.db, { marketId: shop.market.id, limit: 10 })).toEqual([]);
    expect(await entries(orderId)).toMatchObject([
      { outcome: 'offered', round_id: null, driver_id: chosen, offer: { status: 'open' } },
    ]);
  });

  it('is not for staff, drivers and customers, and knows no order of another merchant', async () => {
    const orderId = await searching();
    for (const secret of [shop.staff, shop.driverKey, shop.customerKey])
      expect((await explain(orderId, secret)).status).toBe(403);
    expect((await explain(orderId, (await openShop(world)).owner)).status).toBe(404);
    expect((await explain(orderId, shop.owner)).body['data']).toEqual([]);
  });
});
