// What the payment's events mean.

import { assertNever } from '../errors.ts';
import type { OrderState } from '../order.ts';
import type { PaymentPart } from '../parts.ts';
import type { EventOf } from './part.ts';

type PaymentEvent = EventOf<'payment'>;
type PaymentIn<S extends PaymentPart['status']> = Extract<PaymentPart, { readonly status: S }>;

const requiringAction = (
  payment: PaymentPart,
  { at: since, providerRef }: Extract<PaymentEvent, { type: 'payment.requires_action' }>,
): PaymentIn<'requires_action'> => ({
  status: 'requires_action',
  since,
  providerRef,
  checking: false,
  checkAgain: false,
  check: 0,
  checkAt: 0,
  // Asked for the last time stays so, whatever is asked again.
  last: payment.status === 'requires_action' && payment.last,
});

function checked(
  payment: PaymentIn<'requires_action'>,
  event: Extract<PaymentEvent, { type: 'payment.checking' }>,
): PaymentIn<'requires_action'> {
  const last = payment.last || event.last === true;
  return payment.checking
    ? { ...payment, checkAgain: true, last }
    : { ...payment, checking: true, check: event.sequence, checkAt: event.at, last };
}

/** Patience counts from the first intent, however often it is tried. */
const firstAt = (payment: PaymentPart, since: number): number =>
  'firstAt' in payment ? payment.firstAt : since;

/** A void after a failed capture gives the capture up. */
function lossIn(payment: PaymentPart): Pick<PaymentIn<'voiding'>, 'lost'> {
  if (payment.status === 'voiding') return payment.lost ? { lost: payment.lost } : {};
  if (payment.status !== 'capture_failed') return {};
  const { amountMinor, code } = payment;
  return { lost: { amountMinor, code } };
}

export function evolvePayment(state: OrderState, event: PaymentEvent): OrderState {
  const since = event.at;
  const { payment, attempts } = state;
  const become = (part: PaymentPart): OrderState => ({ ...state, payment: part });
  switch (event.type) {
    case 'payment.authorizing': {
      const { paymentMethod, attempt: authorize } = event;
      return {
        ...become({ status: 'authorizing', since, paymentMethod }),
        token: paymentMethod,
        attempts: { ...attempts, authorize },
      };
    }
    case 'payment.requires_action':
      return become(requiringAction(payment, event));
    case 'payment.checking':
      return payment.status === 'requires_action' ? become(checked(payment, event)) : state;
    case 'payment.authorized': {
      const { providerRef, amountMinor, captureBefore } = event;
      return become({ status: 'authorized', since, providerRef, amountMinor, captureBefore });
    }
    case 'payment.renewing':
    case 'payment.renewed':
    case 'payment.renewal_failed':
    case 'payment.releasing':
    case 'payment.released':
    case 'payment.release_failed':
      return evolveRenewal(state, event);
    case 'payment.declined':
      return become({ status: 'declined', since, code: event.code });
    case 'payment.capturing': {
      const { providerRef, amountMinor, attempt: capture } = event;
      const first = firstAt(payment, since);
      return {
        ...become({ status: 'capturing', since, firstAt: first, providerRef, amountMinor }),
        attempts: { ...attempts, capture },
      };
    }
    case 'payment.capture_failed':
      return payment.status === 'capturing'
        ? become({ ...payment, status: 'capture_failed', since, code: event.code })
        : state;
    case 'payment.captured':
      return become({
        status: 'captured',
        since,
        amountMinor: event.amountMinor,
        ...(event.providerRef === undefined ? {} : { providerRef: event.providerRef }),
      });
    case 'payment.refund_due':
      return state;
    case 'payment.voiding': {
      const { providerRef } = event;
      const first = payment.status === 'voiding' ? payment.firstAt : since;
      return {
        ...become({ status: 'voiding', since, firstAt: first, providerRef, ...lossIn(payment) }),
        attempts: { ...attempts, void: event.attempt },
      };
    }
    case 'payment.voided':
      return become({ status: 'voided', since });
    case 'payment.written_off':
      return become({ status: 'written_off', since, amountMinor: event.amountMinor });
    default:
      return evolveCash(state, event);
  }
}

type RenewalEvent = Extract<
  PaymentEvent,
  {
    readonly type: `payment.${'renewing' | 'renewed' | 'renewal_failed' | 'releasing' | 'released' | 'release_failed'}`;
  }
>;

/** A second hold beside the payment's own: asked for, in its place, or to be let go. */
function evolveRenewal(state: OrderState, event: RenewalEvent): OrderState {
  const since = event.at;
  const { attempts, renewals } = state;
  switch (event.type) {
    case 'payment.renewing': {
      const { attempt: authorize, amountMinor } = event;
      return {
        ...state,
        renewal: { since, amountMinor },
        renewals: { tried: renewals.tried + 1, asked: renewals.asked + 1, lastAt: since },
        attempts: { ...attempts, authorize },
      };
    }
    case 'payment.renewed': {
      const { providerRef, amountMinor, captureBefore } = event;
      const payment = {
        status: 'authorized',
        since,
        providerRef,
        amountMinor,
        captureBefore,
      } as const;
      return { ...state, payment, renewal: undefined, renewals: { ...renewals, tried: 0 } };
    }
    case 'payment.renewal_failed':
      return { ...state, renewal: undefined };
    case 'payment.releasing': {
      const { authorizeAttempt, providerRef } = event;
      const first = state.spare?.firstAt ?? since;
      return {
        ...state,
        spare: { since, firstAt: first, authorizeAttempt, providerRef },
        attempts: { ...attempts, release: event.attempt },
      };
    }
    case 'payment.released':
    case 'payment.release_failed':
      return { ...state, spare: undefined };
    default:
      return assertNever(event);
  }
}

type CashEvent = Extract<
  PaymentEvent,
  {
    readonly type: `payment.${'due' | 'collected' | 'remitted' | 'short' | 'refused' | 'external' | 'paid_elsewhere'}`;
  }
>;

function evolveCash(state: OrderState, event: CashEvent): OrderState {
  const since = event.at;
  const become = (part: PaymentPart): OrderState => ({ ...state, payment: part });
  switch (event.type) {
    case 'payment.due':
      return become({ status: 'due', since });
    case 'payment.collected': {
      const { amountMinor, driverId } = event;
      // Over the counter the merchant has it, and nobody has to hand it in.
      return driverId === undefined
        ? become({ status: 'remitted', since, amountMinor })
        : become({ status: 'collected', since, amountMinor, driverId });
    }
    case 'payment.remitted':
      return become({ status: 'remitted', since, amountMinor: event.amountMinor });
    case 'payment.short':
      return become({ status: 'short', since, amountMinor: event.amountMinor });
    case 'payment.refused':
      return become({ status: 'refused', since });
    case 'payment.external':
      return become({ status: 'external', since });
    case 'payment.paid_elsewhere':
      return state;
    default:
      return assertNever(event);
  }
}
