// What a dispatch round plans from: the deliveries that look for a driver and the drivers who are online. Flat
// statements, joined here: whatever the planner believes of a table that grew fast, each stays linear. It locks
// nothing and is no single moment: `writeOffers` looks again.

import { sql } from 'kysely';
import type { Place } from '../domain/geo.ts';
import type { DriverId, MarketId, OrderId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import type { Db } from './connect.ts';
import type { OfferOrderStatus } from './schema.ts';
import { carriedStatuses, returningStatuses, withGoodsStatuses } from './carried.ts';

/** Times in epoch milliseconds. */
export type SearchingRow = {
  readonly orderId: OrderId;
  readonly search: number;
  readonly searchSince: number;
  readonly pickup: Place;
  readonly dropoff: Place;
  /** When the goods are there, as far as is known. */
  readonly readyAt: number | undefined;
  /** Earlier offers of this order, all searches; how each one ended. */
  readonly earlier: readonly EarlierOffer[];
};

export type EarlierOffer = {
  readonly driverId: DriverId;
  readonly search: number;
  readonly outcome: 'declined' | 'expired' | 'voided' | 'withdrawn' | 'dropped_out';
};

export type DriverRow = {
  readonly driverId: DriverId;
  readonly capacity: number;
  /** The last place that PostgreSQL knows; Redis may know a newer one. */
  readonly place: Place | undefined;
  readonly placeAt: number | undefined;
  readonly shiftEndsAt: number | undefined;
  readonly hasOpenOffer: boolean;
  /** Carried and accepted deliveries: what is picked up first, then by id. */
  readonly stops: readonly Stop[];
};

export type Stop = {
  readonly orderId: OrderId;
  readonly pickedUp: boolean;
  readonly pickup: Place;
  /** The customer's door; the branch, when the goods come back. */
  readonly dropoff: Place;
  /** When the goods are there, as far as is known. */
  readonly readyAt: number | undefined;
};

/** The market's policy; undefined when there is no such market. */
export async function readPolicy(db: Db, marketId: MarketId): Promise<Policy | undefined> {
  const row = await db
    .selectFrom('markets')
    .select('policy')
    .where('id', '=', marketId)
    .executeTakeFirst();
  return row?.policy;
}

/** Deliveries whose search has begun and that have no live offer, the oldest search first. */
export async function readSearching(
  db: Db,
  { marketId, now }: { readonly marketId: MarketId; readonly now: number },
): Promise<readonly SearchingRow[]> {
  const orders = await db
    .selectFrom('orders')
    .select(['id', 'search', 'search_since', 'placed_at', 'pickup_lat', 'pickup_lng'])
    .select(['dropoff_lat', 'dropoff_lng', 'ready_at', 'ready_estimate_at'])
    .where('market_id', '=', marketId)
    .where('delivery_status', '=', 'searching')
    .where('search_since', '<=', new Date(now))
    .orderBy('search_since')
    .orderBy('id')
    .execute();
  const lines = await readLines(
    db,
    orders.map((order) => order.id),
  );
  return orders
    .map((row) => ({
      orderId: row.id as OrderId,
      search: row.search,
      searchSince: (row.search_since ?? row.placed_at).getTime(),
      pickup: { lat: row.pickup_lat, lng: row.pickup_lng },
      dropoff: { lat: row.dropoff_lat, lng: row.dropoff_lng },
      readyAt: (row.ready_at ?? row.ready_estimate_at)?.getTime(),
      earlier: lines.ended.get(row.id) ?? [],
    }))
    .filter((order) => !lines.live.has(order.orderId));
}

type Lines = {
  /** Orders with an open or accepted offer. */
  readonly live: ReadonlySet<string>;
  readonly ended: ReadonlyMap<string, readonly EarlierOffer[]>;
};

async function readLines(db: Db, orderIds: readonly string[]): Promise<Lines> {
  const { rows } = await sql<LineRow>`
    SELECT l.order_id, l.search, l.status, f.driver_id FROM offer_orders l JOIN offers f ON f.id = l.offer_id
    WHERE l.order_id = ANY(${orderIds}::text[]) ORDER BY l.offer_id`.execute(db);
  const live = new Set<string>();
  const ended = new Map<string, EarlierOffer[]>();
  for (const row of rows) {
    const outcome = outcomeOf(row.status);
    const earlier = ended.get(row.order_id) ?? [];
    if (outcome === 'live') live.add(row.order_id);
    else earlier.push({ driverId: row.driver_id as DriverId, search: row.search, outcome });
    ended.set(row.order_id, earlier);
  }
  return { live, ended };
}

type LineRow = {
  readonly order_id: string;
  readonly search: number;
  readonly status: OfferOrderStatus;
  readonly driver_id: string;
};

function outcomeOf(status: OfferOrderStatus): EarlierOffer['outcome'] | 'live' {
  switch (status) {
    case 'open':
    case 'accepted':
      return 'live';
    // The order searches again, so the driver whom it had is gone.
    case 'assigned':
      return 'dropped_out';
    case 'refused':
      return 'voided';
    case 'declined':
    case 'expired':
    case 'withdrawn':
      return status;
  }
}

/** Everybody who is online in the market, by id. */
export async function readDrivers(db: Db, marketId: MarketId): Promise<readonly DriverRow[]> {
  const { rows } = await sql<OnlineRow>`
    SELECT id, capacity, lat, lng, position_at, shift_ends_at,
      EXISTS (SELECT FROM offers WHERE driver_id = drivers.id AND status = 'open') AS has_open_offer
    FROM drivers WHERE market_id = ${marketId} AND online ORDER BY id`.execute(db);
  const stops = await readStops(db, marketId);
  return rows.map((row) => ({
    driverId: row.id as DriverId,
    capacity: row.capacity,
    place: row.lat === null || row.lng === null ? undefined : { lat: row.lat, lng: row.lng },
    placeAt: row.position_at?.getTime(),
    shiftEndsAt: row.shift_ends_at?.getTime(),
    hasOpenOffer: row.has_open_offer,
    stops: stops.get(row.id) ?? [],
  }));
}

type OnlineRow = {
  readonly id: string;
  readonly capacity: number;
  readonly lat: number | null;
  readonly lng: number | null;
  readonly position_at: Date | null;
  readonly shift_ends_at: Date | null;
  readonly has_open_offer: boolean;
};

/** By driver: what is carried or accepted. */
async function readStops(db: Db, marketId: MarketId): Promise<ReadonlyMap<string, Stop[]>> {
  const { rows } = await sql<StopRow>`
    WITH held AS MATERIALIZED (
      SELECT driver_id, id AS order_id FROM orders
      WHERE market_id = ${marketId} AND driver_id IS NOT NULL
        AND delivery_status IN (${carriedStatuses})
      UNION
      SELECT f.driver_id, l.order_id FROM offer_orders l JOIN offers f ON f.id = l.offer_id
      WHERE l.status = 'accepted' AND f.market_id = ${marketId}
    )
    SELECT held.driver_id, o.id AS order_id, o.delivery_status IN (${withGoodsStatuses}) AS picked_up,
      o.delivery_status IN (${returningStatuses}) AS returning,
      o.pickup_lat, o.pickup_lng, o.dropoff_lat, o.dropoff_lng, o.ready_estimate_at
    FROM held JOIN orders o ON o.id = held.order_id ORDER BY picked_up DESC, o.id`.execute(db);
  const stops = new Map<string, Stop[]>();
  for (const row of rows)
    stops.set(row.driver_id, [...(stops.get(row.driver_id) ?? []), toStop(row)]);
  return stops;
}

type StopRow = {
  readonly driver_id: string;
  readonly order_id: string;
  readonly picked_up: boolean;
  readonly returning: boolean;
  readonly pickup_lat: number;
  readonly pickup_lng: number;
  readonly dropoff_lat: number;
  readonly dropoff_lng: number;
  readonly ready_estimate_at: Date | null;
};

const toStop = (row: StopRow): Stop => ({
  orderId: row.order_id as OrderId,
  pickedUp: row.picked_up,
  pickup: { lat: row.pickup_lat, lng: row.pickup_lng },
  dropoff: row.returning
    ? { lat: row.pickup_lat, lng: row.pickup_lng }
    : { lat: row.dropoff_lat, lng: row.dropoff_lng },
  readyAt: row.ready_estimate_at?.getTime(),
});
