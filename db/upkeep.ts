// Queries of the housekeeping: each small, bounded and idempotent.

import { sql } from 'kysely';
import type { OrderFacts } from '../domain/order.ts';
import type { Db } from './connect.ts';
import { aboutMoney } from './money-webhooks.ts';
import { isOverdue } from './overdue.ts';
import { roundsKeptDays } from './rounds.ts';
import { partnerFleet } from './webhooks.ts';

const batch = 100;

/** Orders that no workflow has recorded anything of, with when their caller asked last. */
export function orphanDrafts(
  db: Db,
  { placedBefore }: { readonly placedBefore: Date },
): Promise<readonly { id: string; asked_at: Date; facts: OrderFacts }[]> {
  return db
    .selectFrom('orders')
    .select((eb) => [
      'id',
      'facts',
      eb.fn
        .coalesce(
          eb
            .selectFrom('idempotency_keys')
            .select((key) => key.fn.max('lease_until').as('asked_at'))
            .whereRef('order_id', '=', 'orders.id')
            .where('response_status', 'is', null),
          'placed_at',
        )
        .as('asked_at'),
    ])
    .where('sequence', '=', 0)
    .where('is_over', '=', false)
    .where('placed_at', '<', placedBefore)
    .orderBy('id')
    .limit(batch)
    .execute();
}

/** Ends a draft that never became an order. True when it still was one. */
export async function refuseDraft(db: Db, orderId: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('orders')
    .set({
      is_over: true,
      status: 'CANCELLED',
      order_status: 'cancelled',
      end_reason: 'payment_not_completed',
      // The order never was: its caller may place it anew.
      external_id: null,
    })
    .where('id', '=', orderId)
    .where('sequence', '=', 0)
    .where('is_over', '=', false)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Open orders with a caller whose lease ran out without an answer, and who have not caught up since. */
export async function ordersWithLostCallers(db: Db, now: Date): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('idempotency_keys')
    .innerJoin('orders', 'orders.id', 'idempotency_keys.order_id')
    .select('orders.id')
    .distinct()
    .where('response_status', 'is', null)
    .where('caught_up_at', 'is', null)
    .where('lease_until', '<', now)
    .where('orders.is_over', '=', false)
    .limit(batch)
    .execute();
  return rows.map((row) => row.id);
}

/** The order has been told to read its log, after these callers were lost. */
export async function lostCallersCaughtUp(
  db: Db,
  { orderId, now }: { readonly orderId: string; readonly now: Date },
): Promise<void> {
  await db
    .updateTable('idempotency_keys')
    .set({ caught_up_at: now })
    .where('order_id', '=', orderId)
    .where('response_status', 'is', null)
    .where('lease_until', '<', now)
    .execute();
}

/** Open orders whose deadline passed at least two minutes ago, and not before `since`. */
export async function ordersOverdue(
  db: Db,
  { now, since }: { readonly now: Date; readonly since: Date },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('orders')
    .select('id')
    .where('is_over', '=', false)
    .where('deadline_at', '<', new Date(now.getTime() - 120_000))
    .where('deadline_at', '>', since)
    // Should there be more than one look can take, none of them is always left out.
    .orderBy(sql`random()`)
    .limit(batch)
    .execute();
  return rows.map((row) => row.id);
}

/** Webhooks that could not be told to their order when they came, and whether they matter now. */
type WaitingWebhook = {
  readonly provider: string;
  readonly event_id: string;
  readonly type: string;
  readonly order_id: string;
  readonly provider_ref: string;
  readonly matters: boolean;
};

export async function waitingWebhooks(db: Db): Promise<readonly WaitingWebhook[]> {
  const { rows } = await sql<WaitingWebhook>`
    SELECT w.provider, w.event_id, w.type, o.id AS order_id, w.provider_ref,
      CASE WHEN w.provider = ${partnerFleet} THEN NOT o.is_over AND o.delivery_status LIKE 'partner\\_%'
        ELSE o.payment_status = 'requires_action' AND o.provider_ref = w.provider_ref END AS matters
    FROM provider_webhooks w JOIN orders o ON o.id = w.order_id
    WHERE w.done_at IS NULL AND w.provider_ref IS NOT NULL
      AND CASE WHEN w.provider = ${partnerFleet} THEN o.delivery_status <> 'partner_requested'
        ELSE o.payment_status <> 'authorizing' AND ${aboutMoney} IS NULL END
    ORDER BY w.received_at LIMIT ${batch}`.execute(db);
  return rows;
}

export async function webhookDone(
  db: Db,
  {
    provider,
    eventId,
    now,
  }: { readonly provider: string; readonly eventId: string; readonly now: Date },
): Promise<void> {
  await db
    .updateTable('provider_webhooks')
    .set({ done_at: now })
    .where('provider', '=', provider)
    .where('event_id', '=', eventId)
    .execute();
}

/** Markets with a need and no round lately: their dispatcher was lost or never started. */
export async function marketsWithoutDispatcher(db: Db, since: Date): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('orders')
    .leftJoin('dispatchers', 'dispatchers.market_id', 'orders.market_id')
    .select('orders.market_id')
    .distinct()
    .where('delivery_status', '=', 'searching')
    .where((eb) => eb.or([eb('last_round_at', 'is', null), eb('last_round_at', '<', since)]))
    .execute();
  return rows.map((row) => row.market_id);
}

/** Open orders whose deadline passed before `before`, or whose call to the outside has had no answer since. */
export async function countOverdue(db: Db, before: Date): Promise<number> {
  const { count } = await db
    .selectFrom('orders as o')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where(isOverdue(before))
    .executeTakeFirstOrThrow();
  return count;
}

/** Stored answers are kept for two days (the promise is one). */
export async function pruneIdempotencyKeys(db: Db): Promise<void> {
  await sql`
    DELETE FROM idempotency_keys WHERE (tenant, key) IN (
      SELECT tenant, key FROM idempotency_keys WHERE created_at < now() - interval '48 hours' LIMIT 20000)`.execute(
    db,
  );
}

/** Providers repeat a webhook for days, not for months. */
export async function pruneWebhooks(db: Db): Promise<void> {
  await sql`
    DELETE FROM provider_webhooks WHERE (provider, event_id) IN (
      SELECT provider, event_id FROM provider_webhooks
      WHERE done_at IS NOT NULL AND received_at < now() - interval '60 days' LIMIT 20000)`.execute(
    db,
  );
}

/** Kept as long as the rounds that decided them. */
export async function pruneRoutes(db: Db, now: Date): Promise<void> {
  const before = new Date(now.getTime() - roundsKeptDays * 86_400_000);
  await db.deleteFrom('driver_routes').where('at', '<', before).execute();
}

/** The last sequence that the event log has of this order; 0 for a draft or an unknown id. */
export async function recordedSequence(db: Db, orderId: string): Promise<number> {
  const row = await db
    .selectFrom('orders')
    .select('sequence')
    .where('id', '=', orderId)
    .executeTakeFirst();
  return row?.sequence ?? 0;
}
