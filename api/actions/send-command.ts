// A command to a running order: its key is claimed, the order's workflow decides, the answer is stored. A retry is
// the same Update: the command's id follows from tenant and key.

import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { Db } from '../../db/connect.ts';
import { commandWasRecorded } from '../../db/events.ts';
import {
  claimCommand,
  endLease,
  type CommandTarget,
  type KeyedRequest,
} from '../../db/idempotency.ts';
import { noteIdOf, saveNote } from '../../db/notes.ts';
import { findOrder } from '../../db/orders.ts';
import type { Vault } from '../../db/vault.ts';
import { assertNever } from '../../domain/errors.ts';
import { parseId, type NoteId, type OrderId } from '../../domain/ids.ts';
import type { ExternalCommand } from '../../domain/messages.ts';
import type { Caller } from '../plugins/auth.ts';
import { comeBack, notFound, problem, refusal, type ProblemError } from '../problems.ts';
import type { Answer } from '../server.ts';
import { answerOrder, answerRefused } from './answer-order.ts';
import { commandIdOf } from './command-id.ts';
import { replay } from './replay.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly engine: Pick<OrderEngine, 'send' | 'catchUp'>;
  readonly engineDeadlineMs: number;
};

export type CommandInput = {
  readonly caller: Caller;
  readonly request: KeyedRequest;
  readonly orderId: string;
  /** Pure; `noteId` when there is a note. */
  readonly command: (note: { readonly noteId?: NoteId }) => ExternalCommand;
  readonly note?: string | undefined;
  /** What is wrong with the body whatever the order's state; a stored answer still comes first. */
  readonly unfit?: ProblemError | undefined;
  /** Epoch ms that must not lie before the order was placed. */
  readonly notBefore?: number | undefined;
};

export function createSendCommand(deps: Deps) {
  /** 200 with the order. Throws the order's refusal, 404 outside the scope, 503 when the outcome is not known. */
  return async function sendCommand(input: CommandInput): Promise<Answer> {
    const orderId = parseId('order', input.orderId);
    if (!orderId) throw notFound('order');
    const { again, target } = await claim(deps, input, orderId);
    return again ?? deliver(deps, input, { orderId, target });
  };
}

type Claimed = { readonly again?: Answer; readonly target?: CommandTarget | undefined };

/** Holds the request's lease afterwards, unless it has been answered before. */
async function claim(
  { db, vault }: Deps,
  { caller, request, unfit, notBefore }: CommandInput,
  orderId: OrderId,
): Promise<Claimed> {
  const { scope } = caller;
  const admissible = unfit === undefined;
  const wanted = { ...request, scope, orderId, notBefore, admissible };
  const { claimed, known, target } = await claimCommand(db, wanted);
  if (claimed) return { target };
  // Keys are the merchant's, orders a branch's: a key known already opens no other branch. A driver's keys are their
  // own, and the repeated abandoning of a delivery is answered although it is out of their sight.
  if (!target && (!known || scope.kind !== 'driver')) throw notFound('order');
  if (!known && unfit) throw unfit;
  if (!known && target && notBefore !== undefined && notBefore < target.placedAt) throw tooEarly();
  const again = await replay({ db, vault }, { request, known, viewer: scope });
  return again ? { again } : { target };
}

type Target = { readonly orderId: OrderId; readonly target: CommandTarget | undefined };

async function deliver(
  { db, vault, engine, engineDeadlineMs }: Deps,
  { caller, request, note, command }: CommandInput,
  { orderId, target }: Target,
): Promise<Answer> {
  const commandId = commandIdOf(request);
  const noteId = noteIdOf(commandId);
  const hasNote =
    note !== undefined &&
    target !== undefined &&
    (await saveNote(db, vault, { id: noteId, orderId, personId: target.customerId, text: note }));
  const outcome = await engine.send({
    orderId,
    command: command(hasNote ? { noteId } : {}),
    actor: caller.actor,
    commandId,
    deadlineMs: engineDeadlineMs,
  });
  const answer = { request, orderId, viewer: caller.scope, status: 200 };
  switch (outcome.kind) {
    case 'done':
      return answerOrder({ db, vault }, answer);
    case 'refused':
      return answerRefused(db, { request, refused: refusal(outcome.refusal) });
    case 'unavailable':
      return comeAgain(db, request, 'engine_unavailable');
    case 'paused':
      return comeAgain(db, request, 'order_paused');
    case 'unknown':
      return comeAgain(db, request, 'outcome_unknown');
    case 'not_running': {
      const took = await commandWasRecorded(db, { orderId, commandId });
      if (!took) return refuseEnded(db, request, orderId);
      // A task that would have ended it may have come to nothing: then it runs still, and is behind its log.
      await engine.catchUp(orderId);
      return answerOrder({ db, vault }, answer);
    }
    default:
      return assertNever(outcome);
  }
}

/** The key stays with its order, so that a retry is the same command. */
async function comeAgain(
  db: Db,
  request: KeyedRequest,
  code: 'engine_unavailable' | 'outcome_unknown' | 'order_paused',
): Promise<never> {
  await endLease(db, request);
  const seconds = code === 'order_paused' ? 30 : 2;
  throw problem(code, 'send the same request with the same key again', comeBack(seconds));
}

/** No workflow takes commands: the order is over, or its start is not known yet. */
async function refuseEnded(db: Db, request: KeyedRequest, orderId: OrderId): Promise<never> {
  const order = await findOrder(db, { scope: { kind: 'platform' }, orderId });
  if (!order?.is_over) return comeAgain(db, request, 'engine_unavailable');
  const refused =
    order.order_status === 'completed'
      ? problem('already_delivered', 'the order was completed')
      : problem(
          'already_cancelled',
          `the order ended as ${order.end_reason ?? order.order_status}`,
        );
  return answerRefused(db, { request, refused });
}

const tooEarly = (): ProblemError =>
  problem('time_in_past', 'arrived_at lies before the order was placed', {
    errors: [{ field: 'arrived_at', problem: 'lies before the order was placed' }],
  });
