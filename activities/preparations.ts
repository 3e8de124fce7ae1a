// What experience says about goods that are being made: a market's preparations are learnt anew every few minutes, not
// every round, and put into the round's snapshot. Called by dispatch.ts.

import type { Db } from '../db/connect.ts';
import { readAnnounced, readFinishedPreparations } from '../db/preparations.ts';
import { learnPreparations, withLearntReady, type Learnt } from '../dispatch/ready.ts';
import type { Snapshot } from '../dispatch/snapshot.ts';
import type { MarketId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import { keptByMarket } from './kept.ts';

type From = {
  readonly db: Db;
  readonly marketId: MarketId;
  readonly policy: Policy;
  readonly snapshot: Snapshot;
};

export function createPreparations() {
  const learnt = keptByMarket<Learnt | undefined>();

  /** One look at the event log for all orders of the round; once in a while another one for what is finished. */
  return async ({ db, marketId, policy, snapshot }: From): Promise<Snapshot> => {
    const orderIds = [
      ...snapshot.orders.map(({ orderId }) => orderId),
      ...snapshot.drivers.flatMap(({ route }) =>
        route.flatMap(({ kind, orderId }) => (kind === 'pickup' ? [orderId] : [])),
      ),
    ];
    const rows = await readAnnounced(db, orderIds);
    const announced = new Map(rows.map((row) => [row.orderId, row]));
    if (announced.size === 0) return snapshot;
    const known = await learnt(marketId, async () =>
      learnPreparations(await readFinishedPreparations(db, marketId)),
    );
    if (!known) return snapshot;
    return withLearntReady(snapshot, announced, { ...known, stepMs: policy.dispatchTickMs });
  };
}
