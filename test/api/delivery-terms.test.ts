// Who may bring an order, and how: what a caller asks for, what its merchant usually wants, and who is offered it.
// Real rounds over the API's own orders.

import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { readDrivers } from '../../db/dispatch-snapshot.ts';
import { parseId } from '../../domain/ids.ts';
import { latestDecision } from './explained.ts';
import { createRounds, routeOf } from './rounds.ts';
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

const away = { lat: branchAt.lat + 0.01, lng: branchAt.lng };
const fridge = { name: 'Fridge', quantity: 1, unit_price_minor: 39_900 };
type Driver = Awaited<ReturnType<typeof rounds.driver>>;

const ownDriver = (capacity = 1) =>
  rounds.driver(capacity, { location: away, more: { merchant_id: shop.merchant.id } });

/** How many offers each has after a round. */
async function offered(...drivers: readonly Driver[]): Promise<readonly number[]> {
  await rounds.round();
  return Promise.all(drivers.map(async (driver) => (await driver.offers()).length));
}

async function accept(driver: Driver): Promise<Json | undefined> {
  const [offer] = await driver.offers();
  const { status } = await driver.says(`/v1/offers/${offer?.id}/accept`);
  expect(status).toBe(200);
  return offer;
}

const excluded = async (orderId: string): Promise<unknown> =>
  (await latestDecision(world, orderId))?.['excluded'];

describe('an order', () => {
  it('says what it asks for, and what nobody asked for is as usual', async () => {
    await ownDriver();
    const delivery = { load: 3, vehicles: ['van', 'car'], own_drivers_only: true, direct: true };
    expect((await shop.place({ delivery })).body).toMatchObject({ delivery });
    const usual = { load: 1, vehicles: null, own_drivers_only: false, direct: false };
    expect((await shop.place()).body).toMatchObject({ delivery: usual });
    const collected = await shop.place({ type: 'pickup', dropoff: undefined });
    expect(collected.body).toMatchObject({ delivery: null });
  });

  test.each([
    [{ delivery: { load: 0 } }, 'invalid_request', 'delivery.load'],
    [{ delivery: { load: 21 } }, 'invalid_request', 'delivery.load'],
    [{ delivery: { load: 1.5 } }, 'invalid_request', 'delivery.load'],
    [{ delivery: { vehicles: [] } }, 'invalid_request', 'delivery.vehicles'],
    [{ delivery: { vehicles: ['truck'] } }, 'invalid_request', 'delivery.vehicles.0'],
    [{ delivery: { vehicles: ['van', 'van'] } }, 'invalid_request', 'delivery.vehicles'],
    [{ delivery: { own_drivers_only: 'yes' } }, 'invalid_request', 'delivery.own_drivers_only'],
    [{ delivery: { direct: 1 } }, 'invalid_request', 'delivery.direct'],
    [{ delivery: { closed: true } }, 'invalid_request', 'delivery.closed'],
    [{ items: [{ ...fridge, heavy: 'very' }] }, 'invalid_request', 'items.0.heavy'],
    [{ type: 'pickup', dropoff: undefined, delivery: { load: 2 } }, 'invalid_request', 'delivery'],
    [{ delivery: { own_drivers_only: true } }, 'no_own_drivers', 'delivery.own_drivers_only'],
  ])('is refused by the name of its field: %j', async (body, code, field) => {
    const reply = await shop.place(body);
    expect(reply).toMatchObject({ body: { code, errors: [{ field }] } });
  });
});

describe('an order is offered only to a driver who', () => {
  test.each([
    ['carries so much', { delivery: { load: 3 } }, 2, {}, 3, {}, 'no_room'],
    [
      'has one of its vehicles',
      { delivery: { vehicles: ['van'] } },
      1,
      { vehicle: 'car' },
      1,
      { vehicle: 'van' },
      'wrong_vehicle',
    ],
    [
      'is known to have one of its vehicles',
      { delivery: { vehicles: ['van', 'car'] } },
      1,
      {},
      1,
      { vehicle: 'car' },
      'wrong_vehicle',
    ],
    [
      'carries heavy goods',
      { items: [{ ...fridge, heavy: true }] },
      1,
      {},
      1,
      { skills: ['heavy'] },
      'lacks_skill',
    ],
  ])('%s', async (_, body, little, lacking, much, able, reason) => {
    const near = await rounds.driver(little, { more: lacking });
    const far = await rounds.driver(much, { location: away, more: able });
    const orderId = await rounds.searching(body);
    expect(await offered(near, far)).toEqual([0, 1]);
    expect(await excluded(orderId)).toEqual({ [reason]: 1 });
  });

  it('works for its merchant, when it asks for that', async () => {
    const near = await rounds.driver();
    const far = await ownDriver();
    const orderId = await rounds.searching({ delivery: { own_drivers_only: true } });
    expect(await offered(near, far)).toEqual([0, 1]);
    expect(await excluded(orderId)).toEqual({ other_merchant: 1 });
  });
});

async function openStore(delivery: object) {
  const { id } = await world.make('merchants', {
    market_id: shop.market.id,
    name: 'Fridges',
    commission_bps: 1_000,
    delivery,
  });
  const branch = await world.make('branches', {
    merchant_id: id,
    name: 'Mitte',
    location: branchAt,
  });
  const secret = await world.keyOf({ role: 'owner', merchant_id: id });
  const customer = { name: 'Guest', phone: '+4915111111111' };
  return { secret, body: { branch_id: branch.id, customer } };
}

describe('what a merchant usually wants', () => {
  it('counts where the order says nothing', async () => {
    const { secret, body } = await openStore({ load: 2, vehicles: ['van'] });
    const near = await rounds.driver(2, { more: { vehicle: 'car' } });
    const far = await rounds.driver(2, { location: away, more: { vehicle: 'van' } });
    const usual = await rounds.searching(body, { secret });
    expect(await offered(near, far)).toEqual([0, 1]);
    const placed = await world.call('GET', `/v1/orders/${usual}`, { secret });
    expect(placed.body).toMatchObject({ delivery: { load: 2, vehicles: ['van'] } });
    await rounds.searching({ ...body, delivery: { vehicles: ['car'] } }, { secret });
    expect(await offered(near)).toEqual([1]);
  });

  it('is refused by the name of its field', async () => {
    const { body } = await world.call('POST', '/v1/admin/merchants', {
      secret: world.admin,
      body: {
        market_id: shop.market.id,
        name: 'Fridges',
        commission_bps: 0,
        delivery: { load: 0 },
      },
    });
    expect(body).toMatchObject({ errors: [{ field: 'delivery.load' }] });
  });
});

const load = (units: number) => ({ delivery: { load: units } });

describe('a driver with an order in hand', () => {
  it('is offered as much more as there is room for', async () => {
    const driver = await rounds.driver(3);
    const first = await rounds.searching(load(2));
    expect(await offered(driver)).toEqual([1]);
    await accept(driver);
    const large = await rounds.searching(load(2));
    expect(await offered(driver)).toEqual([0]);
    const small = await rounds.searching(load(1));
    expect(await offered(driver)).toEqual([1]);
    const offer = await accept(driver);
    expect(offer?.['orders']).toMatchObject([{ order_id: small }]);
    const marketId = parseId('market', shop.market.id);
    const known = marketId ? await readDrivers(world.db, marketId) : [];
    const stops = known.find(({ driverId }) => driverId === driver.id)?.stops ?? [];
    expect(new Set(stops.map((stop) => `${stop.orderId} ${stop.load}`))).toEqual(
      new Set([`${first} 2`, `${small} 1`]),
    );
    expect(await offered(await rounds.driver(2))).toEqual([1]);
    expect(await excluded(large)).not.toEqual({});
  });

  it('that goes direct is offered nothing to take along, and takes a direct one by itself', async () => {
    const driver = await rounds.driver(3, { location: away });
    const first = await rounds.searching({ delivery: { direct: true } });
    const second = await rounds.searching();
    expect(await offered(driver)).toEqual([1]);
    const offer = await accept(driver);
    const isFirst = JSON.stringify(offer?.['orders']).includes(first);
    const [mine, other] = isFirst ? [first, second] : [second, first];
    expect(routeOf(offer, { [mine]: 'a' })).toBe('+a -a');
    await rounds.round();
    for (const later of await driver.offers())
      expect(routeOf(later, { [mine]: 'a', [other]: 'b' })).toBe('+a -a +b -b');
  });
});
