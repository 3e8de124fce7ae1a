// Drivers with room for several deliveries: bundles, what becomes of them when an order goes, and add-ons on the way.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readDrivers } from '../../db/dispatch-snapshot.ts';
import { parseId } from '../../domain/ids.ts';
import { createRounds, routeOf, type OnlineDriver } from './rounds.ts';
import { createWorld, openShop, type Json, type Shop, type World } from './world.ts';

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

/** North of the branch, one behind the other. */
const door = (northM: number): object => ({
  dropoff: { location: { lat: 52.52 + northM / 111_195, lng: 13.405 }, address: 'Canary Row 7' },
});

async function bundled(driver: OnlineDriver) {
  const far = await rounds.searching(door(2_000));
  const near = await rounds.searching(door(1_000));
  await rounds.round();
  const [offer] = await driver.offers();
  if (!offer) throw new Error('no offer');
  return { far, near, offer, names: { [far]: 'far', [near]: 'near' } };
}

const statuses = (offer: Json, names: Readonly<Record<string, string>>): object =>
  Object.fromEntries(
    (offer['orders'] as readonly { order_id: string; status: string }[]).map((order) => [
      names[order.order_id],
      order.status,
    ]),
  );

const cancel = (orderId: string) =>
  world.call('POST', `/v1/orders/${orderId}/cancel`, { secret: shop.owner, body: {} });

describe('a bundle', () => {
  it('is one offer with its orders in driving order, and accepting takes all of them', async () => {
    const driver = await rounds.driver(2);
    const { offer, names } = await bundled(driver);
    expect(await driver.offers()).toHaveLength(1);
    expect(offer).toMatchObject({ is_add_on: false });
    expect(routeOf(offer, names)).toMatch(/^\+(near \+far|far \+near) -near -far$/);
    const accepted = await driver.says(`/v1/offers/${offer.id}/accept`);
    expect(accepted).toMatchObject({ status: 200, body: { status: 'accepted', left_out: null } });
    expect(statuses(accepted.body, names)).toEqual({ near: 'assigned', far: 'assigned' });
  });

  it('loses an order that is cancelled before the answer, and the rest is still offered', async () => {
    const driver = await rounds.driver(2);
    const { far, near, offer, names } = await bundled(driver);
    expect((await cancel(near)).status).toBe(200);
    const [left] = await driver.offers();
    expect(left).toMatchObject({ id: offer.id, status: 'open' });
    expect(left?.['left_out']).toMatch(
      /^Order \d+ needs no driver any more; the rest is still offered\.$/,
    );
    expect(routeOf(left, names)).toBe('+far -far');
    const accepted = await driver.says(`/v1/offers/${offer.id}/accept`);
    expect(accepted.status).toBe(200);
    expect(accepted.body['left_out']).toMatch(/the rest is yours\.$/);
    expect(statuses(accepted.body, names)).toEqual({ near: 'withdrawn', far: 'assigned' });
    expect((await driver.says(`/v1/orders/${far}/pick-up`)).status).toBe(200);
  });

  it('of which every order is cancelled is withdrawn, and the driver is free for the next', async () => {
    const driver = await rounds.driver(2);
    const { far, near, offer } = await bundled(driver);
    await cancel(near);
    await cancel(far);
    expect(await driver.offers()).toEqual([]);
    expect(await driver.says(`/v1/offers/${offer.id}/accept`)).toMatchObject({
      status: 409,
      body: { code: 'offer_not_open' },
    });
    await rounds.searching(door(1_000));
    await rounds.round();
    expect(await driver.offers()).toHaveLength(1);
  });

  it('loses an order that is cancelled after the acceptance; the other is delivered', async () => {
    const driver = await rounds.driver(2);
    const { far, near, offer } = await bundled(driver);
    await driver.says(`/v1/offers/${offer.id}/accept`);
    await cancel(near);
    expect((await driver.says(`/v1/orders/${near}/pick-up`)).status).toBe(409);
    expect((await driver.says(`/v1/orders/${far}/pick-up`)).status).toBe(200);
    expect((await driver.says(`/v1/orders/${far}/deliver`)).status).toBe(200);
  });
});

async function ofThree() {
  const hasty = { dropoffLateGraceMs: 60_000, pingGraceMs: 60_000 };
  const own = await openShop(world, { policy: hasty });
  rounds = createRounds(world, own);
  const driver = await rounds.driver(3);
  const ids: string[] = [];
  for (const northM of [1_000, 2_000, 3_000]) ids.push(await rounds.searching(door(northM)));
  await rounds.round();
  const [offer] = await driver.offers();
  expect((await driver.says(`/v1/offers/${offer?.id}/accept`)).status).toBe(200);
  const read = async (id: string) =>
    (await world.call('GET', `/v1/orders/${id}`, { secret: own.owner })).body;
  const [near = '', middle = '', far = ''] = ids;
  return { driver, near, middle, far, read, offer, secret: own.owner };
}
const stopsOf = (offer: Json | undefined) =>
  (offer?.['route'] ?? []) as readonly { readonly order_id: string; readonly eta_at: string }[];
const timeOf = (value: unknown): number => Date.parse(String(value));

describe('a bundle of three', () => {
  it('comes to its doors one after the other, and the last is not unconfirmed on the way', async () => {
    const { driver, near, middle, far, read, offer } = await ofThree();
    const planned = stopsOf(offer).slice(3);
    expect(planned.map(({ order_id: id }) => id)).toEqual([near, middle, far]);
    const told = await Promise.all([near, middle, far].map(read));
    expect(told.map((order) => order['dropoff_eta_at'])).toEqual(
      planned.map((stop) => stop.eta_at),
    );
    for (const id of [near, middle, far]) await driver.says(`/v1/orders/${id}/pick-up`);
    const { dropoff_eta_at: lastAt } = await read(far);
    expect(timeOf(lastAt) - timeOf((await read(middle))['dropoff_eta_at'])).toBeGreaterThan(
      420_000,
    );
    await world.engine.elapse(far, timeOf(lastAt) - Date.now());
    expect(await read(far)).toMatchObject({ delivery_status: 'picked_up' });
    await world.engine.elapse(far, timeOf(lastAt) + 121_000 - Date.now());
    expect(await read(far)).toMatchObject({ delivery_status: 'delivery_unconfirmed' });
  });

  it('is a route that gets shorter stop by stop', async () => {
    const { driver, near, middle, far, secret } = await ofThree();
    const names = { [near]: 'near', [middle]: 'middle', [far]: 'far' };
    const left = async () => routeOf({ id: '', route: await driver.route() }, names);
    expect(await left()).toMatch(/^(\+(near|middle|far) ){3}-near -middle -far$/);
    const times = (await driver.route()).map((stop) => timeOf(stop['eta_at']));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    await world.call('POST', `/v1/orders/${middle}/cancel`, { secret, body: {} });
    expect(await left()).toMatch(/^(\+(near|far) ){2}-near -far$/);
    await driver.says(`/v1/orders/${near}/pick-up`);
    expect(await left()).toBe('+far -near -far');
    await driver.says(`/v1/orders/${near}/deliver`);
    expect(await left()).toBe('+far -far');
    await driver.says(`/v1/orders/${far}/pick-up`);
    expect(await driver.route()).toMatchObject([
      { kind: 'dropoff', location: { lat: 52.52 + 3_000 / 111_195, lng: 13.405 } },
    ]);
  });
});

async function underWay(capacity: number) {
  const driver = await rounds.driver(capacity, { location: { lat: 52.51, lng: 13.405 } });
  const first = await rounds.searching(door(2_000));
  await rounds.round();
  const [offer] = await driver.offers();
  await driver.says(`/v1/offers/${offer?.id}/accept`);
  return { driver, first };
}

describe('on the way to the pickup', () => {
  const prepSeconds = 600;

  it('a driver with room is offered what comes up at the same counter, with the whole route', async () => {
    const { driver, first } = await underWay(2);
    const second = await rounds.searching(door(1_000));
    await rounds.round();
    const [addOn] = await driver.offers();
    const names = { [first]: 'first', [second]: 'second' };
    expect(statuses(addOn ?? { id: '' }, names)).toEqual({ second: 'open' });
    expect(addOn).toMatchObject({ is_add_on: true });
    expect(routeOf(addOn, names)).toBe('+first +second -second -first');
    expect((await driver.says(`/v1/offers/${addOn?.id}/accept`)).status).toBe(200);
    const marketId = parseId('market', shop.market.id);
    const [known] = marketId ? await readDrivers(world.db, marketId) : [];
    const stops = known?.stops.map(({ kind, orderId }) => `${kind} ${names[orderId]}`);
    expect(stops).toEqual(['pickup first', 'pickup second', 'dropoff second', 'dropoff first']);
    await driver.says(`/v1/orders/${first}/pick-up`);
    const [later] = marketId ? await readDrivers(world.db, marketId) : [];
    expect(later?.stops.map(({ kind, orderId }) => `${kind} ${names[orderId]}`)).toEqual([
      'pickup second',
      'dropoff second',
      'dropoff first',
    ]);
  });

  it('a driver without room is not', async () => {
    const { driver } = await underWay(1);
    await rounds.searching(door(1_000));
    await rounds.round();
    expect(await driver.offers()).toEqual([]);
  });

  it('nor after the pickup, when the way back would make the first customer wait', async () => {
    const { driver, first } = await underWay(2);
    await driver.says(`/v1/orders/${first}/pick-up`);
    await driver.says('/v1/positions', {
      positions: [{ at: new Date().toISOString(), lat: 52.537, lng: 13.405 }],
    });
    const second = await rounds.searching(door(1_000), { prepSeconds });
    await rounds.round();
    const explained = await world.call('GET', `/v1/orders/${second}/explain`, {
      secret: world.support,
    });
    expect(explained.body['data']).not.toMatchObject([{ is_add_on: true }]);
  });
});

const etaEvents = async (): Promise<readonly Json[]> => {
  const { body } = await world.call('GET', '/v1/events', { secret: shop.owner });
  const events = body['data'] as readonly Json[];
  return events.filter(({ type }) => type === 'delivery.eta_changed');
};

describe('an order under way', () => {
  const away = { lat: 52.48, lng: 13.405 };
  it('is told once that its driver comes much later, and everybody sees it', async () => {
    const { driver, first } = await underWay(1);
    await driver.says('/v1/driver/online', { location: away });
    await rounds.round();
    await rounds.round();
    const events = await etaEvents();
    expect(events).toMatchObject([{ order_id: first, actor: { kind: 'system' } }]);
    const { body } = await world.call('GET', `/v1/orders/${first}`, { secret: shop.owner });
    const { pickup_eta_at: pickup, dropoff_eta_at: dropoff } = body;
    expect(events).toMatchObject([{ data: { pickup_eta_at: pickup, dropoff_eta_at: dropoff } }]);
    // 4.4 km by air to the branch, 2 km from there to the door; four minutes at the one, two at the other.
    expect((timeOf(pickup) - Date.now()) / 60_000).toBeCloseTo(18, 0);
    expect((timeOf(dropoff) - Date.now()) / 60_000).toBeCloseTo(32, 0);
  });

  it('that goes as planned is told nothing', async () => {
    const { driver, first } = await underWay(1);
    await rounds.round();
    await driver.says(`/v1/orders/${first}/pick-up`);
    await rounds.round();
    await driver.says(`/v1/orders/${first}/deliver`);
    expect(await etaEvents()).toEqual([]);
  });
});
