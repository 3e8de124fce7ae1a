// The steps of a refund, one at a time by its row: wait for a decision, record the intent, ask the provider (or, for cash,
// a person), record the answer. What undoes a refund that failed are the reversed shares, posted with the failure. Repeating any step is
// harmless: the row guards it, the provider knows its key.

import { asAsked, isLie } from '../adapters/in-currency.ts';
import { codeOf, isOutage } from '../adapters/outage.ts';
import type { RefundAnswer } from '../adapters/card-gateway.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { Db } from '../db/connect.ts';
import { remindOfPayOut } from '../db/cash-refunds.ts';
import { dropSettlement } from '../db/refund-settlements.ts';
import {
  doubtRefund,
  intendRefund,
  openIncident,
  recordRefundNews,
  type RefundNews,
} from '../db/refund-steps.ts';
import { decideRefund, findRefund, type Refund } from '../db/refunds.ts';
import { assertNever } from '../domain/errors.ts';
import { refundKey } from '../domain/refund.ts';
import { settlementOf } from '../domain/refund-settlement.ts';
import type { RefundActivities, RefundStep } from './contract.ts';
import type { CrashPoint } from '../adapters/crash-point.ts';
import { retryable } from './retryable.ts';

type Dependencies = {
  /** By the provider's name. Throws when it is not set up here. */
  readonly portOf: (provider: string) => Pick<PaymentPort, 'refund' | 'findRefund'>;
  readonly db: Db;
  readonly crashPoint: CrashPoint;
  readonly now?: () => number;
};

const hourMs = 3_600_000;
/** A refund that a bank takes its time over is looked at this often; a webhook is usually first. */
const lookAgainMs = hourMs;
/** A refund in cash stays in somebody's queue until it is paid out. */
const remindAgainMs = 24 * hourMs;
/** A provider that stores failure after failure is given up on, so that no loop is endless. */
const maxAttempts = 5;
const tellSomebodyAfterMs = 72 * hourMs;

export function createRefundActivities({
  portOf,
  db,
  crashPoint,
  now = Date.now,
}: Dependencies): RefundActivities {
  async function advanceOnce(row: Refund): Promise<void> {
    switch (row.status) {
      case 'awaiting_approval':
        if ((row.decide_before?.getTime() ?? 0) <= now())
          await decideRefund(db, {
            id: row.id,
            approve: false,
            by: { kind: 'system' },
            now: new Date(now()),
          });
        return;
      case 'requested':
        return intendRefund(db, row, new Date(now()));
      case 'sending':
      case 'pending':
        return hasLapsed(row, now()) ? lapse(row) : send(row);
      case 'payable':
        return remindOfPayOut(db, row, new Date(now()));
      case 'refunded':
      case 'failed':
      case 'rejected':
        return undefined;
      default:
        return assertNever(row.status);
    }
  }

  async function lapse(row: Refund): Promise<void> {
    await dropSettlement(db, { row, by: { kind: 'system' }, now: new Date(now()) });
  }

  async function send(row: Refund): Promise<void> {
    const tags = [row.status, row.id];
    await crashPoint('refund:before', tags);
    const firstSentAt = row.first_sent_at?.getTime() ?? now();
    try {
      const said = await ask(portOf(row.provider), row, firstSentAt);
      if (said === undefined) return;
      const { currency, amount_minor: amountMinor } = row;
      const answer = asAsked(said, { system: row.provider, currency, amountMinor });
      await crashPoint('refund:after-effect', tags);
      await recordRefundNews(db, { row, news: newsOf(row, answer), now: new Date(now()) });
      await crashPoint('refund:after-record', tags);
    } catch (error) {
      await unanswered({ db, row, now: now() }, error);
    }
  }

  return {
    async advanceRefund({ refundId }): Promise<RefundStep> {
      for (;;) {
        const row = await findRefund(db, refundId);
        if (!row) throw new Error(`no refund ${refundId}`);
        if (row.finished_at) return { status: row.status, isOver: true, waitMs: 0 };
        await advanceOnce(row);
        const next = await findRefund(db, refundId);
        if (!next?.finished_at && next && isWhereItWas(next, row))
          return { status: row.status, isOver: false, waitMs: waitMs(row, now()) };
      }
    },
  };
}

/** While two persons decide what became of it nothing is sent; undefined: and the books show nothing. */
async function ask(
  port: Pick<PaymentPort, 'refund' | 'findRefund'>,
  row: Refund,
  firstSentAt: number,
): Promise<RefundAnswer | undefined> {
  const { order_id: orderId, provider_ref: providerRef } = row;
  const key = refundKey({ orderId, refundId: row.id }, row.attempt);
  if (settlementOf(row)) return port.findRefund?.({ providerRef, key });
  const amountMinor = row.asked_minor ?? row.amount_minor;
  return port.refund({ orderId, providerRef, amountMinor, key, firstSentAt });
}

const hasLapsed = (row: Refund, now: number): boolean =>
  settlementOf(row) !== undefined && (row.decide_before?.getTime() ?? 0) <= now;

/** Nothing has changed since, and there are no news. */
const isWhereItWas = (now: Refund, before: Refund): boolean =>
  now.status === before.status &&
  now.attempt === before.attempt &&
  now.news === before.news &&
  settlementOf(now)?.commandId === settlementOf(before)?.commandId;

/** The provider gave no answer: a person is told after three days, at once of one that cannot be true, and it is asked again. */
async function unanswered(
  { db, row, now }: { readonly db: Db; readonly row: Refund; readonly now: number },
  error: unknown,
): Promise<never> {
  const code = codeOf(error);
  // What may have come back is asked about anew.
  const since = Math.max(row.first_sent_at?.getTime() ?? now, row.reopened_at?.getTime() ?? 0);
  if (isLie(code)) await doubtRefund(db, { row, code, now: new Date(now) });
  else if (now - since > tellSomebodyAfterMs)
    await openIncident(db, { row, kind: 'refund_unanswered', code, now: new Date(now) });
  throw isOutage(error) ? retryable(code, error.retryAfterMs) : error;
}

function waitMs({ status, decide_before: before }: Refund, now: number): number {
  if (status === 'awaiting_approval') return (before?.getTime() ?? now) - now;
  return status === 'payable' ? remindAgainMs : lookAgainMs;
}

function newsOf(row: Refund, answer: RefundAnswer): RefundNews {
  switch (answer.status) {
    case 'refunded':
      return { kind: 'refunded', refundRef: answer.refundRef };
    case 'refund_pending':
      return { kind: 'pending', refundRef: answer.refundRef };
    case 'failed':
      return { kind: 'failed', code: answer.code };
    case 'not_executed':
      return row.attempt < maxAttempts
        ? { kind: 'not_executed' }
        : { kind: 'failed', code: 'not_executed' };
    default:
      return assertNever(answer);
  }
}
