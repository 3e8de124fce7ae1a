// What the workflows of support do to the world: look whether an order still runs, and the rounds of a bulk action.

import { ApplicationFailure } from '@temporalio/activity';
import type { OrderEngine } from '../adapters/order-engine.ts';
import { closeItem, findBulk, itemsLeft } from '../db/bulk.ts';
import { claimOf } from '../db/claims.ts';
import type { Db } from '../db/connect.ts';
import { readOrderLogs, type OrderLog } from '../db/order-logs.ts';
import { closeAttempt, openAttempt } from '../db/support-attempts.ts';
import { commandWasRecorded } from '../db/events.ts';
import type { Actor } from '../domain/events.ts';
import { parseId } from '../domain/ids.ts';
import { previewOf } from '../domain/preview.ts';
import { isActionName, tryAction, type SupportActionName } from '../domain/support.ts';
import type { Logger } from '../log.ts';
import type { SupportActivities } from './contract.ts';
import type { CrashPoint } from '../adapters/crash-point.ts';
import { sendAll } from './send-all.ts';

type Dependencies = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'workflowOf' | 'send'>;
  readonly log: Logger;
  readonly crashPoint: CrashPoint;
};

const roundSize = 50;
const sendDeadlineMs = 5_000;

export const createSupportActivities = (deps: Dependencies): SupportActivities => ({
  async isOrderRunning({ orderId }) {
    const { kind } = await deps.engine.workflowOf(orderId);
    if (kind === 'unavailable') throw ApplicationFailure.retryable('the engine is away', kind);
    return kind === 'running' || kind === 'failing' || kind === 'paused';
  },

  async bulkRound({ bulkId }) {
    const { db, log } = deps;
    const job = await findBulk(db, bulkId);
    if (!job || !isActionName(job.action)) return { left: 0 };
    const { action, reason, key_id: keyId } = job;
    const orderIds = await itemsLeft(db, { bulkId, limit: roundSize });
    const logs = await readOrderLogs(db, orderIds);
    await sendAll({ items: [...logs.values()], log }, (order) =>
      actOne(deps, { bulkId, action, reason, keyId, order }),
    );
    return { left: (await itemsLeft(db, { bulkId, limit: roundSize })).length };
  },
});

type One = {
  readonly bulkId: string;
  readonly action: SupportActionName;
  readonly reason: string;
  readonly keyId: string;
  readonly order: OrderLog;
};
type Answer = { readonly outcome: 'done' | 'refused'; readonly code?: string };

const refused = (code: string): Answer => ({ outcome: 'refused', code });

/** The same judgement, audit and command as for one order. What did not answer is left for the next round. */
async function actOne(deps: Dependencies, one: One): Promise<void> {
  const { db, crashPoint } = deps;
  const { bulkId, action, reason, keyId, order } = one;
  const { orderId, state } = order;
  const commandId = `${bulkId}:${orderId}`;
  const now = new Date();
  const { sequence } = state;
  await openAttempt(db, {
    commandId,
    orderId,
    action,
    params: {},
    keyId,
    reason,
    sequence,
    bulkId,
    now,
  });
  const answer = await sendOne(deps, { ...one, commandId });
  await crashPoint('bulk:after-send');
  if (!answer) return;
  await closeAttempt(db, { commandId, ...answer, now: new Date() });
  await closeItem(db, { bulkId, orderId, ...answer });
}

async function sendOne(
  { db, engine }: Dependencies,
  { action, keyId, order, commandId }: One & { readonly commandId: string },
): Promise<Answer | undefined> {
  const { state, log, facts } = order;
  const { orderId } = facts;
  if (!parseId('order', orderId)) return refused('not_found');
  if (await commandWasRecorded(db, { orderId, commandId })) return { outcome: 'done' };
  const claim = await claimOf(db, { orderId, now: new Date() });
  if (claim && claim.keyId !== keyId) return refused('claimed_by_other');
  const now = Date.now();
  const { command, decision } = tryAction(action, { state, given: {}, noted: {}, now });
  if (decision.kind === 'refused') return refused(decision.refusal.code);
  if (!command) return refused('no_driver');
  const { lossMinor } = previewOf({ state, log }, decision.events, now);
  if (lossMinor > facts.policy.secondApprovalMinor) return refused('approval_needed');
  const actor: Actor = { kind: 'support', id: keyId };
  const outcome = await engine.send({
    orderId,
    command,
    actor,
    commandId,
    deadlineMs: sendDeadlineMs,
  });
  switch (outcome.kind) {
    case 'done':
      return { outcome: 'done' };
    case 'refused':
      return refused(outcome.refusal.code);
    case 'not_running':
      return refused('workflow_gone');
    case 'paused':
      return refused('order_paused');
    case 'unknown':
    case 'unavailable':
      return undefined;
  }
}
