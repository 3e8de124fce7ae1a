// Routes that the dispatcher has put into another order. Written by a round together with its offers, under the same
// locks; read to tell the driver and to explain it.

import { sql, type Transaction } from 'kysely';
import type { Reroute } from '../domain/eta.ts';
import type { DriverId, MarketId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import type { Database } from './schema.ts';

/** Times in epoch milliseconds. */
type Rerouting = {
  readonly marketId: MarketId;
  readonly reroutes: readonly Reroute[];
  /** When the round looked at the routes, and now. */
  readonly seenAt: number;
  readonly now: number;
};

/** The caller has locked the drivers. Left out, and not returned: whose route was decided anew since it was seen. */
export async function insertReroutes(
  trx: Transaction<Database>,
  { marketId, reroutes, seenAt, now }: Rerouting,
): Promise<readonly Reroute[]> {
  if (reroutes.length === 0) return [];
  const at = new Date(now);
  const { rows } = await sql<{ driver_id: DriverId }>`
    INSERT INTO driver_routes (driver_id, market_id, at, order_ids, route, decision)
    SELECT driver_id, ${marketId}, ${at}, ARRAY(SELECT DISTINCT jsonb_array_elements(route)->>'orderId'), route, decision
    FROM unnest(${reroutes.map(({ driverId }) => driverId)}::text[],
      ${reroutes.map(({ route }) => JSON.stringify(route))}::jsonb[],
      ${reroutes.map(({ before, lateMs, gainMs }) => JSON.stringify({ before, lateMs, gainMs }))}::jsonb[])
      AS planned (driver_id, route, decision)
    WHERE NOT EXISTS (SELECT FROM driver_routes r WHERE r.driver_id = planned.driver_id AND r.at >= ${new Date(seenAt)})
      AND NOT EXISTS (SELECT FROM offers f
        WHERE f.driver_id = planned.driver_id AND f.status = 'accepted' AND f.answered_at >= ${new Date(seenAt)})
    RETURNING driver_id`.execute(trx);
  const written = new Set(rows.map((row) => row.driver_id));
  return reroutes.filter(({ driverId }) => written.has(driverId));
}

export type StoredReroute = Reroute & { readonly at: Date };

/** In which an order was, the newest first. */
export async function reroutesAbout(db: Db, orderId: string): Promise<readonly StoredReroute[]> {
  const rows = await db
    .selectFrom('driver_routes')
    .select(['driver_id', 'at', 'route', 'decision'])
    .where(sql<boolean>`order_ids @> ${[orderId]}::text[]`)
    .orderBy('at', 'desc')
    .limit(20)
    .execute();
  return rows.map(({ driver_id: driverId, at, route, decision }) => ({
    driverId: driverId as DriverId,
    at,
    route,
    ...decision,
  }));
}
