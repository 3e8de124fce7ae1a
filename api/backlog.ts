// What the orders wait for and a person should look at, for the status page and the metrics.

import type { Db } from '../db/connect.ts';
import { feedLagS } from '../db/events.ts';
import { overdueGraceMs } from '../db/exceptions.ts';
import { countOpenIncidents } from '../db/orders.ts';
import { countTroubles, type TroubleKind } from '../db/troubles.ts';
import { countOverdue } from '../db/upkeep.ts';

export type Backlog = {
  readonly overdue: number;
  readonly openIncidents: number;
  readonly feedLagS: number;
  /** Orders whose workflow does not do its work, by kind. */
  readonly troubles: readonly { readonly kind: TroubleKind; readonly count: number }[];
};

/** Small queries, bounded by the number of open orders. */
export async function readBacklog(db: Db, now: Date): Promise<Backlog> {
  const [overdue, openIncidents, lagS, troubles] = await Promise.all([
    countOverdue(db, new Date(now.getTime() - overdueGraceMs)),
    countOpenIncidents(db),
    feedLagS(db, now),
    countTroubles(db),
  ]);
  return { overdue, openIncidents, feedLagS: lagS, troubles };
}
