// Asking for a refund and deciding on one. The row is the promise; its workflow carries it out, started at once or, if
// that fails, by the housekeeping.

import type { MoneyEngine } from '../../adapters/money-engine.ts';
import type { Db } from '../../db/connect.ts';
import { newId } from '../../db/new-id.ts';
import { noteIdOf, saveNote } from '../../db/notes.ts';
import { giveUpPayOut, payOutRefund } from '../../db/cash-refunds.ts';
import { findRefundTarget, findTipTarget, type RefundTarget } from '../../db/refund-basis.ts';
import {
  decideRefund,
  findRefund,
  halvesOf,
  requestRefund,
  type Refund,
} from '../../db/refunds.ts';
import type { Vault } from '../../db/vault.ts';
import { parseId } from '../../domain/ids.ts';
import type { RefundWish } from '../../domain/refund.ts';
import { settlementOf } from '../../domain/refund-settlement.ts';
import type { Logger } from '../../log.ts';
import type { Caller } from '../plugins/auth.ts';
import { badField, notFound, problem, refusal } from '../problems.ts';
import type { NewRefund } from '../schemas/refunds.ts';
import { createRefundSettling, type SettlingDeps } from './refund-settlements.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly money: Pick<MoneyEngine, 'startRefund' | 'refundChanged'> | undefined;
  readonly log: Logger;
};
type Asked = {
  readonly orderId: string;
  readonly body: NewRefund;
  readonly caller: Caller;
  readonly now: Date;
};

export function createRefunds({ db, vault, money, log }: Deps) {
  /** Inside the transaction that claims the caller's key. */
  async function request(trx: Db, asked: Asked): Promise<Refund> {
    const { orderId, body, caller, now } = asked;
    const wish = wishOf(body);
    if (caller.scope.kind === 'merchant' && body.fault !== 'merchant')
      throw problem('forbidden', 'a merchant can only refund what it bears itself');
    const order = await findRefundTarget(trx, { scope: caller.scope, orderId });
    if (!order) throw notFound('order');
    const target = await paymentOf(trx, order, wish);
    if (target === undefined) throw problem('refund_not_captured', 'it took no money');
    const id = newId('refund', now.getTime());
    const noteId = body.note === undefined ? undefined : noteIdOf(id);
    if (noteId !== undefined && body.note !== undefined) {
      const note = { id: noteId, orderId, personId: order.customerId, text: body.note };
      await saveNote(trx, vault, note);
    }
    const { reason, fault, again = false } = body;
    const outcome = await requestRefund(trx, {
      id,
      order: target,
      wish,
      fault,
      reason,
      actor: caller.actor,
      noteId,
      again,
      now,
    });
    if (outcome.kind === 'refused') throw refusal(outcome.refusal);
    return outcome.refund;
  }

  async function start(id: string): Promise<void> {
    for (const half of await halvesOf(db, id)) await tell({ money, log }, half, 'startRefund');
  }

  return { request, start };
}

type Paid = NonNullable<Awaited<ReturnType<typeof findRefundTarget>>>;

/** The order's payment or its later tip's. Undefined: it took nothing. */
async function paymentOf(
  trx: Db,
  { providerRef, ...order }: Paid,
  wish: RefundWish,
): Promise<RefundTarget | undefined> {
  if (wish.kind === 'later_tip') return findTipTarget(trx, order, wish.n);
  return providerRef === undefined ? undefined : { ...order, providerRef };
}

type Deciding = Deps & SettlingDeps;

/** By a second person: whether a refund is made, and that one in cash was paid out. */
export function createRefundDecisions({ db, money, log, ...rest }: Deciding) {
  const settling = createRefundSettling({ db, ...rest });

  async function find(caller: Caller, id: string): Promise<Refund & { readonly isOwn: boolean }> {
    const refund = await findRefund(db, id);
    if (!refund) throw notFound('refund');
    const { requested_by: by } = refund;
    return { ...refund, isOwn: 'id' in by && by.id === caller.keyId };
  }

  async function changed(refund: Refund, ids: readonly string[] = [refund.id]): Promise<Refund> {
    for (const id of ids) await tell({ money, log }, id, 'refundChanged');
    return (await findRefund(db, refund.id)) ?? refund;
  }

  async function decide(
    caller: Caller,
    { id, approve }: { readonly id: string; readonly approve: boolean },
  ): Promise<Refund> {
    const refund = await find(caller, id);
    if (settlementOf(refund)) {
      await settling.decide({ refund, approve, caller });
      return changed(refund);
    }
    if (approve && refund.isOwn)
      throw problem('forbidden', 'a second person must approve it, not the one who asked');
    const said = { id, by: caller.actor, now: new Date() };
    const decided = await decideRefund(db, { ...said, approve });
    if (decided.length > 0) return changed(refund, decided);
    if (approve || !(await giveUpPayOut(db, said)))
      throw problem('refund_not_waiting', `the refund is ${refund.status}`);
    return changed(refund);
  }

  /** By hand, in cash. Throws forbidden, refund_not_payable, reference_taken. */
  async function payOut(
    caller: Caller,
    { id, reference }: { readonly id: string; readonly reference: string },
  ): Promise<Refund> {
    const refund = await find(caller, id);
    if (refund.isOwn)
      throw problem('forbidden', 'a second person must pay it out, not the one who asked');
    const said = { id, reference, by: caller.actor, now: new Date() };
    switch (await payOutRefund(db, said)) {
      case 'not_payable':
        throw problem('refund_not_payable', `the refund is ${refund.status} by ${refund.provider}`);
      case 'reference_taken':
        throw problem('reference_taken', `${reference} is the reference of another refund`, {
          errors: [{ field: 'reference', problem: 'was used for another refund' }],
        });
      case 'done':
        return changed(refund);
    }
  }

  return { decide, payOut, propose: settling.propose };
}

/** After the commit; best effort. */
async function tell(
  { money, log }: Pick<Deps, 'money' | 'log'>,
  id: string,
  what: 'startRefund' | 'refundChanged',
): Promise<void> {
  const refundId = parseId('refund', id);
  if (!refundId || !money) return;
  await money[what](refundId).catch((error: unknown) =>
    log.warn({ err: error, refund_id: id }, 'the housekeeping will start this refund'),
  );
}

function wishOf(body: NewRefund): RefundWish {
  const { amount_minor: amountMinor, items, delivery_fee: fee = false, tip = false } = body;
  const { later_tip: n } = body;
  const byPart = items !== undefined || fee || tip;
  if (byPart && n !== undefined)
    throw badField('later_tip', 'cannot be combined with items, delivery_fee or tip');
  if (byPart && amountMinor !== undefined)
    throw badField('amount_minor', 'cannot be combined with items, delivery_fee or tip');
  if (byPart) return { kind: 'parts', items: items ?? [], deliveryFee: fee, tip };
  if (n !== undefined)
    return { kind: 'later_tip', n, ...(amountMinor !== undefined && { amountMinor }) };
  return amountMinor === undefined ? { kind: 'whole' } : { kind: 'amount', amountMinor };
}
