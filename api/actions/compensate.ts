// Support makes up for what happened to a driver or a merchant: the platform pays, outside of the order's settlement.
// Customers are compensated by a refund at the platform's fault.

import { givenSoFar, postOnce } from '../../db/ledger.ts';
import { findOrder } from '../../db/orders.ts';
import { closeAttempt } from '../../db/support-attempts.ts';
import { moved, platformParty } from '../../domain/ledger.ts';
import { badField, problem } from '../problems.ts';
import type { CompensateBody } from '../schemas/support.ts';
import type { Answer } from '../server.ts';
import { actedAnswer } from './acted.ts';
import { assertFree, audited, logOf, type Ask, type DeskDeps } from './support-desk.ts';

type Wish = Pick<CompensateBody, 'to' | 'driver_id' | 'amount_minor'>;

export function createCompensate(deps: Pick<DeskDeps, 'db' | 'vault'>) {
  const { db } = deps;

  async function partyOf(orderId: string, merchantId: string, wish: Wish): Promise<string> {
    if (wish.to === 'merchant') return merchantId;
    const { driver_id: driverId } = wish;
    if (driverId === undefined) throw badField('driver_id', 'is required for a driver');
    if (await findOrder(db, { scope: { kind: 'driver', driverId }, orderId })) return driverId;
    throw badField('driver_id', 'names no driver who had this order');
  }

  /** 200, once per request. Throws not_found, invalid_request, approval_needed, claimed_by_other. */
  return async function compensate(ask: Ask, wish: Wish): Promise<Answer> {
    const { orderId, caller, request } = ask;
    const log = await logOf(db, orderId);
    const { merchantId, currency, policy } = log.facts;
    const party = await partyOf(orderId, merchantId, wish);
    const { to: account, amount_minor: amountMinor } = wish;
    const params = { to: account, party, amount_minor: amountMinor };
    return audited(deps, { ask, log, action: 'compensate', params }, async (attempt) => {
      await assertFree(db, { orderId, keyId: caller.keyId });
      const entries = moved(
        amountMinor,
        { account, party },
        { account: 'platform', party: platformParty },
      );
      const key = `${orderId}:compensation:${attempt.commandId}`;
      const posting = { key, kind: 'compensation', entries } as const;
      const at = new Date(request.now);
      await db.transaction().execute(async (trx) => {
        const posted = await postOnce(trx, { posting, orderId, currency, at });
        const given = await givenSoFar(trx, { orderId, kind: 'compensation' });
        const isMuch = given > policy.secondApprovalMinor;
        if (posted === 'posted' && isMuch && caller.role !== 'platform_admin')
          throw problem('approval_needed', 'a platform_admin may give so much for one order');
      });
      await closeAttempt(db, { commandId: attempt.commandId, outcome: 'done', now: new Date() });
      return actedAnswer(db, { attempt, outcome: 'done', status: 200 });
    });
  };
}
