// What an event log says about a market's past, as a day that can be played again: who ordered what from where and
// when it was ready, and which drivers were seen from when to when.

import { sql } from 'kysely';
import type { Db } from '../../db/connect.ts';
import type { Place } from '../../domain/geo.ts';
import { completePolicy, scalePolicy, speedOf, type Policy } from '../../domain/policy.ts';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';
import type { Spot } from '../../sandbox/city/projection.ts';
import { minuteMs } from '../mdrp/policy.ts';
import type { RecordedDay } from './compare.ts';

export type Period = { readonly marketId: string; readonly from: Date; readonly to: Date };

/** Throws when the market is not known, or nothing was ordered or nobody drove in the period. */
export async function readRecordedDay(db: Db, period: Period): Promise<RecordedDay> {
  const { marketId, from, to } = period;
  const market = await readMarket(db, marketId);
  const [orders, drivers] = [await readOrders(db, period), await readDrivers(db, period)];
  const within = `of ${marketId} from ${from.toISOString()} to ${to.toISOString()}`;
  const [first] = orders;
  if (!first) throw new Error(`no order ${within} was accepted by its merchant`);
  if (drivers.length === 0) throw new Error(`no driver ${within} has been seen`);
  const spotOf = aroundPlace({ lat: first.pickup_lat, lng: first.pickup_lng });
  const minuteOf = (at: number): number =>
    Math.max(0, Math.round(((at - from.getTime()) * market.speed) / minuteMs));
  const { policy } = market;
  const branches = new Map(orders.map((order) => [order.branch_id, order]));
  return {
    name: market.name,
    policy,
    instance: {
      orders: orders.map((order) => ({
        id: order.id,
        restaurant: order.branch_id,
        dropoff: spotOf({ lat: order.dropoff_lat, lng: order.dropoff_lng }),
        placedAt: minuteOf(order.placed_at),
        readyAt: Math.max(minuteOf(order.placed_at), minuteOf(order.ready_at)),
      })),
      restaurants: [...branches].map(([id, { pickup_lat: lat, pickup_lng: lng }]) => ({
        id,
        spot: spotOf({ lat, lng }),
      })),
      couriers: drivers.map(({ driver_id, lat, lng, first_at, last_at }) => ({
        id: driver_id,
        home: spotOf({ lat, lng }),
        onAt: minuteOf(first_at),
        offAt: minuteOf(last_at),
      })),
      parameters: parametersOf(policy),
    },
  };
}

const parametersOf = (policy: Policy): InstanceFiles['parameters'] => ({
  metersPerMinute: policy.metersPerMinute / policy.roadFactor,
  pickupServiceMinutes: wholePair(policy.pickupServiceMs),
  dropoffServiceMinutes: wholePair(policy.dropoffServiceMs),
});

/** Half of it must be a whole minute too. */
const wholePair = (ms: number): number => 2 * Math.round(ms / (2 * minuteMs));

const earthRadiusM = 6_371_008.8;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Metres east and north of a place; good within a city. */
const aroundPlace =
  (centre: Place) =>
  ({ lat, lng }: Place): Spot => ({
    x: Math.round(radians(lng - centre.lng) * earthRadiusM * Math.cos(radians(centre.lat))) + 0,
    y: Math.round(radians(lat - centre.lat) * earthRadiusM) + 0,
  });

async function readMarket(db: Db, marketId: string) {
  const row = await db
    .selectFrom('markets')
    .select(['name', 'policy'])
    .where('id', '=', marketId)
    .executeTakeFirst();
  if (!row) throw new Error(`there is no market ${marketId}`);
  return { name: row.name, policy: playedPolicy(row.policy), speed: speedOf(row.policy) };
}

/** In the time of people, whatever the speed of the market's clock; drivers are told one bundle and minute at a time. */
export const playedPolicy = (stored: Policy): Policy => ({
  ...scalePolicy(completePolicy(stored), 1 / speedOf(stored)),
  version: stored.version,
  dispatchTickMs: minuteMs,
  commitAheadMs: 0,
  detourLimitMs: 0,
});

type OrderRow = {
  readonly id: string;
  readonly branch_id: string;
  readonly pickup_lat: number;
  readonly pickup_lng: number;
  readonly dropoff_lat: number;
  readonly dropoff_lng: number;
  /** Epoch milliseconds. */
  readonly placed_at: number;
  readonly ready_at: number;
};

/** Deliveries that a merchant accepted; ready when somebody said so, else as announced. */
async function readOrders(db: Db, { marketId, from, to }: Period): Promise<readonly OrderRow[]> {
  const { rows } = await sql<OrderRow>`
    SELECT o.id, o.branch_id, o.pickup_lat, o.pickup_lng, o.dropoff_lat, o.dropoff_lng,
      (extract(epoch FROM o.placed_at) * 1000)::float8 AS placed_at, coalesce(e.ready_at, e.announced_at) AS ready_at
    FROM orders o CROSS JOIN LATERAL (
      SELECT max((body->>'readyEstimateAt')::float8) FILTER (WHERE type = 'order.accepted') AS announced_at,
        min((extract(epoch FROM at) * 1000)::float8) FILTER (WHERE type = 'order.ready') AS ready_at
      FROM order_events WHERE order_id = o.id AND type IN ('order.accepted', 'order.ready')) e
    WHERE o.market_id = ${marketId} AND o.placed_at >= ${from} AND o.placed_at < ${to}
      AND o.fulfilment = 'delivery' AND e.announced_at IS NOT NULL
    ORDER BY o.id`.execute(db);
  return rows;
}

type DriverRow = {
  readonly driver_id: string;
  readonly lat: number;
  readonly lng: number;
  /** Epoch milliseconds. */
  readonly first_at: number;
  readonly last_at: number;
};

async function readDrivers(db: Db, { marketId, from, to }: Period): Promise<readonly DriverRow[]> {
  const { rows } = await sql<DriverRow>`
    SELECT d.id AS driver_id, first.lat, first.lng, (extract(epoch FROM first.at) * 1000)::float8 AS first_at,
      (extract(epoch FROM last.at) * 1000)::float8 AS last_at
    FROM drivers d
    CROSS JOIN LATERAL (SELECT at, lat, lng FROM driver_positions
      WHERE driver_id = d.id AND at >= ${from} AND at < ${to} ORDER BY at LIMIT 1) first
    CROSS JOIN LATERAL (SELECT at FROM driver_positions
      WHERE driver_id = d.id AND at >= ${from} AND at < ${to} ORDER BY at DESC LIMIT 1) last
    WHERE d.market_id = ${marketId} ORDER BY d.id`.execute(db);
  return rows;
}
