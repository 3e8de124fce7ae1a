// The exceptions queue: orders that need a person, each with the reasons why. One table of reasons; a new one is a row.

import { sql, type RawBuilder } from 'kysely';
import type { Deadline } from '../domain/lifecycle.ts';
import type { ExitKind } from '../domain/messages.ts';
import type { Db } from './connect.ts';

/** A deadline is overdue once the engine has had this long to act on it. */
export const overdueGraceMs = 120_000;
const draftPatienceMs = 10 * 60_000;

type Reason = {
  readonly says: string;
  /** What ends it by itself. */
  readonly exit?: ExitKind;
  /** On `orders o`, `order_troubles t`; orders that are over are here only for their incidents. */
  readonly holds: (now: Date) => RawBuilder<boolean>;
};

const ago = (now: Date, ms: number): Date => new Date(now.getTime() - ms);
const trouble = (kind: string) => () => sql<boolean>`coalesce(t.kind = ${kind}, false)`;
const delivery =
  (...statuses: readonly string[]) =>
  () =>
    sql<boolean>`o.delivery_status = ANY(${statuses}::text[])`;

const reasons = {
  workflow_gone: {
    says: 'its workflow was ended without an end of the order: nothing happens by itself any more',
    holds: trouble('workflow_gone'),
  },
  workflow_failing: {
    says: 'its workflow’s code fails on its history: nothing happens until it is repaired',
    holds: trouble('workflow_failing'),
  },
  workflow_paused: {
    says: 'its workflow is paused by hand: it takes no commands',
    holds: trouble('workflow_paused'),
  },
  overdue: {
    says: 'its deadline passed more than two minutes ago, or a payment provider or partner fleet has given no answer for as long',
    holds: (now) =>
      sql<boolean>`(o.sequence > 0 AND NOT o.is_over
        AND coalesce(o.deadline_at, o.updated_at) < ${ago(now, overdueGraceMs)})`,
  },
  held: {
    says: 'it is held by support',
    holds: (now) => sql<boolean>`coalesce(o.held_until > ${now}, false)`,
  },
  no_driver_found: {
    says: 'no driver has taken it on any rung of the search, nor did a partner fleet; the search goes on',
    exit: 'failSearch',
    holds: () =>
      sql<boolean>`(o.delivery_status = 'searching' AND o.deadlines @> '[{"exit": "failSearch", "owner": "support"}]')`,
  },
  delivery_unconfirmed: {
    says: 'nobody confirmed the drop-off in time; the hold on the card is kept',
    holds: delivery('delivery_unconfirmed', 'partner_unconfirmed'),
  },
  problem: { says: 'the driver reported a problem after pick-up', holds: delivery('problem') },
  capture_failed: {
    says: 'the payment could not be captured; it is tried again',
    holds: () => sql<boolean>`o.payment_status = 'capture_failed'`,
  },
  never_started: {
    says: 'it was stored, but its workflow never began',
    holds: (now) =>
      sql<boolean>`(o.sequence = 0 AND NOT o.is_over AND o.placed_at < ${ago(now, draftPatienceMs)})`,
  },
  incident: {
    says: 'an incident is open',
    holds: () => sql<boolean>`EXISTS (
      SELECT FROM incidents i WHERE i.order_id = o.id AND i.resolved_at IS NULL)`,
  },
} as const satisfies Readonly<Record<string, Reason>>;

export type ExceptionReason = keyof typeof reasons;
export const exceptionReasons: Readonly<Record<ExceptionReason, Reason>> = reasons;
export const exceptionReasonNames = Object.keys(exceptionReasons) as readonly ExceptionReason[];

export type ExceptionRow = {
  readonly id: string;
  readonly number: string;
  readonly external_id: string | null;
  readonly merchant_id: string;
  readonly branch_id: string;
  readonly market_id: string;
  readonly driver_id: string | null;
  readonly placed_at: Date;
  readonly status: string;
  readonly order_status: string;
  readonly delivery_status: string;
  readonly payment_status: string;
  readonly end_reason: string | null;
  readonly sequence: number;
  readonly is_over: boolean;
  readonly currency: string;
  readonly total_minor: number;
  readonly owner: string | null;
  readonly deadlines: readonly Deadline[];
  /** What the queue is sorted by: the deadline, or the last change of what has none. */
  readonly due_at: Date;
  readonly reasons: readonly ExceptionReason[];
  readonly trouble_since: Date | null;
  readonly claimed_by: string | null;
  readonly claimed_until: Date | null;
};

export type QueuePlace = { readonly dueAt: Date; readonly id: string };

export type ExceptionFilter = {
  readonly marketId?: string | undefined;
  readonly merchantId?: string | undefined;
  readonly reason?: ExceptionReason | undefined;
  /** A key's id, or `nobody`. */
  readonly claimedBy?: string | undefined;
  readonly after?: QueuePlace | undefined;
  readonly limit: number;
  readonly now: Date;
};

/** The most urgent first. Looks at open orders and open incidents only, however many orders there have been. */
export async function listExceptions(
  db: Db,
  filter: ExceptionFilter,
): Promise<{ readonly rows: readonly ExceptionRow[]; readonly next: QueuePlace | undefined }> {
  const { limit, now } = filter;
  const marks = exceptionReasonNames.map(
    (name) => sql`CASE WHEN ${exceptionReasons[name].holds(now)} THEN ${name}::text END`,
  );
  const { rows } = await sql<ExceptionRow>`
    WITH candidate AS (
      SELECT id FROM orders WHERE NOT is_over
      UNION SELECT order_id FROM incidents WHERE resolved_at IS NULL AND order_id IS NOT NULL
    ), queue AS (
      SELECT o.id, o.number, o.external_id, o.merchant_id, o.branch_id, o.market_id, o.driver_id, o.placed_at,
        o.status, o.order_status, o.delivery_status, o.payment_status, o.end_reason, o.sequence, o.is_over,
        o.currency, o.total_minor, o.owner, o.deadlines, t.since AS trouble_since,
        date_trunc('milliseconds', coalesce(o.deadline_at, o.updated_at)) AS due_at,
        array_remove(ARRAY[${sql.join(marks)}], NULL) AS reasons,
        c.key_id AS claimed_by, c.expires_at AS claimed_until
      FROM candidate JOIN orders o ON o.id = candidate.id
      LEFT JOIN order_troubles t ON t.order_id = o.id AND NOT o.is_over
      LEFT JOIN order_claims c ON c.order_id = o.id AND c.expires_at > ${now}
    )
    SELECT * FROM queue WHERE cardinality(reasons) > 0 AND ${sql.join(wanted(filter), sql` AND `)}
    ORDER BY due_at, id LIMIT ${limit + 1}`.execute(db);
  const kept = rows.slice(0, limit);
  const last = rows.length > limit ? kept.at(-1) : undefined;
  return { rows: kept, next: last && { dueAt: last.due_at, id: last.id } };
}

function wanted(filter: ExceptionFilter): readonly RawBuilder<unknown>[] {
  const { marketId, merchantId, reason, claimedBy, after } = filter;
  return [
    sql`true`,
    ...(marketId === undefined ? [] : [sql`market_id = ${marketId}`]),
    ...(merchantId === undefined ? [] : [sql`merchant_id = ${merchantId}`]),
    ...(reason === undefined ? [] : [sql`${reason}::text = ANY(reasons)`]),
    ...(claimedBy === undefined
      ? []
      : [claimedBy === 'nobody' ? sql`claimed_by IS NULL` : sql`claimed_by = ${claimedBy}`]),
    ...(after === undefined
      ? []
      : [sql`(due_at, id) > (${after.dueAt}::timestamptz, ${after.id}::text)`]),
  ];
}

export type Incident = {
  readonly key: string;
  readonly order_id: string | null;
  readonly kind: string;
  /** What has happened, where it is told in words. */
  readonly says: string | null;
  readonly at: Date;
};

/** What is open about these orders, the oldest first. */
export async function openIncidents(
  db: Db,
  orderIds: readonly string[],
): Promise<readonly Incident[]> {
  if (orderIds.length === 0) return [];
  return db
    .selectFrom('incidents')
    .select(['key', 'order_id', 'kind', 'at', sql<string | null>`detail->>'says'`.as('says')])
    .where('order_id', 'in', orderIds)
    .where('resolved_at', 'is', null)
    .orderBy('at')
    .execute();
}

/** Marks what is open about an order as looked after; returns how many. */
export async function resolveIncidents(
  db: Db,
  { orderId, now }: { readonly orderId: string; readonly now: Date },
): Promise<number> {
  const { numUpdatedRows } = await db
    .updateTable('incidents')
    .set({ resolved_at: now })
    .where('order_id', '=', orderId)
    .where('resolved_at', 'is', null)
    .executeTakeFirst();
  return Number(numUpdatedRows);
}
