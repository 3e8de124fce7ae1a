// Counters outside the programs: the engine's billable actions (its Prometheus counter) and what PostgreSQL has
// committed and written. Read before and after; the differences are what a run has cost.

import { setTimeout as delay } from 'node:timers/promises';
import { Client as Postgres } from 'pg';
import { urlOf } from '../scripts/local/postgres.ts';
import type { Services } from '../scripts/local/services.ts';

/** By action type, as the server names them. */
export type ActionCounts = Readonly<Record<string, number>>;

/** Parses Prometheus text: the `action` counter of one namespace, summed by `action_type`. */
export function actionsIn(text: string, namespace: string): ActionCounts {
  const counts: Record<string, number> = {};
  for (const line of text.split('\n')) {
    const [, labels = '', value = ''] = /^action\{([^}]*)\} (\S+)$/.exec(line) ?? [];
    const type = /action_type="([^"]*)"/.exec(labels)?.[1];
    if (type === undefined || !labels.includes(`namespace="${namespace}"`)) continue;
    counts[type] = (counts[type] ?? 0) + Number(value);
  }
  return counts;
}

export async function readActions({
  temporalMetricsUrl,
  temporalNamespace,
}: Services): Promise<ActionCounts> {
  if (temporalMetricsUrl === undefined)
    throw new Error('the Temporal server shows no metrics: cost needs a server of its own');
  const answer = await fetch(temporalMetricsUrl, { signal: AbortSignal.timeout(5_000) });
  return actionsIn(await answer.text(), temporalNamespace);
}

const stillMs = 2_000;

/**
 * The counter once it stands still, together with what `others` says at that moment. The server reports up to a second
 * late, and housekeeping goes on: read again until nothing has moved between two looks.
 */
export async function readStill<T>(
  services: Services,
  others: () => Promise<T>,
): Promise<{ readonly actions: ActionCounts; readonly others: T }> {
  for (;;) {
    const before = await readActions(services);
    const seen = await others();
    await delay(stillMs);
    const actions = await readActions(services);
    if (sum(actions) === sum(before)) return { actions, others: seen };
  }
}

export const sum = (counts: ActionCounts): number =>
  Object.values(counts).reduce((a, b) => a + b, 0);

export function actionsBetween(before: ActionCounts, after: ActionCounts): ActionCounts {
  const moved = Object.entries(after).map(
    ([type, count]) => [type, count - (before[type] ?? 0)] as const,
  );
  return Object.fromEntries(moved.filter(([, count]) => count !== 0));
}

export type DatabaseUse = { readonly transactions: number; readonly walBytes: number };

/** Asked through another database, so that asking is not counted. Connections report up to a second late. */
export async function readDatabase({ databaseUrl }: Services): Promise<DatabaseUse> {
  const database = decodeURIComponent(new URL(databaseUrl).pathname.slice(1));
  const client = new Postgres({ connectionString: urlOf(databaseUrl, 'postgres') });
  await client.connect();
  try {
    const { rows } = await client.query<{ transactions: string; wal_bytes: string }>(
      `SELECT xact_commit + xact_rollback AS transactions, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS wal_bytes
       FROM pg_stat_database WHERE datname = $1`,
      [database],
    );
    const [row] = rows;
    return { transactions: Number(row?.transactions), walBytes: Number(row?.wal_bytes) };
  } finally {
    await client.end();
  }
}
