// Stripe's own test payment methods and what they do (docs.stripe.com/testing).
// A name that is not here is an unknown payment method, as at Stripe.
import type { CardError } from './state.ts';

export type CardBehaviour =
  | { readonly kind: 'approve' }
  | { readonly kind: 'decline'; readonly error: CardError }
  /** 3-D Secure first; `afterwards` is what the bank says after it. */
  | { readonly kind: 'authenticate'; readonly afterwards: 'approve' | 'decline' }
  /** What becomes of its refunds a little later. */
  | { readonly kind: 'refund_fails' | 'refund_waits' };

function decline(code: string, declineCode?: string): CardBehaviour {
  return {
    kind: 'decline',
    error: {
      type: 'card_error',
      code,
      decline_code: declineCode,
      message: 'Your card was declined.',
    },
  };
}

const approve: CardBehaviour = { kind: 'approve' };

const CARDS: Readonly<Record<string, CardBehaviour>> = {
  pm_card_visa: approve,
  pm_card_visa_debit: approve,
  pm_card_mastercard: approve,
  pm_card_amex: approve,
  pm_card_discover: approve,
  pm_card_threeDSecureOptional: approve,
  pm_card_visa_chargeDeclined: decline('card_declined', 'generic_decline'),
  pm_card_visa_chargeDeclinedInsufficientFunds: decline('card_declined', 'insufficient_funds'),
  pm_card_visa_chargeDeclinedLostCard: decline('card_declined', 'lost_card'),
  pm_card_visa_chargeDeclinedStolenCard: decline('card_declined', 'stolen_card'),
  pm_card_visa_chargeDeclinedVelocityLimitExceeded: decline(
    'card_declined',
    'card_velocity_exceeded',
  ),
  pm_card_chargeDeclinedExpiredCard: decline('expired_card'),
  pm_card_chargeDeclinedIncorrectCvc: decline('incorrect_cvc'),
  pm_card_chargeDeclinedProcessingError: decline('processing_error'),
  pm_card_radarBlock: decline('card_declined', 'fraudulent'),
  pm_card_chargeCustomerFail: decline('card_declined', 'generic_decline'),
  pm_card_threeDSecure2Required: { kind: 'authenticate', afterwards: 'approve' },
  pm_card_threeDSecureRequired: { kind: 'authenticate', afterwards: 'approve' },
  pm_card_authenticationRequired: { kind: 'authenticate', afterwards: 'approve' },
  pm_card_threeDSecureRequiredChargeDeclined: { kind: 'authenticate', afterwards: 'decline' },
  pm_card_pendingRefund: { kind: 'refund_waits' },
  pm_card_refundFail: { kind: 'refund_fails' },
};

export const findCard = (paymentMethod: string): CardBehaviour | undefined =>
  Object.hasOwn(CARDS, paymentMethod) ? CARDS[paymentMethod] : undefined;

export const CARD_DECLINED: CardError = {
  type: 'card_error',
  code: 'card_declined',
  decline_code: 'generic_decline',
  message: 'Your card was declined.',
};

export const AUTHENTICATION_FAILED: CardError = {
  type: 'invalid_request_error',
  code: 'payment_intent_authentication_failure',
  message: 'The provided PaymentMethod has failed authentication.',
};
