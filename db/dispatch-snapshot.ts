// What a dispatch round plans from: the deliveries that look for a driver and the drivers who are online. Flat
// statements, joined here: whatever the planner believes of a table that grew fast, each stays linear. It locks
// nothing and is no single moment: `writeOffers` looks again.

import { sql } from 'kysely';
import type { Place } from '../domain/geo.ts';
import type { DriverId, MarketId, MerchantId, OrderId } from '../domain/ids.ts';
import type { DeliveryTerms } from '../domain/order.ts';
import { completePolicy, type Policy } from '../domain/policy.ts';
import type { Vehicle } from '../domain/vehicles.ts';
import type { Db } from './connect.ts';
import { goodsLat, goodsLng, routesOf, type Stop } from './routes.ts';
import type { DriverSkill, OfferOrderStatus } from './schema.ts';
import { carriedStatuses } from './carried.ts';

/** Times in epoch milliseconds. */
export type SearchingRow = {
  readonly orderId: OrderId;
  readonly search: number;
  readonly searchSince: number;
  readonly pickup: Place;
  readonly dropoff: Place;
  /** When the goods are there, as far as is known. */
  readonly readyAt: number | undefined;
  /** Of an order for later: the time that it is for. */
  readonly promisedAt: number | undefined;
  readonly merchantId: MerchantId;
  /** Units of capacity. */
  readonly load: number;
  readonly needs: readonly Need[];
  /** Undefined: any. */
  readonly vehicles: readonly Vehicle[] | undefined;
  readonly ownDriversOnly: boolean;
  readonly direct: boolean;
  /** Drivers who are not to meet the customer or the merchant. */
  readonly blocked: readonly DriverId[];
  /** Earlier offers of this order, all searches; how each one ended. */
  readonly earlier: readonly EarlierOffer[];
};

/** `cash`: the driver is paid at the door. */
export type Need = DriverSkill | 'cash';

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
  /** When goods were last taken or given. */
  readonly servedAt: number | undefined;
  readonly onlineSince: number | undefined;
  readonly shiftStartsAt: number | undefined;
  readonly shiftEndsAt: number | undefined;
  readonly hasOpenOffer: boolean;
  readonly skills: readonly DriverSkill[];
  readonly vehicle: Vehicle | undefined;
  /** Stars, 1 to 5. */
  readonly rating: number | undefined;
  /** Works for this merchant alone. */
  readonly merchantId: string | undefined;
  /** Carried and accepted deliveries in driving order. */
  readonly stops: readonly Stop[];
};

export type MarketRules = { readonly policy: Policy; readonly timeZone: string };

/** Undefined when there is no such market. */
export async function readRules(db: Db, marketId: MarketId): Promise<MarketRules | undefined> {
  const row = await db
    .selectFrom('markets')
    .select(['policy', 'time_zone'])
    .where('id', '=', marketId)
    .executeTakeFirst();
  return row && { policy: completePolicy(row.policy), timeZone: row.time_zone };
}

type Carrying = {
  readonly ageCheck: boolean | null;
  readonly prescription: boolean | null;
  readonly method: string | null;
  readonly terms: DeliveryTerms | null;
};

const carryingOf = sql<Carrying>`jsonb_build_object('ageCheck', facts->'ageCheck', 'prescription', facts->'prescription',
  'method', facts->'method', 'terms', facts->'deliveryTerms')`;

const needsOf = ({ ageCheck, prescription, method, terms }: Carrying): readonly Need[] => [
  ...(ageCheck ? (['age_check'] as const) : []),
  ...(prescription ? (['prescription'] as const) : []),
  ...(method === 'cash' ? (['cash'] as const) : []),
  ...(terms?.needs ?? []),
];

/** By customer or merchant. */
async function readBlocks(
  db: Db,
  parties: readonly string[],
): Promise<ReadonlyMap<string, readonly DriverId[]>> {
  const { rows } = await sql<{ party: string; drivers: DriverId[] }>`
    SELECT party, array_agg(driver_id ORDER BY driver_id) AS drivers FROM driver_blocks
    WHERE party = ANY(${[...new Set(parties)]}::text[]) GROUP BY party`.execute(db);
  return new Map(rows.map(({ party, drivers }) => [party, drivers]));
}

/** Deliveries whose search has begun and that have no live offer, the oldest search first. */
export async function readSearching(
  db: Db,
  { marketId, now }: { readonly marketId: MarketId; readonly now: number },
): Promise<readonly SearchingRow[]> {
  const orders = await db
    .selectFrom('orders')
    .select(['id', 'search', 'search_since', 'placed_at', 'dropoff_lat', 'dropoff_lng'])
    .select(['ready_at', 'ready_estimate_at', 'promised_at', 'merchant_id', 'customer_id'])
    .select(['load', 'direct', carryingOf.as('carrying')])
    .select([goodsLat.as('goods_lat'), goodsLng.as('goods_lng')])
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
  const blocked = await readBlocks(
    db,
    orders.flatMap((order) => [order.merchant_id, order.customer_id]),
  );
  return orders
    .map((row) => ({
      orderId: row.id as OrderId,
      search: row.search,
      searchSince: (row.search_since ?? row.placed_at).getTime(),
      pickup: { lat: row.goods_lat, lng: row.goods_lng },
      dropoff: { lat: row.dropoff_lat, lng: row.dropoff_lng },
      readyAt: (row.ready_at ?? row.ready_estimate_at)?.getTime(),
      promisedAt: row.promised_at?.getTime(),
      merchantId: row.merchant_id as MerchantId,
      load: row.load,
      needs: needsOf(row.carrying),
      vehicles: row.carrying.terms?.vehicles,
      ownDriversOnly: row.carrying.terms?.ownDriversOnly ?? false,
      direct: row.direct,
      blocked: [row.merchant_id, row.customer_id].flatMap((party) => blocked.get(party) ?? []),
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
    SELECT id, capacity, lat, lng, position_at, served_at, online_since, shift_starts_at, shift_ends_at, skills, vehicle, rating, merchant_id,
      EXISTS (SELECT FROM offers WHERE driver_id = drivers.id AND status = 'open') AS has_open_offer
    FROM drivers WHERE market_id = ${marketId} AND online ORDER BY id`.execute(db);
  const routes = await routesOf(db, { marketId });
  return rows.map((row) => ({
    driverId: row.id as DriverId,
    capacity: row.capacity,
    place: row.lat === null || row.lng === null ? undefined : { lat: row.lat, lng: row.lng },
    placeAt: row.position_at?.getTime(),
    servedAt: row.served_at?.getTime(),
    onlineSince: row.online_since?.getTime(),
    shiftStartsAt: row.shift_starts_at?.getTime(),
    shiftEndsAt: row.shift_ends_at?.getTime(),
    hasOpenOffer: row.has_open_offer,
    skills: row.skills,
    vehicle: row.vehicle ?? undefined,
    rating: row.rating ?? undefined,
    merchantId: row.merchant_id ?? undefined,
    stops: routes.get(row.id)?.stops ?? [],
  }));
}

type OnlineRow = {
  readonly id: string;
  readonly capacity: number;
  readonly lat: number | null;
  readonly lng: number | null;
  readonly position_at: Date | null;
  readonly served_at: Date | null;
  readonly online_since: Date | null;
  readonly shift_starts_at: Date | null;
  readonly shift_ends_at: Date | null;
  readonly has_open_offer: boolean;
  readonly skills: readonly DriverSkill[];
  readonly vehicle: Vehicle | null;
  readonly rating: number | null;
  readonly merchant_id: string | null;
};

const shortCountsMs = 30 * 24 * 3_600_000;

/**
 * By driver: cash of the platform in their pocket, what their deliveries under way will add, and what was missing when
 * they handed cash in: for 30 days, or until they were paid out what was left after it. Minor units.
 */
export async function readCash(
  db: Db,
  { driverIds, now }: { readonly driverIds: readonly DriverId[]; readonly now: number },
): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ driver_id: DriverId; minor: number }>`
    SELECT driver_id, sum(minor)::bigint AS minor FROM (
      SELECT driver_id, CASE payment_status WHEN 'due' THEN total_minor ELSE (
        SELECT coalesce(body->>'missingMinor', body->>'amountMinor')::bigint FROM order_events
        WHERE order_id = orders.id AND type = 'payment.' || orders.payment_status) - (
        SELECT coalesce(sum(e.amount_minor), 0)::bigint FROM ledger_transactions t
        JOIN ledger_entries e ON e.transaction_key = t.key AND e.account = 'cash_desk'
        WHERE t.order_id = orders.id AND t.kind = 'late_cash') END AS minor
      FROM orders WHERE driver_id = ANY(${driverIds}::text[]) AND (
        payment_status = 'collected'
        OR (payment_status = 'due' AND delivery_status IN (${carriedStatuses}))
        OR (payment_status = 'short' AND updated_at > ${new Date(now - shortCountsMs)} AND NOT EXISTS (
          SELECT FROM payouts p WHERE p.party = orders.driver_id AND p.first_sent_at > orders.updated_at)))) AS cash
    GROUP BY driver_id`.execute(db);
  return new Map(rows.map((row) => [row.driver_id, row.minor]));
}
