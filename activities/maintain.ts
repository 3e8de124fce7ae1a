// Housekeeping, each part idempotent and bounded: what a vanished API process, a lost message or a webhook that came
// too early leaves behind is finished here.

import type { OrderEngine } from '../adapters/order-engine.ts';
import type { Db } from '../db/connect.ts';
import * as upkeep from '../db/upkeep.ts';
import { parseId } from '../domain/ids.ts';
import type { Logger } from '../log.ts';
import type { MaintenanceActivities } from './contract.ts';

type Dependencies = { readonly db: Db; readonly engine: OrderEngine; readonly log: Logger };

const betweenLooksMs = 15_000;
const draftPatienceMs = 40_000;
/** An order is not placed so long after its customer was told to try again. */
const draftTooOldMs = 5 * 60_000;
const placeDeadlineMs = 5_000;

export function createMaintenanceActivities(deps: Dependencies): MaintenanceActivities {
  return {
    async maintain() {
      await finishDrafts(deps);
      await nudgeOrders(deps);
      await deliverWebhooks(deps);
      await wakeDispatchers(deps);
      await upkeep.pruneIdempotencyKeys(deps.db);
      await reportOverdue(deps);
      return { waitMs: betweenLooksMs };
    },
  };
}

async function finishDrafts({ db, engine, log }: Dependencies): Promise<void> {
  const now = Date.now();
  for (const draft of await upkeep.orphanDrafts(db, {
    placedBefore: new Date(now - draftPatienceMs),
  })) {
    const tooOld = draft.placed_at.getTime() < now - draftTooOldMs;
    if (tooOld && (await upkeep.refuseDraft(db, draft.id))) {
      log.warn({ order_id: draft.id }, 'an orphan draft was refused: it is too old to be placed');
      continue;
    }
    const outcome = await engine.place({ facts: draft.facts, deadlineMs: placeDeadlineMs });
    log.info({ order_id: draft.id, outcome: outcome.kind }, 'an orphan draft was finished');
  }
}

/** A caller that got no answer may have left a recorded step behind that the workflow has not seen. */
async function nudgeOrders({ db, engine }: Dependencies): Promise<void> {
  for (const id of await upkeep.ordersWithLostCallers(db, new Date())) {
    const orderId = parseId('order', id);
    if (orderId) await engine.catchUp(orderId);
  }
}

async function deliverWebhooks({ db, engine }: Dependencies): Promise<void> {
  for (const hook of await upkeep.waitingWebhooks(db)) {
    const orderId = parseId('order', hook.order_id);
    if (orderId && hook.matters)
      await engine.paymentSettled({ orderId, providerRef: hook.provider_ref });
    await upkeep.webhookDone(db, { eventId: hook.event_id, now: new Date() });
  }
}

async function wakeDispatchers({ db, engine }: Dependencies): Promise<void> {
  for (const id of await upkeep.marketsWithoutDispatcher(db, new Date(Date.now() - 60_000))) {
    const marketId = parseId('market', id);
    if (marketId) await engine.wakeDispatcher(marketId);
  }
}

async function reportOverdue({ db, log }: Dependencies): Promise<void> {
  const overdue = await upkeep.countOverdue(db, new Date(Date.now() - 120_000));
  if (overdue > 0) log.warn({ overdue }, 'orders are past their deadline by more than two minutes');
}
