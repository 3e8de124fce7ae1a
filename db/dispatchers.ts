// A market's dispatcher as a row: asleep or not. Sleep is entered under the row's lock, which looks for need once
// more, and whoever brings need takes the same lock after its commit: so no need slips between look and sleep.

import { sql } from 'kysely';
import type { MarketId } from '../domain/ids.ts';
import type { Db } from './connect.ts';

export type RoundEnd = {
  /** Deliveries that look for a driver at this time, or whose offers are open or accepted. */
  readonly open: number;
  /** When the next search starts that is planned for later; epoch milliseconds. */
  readonly nextSearchAt: number | undefined;
};

/** Ends a round at `now`: falls asleep unless something is open. */
export async function endRound(
  db: Db,
  { marketId, now }: { readonly marketId: MarketId; readonly now: number },
): Promise<RoundEnd> {
  return db.transaction().execute(async (trx) => {
    await trx
      .insertInto('dispatchers')
      .values({ market_id: marketId, last_round_at: new Date(now) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    await trx
      .selectFrom('dispatchers')
      .select('asleep')
      .where('market_id', '=', marketId)
      .forUpdate()
      .execute();
    const { rows } = await sql<{ open: number; next_at: Date | null }>`
      WITH searching AS MATERIALIZED (
        SELECT id, search_since FROM orders WHERE market_id = ${marketId} AND delivery_status = 'searching'
      ), needing AS (
        SELECT id FROM searching WHERE search_since <= ${new Date(now)}
        UNION
        SELECT order_id FROM offer_orders JOIN offers ON offers.id = offer_id
        WHERE offer_orders.status IN ('open', 'accepted') AND market_id = ${marketId})
      SELECT (SELECT count(*)::int FROM needing) AS open,
        (SELECT min(search_since) FROM searching WHERE search_since > ${new Date(now)}) AS next_at`.execute(
      trx,
    );
    const open = rows[0]?.open ?? 0;
    await trx
      .updateTable('dispatchers')
      .set({ asleep: open === 0, last_round_at: new Date(now) })
      .where('market_id', '=', marketId)
      .execute();
    return { open, nextSearchAt: rows[0]?.next_at?.getTime() };
  });
}

/**
 * Whether the caller, whose need is committed, has to wake the dispatcher: it sleeps (it is then marked awake, so that
 * one of many callers wakes it), has never run, or has not been seen since `aliveSince` (epoch ms).
 */
export async function claimWake(
  db: Db,
  { marketId, aliveSince }: { readonly marketId: MarketId; readonly aliveSince: number },
): Promise<boolean> {
  // FOR SHARE waits for a dispatcher that is falling asleep; a plain UPDATE … WHERE asleep would pass it by.
  const row = await db
    .selectFrom('dispatchers')
    .select(['asleep', 'last_round_at'])
    .where('market_id', '=', marketId)
    .forShare()
    .executeTakeFirst();
  if (!row) return true;
  if (!row.asleep) return (row.last_round_at?.getTime() ?? 0) < aliveSince;
  // A statement of its own: two who upgrade the shared lock in one transaction would wait for each other.
  const { numUpdatedRows } = await db
    .updateTable('dispatchers')
    .set({ asleep: false })
    .where('market_id', '=', marketId)
    .where('asleep', '=', true)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** A claimed wake could not be delivered: the next caller shall try. */
export async function returnWake(db: Db, marketId: MarketId): Promise<void> {
  await db
    .updateTable('dispatchers')
    .set({ asleep: true })
    .where('market_id', '=', marketId)
    .execute();
}
