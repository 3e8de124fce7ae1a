// A market in a database of its own: drivers who are online and orders that look for one, as rows.

import { randomInt } from 'node:crypto';
import type { Insertable } from 'kysely';
import { connect } from '../../db/connect.ts';
import { newId } from '../../db/new-id.ts';
import { writeOffers, type NewOffer } from '../../db/offer-rounds.ts';
import type { Database } from '../../db/schema.ts';
import type { DriverId, OrderId } from '../../domain/ids.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { createTestDatabase } from '../support/database.ts';

export type Market = Awaited<ReturnType<typeof createMarket>>;

export const start = Date.UTC(2026, 4, 4, 12);
const center = { lat: 52.5, lng: 13.4 };

export async function createMarket(policy: Partial<Policy> = {}) {
  const database = await createTestDatabase();
  const db = connect({ url: database.url, poolSize: 10 });
  const marketId = newId('market');
  const merchantId = newId('merchant');
  const branchId = newId('branch');
  const customerId = newId('customer');
  await db
    .insertInto('markets')
    .values({
      id: marketId,
      name: 'Testville',
      currency: 'EUR',
      time_zone: 'Europe/Berlin',
      policy: JSON.stringify({ ...defaultPolicy, ...policy }),
      driver_pay_minor: 400,
      delivery_fee_minor: 300,
    })
    .execute();
  await db
    .insertInto('merchants')
    .values({ id: merchantId, market_id: marketId, name: 'Pizzeria', commission_bps: 2_000 })
    .execute();
  await db
    .insertInto('branches')
    .values({
      id: branchId,
      merchant_id: merchantId,
      market_id: marketId,
      name: 'Mitte',
      ...center,
    })
    .execute();
  await db.insertInto('people').values({ id: customerId }).execute();

  async function addDriver(row: Partial<Insertable<Database['drivers']>> = {}): Promise<DriverId> {
    const id = newId('driver');
    await db.insertInto('people').values({ id }).execute();
    const known = { ...center, position_at: new Date(start) };
    await db
      .insertInto('drivers')
      .values({ id, market_id: marketId, online: true, ...known, ...row })
      .execute();
    return id;
  }

  async function addOrder(row: Partial<Insertable<Database['orders']>> = {}): Promise<OrderId> {
    const id = newId('order');
    const values = {
      merchant_id: merchantId,
      branch_id: branchId,
      market_id: marketId,
      customer_id: customerId,
      number: String(randomInt(10_000)),
      placed_at: new Date(start),
      facts: '{}',
      items: '[]',
      currency: 'EUR',
      total_minor: 2_350,
      pickup_lat: center.lat,
      pickup_lng: center.lng,
      dropoff_lat: center.lat + 0.01,
      dropoff_lng: center.lng,
      delivery_status: 'searching',
      search: 1,
      search_rung: 0,
      search_since: new Date(start),
    };
    await db
      .insertInto('orders')
      .values({ id, ...values, ...row })
      .execute();
    return id;
  }

  const setOrder = async (orderId: OrderId, row: object): Promise<void> => {
    await db.updateTable('orders').set(row).where('id', '=', orderId).execute();
  };

  return {
    db,
    url: database.url,
    marketId,
    merchantId,
    addDriver,
    addOrder,
    setOrder,
    setAllOrders: async (row: object): Promise<void> => {
      await db.updateTable('orders').set(row).execute();
    },
    /** Planned offers as given, made at `start`, 45 s to answer. */
    write: (...offers: readonly NewOffer[]) =>
      writeOffers(db, { marketId, offers, now: start, expiresAt: start + 45_000 }),
    /** Offer, line and event types of an order, oldest first. */
    async seen(orderId: OrderId) {
      const lines = await db
        .selectFrom('offer_orders')
        .innerJoin('offers', 'offers.id', 'offer_id')
        .select(['offers.status as offer', 'offer_orders.status as line'])
        .where('order_id', '=', orderId)
        .orderBy('offer_id')
        .execute();
      const events = await db
        .selectFrom('offer_events')
        .select('type')
        .where('order_id', '=', orderId)
        .orderBy('id')
        .execute();
      return { lines, events: events.map((event) => event.type) };
    },
    async close(): Promise<void> {
      await db.destroy();
      await database.drop();
    },
  };
}

export const planned = (driverId: DriverId, ...orderIds: readonly OrderId[]): NewOffer => ({
  offerId: newId('offer'),
  driverId,
  orders: orderIds.map((orderId) => ({ orderId, search: 1 })),
  pickupEtaAt: start + 300_000,
  decision: { policyVersion: 'test' },
});
