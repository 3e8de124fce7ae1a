// Partitions by time, made ahead by the housekeeping: rows whose partition is missing go to the default one, which works
// and only grows.

import { sql } from 'kysely';
import type { Db } from './connect.ts';

type Plan = {
  readonly table: 'ledger_entries' | 'driver_positions' | 'dispatch_rounds';
  readonly every: 'month' | 'day';
  /** How many beside the present one. */
  readonly ahead: number;
};

const plans: readonly Plan[] = [
  { table: 'ledger_entries', every: 'month', ahead: 2 },
  { table: 'driver_positions', every: 'day', ahead: 3 },
  { table: 'dispatch_rounds', every: 'day', ahead: 3 },
];

/** Idempotent; safe when several do it at once. Returns the names that it made. Months and days are UTC. */
export async function ensurePartitions(db: Db, now: Date): Promise<readonly string[]> {
  const made: string[] = [];
  for (const plan of plans) {
    for (let n = 0; n <= plan.ahead; n++) {
      const { starts, ends, suffix } = spanOf(plan, { now, n });
      if (await ensure(db, { table: plan.table, suffix, starts, ends }))
        made.push(`${plan.table}_${suffix}`);
    }
  }
  return made;
}

/** The `n`-th span after the one that `now` lies in. */
function spanOf({ every }: Plan, { now, n }: { readonly now: Date; readonly n: number }) {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const startOf = (k: number): Date =>
    new Date(every === 'month' ? Date.UTC(year, month + k) : Date.UTC(year, month, day + k));
  const starts = startOf(n);
  const suffix = starts
    .toISOString()
    .slice(0, every === 'month' ? 7 : 10)
    .replaceAll('-', '_');
  return { starts, ends: startOf(n + 1), suffix };
}

type Span = {
  readonly table: Plan['table'];
  readonly suffix: string;
  readonly starts: Date;
  readonly ends: Date;
};

/** Making one locks the table for a moment: whoever cannot get that lock soon tries again in the next round. */
async function ensure(db: Db, { table, suffix, starts, ends }: Span): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    await sql`SET LOCAL lock_timeout = '2s'`.execute(trx);
    const { rows } = await sql<{ made: boolean }>`
      SELECT ensure_partition(${table}::regclass, ${suffix}, ${starts}, ${ends}) AS made`.execute(
      trx,
    );
    return rows[0]?.made === true;
  });
}
