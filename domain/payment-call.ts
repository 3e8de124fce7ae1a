// Which call to the payment provider the state asks for. Intent before effect: a call is made only for a recorded intent,
// so what must be undone is always known.

import { holdMinorOf, type OrderState } from './order.ts';

/** The call to the provider that the state asks for: `key` is its idempotency key, `<orderId>:<step>:<n>`. */
export type PaymentCall = {
  readonly key: string;
  readonly attempt: number;
  /** Epoch milliseconds: silence until then is an answer too. */
  readonly giveUpAt: number;
} & (
  | {
      readonly step: 'authorize';
      readonly amountMinor: number;
      readonly paymentMethod: string;
      readonly firstSentAt: number;
    }
  | { readonly step: 'check'; readonly providerRef: string }
  | {
      readonly step: 'capture';
      readonly amountMinor: number;
      readonly providerRef: string;
      readonly firstSentAt: number;
    }
  | {
      readonly step: 'void';
      readonly authorizeAttempt: number;
      readonly providerRef: string | undefined;
      readonly firstSentAt: number;
    }
  /** The same of a hold beside the payment's own. */
  | {
      readonly step: 'release';
      readonly authorizeAttempt: number;
      readonly providerRef: string | undefined;
      readonly firstSentAt: number;
    }
);

/** One call at a time: a new hold is waited for before anything else, and an old one is let go when nothing else is left. */
export const paymentCallOf = (state: OrderState): PaymentCall | undefined =>
  renewalCallOf(state) ?? ownCallOf(state) ?? releaseCallOf(state);

const keyed = <S extends PaymentCall['step']>({ facts }: OrderState, step: S, n: number) =>
  ({ step, key: `${facts.orderId}:${step}:${n}` }) as const;

function renewalCallOf(state: OrderState): PaymentCall | undefined {
  const { renewal, attempts, facts, token } = state;
  if (renewal === undefined) return undefined;
  const attempt = attempts.authorize;
  return {
    ...keyed(state, 'authorize', attempt),
    attempt,
    giveUpAt: renewal.since + facts.policy.paymentActionTimeoutMs,
    amountMinor: renewal.amountMinor,
    paymentMethod: token,
    firstSentAt: renewal.since,
  };
}

export function releaseCallOf(state: OrderState): PaymentCall | undefined {
  const { spare, attempts, facts } = state;
  if (spare === undefined) return undefined;
  const { since, firstAt, authorizeAttempt, providerRef } = spare;
  return {
    ...keyed(state, 'release', attempts.release),
    attempt: attempts.release,
    giveUpAt: firstAt + facts.policy.moneyLimitMs,
    authorizeAttempt,
    providerRef,
    firstSentAt: providerRef === undefined ? state.renewals.lastAt : since,
  };
}

export function ownCallOf(state: OrderState): PaymentCall | undefined {
  const { payment, facts, attempts } = state;
  const { paymentActionTimeoutMs, paymentCheckMs, moneyLimitMs } = facts.policy;
  const callOf = <S extends PaymentCall['step']>(step: S, n: number) => keyed(state, step, n);
  switch (payment.status) {
    case 'authorizing':
      return {
        ...callOf('authorize', attempts.authorize),
        attempt: attempts.authorize,
        giveUpAt: payment.since + paymentActionTimeoutMs,
        amountMinor: holdMinorOf(facts),
        paymentMethod: payment.paymentMethod,
        firstSentAt: payment.since,
      };
    case 'requires_action':
      return payment.checking
        ? {
            ...callOf('check', payment.check),
            attempt: attempts.authorize,
            giveUpAt: payment.checkAt + paymentCheckMs,
            providerRef: payment.providerRef,
          }
        : undefined;
    case 'capturing':
      return {
        ...callOf('capture', attempts.capture),
        attempt: attempts.capture,
        giveUpAt: payment.firstAt + moneyLimitMs,
        amountMinor: payment.amountMinor,
        providerRef: payment.providerRef,
        firstSentAt: payment.since,
      };
    case 'voiding': {
      const { providerRef, since, firstAt } = payment;
      return {
        ...callOf('void', attempts.void),
        attempt: attempts.void,
        giveUpAt: firstAt + moneyLimitMs,
        authorizeAttempt: attempts.authorize,
        providerRef,
        // An unanswered authorization is looked for from the order's first moment on.
        firstSentAt: providerRef === undefined ? facts.placedAt : since,
      };
    }
    default:
      return undefined;
  }
}
