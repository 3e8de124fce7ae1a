// The payment machine: what the provider's answers mean. Which call the state asks for stands in payment-call.ts.

import { afterPayment, authorizing } from './decide/submission.ts';
import { accepted, ignored, type Decision } from './decision.ts';
import { assertNever } from './errors.ts';
import type { OrderEventBody } from './events.ts';
import type { Command, PaymentAnswer, PaymentResult } from './messages.ts';
import { hasEnded, isFulfilled, type OrderState } from './order.ts';
import type { PaymentPart } from './parts.ts';
import { ownCallOf, paymentCallOf, releaseCallOf } from './payment-call.ts';
import { isLastAttempt, releaseAnswer, renewalAnswer } from './renewal.ts';

const resultKinds: Readonly<Record<PaymentResult['kind'], true>> = {
  paymentAuthorized: true,
  paymentRequiresAction: true,
  paymentDeclined: true,
  paymentUnanswered: true,
  paymentNotExecuted: true,
  paymentCaptured: true,
  paymentCaptureFailed: true,
  paymentVoided: true,
  paymentVoidFailed: true,
};

export const isPaymentResult = (command: Command): command is PaymentAnswer =>
  Object.hasOwn(resultKinds, command.kind);

/** What becomes of the money when an order ends: what the settlement asks of the customer, or nothing. */
export function releaseOrCapture(
  state: OrderState,
  customerMinor: number,
): readonly OrderEventBody[] {
  const { payment, attempts, goodsOut } = state;
  switch (payment.status) {
    case 'requires_action':
      return [voiding(state, payment.providerRef)];
    case 'authorized':
      return customerMinor > 0
        ? [capturing(state, payment.providerRef, Math.min(customerMinor, payment.amountMinor))]
        : [voiding(state, payment.providerRef)];
    case 'due':
      return [
        goodsOut ? { type: 'payment.refused' } : { type: 'payment.voided', attempt: attempts.void },
      ];
    case 'external':
      return customerMinor > 0
        ? [{ type: 'payment.paid_elsewhere', amountMinor: customerMinor }]
        : [];
    case 'captured':
      return giveBack(payment, customerMinor);
    // While a call is under way its answer decides; without a hold there is nothing to undo.
    default:
      return [];
  }
}

/** What was taken before the end and is not owed. */
const giveBack = (
  { amountMinor, providerRef }: Extract<PaymentPart, { readonly status: 'captured' }>,
  owedMinor: number,
): readonly OrderEventBody[] =>
  providerRef !== undefined && amountMinor > owedMinor
    ? [{ type: 'payment.refund_due', amountMinor: amountMinor - owedMinor, providerRef }]
    : [];

const capturing = (
  state: OrderState,
  providerRef: string,
  amountMinor: number,
): OrderEventBody => ({
  type: 'payment.capturing',
  attempt: state.attempts.capture + 1,
  providerRef,
  amountMinor,
});

const voiding = (state: OrderState, providerRef: string | undefined): OrderEventBody => ({
  type: 'payment.voiding',
  attempt: state.attempts.void + 1,
  providerRef,
});

export function decidePayment(
  state: OrderState,
  command: PaymentAnswer | Extract<Command, { kind: 'checkPayment' }>,
  now: number,
): Decision {
  const { payment } = state;
  if (command.kind !== 'checkPayment') {
    const { key } = command;
    // A hold beside the payment's own is let go whatever else is under way.
    const isRelease = key === undefined ? !ownCallOf(state) : key === releaseCallOf(state)?.key;
    if (state.spare && !state.renewal && isRelease) return releaseAnswer(state, command);
    if (key !== undefined && key !== paymentCallOf(state)?.key) return ignored;
    if (state.renewal) return renewalAnswer(state, command);
  }
  switch (command.kind) {
    case 'checkPayment':
      return payment.status === 'requires_action' &&
        payment.providerRef === command.providerRef &&
        !payment.checkAgain &&
        // When the time is up, one more answer decides: news after news would never end.
        !payment.last
        ? accepted({ type: 'payment.checking', providerRef: payment.providerRef })
        : ignored;
    case 'paymentAuthorized':
    case 'paymentRequiresAction':
    case 'paymentDeclined':
    case 'paymentUnanswered':
      return awaitsAuthorization(payment) ? authorization(state, command, now) : ignored;
    case 'paymentCaptured':
      return payment.status === 'capturing'
        ? captureAnswer(state, command)
        : takenAtOnce(state, command, now);
    case 'paymentCaptureFailed':
      return payment.status === 'capturing' ? captureAnswer(state, command) : ignored;
    case 'paymentVoided':
      return payment.status === 'voiding' ? holdGone(state, payment.lost) : ignored;
    case 'paymentVoidFailed':
      return payment.status === 'voiding' ? writeOff(state, command.code) : ignored;
    case 'paymentNotExecuted':
      return sendAgain(state, now);
    default:
      return assertNever(command);
  }
}

/** Money that was taken without a hold: the order goes on with it, or has ended meanwhile and gives all of it back. */
function takenAtOnce(
  state: OrderState,
  answer: Extract<PaymentResult, { readonly kind: 'paymentCaptured' }>,
  now: number,
): Decision {
  const { amountMinor, providerRef } = answer;
  const { payment, attempts } = state;
  const awaited = awaitsAuthorization(payment) || payment.status === 'voiding';
  if (providerRef === undefined || !awaited) return ignored;
  const captured = {
    type: 'payment.captured',
    attempt: attempts.authorize,
    amountMinor,
    providerRef,
    ...outOfWallet(answer),
  } as const;
  const taken = { status: 'captured', since: now, amountMinor, providerRef } as const;
  // A capture that was given up on had happened after all: what it was for is kept.
  const lost = payment.status === 'voiding' ? payment.lost : undefined;
  const owedMinor = lost?.amountMinor ?? 0;
  const missing = lost && lost.amountMinor > amountMinor;
  const loss: readonly OrderEventBody[] = missing
    ? [{ type: 'payment.written_off', amountMinor: owedMinor - amountMinor, code: lost.code }]
    : [];
  return payment.status === 'voiding' || hasEnded(state)
    ? accepted(captured, ...loss, ...giveBack(taken, owedMinor), ...completion(state))
    : accepted(captured, ...afterPayment({ ...state, payment: taken }, now));
}

/** Only where there is something to say. */
const outOfWallet = ({ walletMinor }: { readonly walletMinor?: number | undefined }) =>
  walletMinor === undefined ? {} : { walletMinor };

/** A provider that stores failure after failure is given up on, so that no loop is endless. */
const maxCallsPerStep = 5;

/** Nothing was executed, definitively: the same intent under the next `n`. */
function sendAgain(state: OrderState, now: number): Decision {
  const { payment, attempts } = state;
  switch (payment.status) {
    case 'authorizing':
      if (hasEnded(state))
        return accepted({
          type: 'payment.declined',
          attempt: attempts.authorize,
          code: 'processing_error',
        });
      return isLastAttempt(state)
        ? authorization(state, { kind: 'paymentDeclined', code: 'processing_error' }, now)
        : accepted(authorizing(state, payment.paymentMethod));
    case 'capturing':
      return attempts.capture < maxCallsPerStep
        ? accepted(capturing(state, payment.providerRef, payment.amountMinor))
        : captureAnswer(state, {
            kind: 'paymentCaptureFailed',
            code: 'not_executed',
            final: false,
          });
    case 'voiding':
      return attempts.void < maxCallsPerStep
        ? accepted(voiding(state, payment.providerRef))
        : writeOff(state, 'void_not_executed');
    default:
      return ignored;
  }
}

const awaitsAuthorization = (payment: PaymentPart): boolean =>
  payment.status === 'authorizing' || (payment.status === 'requires_action' && payment.checking);

type Authorization = Extract<
  PaymentResult,
  { kind: 'paymentAuthorized' | 'paymentRequiresAction' | 'paymentDeclined' | 'paymentUnanswered' }
>;

function authorization(state: OrderState, answer: Authorization, now: number): Decision {
  const attempt = state.attempts.authorize;
  const ended = hasEnded(state);
  const outdated = answer.kind === 'paymentAuthorized' ? undefined : olderThanNews(state.payment);
  if (outdated) {
    const { providerRef } = outdated;
    return accepted(
      { type: 'payment.requires_action', attempt, providerRef },
      { type: 'payment.checking', providerRef },
    );
  }
  switch (answer.kind) {
    case 'paymentAuthorized': {
      const { providerRef, amountMinor, captureBefore } = answer;
      return accepted(
        { type: 'payment.authorized', attempt, providerRef, amountMinor, captureBefore },
        ...(ended ? [voiding(state, providerRef)] : afterPayment(state, now)),
      );
    }
    case 'paymentRequiresAction': {
      const { providerRef } = answer;
      if (ended) return accepted(voiding(state, providerRef));
      return (
        notInTime(state) ?? accepted({ type: 'payment.requires_action', attempt, providerRef })
      );
    }
    case 'paymentDeclined': {
      const declined: OrderEventBody = { type: 'payment.declined', attempt, code: answer.code };
      return !ended && isLastAttempt(state)
        ? accepted(declined, { type: 'order.cancelled', endReason: 'payment_failed' })
        : accepted(declined);
    }
    case 'paymentUnanswered': {
      // A check that found nothing out leaves the customer's time to run.
      if (state.payment.status === 'requires_action') {
        const { providerRef } = state.payment;
        if (ended) return accepted(voiding(state, providerRef));
        return (
          notInTime(state) ?? accepted({ type: 'payment.requires_action', attempt, providerRef })
        );
      }
      const given: readonly OrderEventBody[] = ended
        ? []
        : [{ type: 'order.cancelled', endReason: 'payment_not_completed' }];
      return accepted(...given, voiding(state, undefined));
    }
    default:
      return assertNever(answer);
  }
}

/** The customer's time is up: once more the provider is asked, because its news may be late. */
export const checkOnceMore = ({ payment }: OrderState): Decision | undefined =>
  payment.status === 'requires_action' && !payment.last
    ? accepted({ type: 'payment.checking', providerRef: payment.providerRef, last: true })
    : undefined;

/** Asked for the last time, and still not a yes. */
const notInTime = (state: OrderState): Decision | undefined =>
  state.payment.status === 'requires_action' && state.payment.last
    ? accepted(
        { type: 'order.cancelled', endReason: 'payment_not_completed' },
        voiding(state, state.payment.providerRef),
      )
    : undefined;

/** News came while the provider was being asked: only a yes stands, anything else is asked again. */
const olderThanNews = (payment: PaymentPart) =>
  payment.status === 'requires_action' && payment.checkAgain ? payment : undefined;

function captureAnswer(
  state: OrderState,
  answer: Extract<PaymentResult, { kind: 'paymentCaptured' | 'paymentCaptureFailed' }>,
): Decision {
  const attempt = state.attempts.capture;
  if (answer.kind === 'paymentCaptured') {
    return accepted(
      {
        type: 'payment.captured',
        attempt,
        amountMinor: answer.amountMinor,
        ...outOfWallet(answer),
      },
      ...completion(state),
    );
  }
  const failed: OrderEventBody = { type: 'payment.capture_failed', attempt, code: answer.code };
  return answer.final && state.payment.status === 'capturing'
    ? accepted(failed, voiding(state, state.payment.providerRef))
    : accepted(failed);
}

/** An order whose goods are with the customer is complete when its money is settled, whichever way. */
const completion = (state: OrderState): readonly OrderEventBody[] =>
  isFulfilled(state) && !hasEnded(state) ? [{ type: 'order.completed' }] : [];

/** The named outcome behind every retry: the loss is booked and an incident opened. */
function writeOff(state: OrderState, code: string): Decision {
  const { payment } = state;
  const amountMinor = payment.status === 'voiding' ? (payment.lost?.amountMinor ?? 0) : 0;
  return accepted({ type: 'payment.written_off', amountMinor, code }, ...completion(state));
}

const holdGone = (state: OrderState, lost: { readonly code: string } | undefined): Decision =>
  lost
    ? writeOff(state, lost.code)
    : accepted({ type: 'payment.voided', attempt: state.attempts.void }, ...completion(state));

/** The hold goes first: the customer has it again before the loss is booked. */
export const giveUpCapture = (state: OrderState): Decision =>
  state.payment.status === 'capture_failed'
    ? accepted(voiding(state, state.payment.providerRef))
    : ignored;

export const captureAgain = (state: OrderState): Decision =>
  state.payment.status === 'capture_failed'
    ? accepted(capturing(state, state.payment.providerRef, state.payment.amountMinor))
    : ignored;
