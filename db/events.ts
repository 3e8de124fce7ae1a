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

export type FeedPage = {
  readonly events: readonly FeedEvent[];
  /** Behind everything that was looked at, seen by this scope or not. */
  readonly next: FeedCursor;
};
type FeedRead = { readonly scope: FeedScope; readonly after: FeedCursor; readonly limit: number };

/** A branch's events lie among those of its merchant: so many are looked through at a time, and so many times. */
const scanSize = 500;
const maxScans = 10;

/**
 * Oldest first, strictly behind the cursor. Empty means that there is nothing more, except for a branch far behind:
 * then `next` has moved by some thousand events.
 */
export async function readFeed(db: Db, { scope, after, limit }: FeedRead): Promise<FeedPage> {
  let next = after;
  for (let scan = 1; scan <= maxScans; scan += 1) {
    const page = await scanFeed(db, { scope, after: next, limit });
    if (page.events.length > 0 || page.isEnd) return page;
    next = page.next;
  }
  return { events: [], next };
}

type ScanRow = FeedEvent & { readonly mine: boolean; readonly is_full: boolean };

/** The events of this scope, and the last row looked at even if it is not of this scope. */
async function scanFeed(
  db: Db,
  { scope, after, limit }: FeedRead,
): Promise<FeedPage & { readonly isEnd: boolean }> {
  const ofBranch = scope.kind === 'merchant' && scope.branchId !== undefined;
  const size = ofBranch ? scanSize : limit;
  const { rows } = await sql<ScanRow>`
    WITH scanned AS (
      SELECT e.* FROM order_events e
      WHERE (e.xid, e.id) > (${after.xid}::xid8, ${after.id}::bigint)
        AND e.xid < pg_snapshot_xmin(pg_current_snapshot())
        AND ${scope.kind === 'platform' ? sql`true` : sql`e.merchant_id = ${scope.merchantId}`}
      ORDER BY e.xid, e.id LIMIT ${size}
    ), marked AS (
      SELECT scanned.*, ${isMine(scope)} AS mine, count(*) OVER () = ${size} AS is_full,
             lead(id) OVER (ORDER BY xid, id) IS NULL AS is_last
      FROM scanned
    )
    SELECT m.order_id, m.sequence, m.id, m.xid::text AS xid, m.type, m.body, m.actor, m.at, m.mine, m.is_full
    FROM marked m WHERE m.mine OR m.is_last
    ORDER BY m.xid, m.id LIMIT ${limit + 1}`.execute(db);
  const mine = rows.filter((row) => row.mine);
  const events = mine.slice(0, limit);
  const last = mine.length > limit ? events.at(-1) : rows.at(-1);
  return {
    events,
    next: last ? { xid: last.xid, id: last.id } : after,
    isEnd: rows[0]?.is_full !== true,
  };
}

const isMine = (scope: FeedScope): RawBuilder<boolean> =>
  scope.kind === 'platform' || scope.branchId === undefined
    ? sql`true`
    : sql`EXISTS (SELECT FROM orders
        WHERE orders.id = scanned.order_id AND orders.branch_id = ${scope.branchId})`;

/** Seconds by which the feed is behind: the age of the first event that is committed but held back. One index probe. */
export async function feedLagS(db: Db, now: Date): Promise<number> {
  const { rows } = await sql<{ at: Date }>`
    SELECT at FROM order_events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY xid, id LIMIT 1`.execute(db);
  const oldest = rows[0]?.at;
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
