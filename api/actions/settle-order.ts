// Break-glass: ending a broken workflow, and ending an order whose workflow is gone.

import { closeAttempt, type Attempt } from '../../db/support-attempts.ts';
import { commandWasRecorded } from '../../db/events.ts';
import type { WorkflowState } from '../../adapters/support-engine.ts';
import { resolveIncidents } from '../../db/exceptions.ts';
import type { OrderLog } from '../../db/order-logs.ts';
import { clearTrouble, saveTrouble } from '../../db/troubles.ts';
import type { Decision } from '../../domain/decision.ts';
import type { Refusal } from '../../domain/errors.ts';
import { parseId, type OrderId } from '../../domain/ids.ts';
import { hasEnded, type OrderState } from '../../domain/order.ts';
import { decideSettle, type SettleOutcome } from '../../domain/settling.ts';
import { comeBack, notFound, problem, refusal, type ProblemError } from '../problems.ts';
import type { Answer } from '../server.ts';
import { actedAnswer } from './acted.ts';
import {
  assertFree,
  assertSequence,
  audited,
  logOf,
  type Ask,
  type DeskDeps,
} from './support-desk.ts';

export type SettleAsk = Ask & { readonly outcome: SettleOutcome | undefined };
type Judged = { readonly log: OrderLog; readonly decision: Decision };

const idOf = (text: string): OrderId => {
  const orderId = parseId('order', text);
  if (!orderId) throw notFound('order');
  return orderId;
};

const away = (): ProblemError =>
  problem('engine_unavailable', 'send the same request again', comeBack(2));

/** Why the order must not be settled from outside, if it must not. */
function standsInTheWay(workflow: WorkflowState): Refusal | undefined {
  switch (workflow.kind) {
    case 'closed':
    case 'missing':
    case 'settling':
      return undefined;
    case 'unavailable':
      throw away();
    case 'running':
      return { code: 'order_running', reason: 'the order’s workflow runs: use an ordinary action' };
    case 'paused':
      return { code: 'order_running', reason: 'the order’s workflow is paused: unpause it' };
    case 'failing':
      return { code: 'order_running', reason: 'the order’s workflow fails: terminate it first' };
  }
}

export function createBreakGlass(deps: DeskDeps) {
  const { db, engine } = deps;

  async function judge(
    { orderId, outcome }: Pick<SettleAsk, 'orderId' | 'outcome'>,
    log: OrderLog,
  ): Promise<Judged> {
    const blocked = log.isOver ? undefined : standsInTheWay(await engine.workflowOf(idOf(orderId)));
    if (blocked) return { log, decision: { kind: 'refused', refusal: blocked } };
    return { log, decision: decideSettle(log.state, outcome, Date.now()) };
  }

  return {
    async previewSettle(ask: Pick<SettleAsk, 'orderId' | 'outcome'>): Promise<Judged> {
      return judge(ask, await logOf(db, ask.orderId));
    },

    /** 200 when the order is over and its money settled; 202 while the provider takes its time. Repeatable. */
    async settle(ask: SettleAsk): Promise<Answer> {
      const { orderId, caller, outcome } = ask;
      const log = await logOf(db, orderId);
      const params = { outcome: outcome ?? 'as_recorded' };
      return audited(deps, { ask, log, action: 'settle', params }, async (attempt) => {
        const { commandId } = attempt;
        if (!(await commandWasRecorded(db, { orderId, commandId }))) {
          await assertFree(db, { orderId, keyId: caller.keyId });
          assertSequence(log, ask.ifSequence);
          const { decision } = await judge(ask, log);
          if (decision.kind === 'refused') throw refusal(decision.refusal);
        }
        return settleNow(deps, { ask, log, attempt });
      });
    },

    /** For a workflow whose code fails on its history, and no other. The order must be settled next. */
    async terminate(ask: Ask): Promise<Answer> {
      const { orderId, caller, because } = ask;
      const log = await logOf(db, orderId);
      return audited(deps, { ask, log, action: 'terminate' }, async (attempt) => {
        await assertFree(db, { orderId, keyId: caller.keyId });
        const workflow = await engine.workflowOf(idOf(orderId));
        if (workflow.kind === 'unavailable') throw away();
        if (workflow.kind === 'running' || workflow.kind === 'paused')
          throw problem(
            'workflow_healthy',
            `the order’s workflow is ${workflow.kind}: nothing is broken`,
          );
        await engine.terminate({ orderId: idOf(orderId), reason: `support: ${because.reason}` });
        if (!log.isOver) await saveTrouble(db, { orderId, kind: 'workflow_gone', now: new Date() });
        return finish(deps, attempt);
      });
    },

    async resolve(ask: Ask): Promise<Answer> {
      const log = await logOf(db, ask.orderId);
      return audited(deps, { ask, log, action: 'resolve-incident' }, async (attempt) => {
        await assertFree(db, { orderId: ask.orderId, keyId: ask.caller.keyId });
        await resolveIncidents(db, { orderId: ask.orderId, now: new Date() });
        return finish(deps, attempt);
      });
    },
  };
}

type Opened = Attempt & { readonly id: string };

async function settleNow(
  deps: DeskDeps,
  {
    ask,
    log,
    attempt,
  }: { readonly ask: SettleAsk; readonly log: OrderLog; readonly attempt: Opened },
): Promise<Answer> {
  const { db, engine, engineDeadlineMs } = deps;
  if (log.isOver) return finish(deps, attempt);
  const answer = await engine.settle({
    facts: log.facts,
    outcome: ask.outcome,
    actor: ask.caller.actor,
    commandId: attempt.commandId,
    deadlineMs: engineDeadlineMs,
  });
  switch (answer.kind) {
    case 'settled':
      await clearTrouble(db, ask.orderId);
      return finish(deps, attempt);
    case 'under_way':
      // Only the driver's cash is awaited: `settle` hears of it, or writes it off.
      if (awaitsCash((await logOf(db, ask.orderId)).state)) {
        await clearTrouble(db, ask.orderId);
        return finish(deps, attempt);
      }
      return actedAnswer(db, { attempt, outcome: 'under_way', status: 202 });
    case 'refused':
      throw refusal(answer.refusal);
    case 'unavailable':
      throw away();
  }
}

const awaitsCash = (state: OrderState): boolean =>
  hasEnded(state) && state.payment.status === 'collected';

async function finish({ db }: DeskDeps, attempt: Opened): Promise<Answer> {
  await closeAttempt(db, { commandId: attempt.commandId, outcome: 'done', now: new Date() });
  return actedAnswer(db, { attempt, outcome: 'done', status: 200 });
}
