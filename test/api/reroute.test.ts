// A driver with several deliveries in hand whose kitchen slips: the stops come in another order, the driver and the
// customers hear of it, and whoever asks is told why.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRounds } from './rounds.ts';
import { branchAt, createWorld, openShop, type Json, type Shop, type World } from './world.ts';

let world: World;
let shop: Shop;
let rounds: ReturnType<typeof createRounds>;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  shop = await openShop(world);
  rounds = createRounds(world, shop);
});
afterAll(() => world.close());

const north = (meters: number) => ({ lat: branchAt.lat + meters / 111_195, lng: branchAt.lng });
const door = (meters: number) => ({
  dropoff: { location: north(meters), address: 'Canary Row 7' },
});

/** Has accepted an order of one branch, then one of another branch 200 m further on. */
async function twoInHand() {
  const driver = await rounds.driver(2);
  const accept = async (): Promise<void> => {
    await rounds.round();
    const [offer] = await driver.offers();
    expect((await driver.says(`/v1/offers/${offer?.id}/accept`)).status).toBe(200);
  };
  const first = await rounds.searching(door(1_500));
  await accept();
  const { id: branch_id } = await world.make('branches', {
    merchant_id: shop.merchant.id,
    name: 'Corner',
    location: north(200),
  });
  const second = await rounds.searching({ branch_id, ...door(1_600) });
  await accept();
  const names = { [first]: 'first', [second]: 'second' };
  const secret = await world.keyOf({ role: 'driver', driver_id: driver.id });
  const read = async (query = '') => {
    const { body } = await world.call('GET', `/v1/driver/route${query}`, { secret });
    const stops = body['data'] as readonly { kind: string; order_id: string }[];
    const inWords = stops.map(({ kind, order_id: id }) => `${kind} ${names[id]}`);
    return { stops: inWords, decidedAt: String(body['decided_at']) };
  };
  return { driver, first, second, read };
}

const slip = async (orderId: string): Promise<void> => {
  const delay = { secret: shop.owner, body: { ready_in_seconds: 3_600 } };
  expect((await world.call('POST', `/v1/orders/${orderId}/delay`, delay)).status).toBe(200);
};

const reroutes = async (orderId: string, secret: string): Promise<readonly Json[]> => {
  const { body } = await world.call('GET', `/v1/orders/${orderId}/explain`, { secret });
  return body['reroutes'] as readonly Json[];
};

const around = ['pickup second', 'dropoff second', 'pickup first', 'dropoff first'];

describe('when the goods of the first stop slip by an hour', () => {
  it('the driver who waits for news is sent to the others first', async () => {
    const { first, read } = await twoInHand();
    const before = await read();
    expect(before.stops[0]).toBe('pickup first');
    const news = read(`?after=${before.decidedAt}&wait=20`);
    await slip(first);
    await rounds.round();
    const told = await news;
    expect(told.stops).toEqual(around);
    expect(Date.parse(told.decidedAt)).toBeGreaterThan(Date.parse(before.decidedAt));
    await rounds.round();
    expect(await read()).toEqual(told);
    expect((await read(`?after=${told.decidedAt}&wait=0`)).stops).toEqual(around);
  });

  it('the orders hear when the driver comes now', async () => {
    const { first, second } = await twoInHand();
    await slip(first);
    await rounds.round();
    const told = async () => {
      const { body } = await world.call('GET', '/v1/events', { secret: shop.owner });
      const events = body['data'] as readonly Json[];
      return events.flatMap(({ type, order_id: id }) =>
        type === 'delivery.eta_changed' ? [id] : [],
      );
    };
    await expect.poll(told, { timeout: 10_000 }).toContain(first);
    const { body: order } = await world.call('GET', `/v1/orders/${second}`, { secret: shop.owner });
    const minutes = (Date.parse(String(order['dropoff_eta_at'])) - Date.now()) / 60_000;
    expect(minutes).toBeLessThan(20);
  });

  it('explain says so, to each reader what they may know', async () => {
    const { first, driver } = await twoInHand();
    expect(await reroutes(first, world.support)).toEqual([]);
    await slip(first);
    await rounds.round();
    const [change] = await reroutes(first, world.support);
    expect(change?.['text']).toMatch(
      new RegExp(
        `^The route of driver ${driver.id.slice(-6)} was \\d+ minutes behind the plan, all deliveries in sum, and gains \\d+ minutes by another order of the stops: \\d\\d:\\d\\d pickup of order \\d+, \\d\\d:\\d\\d delivery of order \\d+, \\d\\d:\\d\\d pickup of this order, \\d\\d:\\d\\d delivery of this order\\. This order arrives at \\d\\d:\\d\\d instead of \\d\\d:\\d\\d\\.$`,
      ),
    );
    expect(await reroutes(first, shop.owner)).toEqual([change]);
  });

  it('but not a driver who has arrived at the counter', async () => {
    const { driver, first, read } = await twoInHand();
    const before = await read();
    await driver.says(`/v1/orders/${first}/arrive-at-pickup`);
    await slip(first);
    await rounds.round();
    expect((await read()).stops[0]).toBe(before.stops[0]);
  });

  it('nor one who is being asked for more', async () => {
    const { driver, first, read } = await twoInHand();
    await world.db
      .updateTable('drivers')
      .set({ capacity: 3 })
      .where('id', '=', driver.id)
      .execute();
    await rounds.searching(door(1_700));
    await rounds.round();
    expect(await driver.offers()).toHaveLength(1);
    const before = await read();
    await slip(first);
    await rounds.round();
    expect(await read()).toEqual(before);
  });
});

it('a route on which little slips stays as it is', async () => {
  const { first, read } = await twoInHand();
  const before = await read();
  const delay = { secret: shop.owner, body: { ready_in_seconds: 120 } };
  await world.call('POST', `/v1/orders/${first}/delay`, delay);
  await rounds.round();
  expect(await read()).toEqual(before);
});
