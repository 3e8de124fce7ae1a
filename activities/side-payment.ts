// A payment beside an order, one step at a time by its row: record the intent, ask the provider, let the payer confirm,
// capture. What undoes a hold is the void, which also ends whatever was never answered. Repeating any step is harmless:
// the row guards it, the provider knows its key.

import type {
  AuthorizeAnswer,
  CaptureAnswer,
  PaymentTruth,
  VoidAnswer,
} from '../adapters/card-gateway.ts';
import { inCurrency, isLie } from '../adapters/in-currency.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import { assertNever } from '../domain/errors.ts';
import {
  payerPatienceMs,
  sideKey,
  type SideName,
  type SideNews,
  type SideStatus,
} from '../domain/side-payment.ts';

export type SidePayment = {
  readonly name: SideName;
  readonly status: SideStatus;
  readonly attempt: number;
  readonly amountMinor: number;
  readonly currency: string;
  readonly paymentMethod: string;
  readonly providerRef: string | undefined;
  readonly code: string | undefined;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly firstSentAt: number | undefined;
};

export type SidePort = Pick<
  PaymentPort,
  'provider' | 'authorize' | 'retrieve' | 'capture' | 'void'
>;

/** While the payer confirms; a webhook is usually first. */
export const lookAgainMs = 30_000;
/** A provider that stores failure after failure is given up on, or asked later where that cannot be. */
export const maxAttempts = 5;
const tellSomebodyAfterMs = 72 * 3_600_000;
/** Nobody is told of a moment's silence, but somebody of days, and of an answer that is not believed at once. */
export const isForSomebody = (code: string, waitedMs: number): boolean =>
  waitedMs > tellSomebodyAfterMs || isLie(code);

/** What the next step brings; undefined while nothing has changed. */
export async function advancePayment(
  payment: SidePayment,
  { port, now }: { readonly port: SidePort; readonly now: number },
): Promise<SideNews | undefined> {
  const isLate = now - payment.createdAt > payerPatienceMs;
  const believed = <T extends object>(answer: T): T =>
    inCurrency(answer, { system: port.provider, currency: payment.currency });
  switch (payment.status) {
    case 'requested':
      return { kind: 'sending' };
    case 'sending':
      return isLate
        ? { kind: 'releasing', code: 'payment_unanswered' }
        : heldOf(payment, port, believed(await port.authorize(authorizing(payment))));
    case 'requires_action': {
      const truth = believed(await port.retrieve({ providerRef: payment.providerRef ?? '' }));
      const news = await heldOf(payment, port, truth);
      return news ?? (isLate ? { kind: 'releasing', code: 'payment_not_completed' } : undefined);
    }
    case 'authorized':
      return captureNews(payment, believed(await port.capture(capturing(payment))));
    case 'releasing':
      return releaseNews(payment, believed(await port.void(releasing(payment, 'void'))));
    case 'paid':
    case 'declined':
      return undefined;
    default:
      return assertNever(payment.status);
  }
}

function authorizing({ name, amountMinor, currency, paymentMethod, firstSentAt }: SidePayment) {
  const { ownerId: orderId, step, n: attempt } = name;
  const key = sideKey(name);
  return { orderId, step, attempt, key, amountMinor, currency, paymentMethod, firstSentAt };
}

const capturing = ({ name, attempt, providerRef = '', amountMinor, firstSentAt }: SidePayment) => ({
  orderId: name.ownerId,
  key: sideKey(name, 'capture', attempt),
  providerRef,
  amountMinor,
  firstSentAt,
});

const releasing = (
  { name, attempt, providerRef, firstSentAt }: SidePayment,
  what: 'void' | 'discard',
) => ({
  orderId: name.ownerId,
  step: name.step,
  attempt: name.n,
  key: sideKey(name, what, attempt),
  providerRef,
  firstSentAt,
});

/** What an authorization or a look at it means; undefined while the payer may still confirm. */
async function heldOf(
  payment: SidePayment,
  port: SidePort,
  answer: AuthorizeAnswer | PaymentTruth,
): Promise<SideNews | undefined> {
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
      return payment.status === 'requires_action'
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
      const { status } = await port.void(releasing({ ...payment, providerRef }, 'discard'));
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

function captureNews(payment: SidePayment, answer: CaptureAnswer): SideNews {
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
      return payment.attempt < maxAttempts
        ? { kind: 'not_executed' }
        : { kind: 'releasing', code: 'processing_error' };
    default:
      return assertNever(answer);
  }
}

/** What was taken meanwhile is there all the same: the payer confirmed it late. */
function releaseNews({ code }: SidePayment, answer: VoidAnswer): SideNews {
  switch (answer.status) {
    case 'voided':
    case 'nothing_to_void':
      return { kind: 'declined', code: code ?? 'payment_not_completed' };
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
