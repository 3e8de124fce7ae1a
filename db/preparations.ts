// How long preparations take, from the event log: those that are finished, by branch, and what is announced of those
// under way. Read by activities/preparations.ts.

import { sql } from 'kysely';
import type { MarketId } from '../domain/ids.ts';
import type { Db } from './connect.ts';

export type FinishedRow = { readonly branchId: string; readonly share: number };

/** So many of a branch's newest orders are looked at: a bound, and what was long ago says little. */
const newestOrders = 40;

/** Of every branch's newest orders, those that somebody said were ready: the time taken ÷ the time announced first. */
export async function readFinishedPreparations(
  db: Db,
  marketId: MarketId,
): Promise<readonly FinishedRow[]> {
  const { rows } = await sql<FinishedRow>`
    SELECT b.id AS "branchId", (e.ready_at - e.since) / (e.announced_at - e.since) AS share
    FROM branches b
    CROSS JOIN LATERAL (
      SELECT id FROM orders WHERE branch_id = b.id ORDER BY id DESC LIMIT ${newestOrders}) o
    CROSS JOIN LATERAL (
      SELECT min(coalesce((body->>'prepStartAt')::float8, ${atMs})) FILTER (WHERE type = 'order.accepted') AS since,
        min((body->>'readyEstimateAt')::float8) FILTER (WHERE type = 'order.accepted') AS announced_at,
        min(${atMs}) FILTER (WHERE type = 'order.ready' AND NOT (body->>'assumed')::boolean) AS ready_at
      FROM order_events WHERE order_id = o.id AND type IN ('order.accepted', 'order.ready')) e
    WHERE b.market_id = ${marketId} AND e.announced_at > e.since AND e.ready_at > e.since
    ORDER BY b.id, o.id`.execute(db);
  return rows;
}

const atMs = sql`(extract(epoch FROM at) * 1000)::float8`;

/** Epoch milliseconds: since when the goods are made, for when they were announced then, and for when they are now. */
export type AnnouncedRow = {
  readonly orderId: string;
  readonly branchId: string;
  readonly since: number;
  readonly announcedAt: number;
  readonly readyAt: number;
};

/** Of orders whose goods are not ready. */
export async function readAnnounced(
  db: Db,
  orderIds: readonly string[],
): Promise<readonly AnnouncedRow[]> {
  const { rows } = await sql<AnnouncedRow>`
    SELECT o.id AS "orderId", o.branch_id AS "branchId", e.since, e.announced_at AS "announcedAt",
      (extract(epoch FROM o.ready_estimate_at) * 1000)::float8 AS "readyAt"
    FROM orders o
    CROSS JOIN LATERAL (
      SELECT coalesce((body->>'prepStartAt')::float8, ${atMs}) AS since,
        (body->>'readyEstimateAt')::float8 AS announced_at FROM order_events
      WHERE order_id = o.id AND type IN ('order.accepted', 'order.remade')
      ORDER BY sequence DESC LIMIT 1) e
    WHERE o.id = ANY(${orderIds}::text[]) AND o.ready_at IS NULL AND o.ready_estimate_at > to_timestamp(e.since / 1000)`.execute(
    db,
  );
  return rows;
}
