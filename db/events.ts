// The event feed: order events in commit order, by a cursor that a long transaction can delay but never make skip.
// Rows count once every transaction older than theirs has ended (xid below the snapshot's xmin).

import { sql, type RawBuilder } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { Db } from './connect.ts';
import type { Scope } from './scope.ts';

/** Position behind the last row read: transaction id (as text: 64 bits) and row id. */
export type FeedCursor = { readonly xid: string; readonly id: number };
export const feedStart: FeedCursor = { xid: '0', id: 0 };

export type FeedEvent = {
  readonly order_id: string;
  readonly sequence: number;
  readonly id: number;
  readonly xid: string;
  readonly type: string;
  readonly body: object;
  readonly actor: Actor;
  readonly at: Date;
};

export type FeedScope = Extract<Scope, { readonly kind: 'platform' | 'merchant' }>;

/** Oldest first, strictly behind the cursor. */
export async function readFeed(
  db: Db,
  {
    scope,
    after,
    limit,
  }: { readonly scope: FeedScope; readonly after: FeedCursor; readonly limit: number },
): Promise<readonly FeedEvent[]> {
  const { rows } = await sql<FeedEvent>`
    SELECT e.order_id, e.sequence, e.id, e.xid::text AS xid, e.type, e.body, e.actor, e.at
    FROM order_events e
    WHERE (e.xid, e.id) > (${after.xid}::xid8, ${after.id}::bigint)
      AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
      AND ${eventsIn(scope)}
    ORDER BY e.xid, e.id LIMIT ${limit}`.execute(db);
  return rows;
}

function eventsIn(scope: FeedScope): RawBuilder<boolean> {
  if (scope.kind === 'platform') return sql`true`;
  return scope.branchId === undefined
    ? sql`e.merchant_id = ${scope.merchantId}`
    : sql`e.merchant_id = ${scope.merchantId} AND EXISTS (
        SELECT FROM orders WHERE orders.id = e.order_id AND orders.branch_id = ${scope.branchId})`;
}

/** Seconds by which the feed is behind: the age of the oldest event that is committed but held back. */
export async function feedLagS(db: Db, now: Date): Promise<number> {
  const { rows } = await sql<{ oldest: Date | null }>`
    SELECT min(at) AS oldest FROM order_events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())`.execute(
    db,
  );
  const oldest = rows[0]?.oldest;
  return oldest ? Math.max(0, (now.getTime() - oldest.getTime()) / 1_000) : 0;
}

/** Whether this command has left its events: its answer was lost, its effect was not. */
export async function commandWasRecorded(
  db: Db,
  { orderId, commandId }: { readonly orderId: string; readonly commandId: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('order_events')
    .select('sequence')
    .where('order_id', '=', orderId)
    .where('command_id', '=', commandId)
    .executeTakeFirst();
  return row !== undefined;
}
