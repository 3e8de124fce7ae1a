// A market in a database of its own: drivers who are online and orders that look for one, as rows.

import { randomInt } from 'node:crypto';
import type { Insertable } from 'kysely';
import { connect, type Db } from '../../db/connect.ts';
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
  const ids = await insertTenant(db, { ...defaultPolicy, ...policy });

  const setOrder = async (orderId: OrderId, row: object): Promise<void> => {
    await db.updateTable('orders').set(row).where('id', '=', orderId).execute();
  };
  const setAllOrders = async (row: object): Promise<void> => {
    await db.updateTable('orders').set(row).execute();
  };
  return {
    db,
    url: database.url,
    marketId: ids.market_id,
    addDriver: (row: DriverRow = {}) => insertDriver({ db, ids }, row),
    addOrder: (row: OrderRow = {}) => insertOrder({ db, ids }, row),
    setOrder,
    setAllOrders,
    addEvents: (orderId: OrderId, events: readonly LoggedEvent[]) => addEvents(db, orderId, events),
    addAnswers: (driverId: DriverId, answers: Answers) =>
      addAnswers({ db, ids }, driverId, answers),
    /** Planned offers as given, made at `start`, 45 s to answer. */
    write: async (...offers: readonly NewOffer[]) => {
      const expiresAt = start + 45_000;
      return (await writeOffers(db, { marketId: ids.market_id, offers, now: start, expiresAt }))
        .made;
    },
    seen: (orderId: OrderId) => seen(db, orderId),
    async close(): Promise<void> {
      await db.destroy();
      await database.drop();
    },
  };
}

type LoggedEvent = { readonly type: string; readonly body: object; readonly at?: number };

async function addEvents(db: Db, orderId: OrderId, events: readonly LoggedEvent[]): Promise<void> {
  const rows = events.map(({ type, body, at }, index) => ({
    order_id: orderId,
    sequence: index + 1,
    merchant_id: 'mer_1',
    type,
    body: JSON.stringify(body),
    actor: '{}',
    command_id: `${type}:${index}`,
    at: new Date(at ?? start),
  }));
  await db.insertInto('order_events').values(rows).execute();
}

type DriverRow = Partial<Insertable<Database['drivers']>>;
type OrderRow = Partial<Insertable<Database['orders']>>;
type Tenant = Awaited<ReturnType<typeof insertTenant>>;

async function insertTenant(db: Db, policy: Policy) {
  const market_id = newId('market');
  const merchant_id = newId('merchant');
  const branch_id = newId('branch');
  const customer_id = newId('customer');
  await db
    .insertInto('markets')
    .values({
      id: market_id,
      name: 'Testville',
      currency: 'EUR',
      time_zone: 'Europe/Berlin',
      policy: JSON.stringify(policy),
      driver_pay_minor: 400,
      delivery_fee_minor: 300,
    })
    .execute();
  await db
    .insertInto('merchants')
    .values({ id: merchant_id, market_id, name: 'Pizzeria', commission_bps: 2_000 })
    .execute();
  await db
    .insertInto('branches')
    .values({ id: branch_id, merchant_id, market_id, name: 'Mitte', ...center })
    .execute();
  await db.insertInto('people').values({ id: customer_id }).execute();
  return { market_id, merchant_id, branch_id, customer_id };
}

type To = { readonly db: Db; readonly ids: Tenant };

async function insertDriver({ db, ids }: To, row: DriverRow): Promise<DriverId> {
  const id = newId('driver');
  await db.insertInto('people').values({ id }).execute();
  await db
    .insertInto('drivers')
    .values({
      id,
      market_id: ids.market_id,
      online: true,
      ...center,
      position_at: new Date(start),
      ...row,
    })
    .execute();
  return id;
}

async function insertOrder({ db, ids }: To, row: OrderRow): Promise<OrderId> {
  const id = newId('order');
  const values = {
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
    search_since: new Date(start),
  };
  await db
    .insertInto('orders')
    .values({ id, ...ids, ...values, ...row })
    .execute();
  return id;
}

type Answers = {
  readonly status: 'accepted' | 'declined' | 'expired';
  readonly count: number;
  readonly at: number;
};

/** Offers of nothing, answered. */
async function addAnswers({ db, ids }: To, driverId: DriverId, answers: Answers): Promise<void> {
  const { status, count, at } = answers;
  const time = new Date(at);
  const rows = Array.from({ length: count }, () => ({
    id: newId('offer', at),
    market_id: ids.market_id,
    driver_id: driverId,
    status,
    made_at: time,
    expires_at: time,
    answered_at: time,
    pickup_eta_at: time,
    decision: '{}',
  }));
  await db.insertInto('offers').values(rows).execute();
}

/** Offers, lines and event types of an order, oldest first. */
async function seen(db: Db, orderId: OrderId) {
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
}

export const planned = (driverId: DriverId, ...orderIds: readonly OrderId[]): NewOffer => ({
  offerId: newId('offer'),
  driverId,
  orders: orderIds.map((orderId) => ({ orderId, search: 1 })),
  pickupEtaAt: start + 300_000,
  isAddOn: false,
  route: [
    ...orderIds.map((orderId) => plannedStop('pickup', orderId, 300_000)),
    ...orderIds.map((orderId, n) => plannedStop('dropoff', orderId, 900_000 + n * 300_000)),
  ],
  decision: { policyVersion: 'test' },
});

const plannedStop = (kind: 'pickup' | 'dropoff', orderId: OrderId, afterMs: number) => ({
  kind,
  orderId,
  arriveAt: start + afterMs,
  doneAt: start + afterMs + 120_000,
});

/** The same offer to a driver who has these deliveries in hand. */
export const beside = (offer: NewOffer, ...held: readonly OrderId[]): NewOffer => ({
  ...offer,
  route: [...held.map((orderId) => plannedStop('dropoff', orderId, 300_000)), ...offer.route],
});
