// What experience says about goods that are being made: a market's preparations are learnt anew every few minutes, not
// every round, and put into the round's snapshot. Called by dispatch.ts.

import type { Db } from '../db/connect.ts';
import { readAnnounced, readFinishedPreparations } from '../db/preparations.ts';
import { learnPreparations, withLearntReady, type Learnt } from '../dispatch/ready.ts';
import type { Snapshot } from '../dispatch/snapshot.ts';
import type { MarketId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';

type From = {
  readonly db: Db;
  readonly marketId: MarketId;
  readonly policy: Policy;
  readonly snapshot: Snapshot;
};

/** Real time, as it bounds work. */
const freshMs = 5 * 60_000;

export function createPreparations() {
  const learnt = new Map<
    MarketId,
    { readonly at: number; readonly of: Promise<Learnt | undefined> }
  >();

  const learn = (db: Db, marketId: MarketId): Promise<Learnt | undefined> => {
    const known = learnt.get(marketId);
    if (known && performance.now() - known.at < freshMs) return known.of;
    const fresh = readFinishedPreparations(db, marketId).then(learnPreparations);
    learnt.set(marketId, { at: performance.now(), of: fresh });
    fresh.catch(() => learnt.delete(marketId));
    return fresh;
  };

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
    const known = await learn(db, marketId);
    if (!known) return snapshot;
    return withLearntReady(snapshot, announced, { ...known, stepMs: policy.dispatchTickMs });
  };
}
