// What a dispatch round plans from: the deliveries that look for a driver and the drivers who are online, in two
// indexed statements. It locks nothing: `writeOffers` looks again.

import { sql } from 'kysely';
import type { Place } from '../domain/geo.ts';
import type { DriverId, MarketId, OrderId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import type { Db } from './connect.ts';

/** Times in epoch milliseconds. */
export type SearchingRow = {
  readonly orderId: OrderId;
  readonly search: number;
  readonly rung: number;
  readonly searchSince: number;
  readonly pickup: Place;
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
  readonly pickedUp: boolean;
  readonly pickup: Place;
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

/** Deliveries without a live offer, the oldest released first. */
export async function readSearching(db: Db, marketId: MarketId): Promise<readonly SearchingRow[]> {
  const { rows } = await sql<{
    id: string;
    search: number;
    rung: number;
    since: Date;
    lat: number;
    lng: number;
    earlier: readonly EarlierOffer[];
  }>`
    SELECT o.id, o.search, coalesce(o.search_rung, 0) AS rung, coalesce(o.search_since, o.placed_at) AS since,
      o.pickup_lat AS lat, o.pickup_lng AS lng, coalesce(e.earlier, '[]') AS earlier
    FROM orders o LEFT JOIN LATERAL (
      SELECT json_agg(json_build_object('driverId', f.driver_id, 'search', l.search, 'outcome',
        CASE l.status WHEN 'assigned' THEN 'dropped_out' WHEN 'refused' THEN 'voided' ELSE l.status END)
        ORDER BY l.offer_id) AS earlier
      FROM offer_orders l JOIN offers f ON f.id = l.offer_id WHERE l.order_id = o.id) e ON true
    WHERE o.market_id = ${marketId} AND o.delivery_status = 'searching' AND NOT EXISTS (
      SELECT FROM offer_orders l WHERE l.order_id = o.id AND l.status IN ('open', 'accepted'))
    ORDER BY since, o.id`.execute(db);
  return rows.map((row) => ({
    orderId: row.id as OrderId,
    search: row.search,
    rung: row.rung,
    searchSince: row.since.getTime(),
    pickup: { lat: row.lat, lng: row.lng },
    earlier: row.earlier,
  }));
}

type StoredStop = {
  readonly pickedUp: boolean;
  readonly pickupLat: number;
  readonly pickupLng: number;
  readonly dropoffLat: number;
  readonly dropoffLng: number;
  readonly readyAt: number | null;
};

/** Everybody who is online in the market, by id. */
export async function readDrivers(db: Db, marketId: MarketId): Promise<readonly DriverRow[]> {
  const { rows } = await sql<{
    id: string;
    capacity: number;
    lat: number | null;
    lng: number | null;
    position_at: Date | null;
    shift_ends_at: Date | null;
    has_open_offer: boolean;
    stops: readonly StoredStop[];
  }>`
    WITH held AS MATERIALIZED (
      SELECT o.driver_id, o.id AS order_id FROM orders o
      WHERE o.market_id = ${marketId} AND o.driver_id IS NOT NULL
        AND o.delivery_status IN ('confirmed', 'picked_up', 'delivery_unconfirmed')
      UNION
      SELECT f.driver_id, l.order_id FROM offer_orders l JOIN offers f ON f.id = l.offer_id
      WHERE l.status = 'accepted' AND f.market_id = ${marketId}
    ), stop AS (
      SELECT held.driver_id, json_agg(json_build_object(
        'pickedUp', o.delivery_status IN ('picked_up', 'delivery_unconfirmed'),
        'pickupLat', o.pickup_lat, 'pickupLng', o.pickup_lng,
        'dropoffLat', o.dropoff_lat, 'dropoffLng', o.dropoff_lng,
        'readyAt', round(extract(epoch FROM o.ready_estimate_at) * 1000))
        ORDER BY o.delivery_status IN ('picked_up', 'delivery_unconfirmed') DESC, o.id) AS stops
      FROM held JOIN orders o ON o.id = held.order_id GROUP BY held.driver_id
    )
    SELECT d.id, d.capacity, d.lat, d.lng, d.position_at, d.shift_ends_at,
      EXISTS (SELECT FROM offers f WHERE f.driver_id = d.id AND f.status = 'open') AS has_open_offer,
      coalesce(stop.stops, '[]') AS stops
    FROM drivers d LEFT JOIN stop ON stop.driver_id = d.id
    WHERE d.market_id = ${marketId} AND d.online ORDER BY d.id`.execute(db);
  return rows.map((row) => ({
    driverId: row.id as DriverId,
    capacity: row.capacity,
    place: row.lat === null || row.lng === null ? undefined : { lat: row.lat, lng: row.lng },
    placeAt: row.position_at?.getTime(),
    shiftEndsAt: row.shift_ends_at?.getTime(),
    hasOpenOffer: row.has_open_offer,
    stops: row.stops.map(toStop),
  }));
}

const toStop = (stop: StoredStop): Stop => ({
  pickedUp: stop.pickedUp,
  pickup: { lat: stop.pickupLat, lng: stop.pickupLng },
  dropoff: { lat: stop.dropoffLat, lng: stop.dropoffLng },
  readyAt: stop.readyAt ?? undefined,
});
