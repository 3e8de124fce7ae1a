// Cash that is brought after its order counted it as missing, by its driver or anybody else.

import { bringLateCash, missingCash, type Missing } from '../../db/late-cash.ts';
import { closeAttempt } from '../../db/support-attempts.ts';
import type { Refusal } from '../../domain/errors.ts';
import { badField, refusal } from '../problems.ts';
import type { LateCash } from '../schemas/support.ts';
import type { Answer } from '../server.ts';
import { actedAnswer } from './acted.ts';
import { assertFree, audited, logOf, type Ask, type DeskDeps } from './support-desk.ts';

const nothingMissing: Refusal = {
  code: 'wrong_state',
  reason: 'no cash of this order is missing any more, or none ever was',
};

export function createLateCash(deps: Pick<DeskDeps, 'db' | 'vault'>) {
  const { db } = deps;
  return {
    /** What is missing, and who owes it. Throws not_found, wrong_state. */
    async missing(orderId: string): Promise<Missing & { readonly currency: string }> {
      const { facts } = await logOf(db, orderId);
      const missing = await db.transaction().execute((trx) => missingCash(trx, orderId));
      if (missing === undefined || missing.leftMinor === 0) throw refusal(nothingMissing);
      return { ...missing, currency: facts.currency };
    },

    /** 200, once per request. Throws not_found, wrong_state, invalid_request, claimed_by_other. */
    async bring(ask: Ask, { amount_minor: amountMinor }: LateCash): Promise<Answer> {
      const { orderId, caller, request } = ask;
      const log = await logOf(db, orderId);
      const { currency } = log.facts;
      const params = { amount_minor: amountMinor };
      return audited(deps, { ask, log, action: 'late-cash', params }, async (attempt) => {
        await assertFree(db, { orderId, keyId: caller.keyId });
        const { commandId } = attempt;
        const now = new Date(request.now);
        const brought = await bringLateCash(db, {
          orderId,
          commandId,
          currency,
          amountMinor,
          now,
        });
        if (brought.kind === 'nothing_missing') throw refusal(nothingMissing);
        if (brought.kind === 'too_much')
          throw badField('amount_minor', 'is more than what is missing', brought.leftMinor);
        await closeAttempt(db, { commandId, outcome: 'done', now: new Date() });
        return actedAnswer(db, { attempt, outcome: 'done', status: 200 });
      });
    },
  };
}
