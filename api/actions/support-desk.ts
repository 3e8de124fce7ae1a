// What a person of support does to an order: judged on its log first, kept in the audit whatever comes of it, and then
// said to the order, whose workflow decides. An attempt may be repeated: it is the same command.

import type { OrderEngine, Outcome } from '../../adapters/order-engine.ts';
import { claimOf } from '../../db/claims.ts';
import type { Db } from '../../db/connect.ts';
import { commandWasRecorded } from '../../db/events.ts';
import type { KeyedRequest } from '../../db/idempotency.ts';
import { noteIdOf, saveNote } from '../../db/notes.ts';
import { readOrderLogs, type OrderLog } from '../../db/order-logs.ts';
import { closeAttempt, openAttempt, type Attempt } from '../../db/support-attempts.ts';
import { saveApproval } from '../../db/support-approvals.ts';
import type { Vault } from '../../db/vault.ts';
import type { Decision } from '../../domain/decision.ts';
import { assertNever } from '../../domain/errors.ts';
import { parseId, type OrderId } from '../../domain/ids.ts';
import { isOver, type OrderState } from '../../domain/order.ts';
import { previewOf, type Preview } from '../../domain/preview.ts';
import { tryAction, type Given, type SupportActionName } from '../../domain/support.ts';
import type { Caller } from '../plugins/auth.ts';
import {
  comeBack,
  isProblem,
  notFound,
  problem,
  refusal,
  statusOf,
  type ProblemError,
} from '../problems.ts';
import type { Because } from '../schemas/support.ts';
import type { Answer } from '../server.ts';
import { actedAnswer } from './acted.ts';
import { commandIdOf } from './command-id.ts';
import { withFacts } from './support-facts.ts';

export type DeskDeps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly engine: Pick<OrderEngine, 'send' | 'workflowOf' | 'settle' | 'terminate'>;
  readonly engineDeadlineMs: number;
};

/** What somebody asked for, and where they stood. */
export type Ask = {
  readonly caller: Caller;
  readonly request: KeyedRequest;
  readonly orderId: string;
  readonly because: Because;
  /** The sequence that the agent has seen. */
  readonly ifSequence: number | undefined;
};

/** Throws not_found. */
export async function logOf(db: Db, orderId: string): Promise<OrderLog> {
  const found = (await readOrderLogs(db, [orderId])).get(orderId);
  if (!found) throw notFound('order');
  return found;
}

/** Throws claimed_by_other while another agent works on the order. */
export async function assertFree(
  db: Db,
  { orderId, keyId }: { readonly orderId: string; readonly keyId: string },
): Promise<void> {
  const claim = await claimOf(db, { orderId, now: new Date() });
  if (!claim || claim.keyId === keyId) return;
  throw problem(
    'claimed_by_other',
    `${claim.keyId} has claimed the order until ${claim.expiresAt.toISOString()}`,
    { orderId },
  );
}

export function assertSequence({ state }: OrderLog, ifSequence: number | undefined): void {
  if (ifSequence === undefined || ifSequence === state.sequence) return;
  const reason = `the order is at sequence ${state.sequence}, not ${ifSequence} any more: preview again`;
  throw problem('stale_sequence', reason);
}

/** Opens the audit's row, does the work, and closes the row with what became of it, refusals included. */
export async function audited<T>(
  { db, vault }: Pick<DeskDeps, 'db' | 'vault'>,
  { ask, log, action, params = {} }: Audited,
  work: (attempt: Attempt & { readonly id: string }) => Promise<T>,
): Promise<T> {
  const { caller, request, because } = ask;
  const commandId = commandIdOf(request);
  const noteId = noteIdOf(commandId);
  const { customerId } = log.facts;
  const kept =
    because.note !== undefined &&
    (await saveNote(db, vault, {
      id: noteId,
      orderId: ask.orderId,
      personId: customerId,
      text: because.note,
    }));
  const attempt: Attempt = {
    commandId,
    orderId: ask.orderId,
    action,
    params,
    keyId: caller.keyId,
    reason: because.reason,
    noteId: kept ? noteId : undefined,
    sequence: log.state.sequence,
    now: new Date(request.now),
  };
  const id = await openAttempt(db, attempt);
  try {
    return await work({ ...attempt, id });
  } catch (error) {
    const refused = isProblem(error) && statusOf(error.problem) < 500;
    await closeAttempt(db, {
      commandId,
      outcome: refused ? 'refused' : 'unknown',
      code: isProblem(error) ? error.problem.code : 'internal',
      now: new Date(),
    });
    throw error;
  }
}

type Audited = {
  readonly ask: Ask;
  readonly log: OrderLog;
  readonly action: string;
  readonly params?: Given;
};

export type ActInput = Ask & {
  readonly action: SupportActionName;
  readonly given: Given;
  /** The body as it was sent. */
  readonly said: unknown;
};

export function createSupportDesk(deps: DeskDeps) {
  const { db } = deps;
  return {
    /** What would happen, without doing it. Throws not_found and the refusal of the order. */
    async preview(
      input: Pick<ActInput, 'orderId' | 'action' | 'given' | 'said'> & { readonly now: number },
    ) {
      const log = await logOf(db, input.orderId);
      const given = await withFacts(deps, { ...input, log });
      const asked = { state: log.state, noted: {}, given, now: input.now };
      return { log, acting: tryAction(input.action, asked) };
    },

    /** 200 done, 202 when a second agent has to approve. */
    async act(input: ActInput): Promise<Answer> {
      const { orderId, action, caller, request, ifSequence } = input;
      const log = await logOf(db, orderId);
      const asked = { ...input, log, now: request.now, commandId: commandIdOf(request) };
      const given = await withFacts(deps, asked);
      return audited(deps, { ask: input, log, action, params: given }, async (attempt) => {
        const { commandId, noteId } = attempt;
        if (await commandWasRecorded(db, { orderId, commandId })) return done(deps, attempt);
        await assertFree(db, { orderId, keyId: caller.keyId });
        assertSequence(log, ifSequence);
        const noted = noteId === undefined ? {} : { noteId };
        const now = request.now;
        const { decision } = tryAction(action, { state: log.state, given, noted, now });
        if (decision.kind === 'refused') throw refusal(decision.refusal);
        const effects = previewOf(log, decision.events, now);
        if (effects.lossMinor > log.facts.policy.secondApprovalMinor)
          return askApproval(deps, { attempt, effects, log });
        return say(deps, { attempt, caller, action, given, ifSequence });
      });
    },
  };
}

type Say = {
  readonly attempt: Attempt & { readonly id: string };
  readonly caller: Pick<Caller, 'actor'>;
  readonly action: SupportActionName;
  readonly given: Given;
  readonly ifSequence: number | undefined;
};

/** Tells the order; also once a second agent has approved. */
export async function say(
  deps: DeskDeps,
  { attempt, caller, action, given, ifSequence }: Say,
): Promise<Answer> {
  const { db, engine, engineDeadlineMs } = deps;
  const { commandId, noteId } = attempt;
  const orderId = parseId('order', attempt.orderId);
  if (!orderId) throw notFound('order');
  const { state } = await logOf(db, orderId);
  const noted = noteId === undefined ? {} : { noteId };
  const judge = (at: OrderState) => tryAction(action, { state: at, given, noted, now: Date.now() });
  const { command, decision } = judge(state);
  if (!command) throw decision.kind === 'refused' ? refusal(decision.refusal) : notFound('driver');
  const outcome = await engine.send({
    orderId,
    command,
    actor: caller.actor,
    commandId,
    deadlineMs: engineDeadlineMs,
    ifSequence,
  });
  const failed = await failureOf(deps, outcome, {
    orderId,
    commandId,
    judge: (at) => judge(at).decision,
  });
  if (failed) throw failed;
  return done(deps, attempt);
}

type Sent = {
  readonly orderId: OrderId;
  readonly commandId: string;
  /** What the order says to it in a state. */
  readonly judge: (state: OrderState) => Decision;
};

async function failureOf(
  { db, engine }: DeskDeps,
  outcome: Outcome,
  sent: Sent,
): Promise<ProblemError | undefined> {
  switch (outcome.kind) {
    case 'done':
      return undefined;
    case 'refused':
      return refusal(outcome.refusal);
    case 'unavailable':
      return problem('engine_unavailable', 'send the same request again', comeBack(2));
    case 'paused':
      return problem('order_paused', 'let its workflow go on in the Temporal UI', comeBack(30));
    case 'unknown': {
      // A workflow whose code is broken answers nobody, however often it is asked.
      const { kind } = await engine.workflowOf(sent.orderId);
      return kind === 'failing'
        ? problem(
            'workflow_gone',
            'the order’s workflow fails: terminate it, then settle the order',
          )
        : problem('outcome_unknown', 'send the same request with the same key again', comeBack(2));
    }
    case 'not_running': {
      if (await commandWasRecorded(db, sent)) return undefined;
      const { state } = await logOf(db, sent.orderId);
      const decision = sent.judge(state);
      return isOver(state) && decision.kind === 'refused'
        ? refusal(decision.refusal)
        : problem('workflow_gone', 'no workflow takes commands for this order: settle it');
    }
    default:
      return assertNever(outcome);
  }
}

async function done({ db }: DeskDeps, attempt: Attempt & { readonly id: string }): Promise<Answer> {
  await closeAttempt(db, { commandId: attempt.commandId, outcome: 'done', now: new Date() });
  return actedAnswer(db, { attempt, outcome: 'done', status: 200 });
}

const approvalLastsMs = 3_600_000;

async function askApproval(
  { db }: DeskDeps,
  {
    attempt,
    effects,
    log,
  }: {
    readonly attempt: Attempt & { readonly id: string };
    readonly effects: Preview;
    readonly log: OrderLog;
  },
): Promise<Answer> {
  const now = new Date();
  const approvalId = await saveApproval(db, {
    commandId: attempt.commandId,
    orderId: attempt.orderId,
    askedBy: attempt.keyId,
    lossMinor: effects.lossMinor,
    currency: log.facts.currency,
    now,
    expiresAt: new Date(now.getTime() + approvalLastsMs),
  });
  await closeAttempt(db, { commandId: attempt.commandId, outcome: 'awaits_approval', now });
  return actedAnswer(db, { attempt, outcome: 'awaits_approval', status: 202, approvalId });
}
