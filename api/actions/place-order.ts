// Placing an order, idempotent end to end (see docs/architecture.md): the draft is stored with its key, then the
// engine starts the order from the draft's facts, then the answer is stored. A retry does what is left to do.

import type { OrderEngine, Outcome } from '../../adapters/order-engine.ts';
import type { Db } from '../../db/connect.ts';
import { findDraft, storeDraft } from '../../db/drafts.ts';
import { endLease, findKey, type KeyedRequest } from '../../db/idempotency.ts';
import type { Vault } from '../../db/vault.ts';
import { assertNever } from '../../domain/errors.ts';
import type { OrderFacts } from '../../domain/order.ts';
import type { Caller } from '../plugins/auth.ts';
import { comeBack, isProblem, problem, refusal, statusOf } from '../problems.ts';
import type { NewOrder } from '../schemas/orders.ts';
import type { Answer } from '../server.ts';
import { answerOrder, answerRefused } from './answer-order.ts';
import type { WriteDraft } from './write-draft.ts';
import { replay } from './replay.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly engine: Pick<OrderEngine, 'place'>;
  readonly writeDraft: WriteDraft;
  readonly engineDeadlineMs: number;
};

type PlaceInput = {
  readonly caller: Caller;
  readonly request: KeyedRequest;
  readonly body: NewOrder;
};
type Start = {
  readonly caller: Caller;
  readonly request: KeyedRequest;
  readonly facts: OrderFacts;
};

const isRefusal = (error: unknown): boolean => isProblem(error) && statusOf(error.problem) < 500;

export function createPlaceOrder({ db, vault, engine, writeDraft, engineDeadlineMs }: Deps) {
  /** 201 with the order; 202 when it is durable but not answered yet. Refusals write nothing. */
  return async function placeOrder({ caller, request, body }: PlaceInput): Promise<Answer> {
    const draft = await writeDraft({ scope: caller.scope, body, now: request.now }).catch(
      async (refused: unknown) => {
        // What was placed before stays placed, even if it would be refused now.
        const known = isRefusal(refused) ? await findKey(db, request) : undefined;
        if (!known) throw refused;
        return undefined;
      },
    );
    if (!draft) return placeAgain(caller, request);
    const stored = await storeDraft(db, vault, { request, draft });
    switch (stored.kind) {
      case 'stored':
        return start({ caller, request, facts: draft.facts });
      case 'key_known':
        return placeAgain(caller, request);
      case 'external_id_taken':
        throw problem('external_id_taken', `it is ${stored.orderId}`, { orderId: stored.orderId });
      default:
        return assertNever(stored);
    }
  };

  async function placeAgain(caller: Caller, request: KeyedRequest): Promise<Answer> {
    const known = await findKey(db, request);
    const again = await replay({ db, vault }, { request, known, viewer: caller.scope });
    if (again) return again;
    const orderId = known?.kind === 'abandoned' ? known.orderId : undefined;
    const draft = orderId === undefined ? undefined : await findDraft(db, orderId);
    if (!draft) throw new Error('a placing without a draft');
    if (!draft.givenUp) return start({ caller, request, facts: draft.facts });
    const refused = problem(
      'already_cancelled',
      'the order was given up before it could be placed',
    );
    return answerRefused(db, { request, refused });
  }

  async function start({ caller, request, facts }: Start): Promise<Answer> {
    const { orderId } = facts;
    const outcome: Outcome = await engine.place({ facts, deadlineMs: engineDeadlineMs });
    switch (outcome.kind) {
      case 'done':
      // Over already: it was placed, and more has happened since.
      case 'not_running':
        return answerOrder({ db, vault }, { request, orderId, viewer: caller.scope, status: 201 });
      case 'unknown':
      case 'paused':
        return answerOrder({ db, vault }, { request, orderId, viewer: caller.scope, status: 202 });
      case 'refused':
        return answerRefused(db, { request, refused: refusal(outcome.refusal) });
      case 'unavailable':
        await endLease(db, request);
        throw problem(
          'engine_unavailable',
          'send the same request with the same key again',
          comeBack(2),
        );
      default:
        return assertNever(outcome);
    }
  }
}
