// A driver's day: online, an offer, yes or no, offline, and positions.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { branchAt, createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

let world: World;
let shop: Shop;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  shop = await openShop(world);
  await post('/v1/driver/online', { location: branchAt });
});
afterAll(() => world.close());

const post = (path: string, body: object = {}, key: string = randomUUID()): Promise<Reply> =>
  world.call('POST', path, { secret: shop.driverKey, body, key });
const get = (path: string): Promise<Reply> => world.call('GET', path, { secret: shop.driverKey });

/** An order that looks for a driver. */
async function searching(): Promise<string> {
  const { body } = await shop.place();
  await world.call('POST', `/v1/orders/${body.id}/accept`, {
    secret: shop.owner,
    body: { prep_seconds: 0 },
  });
  return body.id;
}

async function offer(orderIds: readonly string[], ttlMs = 60_000): Promise<string> {
  const id = newId('offer');
  const now = Date.now();
  await world.db
    .insertInto('offers')
    .values({
      id,
      market_id: shop.market.id,
      driver_id: shop.driver.id,
      status: 'open',
      made_at: new Date(now),
      expires_at: new Date(now + ttlMs),
      answered_at: null,
      pickup_eta_at: new Date(now + 300_000),
      decision: '{}',
    })
    .execute();
  for (const order_id of orderIds) {
    await world.db
      .insertInto('offer_orders')
      .values({ offer_id: id, order_id, search: 1, status: 'open' })
      .execute();
  }
  return id;
}
async function carriesTwo(): Promise<void> {
  const { id } = shop.driver;
  await world.db.updateTable('drivers').set({ capacity: 2 }).where('id', '=', id).execute();
}

/** The order ends between the driver's look and their yes, and its line is still open. */
async function endsUnnoticed(orderId: string, offerId: string): Promise<void> {
  await world.engine.happens(orderId, { kind: 'cancel', by: 'support' });
  await world.db
    .updateTable('offers')
    .set({ status: 'open', answered_at: null })
    .where('id', '=', offerId)
    .execute();
  await world.db
    .updateTable('offer_orders')
    .set({ status: 'open' })
    .where('offer_id', '=', offerId)
    .execute();
}
const orderOf = async (id: string) =>
  (await world.call('GET', `/v1/orders/${id}`, { secret: shop.owner })).body;

describe('an offer', () => {
  it('says where, how much and until when, and shows on the order', async () => {
    const orderId = await searching();
    expect(await orderOf(orderId)).toMatchObject({ delivery_status: 'created' });
    const offerId = await offer([orderId]);
    expect(await orderOf(orderId)).toMatchObject({ delivery_status: 'offered' });
    const { body } = await get('/v1/offers');
    expect(body['data']).toMatchObject([
      {
        id: offerId,
        status: 'open',
        orders: [
          {
            order_id: orderId,
            branch: { name: 'Mitte', location: branchAt },
            pay_minor: 550,
            currency: 'EUR',
          },
        ],
      },
    ]);
    expect(JSON.stringify(body)).not.toMatch(/Carla|Canary/);
  });

  it('that comes while the driver waits is answered with at once', async () => {
    const orderId = await searching();
    const waiting = get('/v1/offers?wait=5');
    const offerId = await offer([orderId]);
    expect((await waiting).body['data']).toMatchObject([{ id: offerId }]);
  });

  it('accepted gives the driver the delivery, with its people', async () => {
    const orderId = await searching();
    const offerId = await offer([orderId]);
    const key = randomUUID();
    const accepted = await post(`/v1/offers/${offerId}/accept`, {}, key);
    expect(accepted).toMatchObject({
      status: 200,
      body: { status: 'accepted', orders: [{ status: 'assigned' }] },
    });
    expect((await post(`/v1/offers/${offerId}/accept`, {}, key)).body).toEqual(accepted.body);
    expect(await orderOf(orderId)).toMatchObject({
      delivery_status: 'confirmed',
      driver_id: shop.driver.id,
    });
    const { body } = await get('/v1/orders');
    expect(body['data']).toMatchObject([{ id: orderId, customer: { name: 'Carla' } }]);
    expect((await post('/v1/driver/offline')).body).toMatchObject({ code: 'driver_busy' });
  });

  it('is carried out: picked up, delivered, with the time of arrival', async () => {
    const orderId = await searching();
    const there = { dropoff_lat: 52.5371, dropoff_lng: 13.4289 };
    await world.db.updateTable('orders').set(there).where('id', '=', orderId).execute();
    const offerId = await offer([orderId]);
    const dropoff = async (): Promise<unknown> => {
      const { body } = await get(`/v1/offers/${offerId}`);
      return (body['orders'] as readonly { readonly dropoff: unknown }[])[0]?.dropoff;
    };
    await post(`/v1/offers/${offerId}/accept`);
    expect(await dropoff()).toEqual({ location: { lat: 52.5371, lng: 13.4289 } });
    const arrived_at = new Date().toISOString();
    expect(await post(`/v1/orders/${orderId}/pick-up`, { arrived_at })).toMatchObject({
      status: 200,
      body: { status: 'OUT_FOR_DELIVERY' },
    });
    const delivered = await post(`/v1/orders/${orderId}/deliver`);
    expect(delivered).toMatchObject({ status: 200, body: { status: 'DELIVERED' } });
    expect(delivered.body['customer']).toBeUndefined();
    const coarse = { location: { lat: 52.54, lng: 13.43 } };
    expect([delivered.body['dropoff'], await dropoff()]).toEqual([coarse, coarse]);
  });

  it('abandoned gives the delivery back, and the repeated request its answer', async () => {
    const orderId = await searching();
    await post(`/v1/offers/${await offer([orderId])}/accept`);
    const key = randomUUID();
    const abandoned = await post(`/v1/orders/${orderId}/abandon`, {}, key);
    expect(abandoned).toMatchObject({
      status: 200,
      body: { delivery_status: 'created', driver_id: null },
    });
    expect(await post(`/v1/orders/${orderId}/abandon`, {}, key)).toMatchObject({
      status: 200,
      body: abandoned.body,
    });
    expect(await post(`/v1/orders/${orderId}/pick-up`)).toMatchObject({
      status: 409,
      body: { code: 'not_your_delivery' },
    });
  });

  it('whose only order has ended is refused, and the driver stays free', async () => {
    const orderId = await searching();
    const offerId = await offer([orderId]);
    await endsUnnoticed(orderId, offerId);
    const key = randomUUID();
    const reply = await post(`/v1/offers/${offerId}/accept`, {}, key);
    expect(reply).toMatchObject({ status: 409, body: { code: 'already_cancelled' } });
    expect(await post(`/v1/offers/${offerId}/accept`, {}, key)).toMatchObject({
      status: 409,
      body: { code: 'already_cancelled' },
    });
    expect((await get(`/v1/offers/${offerId}`)).body).toMatchObject({
      status: 'voided',
      orders: [{ status: 'refused' }],
    });
    expect((await post('/v1/driver/offline')).status).toBe(200);
  });

  it('of two orders survives the refusal of one', async () => {
    await carriesTwo();
    const [first, second] = [await searching(), await searching()];
    const offerId = await offer([first, second]);
    await endsUnnoticed(second, offerId);
    const reply = await post(`/v1/offers/${offerId}/accept`);
    expect(reply).toMatchObject({ status: 200, body: { status: 'accepted' } });
    const orders = reply.body['orders'] as { readonly order_id: string; readonly status: string }[];
    expect(Object.fromEntries(orders.map(({ order_id, status }) => [order_id, status]))).toEqual({
      [first]: 'assigned',
      [second]: 'refused',
    });
  });

  it('is 202 when its order does not answer in time', async () => {
    const orderId = await searching();
    const offerId = await offer([orderId]);
    world.engine.faults.next = 'unknown';
    expect(await post(`/v1/offers/${offerId}/accept`)).toMatchObject({
      status: 202,
      body: { status: 'accepted', orders: [{ status: 'accepted' }] },
    });
    expect(await orderOf(orderId)).toMatchObject({ delivery_status: 'offered' });
  });

  it('declined or expired cannot be accepted', async () => {
    const offerId = await offer([await searching()]);
    expect((await post(`/v1/offers/${offerId}/decline`)).body).toMatchObject({
      status: 'declined',
    });
    expect(await post(`/v1/offers/${offerId}/accept`)).toMatchObject({
      status: 409,
      body: { code: 'offer_not_open' },
    });
    const expired = await offer([await searching()], -1);
    expect(await post(`/v1/offers/${expired}/accept`)).toMatchObject({
      status: 409,
      body: { code: 'offer_expired' },
    });
    expect((await get('/v1/offers')).body['data']).toEqual([]);
  });
});

describe('a shift', () => {
  it('is told ahead', async () => {
    const shift = { shift_starts_at: at(-60_000), shift_ends_at: at(-120_000) };
    expect(await post('/v1/driver/online', { location: branchAt, ...shift })).toMatchObject({
      status: 200,
    });
    const { shift_starts_at: kept } = await world.db
      .selectFrom('drivers')
      .select('shift_starts_at')
      .where('id', '=', shop.driver.id)
      .executeTakeFirstOrThrow();
    expect(kept?.toISOString()).toBe(shift.shift_starts_at);
  });

  it.each([
    ['behind its end', { shift_starts_at: -60_000, shift_ends_at: -60_000 }, 400],
    ['in a year', { shift_starts_at: -365 * 86_400_000 }, 400],
    ['over', { shift_ends_at: 1_000 }, 422],
  ])('%s is refused', async (_what, agoMs, status) => {
    const shift = Object.fromEntries(Object.entries(agoMs).map(([field, ms]) => [field, at(ms)]));
    const refused = await post('/v1/driver/online', { location: branchAt, ...shift });
    expect(refused).toMatchObject({
      status,
      body: { errors: [{ field: Object.keys(agoMs)[0] }] },
    });
  });
});

const at = (agoMs: number): string => new Date(Date.now() - agoMs).toISOString();

describe('positions', () => {
  it('are kept, the newest is the driver’s place', async () => {
    const reply = await post('/v1/positions', {
      positions: [
        { at: at(0), lat: 52.6, lng: 13.5 },
        { at: at(5_000), lat: 52.5, lng: 13.4 },
      ],
    });
    expect(reply).toMatchObject({ status: 200, body: { stored: 2, online: true } });
    expect(
      await world.db
        .selectFrom('driver_positions')
        .selectAll()
        .where('driver_id', '=', shop.driver.id)
        .execute(),
    ).toHaveLength(2);
  });

  it.each([
    ['in the future', -120_000, {}],
    ['two days old', 172_800_000, {}],
    ['off the map', 0, { lat: 95 }],
  ])('%s are refused', async (_what, ago, change) => {
    const positions = [
      { at: new Date(Date.now() - ago).toISOString(), lat: 52.5, lng: 13.4, ...change },
    ];
    expect((await post('/v1/positions', { positions })).status).toBe(400);
  });

  it('are at most 100 at a time', async () => {
    const positions = Array.from({ length: 101 }, () => ({
      at: new Date().toISOString(),
      lat: 52.5,
      lng: 13.4,
    }));
    expect((await post('/v1/positions', { positions })).status).toBe(400);
  });
});
