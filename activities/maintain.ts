// Housekeeping, each part idempotent and bounded: what a vanished API process, a lost message or a webhook that came
// too early leaves behind is finished here.

import type { OrderEngine } from '../adapters/order-engine.ts';
import { pruneAddressChanges } from '../db/address-changes.ts';
import { unfinishedBulks } from '../db/bulk.ts';
import type { Db } from '../db/connect.ts';
import { ensurePartitions } from '../db/partitions.ts';
import { prunePaymentActions } from '../db/payment-actions.ts';
import { coarsenErased } from '../db/people.ts';
import { dropOldRounds } from '../db/rounds.ts';
import { closeFound } from '../db/support-attempts.ts';
import * as upkeep from '../db/upkeep.ts';
import { partnerFleet, reportUnexpected } from '../db/webhooks.ts';
import { parseId } from '../domain/ids.ts';
import type { Logger } from '../log.ts';
import type { Looks, MaintenanceActivities } from './contract.ts';
import { sendAll } from './send-all.ts';
import { watchWorkflows } from './watch-workflows.ts';

type Dependencies = {
  readonly db: Db;
  readonly engine: OrderEngine;
  readonly log: Logger;
  /** Parts that others bring. */
  readonly also?: readonly (() => Promise<void>)[];
};

const betweenLooksMs = 15_000;
const draftPatienceMs = 40_000;
/** An order is not placed so long after its customer tried last. */
const draftTooOldMs = 5 * 60_000;
const placeDeadlineMs = 5_000;
const bulkPatienceMs = 30_000;
const attemptPatienceMs = 60_000;

/** What nobody waits for is done every few minutes, not beside every look after the orders. */
const betweenCleaningsMs = 5 * 60_000;

function seldom(part: (deps: Dependencies) => Promise<void>) {
  let doneAt = 0;
  return async (deps: Dependencies): Promise<void> => {
    if (Date.now() < doneAt + betweenCleaningsMs) return;
    await part(deps);
    doneAt = Date.now();
  };
}

export function createMaintenanceActivities(deps: Dependencies): MaintenanceActivities {
  const parts: readonly ((deps: Dependencies, looks: Looks) => Promise<void>)[] = [
    finishDrafts,
    nudgeOrders,
    deliverWebhooks,
    wakeDispatchers,
    seldom(({ db }) => upkeep.pruneIdempotencyKeys(db)),
    seldom(({ db }) => prunePaymentActions(db)),
    seldom(({ db }) => upkeep.pruneWebhooks(db)),
    seldom(({ db }) => upkeep.pruneRoutes(db, new Date())),
    seldom(({ db }) => pruneAddressChanges(db)),
    seldom(({ db }) => coarsenErased(db)),
    watchWorkflows,
    resumeBulks,
    ({ db }: Dependencies) => closeFound(db, new Date(Date.now() - attemptPatienceMs)),
    seldom(makePartitions),
    seldom(forgetRounds),
    reportOverdue,
    ...(deps.also ?? []),
  ];
  return {
    // Scheduled by an older version it comes without an argument.
    async maintain(input) {
      const looks = lookAgain(input?.looks, Date.now());
      // One part that fails must not keep the others from their work.
      for (const part of parts) {
        await part(deps, looks).catch((error: unknown) =>
          deps.log.error({ err: error, part: part.name }, 'a part of the housekeeping failed'),
        );
      }
      return { waitMs: betweenLooksMs, looks };
    },
  };
}

async function finishDrafts({ db, engine, log }: Dependencies): Promise<void> {
  const now = Date.now();
  const items = await upkeep.orphanDrafts(db, { placedBefore: new Date(now - draftPatienceMs) });
  await sendAll({ items, log }, async ({ id, asked_at: askedAt, facts }) => {
    const isTooOld = askedAt.getTime() < now - draftTooOldMs;
    // Only an order that surely has no workflow may be refused: a running one has perhaps a hold on the card.
    if (isTooOld && (await engine.isPlaced(facts.orderId)) === false) {
      const refused = await upkeep.refuseDraft(db, id);
      if (refused) log.warn({ order_id: id }, 'an orphan draft was refused: too old to be placed');
      return;
    }
    const { kind } = await engine.place({ facts, deadlineMs: placeDeadlineMs });
    log.info({ order_id: id, outcome: kind }, 'an orphan draft was finished');
  });
}

/** An overdue order gets a few nudges, not one for ever. */
const nudgedForMs = 10 * 60_000;
const awayAfterMs = 2 * 60_000;

const lookAgain = (before: Looks | undefined, now: number): Looks => ({
  lastAt: now,
  backAt: before && now - before.lastAt <= awayAfterMs ? before.backAt : now,
});

/**
 * A caller that got no answer may have left a recorded step behind that the workflow has not seen; an order past its
 * deadline may be behind its log for any reason. Whoever looks again after a long time looks for long at everything
 * that became overdue meanwhile.
 */
async function nudgeOrders(
  { db, engine, log }: Dependencies,
  { lastAt, backAt }: Looks,
): Promise<void> {
  const now = new Date(lastAt);
  const since = new Date(lastAt - backAt < nudgedForMs ? 0 : lastAt - nudgedForMs);
  const ids = [
    ...(await upkeep.ordersWithLostCallers(db, now)),
    ...(await upkeep.ordersOverdue(db, { now, since })),
  ];
  await sendAll({ items: [...new Set(ids)], log }, async (id) => {
    const orderId = parseId('order', id);
    if (!orderId) return;
    await engine.catchUp(orderId);
    await upkeep.lostCallersCaughtUp(db, { orderId, now });
  });
}

type Delivery = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'paymentSettled' | 'partnerDeliveryChanged'>;
};

/** Part of the housekeeping: what came before its order could be told is told now. */
export async function deliverWebhooks({ db, engine }: Delivery): Promise<void> {
  for (const hook of await upkeep.waitingWebhooks(db)) {
    const { provider, type, provider_ref: providerRef } = hook;
    const orderId = parseId('order', hook.order_id);
    const now = new Date();
    const isPartners = provider === partnerFleet;
    if (orderId && hook.matters)
      await (isPartners
        ? engine.partnerDeliveryChanged({ orderId, partnerRef: providerRef })
        : engine.paymentSettled({ orderId, providerRef }));
    else if (!isPartners) await reportUnexpected(db, { provider, type, providerRef, orderId }, now);
    await upkeep.webhookDone(db, { provider, eventId: hook.event_id, now });
  }
}

async function wakeDispatchers({ db, engine }: Dependencies): Promise<void> {
  for (const id of await upkeep.marketsWithoutDispatcher(db, new Date(Date.now() - 60_000))) {
    const marketId = parseId('market', id);
    if (marketId) await engine.wakeDispatcher(marketId);
  }
}

async function resumeBulks({ db, engine }: Dependencies): Promise<void> {
  for (const id of await unfinishedBulks(db, new Date(Date.now() - bulkPatienceMs)))
    await engine.startBulk(id);
}

async function makePartitions({ db, log }: Dependencies): Promise<void> {
  const made = await ensurePartitions(db, new Date());
  if (made.length > 0) log.info({ partitions: made }, 'partitions were made ahead');
}

async function forgetRounds({ db, log }: Dependencies): Promise<void> {
  const dropped = await dropOldRounds(db, new Date());
  if (dropped.length > 0) log.info({ partitions: dropped }, 'old dispatch rounds were forgotten');
}

async function reportOverdue({ db, log }: Dependencies): Promise<void> {
  const overdue = await upkeep.countOverdue(db, new Date(Date.now() - 120_000));
  if (overdue > 0) log.warn({ overdue }, 'orders are past their deadline by more than two minutes');
}
