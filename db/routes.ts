// What drivers still have to drive: the stops that are left of everything that they carry or have accepted.
// Read by the dispatch round for all drivers of a market, and by the API for one.

import { sql } from 'kysely';
import { etasOf } from '../domain/eta.ts';
import type { Place } from '../domain/geo.ts';
import type { DriverId, MarketId, OrderId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import {
  carriedStatuses,
  expectedStatuses,
  reachedStatuses,
  returningStatuses,
  withGoodsStatuses,
} from './carried.ts';
import type { OfferedRoute } from './schema.ts';

export type Stop = {
  readonly kind: 'pickup' | 'dropoff';
  readonly orderId: OrderId;
  /** The driver has said that they are there. */
  readonly reached: boolean;
  /** Units of capacity. */
  readonly load: number;
  /** With nothing else on board. */
  readonly direct: boolean;
  /** The counter; the customer's door; the branch, when the goods come back. */
  readonly place: Place;
  /** As it was told last; undefined: the driver is there, or was given the order by hand and comes back with it. */
  readonly etaAt: number | undefined;
  /** Of a pickup: when the goods are there, as far as is known. */
  readonly readyAt: number | undefined;
  /** Of a drop-off of an order for later: the time that it is for. */
  readonly promisedAt: number | undefined;
  /** Of a drop-off: when it was planned for as the driver was asked; unknown when a person has given it to them. */
  readonly plannedAt: number | undefined;
};

/** At the branch, or where a driver with the goods had to stop. */
export const goodsLat = sql<number>`coalesce(goods_lat, pickup_lat)`;
export const goodsLng = sql<number>`coalesce(goods_lng, pickup_lng)`;

/** What a driver still drives. */
export type DriverRoute = {
  readonly stops: readonly Stop[];
  /** When its order was decided; undefined: nobody has, a person gave all of it to the driver. */
  readonly decidedAt: number | undefined;
};

type Whose = { readonly marketId: MarketId } | { readonly driverId: DriverId };

/** What is carried or accepted: the stops that are left, by driver, in driving order. */
export async function routesOf(db: Db, whose: Whose): Promise<ReadonlyMap<string, DriverRoute>> {
  const of =
    'driverId' in whose ? sql`driver_id = ${whose.driverId}` : sql`market_id = ${whose.marketId}`;
  const { rows } = await sql<HeldRow>`
    WITH held AS MATERIALIZED (
      SELECT driver_id, id AS order_id, offer_id FROM orders
      WHERE ${of} AND driver_id IS NOT NULL
        AND delivery_status IN (${carriedStatuses})
      UNION
      SELECT f.driver_id, l.order_id, f.id FROM offer_orders l JOIN offers f ON f.id = l.offer_id
      WHERE l.status = 'accepted' AND ${of}
    )
    SELECT held.driver_id, o.id AS order_id, o.load, o.direct, o.delivery_status IN (${withGoodsStatuses}) AS picked_up,
      o.delivery_status IN (${reachedStatuses}) AS reached,
      o.delivery_status IN (${returningStatuses}) AS returning, o.driver_id IS NOT NULL AS is_assigned,
      o.pickup_lat, o.pickup_lng, ${goodsLat} AS goods_lat, ${goodsLng} AS goods_lng, o.dropoff_lat, o.dropoff_lng,
      coalesce(o.ready_at, o.ready_estimate_at) AS ready_at, o.promised_at, o.pickup_eta_at, o.dropoff_eta_at, f.answered_at, f.route,
      (f.decision->o.id->>'dropoffAt')::float8 AS planned_at, r.at AS rerouted_at, r.route AS reroute
    FROM held JOIN orders o ON o.id = held.order_id LEFT JOIN offers f ON f.id = held.offer_id
      LEFT JOIN LATERAL (SELECT at, route FROM driver_routes
        WHERE driver_routes.driver_id = held.driver_id AND held.order_id = ANY(order_ids) ORDER BY at DESC LIMIT 1) r ON true
    ORDER BY picked_up DESC, o.id`.execute(db);
  return new Map(
    [...Map.groupBy(rows, (row) => row.driver_id)].map(([driverId, held]) => [
      driverId,
      routeOf(held),
    ]),
  );
}

type HeldRow = {
  readonly driver_id: string;
  readonly order_id: string;
  readonly load: number;
  readonly direct: boolean;
  readonly picked_up: boolean;
  readonly reached: boolean;
  readonly returning: boolean;
  /** The order itself knows of its driver. */
  readonly is_assigned: boolean;
  readonly pickup_lat: number;
  readonly pickup_lng: number;
  readonly goods_lat: number;
  readonly goods_lng: number;
  readonly dropoff_lat: number;
  readonly dropoff_lng: number;
  readonly ready_at: Date | null;
  readonly promised_at: Date | null;
  readonly pickup_eta_at: Date | null;
  readonly dropoff_eta_at: Date | null;
  /** Of the offer; null when a person has assigned it. */
  readonly answered_at: Date | null;
  readonly route: OfferedRoute | null;
  /** Epoch milliseconds. */
  readonly planned_at: number | null;
  /** The newest one in which the order is. */
  readonly rerouted_at: Date | null;
  readonly reroute: OfferedRoute | null;
};

/** First what no offer has planned and is on board, then what was decided last, then what else there is. */
function routeOf(held: readonly HeldRow[]): DriverRoute {
  const [newest] = held
    .flatMap((row) => [
      { at: row.answered_at, route: row.route },
      { at: row.rerouted_at, route: row.reroute },
    ])
    .filter(({ at }) => at !== null)
    .toSorted((a, b) => (b.at?.getTime() ?? 0) - (a.at?.getTime() ?? 0));
  const route = newest?.route ?? [];
  const rank = new Map(route.map(({ kind, orderId }, at) => [`${kind} ${orderId}`, at]));
  const rankOf = ({ kind, orderId }: Stop, pickedUp: boolean): number =>
    rank.get(`${kind} ${orderId}`) ?? (pickedUp ? -1 : route.length);
  const stops = held
    .flatMap((row) => visitsOf(row).map((stop) => ({ stop, rank: rankOf(stop, row.picked_up) })))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ stop }) => stop);
  return { stops, decidedAt: newest?.at?.getTime() };
}

function visitsOf(row: HeldRow): readonly Stop[] {
  const of = { orderId: row.order_id as OrderId, load: row.load, direct: row.direct };
  const branch = { lat: row.pickup_lat, lng: row.pickup_lng };
  const counter = { lat: row.goods_lat, lng: row.goods_lng };
  const door = { lat: row.dropoff_lat, lng: row.dropoff_lng };
  const planned = etasOf(row.route ?? [], row.order_id);
  const drop: Stop = {
    kind: 'dropoff',
    ...of,
    reached: row.picked_up && row.reached,
    place: row.returning ? branch : door,
    etaAt: row.dropoff_eta_at?.getTime() ?? (row.is_assigned ? undefined : planned?.dropoffEtaAt),
    readyAt: undefined,
    promisedAt: row.returning ? undefined : row.promised_at?.getTime(),
    plannedAt: row.returning ? undefined : (row.planned_at ?? undefined),
  };
  const pickup: Stop = {
    kind: 'pickup',
    ...of,
    reached: !row.picked_up && row.reached,
    place: counter,
    etaAt: row.pickup_eta_at?.getTime() ?? (row.is_assigned ? undefined : planned?.pickupEtaAt),
    readyAt: row.ready_at?.getTime(),
    promisedAt: undefined,
    plannedAt: undefined,
  };
  return row.picked_up ? [drop] : [pickup, drop];
}

/** A delivery of which an arrival was told, and what it was. */
export type Told = {
  readonly orderId: OrderId;
  readonly sequence: number;
  readonly pickupEtaAt?: number;
  readonly dropoffEtaAt?: number;
};

/** Of everything in the market that a driver is to fetch or to bring to the door. */
export async function readTold(db: Db, marketId: MarketId): Promise<readonly Told[]> {
  const rows = await db
    .selectFrom('orders')
    .select(['id', 'sequence', 'pickup_eta_at', 'dropoff_eta_at'])
    .where('market_id', '=', marketId)
    .where('driver_id', 'is not', null)
    .where(sql<boolean>`delivery_status IN (${expectedStatuses})`)
    .orderBy('id')
    .execute();
  return rows.map(({ id, sequence, pickup_eta_at: pickup, dropoff_eta_at: dropoff }) => ({
    orderId: id as OrderId,
    sequence,
    ...(pickup ? { pickupEtaAt: pickup.getTime() } : {}),
    ...(dropoff ? { dropoffEtaAt: dropoff.getTime() } : {}),
  }));
}
