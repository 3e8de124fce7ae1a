// Bulk actions: which orders were chosen, frozen when the job is made, and what became of each.

import { sql } from 'kysely';
import type { BulkId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';

/** One job's orders at most; the rest is another job. */
const bulkAtMost = 1_000;

export type BulkFilter = {
  readonly branchId?: string | undefined;
  readonly merchantId?: string | undefined;
  readonly marketId?: string | undefined;
  readonly orderStatus?: string | undefined;
  readonly deliveryStatus?: string | undefined;
};

/** Open orders, the oldest first. */
export async function ordersFor(db: Db, filter: BulkFilter): Promise<readonly string[]> {
  const { branchId, merchantId, marketId, orderStatus, deliveryStatus } = filter;
  const rows = await db
    .selectFrom('orders')
    .select('id')
    .where('is_over', '=', false)
    .where('sequence', '>', 0)
    .$if(branchId !== undefined, (query) => query.where('branch_id', '=', branchId ?? ''))
    .$if(merchantId !== undefined, (query) => query.where('merchant_id', '=', merchantId ?? ''))
    .$if(marketId !== undefined, (query) => query.where('market_id', '=', marketId ?? ''))
    .$if(orderStatus !== undefined, (query) => query.where('order_status', '=', orderStatus ?? ''))
    .$if(deliveryStatus !== undefined, (query) =>
      query.where('delivery_status', '=', deliveryStatus ?? ''),
    )
    .orderBy('id')
    .limit(bulkAtMost)
    .execute();
  return rows.map((row) => row.id);
}

type NewBulk = {
  readonly action: string;
  readonly reason: string;
  readonly keyId: string;
  readonly orderIds: readonly string[];
  readonly now: Date;
};

export async function createBulk(trx: Db, job: NewBulk): Promise<BulkId> {
  const id = newId('bulk', job.now.getTime());
  const { action, reason, keyId, orderIds, now } = job;
  await trx
    .insertInto('bulk_jobs')
    .values({ id, action, reason, key_id: keyId, created_at: now })
    .execute();
  await sql`INSERT INTO bulk_items (bulk_id, order_id)
    SELECT ${id}, unnest(${orderIds}::text[])`.execute(trx);
  return id;
}

export const findBulk = (db: Db, id: string) =>
  db.selectFrom('bulk_jobs').selectAll().where('id', '=', id).executeTakeFirst();

export async function itemsLeft(
  db: Db,
  { bulkId, limit }: { readonly bulkId: string; readonly limit: number },
): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('bulk_items')
    .select('order_id')
    .where('bulk_id', '=', bulkId)
    .where('outcome', 'is', null)
    .orderBy('order_id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.order_id);
}

type Item = {
  readonly bulkId: string;
  readonly orderId: string;
  readonly outcome: 'done' | 'refused';
  readonly code?: string | undefined;
};

/** The first answer stays. */
export async function closeItem(db: Db, { bulkId, orderId, outcome, code }: Item): Promise<void> {
  await db
    .updateTable('bulk_items')
    .set({ outcome, code: code ?? null })
    .where('bulk_id', '=', bulkId)
    .where('order_id', '=', orderId)
    .where('outcome', 'is', null)
    .execute();
}

const refusalsShown = 100;

export async function bulkProgress(db: Db, bulkId: string) {
  const counts = await db
    .selectFrom('bulk_items')
    .select(['outcome', (eb) => eb.fn.countAll<number>().as('count')])
    .where('bulk_id', '=', bulkId)
    .groupBy('outcome')
    .execute();
  const refusals = await db
    .selectFrom('bulk_items')
    .select(['order_id', 'code'])
    .where('bulk_id', '=', bulkId)
    .where('outcome', '=', 'refused')
    .orderBy('order_id')
    .limit(refusalsShown)
    .execute();
  const of = (outcome: string | null): number =>
    counts.find((row) => row.outcome === outcome)?.count ?? 0;
  return {
    total: counts.reduce((sum, { count }) => sum + count, 0),
    left: of(null),
    done: of('done'),
    refused: of('refused'),
    refusals: refusals.map(({ order_id, code }) => ({ order_id, code: code ?? '' })),
  };
}

/** Jobs made before `before` with orders left: their workflow was never started, or was lost. */
export async function unfinishedBulks(db: Db, before: Date): Promise<readonly BulkId[]> {
  const rows = await db
    .selectFrom('bulk_items')
    .innerJoin('bulk_jobs', 'bulk_jobs.id', 'bulk_items.bulk_id')
    .select('bulk_id')
    .distinct()
    .where('outcome', 'is', null)
    .where('created_at', '<', before)
    .limit(20)
    .execute();
  return rows.map((row) => row.bulk_id as BulkId);
}
