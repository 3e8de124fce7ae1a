// Orders hear when they will be fetched and brought later or sooner than they were told: a market's routes are timed
// once in a while, and what has moved by more than the policy keeps to itself is sent to its order, once. Called by dispatch.ts.

import type { OrderEngine } from '../adapters/order-engine.ts';
import type { Db } from '../db/connect.ts';
import { readTold, type Told } from '../db/routes.ts';
import type { Snapshot } from '../dispatch/snapshot.ts';
import { timeRoutes } from '../dispatch/timing.ts';
import { etasOf, isMoved } from '../domain/eta.ts';
import type { MarketId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import type { Logger } from '../log.ts';
import { sendAll } from './send-all.ts';

type Of = { readonly marketId: MarketId; readonly policy: Policy; readonly now: number };

/** When each market was timed last by this process, and whether anybody was under way then. */
export function createTimings(db: Db) {
  const last = new Map<MarketId, { readonly at: number; readonly isBusy: boolean }>();
  return {
    /** What was told in the market; nothing before it is time again. */
    async due({ marketId, policy, now }: Of): Promise<readonly Told[]> {
      if ((last.get(marketId)?.at ?? Number.NEGATIVE_INFINITY) + policy.etaTickMs > now) return [];
      const told = await readTold(db, marketId);
      last.set(marketId, { at: now, isBusy: told.length > 0 });
      return told;
    },
    /** Until the next time that is worth a round of its own. */
    untilNextMs({ marketId, policy, now }: Of): number {
      const known = last.get(marketId);
      return known?.isBusy ? known.at + policy.etaTickMs - now : Number.POSITIVE_INFINITY;
    },
  };
}

type Telling = {
  readonly told: readonly Told[];
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  readonly engine: Pick<OrderEngine, 'send'>;
  readonly log: Logger;
  readonly deadlineMs: number;
};

/** The order's sequence names what it was told: it hears of a change once, from however many rounds. */
export async function tellEtas(telling: Telling): Promise<void> {
  const { told, snapshot, policy, engine, log, deadlineMs } = telling;
  if (told.length === 0) return;
  const stops = Map.groupBy(timeRoutes(snapshot, policy), ({ orderId }) => orderId);
  const items = told.flatMap((before) => {
    const etas = etasOf(stops.get(before.orderId) ?? [], before.orderId);
    return etas && isMoved(before, etas, policy) ? [{ ...before, etas }] : [];
  });
  await sendAll({ items, log }, async ({ orderId, sequence, etas }) => {
    const { kind } = await engine.send({
      orderId,
      command: { kind: 'changeEta', ...etas },
      actor: { kind: 'system' },
      commandId: `changeEta:${sequence}`,
      ifSequence: sequence,
      deadlineMs,
    });
    log.info({ order_id: orderId, outcome: kind }, 'an order was told of another arrival');
  });
}
