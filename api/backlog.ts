// What the orders wait for and a person should look at, for the status page and the metrics.

import type { Db } from '../db/connect.ts';
import { feedLagS } from '../db/events.ts';
import { countOpenIncidents } from '../db/orders.ts';
import { countOverdue } from '../db/upkeep.ts';

/** A deadline is overdue once the engine has had this long to act on it. */
export const overdueGraceMs = 120_000;

export type Backlog = {
  readonly overdue: number;
  readonly openIncidents: number;
  readonly feedLagS: number;
};

/** Three small queries, bounded by the number of open orders. */
export async function readBacklog(db: Db, now: Date): Promise<Backlog> {
  const [overdue, openIncidents, lagS] = await Promise.all([
    countOverdue(db, new Date(now.getTime() - overdueGraceMs)),
    countOpenIncidents(db),
    feedLagS(db, now),
  ]);
  return { overdue, openIncidents, feedLagS: lagS };
}
