// What the watchdog finds wrong with workflows, kept until it is right again or the order is over.

import type { Db } from './connect.ts';

export type TroubleKind = 'workflow_gone' | 'workflow_failing' | 'workflow_paused';

/** True when it is news. */
export async function saveTrouble(
  db: Db,
  {
    orderId,
    kind,
    now,
  }: { readonly orderId: string; readonly kind: TroubleKind; readonly now: Date },
): Promise<boolean> {
  const before = await db
    .selectFrom('order_troubles')
    .select('kind')
    .where('order_id', '=', orderId)
    .executeTakeFirst();
  await db
    .insertInto('order_troubles')
    .values({ order_id: orderId, kind, since: now, seen_at: now })
    .onConflict((conflict) =>
      conflict
        .column('order_id')
        .doUpdateSet({ kind, seen_at: now, ...(before?.kind === kind ? {} : { since: now }) }),
    )
    .execute();
  return before?.kind !== kind;
}

export async function clearTrouble(db: Db, orderId: string): Promise<void> {
  await db.deleteFrom('order_troubles').where('order_id', '=', orderId).execute();
}

/** Found before, and to be looked at again. */
export async function troubledBefore(db: Db, limit: number): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('order_troubles')
    .select('order_id')
    .orderBy('seen_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.order_id);
}

/** Those of `orderIds` that are not over. */
export async function openAmong(db: Db, orderIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (orderIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('orders')
    .select('id')
    .where('id', 'in', orderIds)
    .where('is_over', '=', false)
    .execute();
  return new Set(rows.map((row) => row.id));
}

/** Open orders past their deadline, the longest first: the workflow of each is worth a look. */
export async function overdueOrders(
  db: Db,
  { before, limit }: { readonly before: Date; readonly limit: number },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('orders')
    .select('id')
    .where('is_over', '=', false)
    .where('deadline_at', '<', before)
    .orderBy('deadline_at')
    .limit(limit)
    .execute();
  return rows.map((row) => row.id);
}

export async function countTroubles(
  db: Db,
): Promise<readonly { readonly kind: TroubleKind; readonly count: number }[]> {
  return db
    .selectFrom('order_troubles')
    .select(['kind', (eb) => eb.fn.countAll<number>().as('count')])
    .groupBy('kind')
    .execute();
}
