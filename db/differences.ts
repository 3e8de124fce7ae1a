// Differences between the providers' books and ours: incidents, opened by a comparison or by news, and resolved when a
// comparison has looked at the payment again and does not see them.

import { sql } from 'kysely';
import { doubts, type Difference } from '../domain/reconcile.ts';
import type { Db } from './connect.ts';
import type { Named } from './named-payments.ts';

type Found = {
  readonly difference: Difference;
  /** In whose books. */
  readonly provider: string;
  /** Which comparison saw it. */
  readonly run: string;
  readonly now: Date;
  readonly healed: boolean;
};

const keyOf = ({ kind, providerRef }: Difference): string => `reconcile:${providerRef}:${kind}`;

type Undecided = Pick<Found, 'provider' | 'run'> & { readonly undecided: readonly string[] };

/** What differed in these payments counts as seen; a hold that was let go has ended once the order has another. */
export async function keepUndecided(
  db: Db,
  { provider, run, undecided }: Undecided,
): Promise<void> {
  if (undecided.length === 0) return;
  await sql`
    UPDATE incidents i SET seen_by = ${run}
    WHERE i.kind LIKE 'reconcile\\_%' AND i.resolved_at IS NULL AND i.detail->>'provider' = ${provider}
      AND i.detail->>'providerRef' = ANY(${[...undecided]})
      AND NOT (i.kind = 'reconcile_hold_released' AND EXISTS (
        SELECT FROM orders o WHERE o.id = i.order_id AND o.provider_ref <> i.detail->>'providerRef'
          AND o.payment_status IN ('authorized', 'capturing', 'captured')))`.execute(db);
}

/** Once per difference; seen again after it had been resolved, it needs somebody again. What was healed needs nobody. */
export async function reportDifference(db: Db, found: Found): Promise<void> {
  const { difference, provider, run, now, healed } = found;
  await db
    .insertInto('incidents')
    .values({
      key: keyOf(difference),
      order_id: difference.orderId ?? null,
      kind: `reconcile_${difference.kind}`,
      detail: JSON.stringify({ ...difference, provider }),
      at: now,
      resolved_at: healed ? now : null,
      seen_by: run,
    })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({
        detail: sql`excluded.detail`,
        seen_by: run,
        resolved_at: healed ? sql`incidents.resolved_at` : null,
      }),
    )
    .execute();
}

/** Of these, those that a person must look at before anything of them is put right. */
export async function ordersInDoubt(
  db: Db,
  orderIds: readonly string[],
): Promise<readonly (string | null)[]> {
  const rows = await db
    .selectFrom('incidents')
    .select('order_id')
    .where('resolved_at', 'is', null)
    .where(
      'kind',
      'in',
      doubts.map((kind) => `reconcile_${kind}`),
    )
    .where('order_id', 'in', orderIds)
    .execute();
  return rows.map(({ order_id: id }) => id);
}

/** One comparison with the books of one provider, begun then. */
export type Comparison = {
  readonly provider: string;
  readonly run: string;
  readonly startedAt: Date;
};

const isLeft = ({ provider, run, startedAt }: Comparison) =>
  sql<boolean>`i.kind LIKE 'reconcile\\_%' AND i.resolved_at IS NULL AND i.at < ${startedAt}
    AND i.detail->>'provider' = ${provider} AND i.seen_by IS DISTINCT FROM ${run}`;

/** Payments with differences from before this comparison, of which it has found none: they may be out of its reach. */
export async function paymentsInDoubt(db: Db, comparison: Comparison): Promise<readonly Named[]> {
  const { rows } = await sql<{ id: string | null; ref: string; currency: string | null }>`
    SELECT DISTINCT i.detail->>'orderId' AS id, i.detail->>'providerRef' AS ref, coalesce(o.currency, t.currency) AS currency
    FROM incidents i LEFT JOIN orders o ON o.id = i.detail->>'orderId' LEFT JOIN top_ups t ON t.id = i.detail->>'orderId'
    WHERE ${isLeft(comparison)} AND i.detail->>'providerRef' NOT IN (
      SELECT detail->>'providerRef' FROM incidents WHERE seen_by = ${comparison.run})`.execute(db);
  return rows.map(({ id, ref, currency }) => ({
    orderId: id ?? undefined,
    providerRef: ref,
    currency: currency ?? undefined,
  }));
}

/** Since when one has been open; undefined: none is. */
export async function oldestDifference(db: Db, provider: string): Promise<Date | undefined> {
  const { rows } = await sql<{ at: Date | null }>`
    SELECT min(at) AS at FROM incidents
    WHERE kind LIKE 'reconcile\\_%' AND resolved_at IS NULL AND detail->>'provider' = ${provider}`.execute(
    db,
  );
  return rows[0]?.at ?? undefined;
}

/** Call once all payments in doubt were compared: differences that were not found again have gone. Returns how many. */
export async function resolveVanished(
  db: Db,
  { now, ...comparison }: Comparison & { readonly now: Date },
): Promise<number> {
  const { numAffectedRows } = await sql`
    UPDATE incidents i SET resolved_at = ${now} WHERE ${isLeft(comparison)}`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
