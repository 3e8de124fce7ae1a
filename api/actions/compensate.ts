// Support makes up for what happened to a driver or a merchant: the platform pays, outside of the order's settlement.
// Customers are compensated by a refund at the platform's fault.

import type { Transaction } from 'kysely';
import { givenSoFar, postOnce } from '../../db/ledger.ts';
import type { OrderLog } from '../../db/order-logs.ts';
import { findOrder } from '../../db/orders.ts';
import type { Database } from '../../db/schema.ts';
import { closeAttempt } from '../../db/support-attempts.ts';
import type { Refusal } from '../../domain/errors.ts';
import { moved, platformParty } from '../../domain/ledger.ts';
import { formatMoney } from '../../domain/money.ts';
import { previewOfGift } from '../../domain/preview.ts';
import type { Caller } from '../plugins/auth.ts';
import { badField, refusal } from '../problems.ts';
import type { CompensateBody, Preview as PreviewBody } from '../schemas/support.ts';
import type { Answer } from '../server.ts';
import { previewBody, refusedPreview } from '../views/support.ts';
import { actedAnswer } from './acted.ts';
import { assertFree, audited, logOf, type Ask, type DeskDeps } from './support-desk.ts';

type Wish = Pick<CompensateBody, 'to' | 'driver_id' | 'amount_minor'>;
type Giving = {
  readonly log: OrderLog;
  readonly role: Caller['role'];
  /** What has not been posted yet. */
  readonly moreMinor?: number;
};

export function createCompensate(deps: Pick<DeskDeps, 'db' | 'vault'>) {
  const { db } = deps;

  async function partyOf(orderId: string, merchantId: string, wish: Wish): Promise<string> {
    if (wish.to === 'merchant') return merchantId;
    const { driver_id: driverId } = wish;
    if (driverId === undefined) throw badField('driver_id', 'is required for a driver');
    if (await findOrder(db, { scope: { kind: 'driver', driverId }, orderId })) return driverId;
    throw badField('driver_id', 'names no driver who had this order');
  }

  /** What it would do, without doing it. Throws not_found, invalid_request. */
  async function preview(
    { orderId, caller: { role } }: Pick<Ask, 'orderId' | 'caller'>,
    wish: Wish,
  ): Promise<PreviewBody> {
    const log = await logOf(db, orderId);
    const { merchantId, currency, policy } = log.facts;
    await partyOf(orderId, merchantId, wish);
    const { to, amount_minor: amountMinor } = wish;
    const limitMinor = policy.secondApprovalMinor;
    const { sequence } = log.state;
    const asked = { orderId, action: 'compensate', currency, sequence, limitMinor } as const;
    const refused = await db
      .transaction()
      .execute((trx) => tooMuch(trx, { log, role, moreMinor: amountMinor }));
    if (refused) return refusedPreview(asked, refused);
    const text = `the platform gives ${formatMoney(amountMinor, currency)} to the ${to}`;
    return {
      ...previewBody(asked, previewOfGift(log, { amountMinor, to }, Date.now())),
      happens: [{ type: 'compensation', text }],
    };
  }

  /** 200, once per request. Throws not_found, invalid_request, approval_needed, claimed_by_other. */
  async function compensate(ask: Ask, wish: Wish): Promise<Answer> {
    const { orderId, caller, request } = ask;
    const log = await logOf(db, orderId);
    const { merchantId, currency } = log.facts;
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
        const refused = await tooMuch(trx, { log, role: caller.role });
        if (posted === 'posted' && refused) throw refusal(refused);
      });
      await closeAttempt(db, { commandId: attempt.commandId, outcome: 'done', now: new Date() });
      return actedAnswer(db, { attempt, outcome: 'done', status: 200 });
    });
  }

  return { preview, compensate };
}

/** Why the platform may not give so much for an order, if it may not. */
async function tooMuch(
  trx: Transaction<Database>,
  { log, role, moreMinor = 0 }: Giving,
): Promise<Refusal | undefined> {
  const given = await givenSoFar(trx, { orderId: log.orderId, kind: 'compensation' });
  return given + moreMinor > log.facts.policy.secondApprovalMinor && role !== 'platform_admin'
    ? { code: 'approval_needed', reason: 'a platform_admin may give so much for one order' }
    : undefined;
}
