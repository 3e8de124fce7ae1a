// Reads a Stripe PaymentIntent: its status, charge and metadata become our own words. Pure.
// Invariant: no text of the provider passes, only codes from our own list. Called by stripe.ts.
import type { Stripe } from 'stripe';
import {
  type Authorized,
  type Captured,
  DECLINE_CODES,
  type DeclineCode,
  type Declined,
  type PaymentTruth,
  type ProviderPayment,
} from './card-gateway.ts';
import { outage } from './outage.ts';

/** The shortest window Stripe documents for online cards (Visa, merchant-initiated), used only when `capture_before` is missing. */
const SHORTEST_HOLD_MS = (4 * 24 + 18) * 3_600_000;

const RENAMED: Readonly<Record<string, DeclineCode>> = {
  generic_decline: 'card_declined',
  invalid_cvc: 'incorrect_cvc',
  invalid_number: 'incorrect_number',
  withdrawal_count_limit_exceeded: 'card_velocity_exceeded',
  payment_intent_authentication_failure: 'authentication_failed',
  resource_missing: 'payment_method_invalid',
  payment_method_unactivated: 'payment_method_invalid',
  payment_method_invalid_parameter: 'payment_method_invalid',
  payment_intent_invalid_parameter: 'payment_method_invalid',
};

const isDeclineCode = (code: string): code is DeclineCode =>
  (DECLINE_CODES as readonly string[]).includes(code);

export const readDeclineCode = (reason: string): DeclineCode =>
  RENAMED[reason] ?? (isDeclineCode(reason) ? reason : 'card_declined');

const chargeOf = (intent: Stripe.PaymentIntent): Stripe.Charge | undefined =>
  typeof intent.latest_charge === 'object' ? (intent.latest_charge ?? undefined) : undefined;

/** Also true of an intent that somebody captured meanwhile: `capture` is idempotent by state. */
export function readAuthorized(intent: Stripe.PaymentIntent): Authorized {
  const charge = chargeOf(intent);
  const before = charge?.payment_method_details?.card?.capture_before;
  const captured = intent.status === 'succeeded';
  return {
    status: 'authorized',
    providerRef: intent.id,
    amountMinor: captured ? intent.amount_received : intent.amount_capturable,
    currency: intent.currency.toUpperCase(),
    captureBefore:
      before === undefined
        ? (charge?.created ?? intent.created) * 1000 + SHORTEST_HOLD_MS
        : before * 1000,
  };
}

export function readCaptured(intent: Stripe.PaymentIntent): Captured {
  return {
    status: 'captured',
    providerRef: intent.id,
    amountMinor: intent.amount_received,
    currency: intent.currency.toUpperCase(),
  };
}

function readDeclined(intent: Stripe.PaymentIntent): Declined | undefined {
  const error = intent.last_payment_error;
  if (error === null) return undefined;
  const reason = error.decline_code ?? error.code ?? 'card_declined';
  return { status: 'declined', providerRef: intent.id, code: readDeclineCode(reason) };
}

/** Throws an Outage while the provider itself has not decided (`processing`). */
export function readTruth(intent: Stripe.PaymentIntent): PaymentTruth {
  const providerRef = intent.id;
  switch (intent.status) {
    case 'requires_capture':
      return readAuthorized(intent);
    case 'succeeded':
      return readCaptured(intent);
    case 'requires_action':
      return { status: 'requires_action', providerRef, clientSecret: intent.client_secret ?? '' };
    case 'canceled': {
      // `expired` since API version 2025-03-31; `automatic` on older accounts and objects.
      const byProvider = ['automatic', 'expired'].includes(intent.cancellation_reason ?? '');
      const reason = byProvider ? 'hold_expired' : 'cancelled';
      return { status: 'voided', providerRef, reason, declineCode: readDeclined(intent)?.code };
    }
    case 'requires_payment_method':
    case 'requires_confirmation':
      return readDeclined(intent) ?? { status: 'unconfirmed', providerRef };
    case 'processing':
    default:
      throw outage({ system: 'stripe', code: 'not_settled' });
  }
}

function readFee({ balance_transaction: booked }: Stripe.Charge): ProviderPayment['fee'] {
  return typeof booked === 'object' && booked
    ? { amountMinor: booked.fee, currency: booked.currency.toUpperCase() }
    : undefined;
}

/** One line of the provider's books. `processing` counts as unconfirmed: no money has moved. */
export function readBooks(intent: Stripe.PaymentIntent): ProviderPayment {
  const charge = chargeOf(intent);
  const granted = charge?.status === 'failed' ? undefined : charge;
  const { order_id: orderId, step, attempt } = intent.metadata;
  const truth = intent.status === 'processing' ? undefined : readTruth(intent);
  return {
    providerRef: intent.id,
    orderId,
    step,
    attempt: attempt === undefined ? undefined : Number(attempt),
    status: truth === undefined || truth.status === 'unknown' ? 'unconfirmed' : truth.status,
    authorizedMinor: granted?.amount ?? 0,
    capturedMinor: granted?.amount_captured ?? 0,
    refundedMinor: granted?.amount_refunded ?? 0,
    currency: intent.currency.toUpperCase(),
    createdAt: intent.created * 1000,
    fee: granted && readFee(granted),
  };
}
