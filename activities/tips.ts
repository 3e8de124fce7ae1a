// The steps of a tip after the delivery, one at a time by its row: record the intent, ask the provider, let the payer
// confirm, capture. What undoes a hold is the void, which also ends whatever was never answered. Repeating any step is
// harmless: the row guards it, the provider knows its key.

import type {
  AuthorizeAnswer,
  CaptureAnswer,
  Captured,
  PaymentTruth,
  VoidAnswer,
} from '../adapters/card-gateway.ts';
import type { CrashPoint } from '../adapters/crash-point.ts';
import { isOutage, outage } from '../adapters/outage.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { Db } from '../db/connect.ts';
import { findTip, recordTipNews, reportUnansweredTip, type Tip, type TipNews } from '../db/tips.ts';
import { assertNever } from '../domain/errors.ts';
import { tipKey, tipPatienceMs } from '../domain/tip.ts';
import type { TipActivities, TipStep } from './contract.ts';
import { retryable } from './retryable.ts';

type Dependencies = {
  /** By the provider's name. Throws when it is not set up here. */
  readonly portOf: (provider: string) => Omit<PaymentPort, 'refund' | 'readWebhook'>;
  readonly db: Db;
  readonly crashPoint: CrashPoint;
  readonly now?: () => number;
};

/** While the payer confirms; a webhook is usually first. */
const lookAgainMs = 30_000;
/** A provider that stores failure after failure is given up on, or asked later where that cannot be. */
const maxAttempts = 5;
const tellSomebodyAfterMs = 72 * 3_600_000;

export function createTipActivities({
  portOf,
  db,
  crashPoint,
  now = Date.now,
}: Dependencies): TipActivities {
  async function advanceOnce(row: Tip): Promise<TipNews | undefined> {
    const port = portOf(row.provider);
    const isLate = now() - row.created_at.getTime() > tipPatienceMs;
    switch (row.status) {
      case 'requested':
        return { kind: 'sending' };
      case 'sending':
        return isLate
          ? { kind: 'releasing', code: 'payment_unanswered' }
          : heldOf(row, port, await authorize(row, port));
      case 'requires_action': {
        const truth = await port.retrieve({ providerRef: row.provider_ref ?? '' });
        const news = await heldOf(row, port, truth);
        return news ?? (isLate ? { kind: 'releasing', code: 'payment_not_completed' } : undefined);
      }
      case 'authorized':
        return captureNews(row, await capture(row, port));
      case 'releasing':
        return releaseNews(row, await release(row, port));
      case 'paid':
      case 'declined':
        return undefined;
      default:
        return assertNever(row.status);
    }
  }

  async function step(row: Tip): Promise<void> {
    try {
      await crashPoint('tip:before', [row.status]);
      const news = await advanceOnce(row);
      await crashPoint('tip:after-effect', [row.status]);
      if (news) await recordTipNews(db, { row, news, now: new Date(now()) });
      if (news?.kind === 'not_executed' && row.attempt >= maxAttempts)
        throw outage({ system: row.provider, code: 'server_error' });
    } catch (error) {
      if (!isOutage(error)) throw error;
      const { code, retryAfterMs } = error;
      if (now() - row.created_at.getTime() > tellSomebodyAfterMs)
        await reportUnansweredTip(db, { row, code, now: new Date(now()) });
      throw retryable(code, retryAfterMs);
    }
  }

  return {
    async advanceTip(name): Promise<TipStep> {
      for (;;) {
        const row = await findTip(db, name);
        if (!row) throw new Error(`no tip ${name.n} of ${name.orderId}`);
        if (row.finished_at) return { status: row.status, isOver: true, waitMs: 0 };
        await step(row);
        const next = await findTip(db, name);
        if (next?.status === row.status && next.attempt === row.attempt)
          return { status: row.status, isOver: false, waitMs: lookAgainMs };
      }
    },
  };
}

type Port = Pick<PaymentPort, 'authorize' | 'capture' | 'void'>;

const firstSentAt = (row: Tip): number | undefined => row.first_sent_at?.getTime();

const authorize = (row: Tip, port: Port): Promise<AuthorizeAnswer | Captured> =>
  port.authorize({
    orderId: row.order_id,
    step: 'tip',
    attempt: row.n,
    key: tipKey({ orderId: row.order_id, n: row.n }, 'tip'),
    amountMinor: row.amount_minor,
    currency: row.currency,
    paymentMethod: row.payment_method,
    firstSentAt: firstSentAt(row),
  });

const capture = (row: Tip, port: Port): Promise<CaptureAnswer> =>
  port.capture({
    orderId: row.order_id,
    key: tipKey({ orderId: row.order_id, n: row.n }, 'tip_capture', row.attempt),
    providerRef: row.provider_ref ?? '',
    amountMinor: row.amount_minor,
    firstSentAt: firstSentAt(row),
  });

const release = (row: Tip, port: Port, step: 'tip_void' | 'tip_discard' = 'tip_void') =>
  port.void({
    orderId: row.order_id,
    step: 'tip',
    attempt: row.n,
    key: tipKey({ orderId: row.order_id, n: row.n }, step, row.attempt),
    providerRef: row.provider_ref ?? undefined,
    firstSentAt: firstSentAt(row),
  });

/** What an authorization or a look at it means; undefined while the payer may still confirm. */
async function heldOf(
  row: Tip,
  port: Port,
  answer: AuthorizeAnswer | PaymentTruth,
): Promise<TipNews | undefined> {
  switch (answer.status) {
    case 'authorized':
      return { kind: 'authorized', providerRef: answer.providerRef };
    case 'captured':
      return {
        kind: 'paid',
        providerRef: answer.providerRef,
        amountMinor: answer.amountMinor,
      };
    case 'requires_action':
      return row.status === 'requires_action'
        ? undefined
        : {
            kind: 'requires_action',
            providerRef: answer.providerRef,
            clientSecret: answer.clientSecret,
          };
    case 'declined': {
      // The payer's app could confirm it again: it is ended first.
      const { providerRef, code } = answer;
      if (providerRef === undefined) return { kind: 'declined', code };
      const { status } = await release({ ...row, provider_ref: providerRef }, port, 'tip_discard');
      return status === 'captured' || status === 'not_executed'
        ? { kind: 'releasing', code }
        : { kind: 'declined', code };
    }
    case 'voided':
      return { kind: 'declined', code: answer.declineCode ?? answer.reason };
    case 'not_executed':
      return { kind: 'declined', code: 'processing_error' };
    case 'unconfirmed':
    case 'unknown':
      return undefined;
    default:
      return assertNever(answer);
  }
}

const again = (row: Tip, code: string): TipNews =>
  row.attempt < maxAttempts ? { kind: 'not_executed' } : { kind: 'releasing', code };

function captureNews(row: Tip, answer: CaptureAnswer): TipNews {
  switch (answer.status) {
    case 'captured':
      return {
        kind: 'paid',
        providerRef: answer.providerRef,
        amountMinor: answer.amountMinor,
      };
    case 'failed':
      return { kind: 'releasing', code: answer.code };
    case 'not_executed':
      return again(row, 'processing_error');
    default:
      return assertNever(answer);
  }
}

/** What was taken meanwhile was given: the payer confirmed it late. */
function releaseNews(row: Tip, answer: VoidAnswer): TipNews {
  switch (answer.status) {
    case 'voided':
    case 'nothing_to_void':
      return { kind: 'declined', code: row.code ?? 'payment_not_completed' };
    case 'captured':
      return {
        kind: 'paid',
        providerRef: answer.providerRef,
        amountMinor: answer.amountMinor,
      };
    case 'not_executed':
      return { kind: 'not_executed' };
    default:
      return assertNever(answer);
  }
}
