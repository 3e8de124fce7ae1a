// Where orders arise in a market: its branches, each weighed by what was ordered there lately.

import { sql } from 'kysely';
import type { Place } from '../domain/geo.ts';
import { formatId, type MarketId } from '../domain/ids.ts';
import type { Db } from './connect.ts';

export type Demand = readonly { readonly place: Place; readonly weight: number }[];

/** The heaviest stand for all. */
const mostPlaces = 60;
/** Before anybody has ordered, every branch counts so much of an order. */
const prior = 0.2;

/** Orders since `since` (epoch ms): an order's id begins with its time, so this reads an index alone. */
export async function readDemand(
  db: Db,
  { marketId, since }: { readonly marketId: MarketId; readonly since: number },
): Promise<Demand> {
  const first = formatId('order', since, new Uint8Array(10));
  const { rows } = await sql<{ lat: number; lng: number; orders: number }>`
    SELECT lat, lng, (SELECT count(*)::int FROM orders WHERE branch_id = branches.id AND id >= ${first}) AS orders
    FROM branches WHERE market_id = ${marketId} ORDER BY orders DESC, id LIMIT ${mostPlaces}`.execute(
    db,
  );
  return rows.map(({ lat, lng, orders }) => ({ place: { lat, lng }, weight: orders + prior }));
}
