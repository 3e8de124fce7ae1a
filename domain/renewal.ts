// A hold on a card does not last for ever: one that may lapse before the capture is renewed, late. The new hold comes first,
// then the old one is let go, so that the order is never without; and only one of them is ever captured.

import { accepted, ignored, type Decision } from './decision.ts';
import type { OrderEventBody } from './events.ts';
import type { PaymentAnswer } from './messages.ts';
import type { OrderState } from './order.ts';
import type { PaymentPart } from './parts.ts';

type Held = Extract<PaymentPart, { readonly status: 'authorized' }>;

/** Goods that are promised for later may find the hold gone. */
export const lastsUntil = ({ payment, facts }: OrderState): number =>
  payment.status === 'authorized'
    ? payment.captureBefore - facts.policy.holdMarginMs
    : Number.POSITIVE_INFINITY;

/** The hold on the card has lapsed, or may before the goods are there: no renewal has come in time. */
export const isTooShort = (state: OrderState, now: number): boolean =>
  state.facts.method === 'card' && Math.max(state.promisedAt ?? 0, now) > lastsUntil(state);

/** A call about a second hold is under way, and there is no room for a third. */
export const isBusy = ({ renewal, spare }: OrderState): boolean =>
  renewal !== undefined || spare !== undefined;

/** Renewals of the hold take nothing from what the customer may try. */
export const isLastAttempt = ({ attempts, renewals, facts }: OrderState): boolean =>
  attempts.authorize - renewals.asked >= facts.policy.maxPaymentAttempts;

/** When the hold is to be renewed; undefined where it outlasts the order, or nothing more can be done. */
export function renewAt(part: Held, state: OrderState): number | undefined {
  const { facts, promisedAt, renewals } = state;
  const { renewHoldMs, maxHoldRenewals, orderLifeMs, moneyRetryMs } = facts.policy;
  const lateAt = part.captureBefore - renewHoldMs;
  // False too for an order that carries a policy from before holds were renewed.
  const mayLapse = (promisedAt ?? part.since) + orderLifeMs >= lateAt;
  if (facts.method !== 'card' || !mayLapse || isBusy(state)) return undefined;
  if (renewals.tried >= maxHoldRenewals) return undefined;
  return Math.max(lateAt, renewals.lastAt + moneyRetryMs);
}

export const renew = ({ payment, attempts, token, renewal }: OrderState): Decision =>
  payment.status === 'authorized' && renewal === undefined
    ? accepted({
        type: 'payment.renewing',
        attempt: attempts.authorize + 1,
        paymentMethod: token,
        amountMinor: payment.amountMinor,
      })
    : ignored;

export const releasing = (
  { attempts }: OrderState,
  providerRef: string | undefined,
  authorizeAttempt: number,
): OrderEventBody => ({
  type: 'payment.releasing',
  attempt: attempts.release + 1,
  authorizeAttempt,
  providerRef,
});

/** An answer about the new hold. Whoever does not need it any more lets it go. */
export function renewalAnswer(state: OrderState, answer: PaymentAnswer): Decision {
  const { payment, renewals, facts } = state;
  const attempt = state.attempts.authorize;
  const last = payment.status === 'authorized' && renewals.tried >= facts.policy.maxHoldRenewals;
  const failed = (code: string): OrderEventBody => ({
    type: 'payment.renewal_failed',
    attempt,
    code,
    ...(last ? { last } : {}),
  });
  switch (answer.kind) {
    case 'paymentAuthorized': {
      const { providerRef, amountMinor, captureBefore } = answer;
      if (payment.status !== 'authorized')
        return accepted(failed('not_needed'), releasing(state, providerRef, attempt));
      // Every renewal gains time, so that they come to an end.
      if (captureBefore <= payment.captureBefore)
        return accepted(failed('lapses_no_later'), releasing(state, providerRef, attempt));
      return accepted(
        { type: 'payment.renewed', attempt, providerRef, amountMinor, captureBefore },
        releasing(state, payment.providerRef, attempt),
      );
    }
    case 'paymentRequiresAction':
      return accepted(
        failed('authentication_required'),
        releasing(state, answer.providerRef, attempt),
      );
    case 'paymentDeclined':
      return accepted(failed(answer.code));
    case 'paymentNotExecuted':
      return accepted(failed('not_executed'));
    case 'paymentUnanswered':
      return accepted(failed('unanswered'), releasing(state, undefined, attempt));
    default:
      return ignored;
  }
}

/** A provider that stores failure after failure is given up on, so that no loop is endless. */
const maxReleases = 5;

/** An answer about the hold that is to be let go. */
export function releaseAnswer(state: OrderState, answer: PaymentAnswer): Decision {
  const { spare, attempts } = state;
  if (spare === undefined) return ignored;
  const attempt = attempts.release;
  switch (answer.kind) {
    case 'paymentVoided':
      return accepted({ type: 'payment.released', attempt });
    case 'paymentNotExecuted':
      return attempt % maxReleases === 0
        ? accepted({ type: 'payment.release_failed', attempt, code: 'not_executed' })
        : accepted(releasing(state, spare.providerRef, spare.authorizeAttempt));
    case 'paymentVoidFailed':
      return accepted({ type: 'payment.release_failed', attempt, code: answer.code });
    case 'paymentCaptured':
      return accepted({ type: 'payment.release_failed', attempt, code: 'captured' });
    default:
      return ignored;
  }
}
