/**
 * What a card provider can be asked for, in the words of the order's payment machine.
 * Invariant: an answer is definitive and may be recorded; whatever is not definitive (timeout, lost
 * connection, rate limit, 5xx) is thrown as an `Outage` and retried under the same key.
 * A request that can never succeed as written throws a plain Error; `authorize` answers `declined`
 * instead where the provider refused for good, so that a customer can choose another card.
 * Implemented by `adapters/stripe.ts`; called by the payment activities and the audit.
 */

import type { Evidence } from '../domain/evidence.ts';
import type { ProviderDispute, ProviderFee } from '../domain/provider-books.ts';

/** Decline reasons the rest of the system may see; anything else a provider says is `card_declined`. */
export const DECLINE_CODES = [
  'card_declined',
  'insufficient_funds',
  'lost_card',
  'stolen_card',
  'expired_card',
  'incorrect_cvc',
  'incorrect_number',
  'processing_error',
  'fraudulent',
  'do_not_honor',
  'card_velocity_exceeded',
  'card_not_supported',
  'currency_not_supported',
  'transaction_not_allowed',
  'try_again_later',
  'authentication_required',
  'authentication_failed',
  'payment_method_invalid',
  'amount_too_small',
  'amount_too_large',
] as const;
export type DeclineCode = (typeof DECLINE_CODES)[number];

/**
 * Nothing was executed under this key and nothing ever will be: the provider stored a failure and
 * would replay it. This is a definitive answer, so the caller may send again with the next `n`.
 */
export type NotExecuted = { readonly status: 'not_executed' };

/** ISO 4217, uppercase, as the provider itself names it; absent where the books are our own. */
type Named = { readonly currency?: string | undefined };

export type Authorized = Named & {
  readonly status: 'authorized';
  readonly providerRef: string;
  readonly amountMinor: number;
  /** Epoch ms after which the provider releases the hold by itself. */
  readonly captureBefore: number;
};
export type RequiresAction = {
  readonly status: 'requires_action';
  readonly providerRef: string;
  /** Personal to the payer: for the customer's app only, never logged or put in a history. */
  readonly clientSecret: string;
};
export type Declined = {
  readonly status: 'declined';
  /** Absent when the provider refused before it made an object. */
  readonly providerRef?: string | undefined;
  readonly code: DeclineCode;
};
export type AuthorizeAnswer = Authorized | RequiresAction | Declined | NotExecuted;

export type Captured = Named & {
  readonly status: 'captured';
  readonly providerRef: string;
  readonly amountMinor: number;
  /** Of a split payment: so much of it out of the wallet. */
  readonly walletMinor?: number | undefined;
};
export type Voided = {
  readonly status: 'voided';
  readonly providerRef: string;
  readonly reason: 'hold_expired' | 'cancelled';
  /** Why the last try before the release failed; undefined when it did not. */
  readonly declineCode?: DeclineCode | undefined;
};

/** The provider's current truth about one payment. */
export type PaymentTruth =
  | Authorized
  | RequiresAction
  | Declined
  | Captured
  | Voided
  | { readonly status: 'unconfirmed'; readonly providerRef: string }
  | { readonly status: 'unknown' };

export type CaptureFailureCode =
  | 'hold_expired'
  | 'already_voided'
  | 'already_captured'
  | 'amount_too_large'
  | 'amount_too_small'
  | 'not_authorized'
  | 'capture_declined'
  | 'unknown_payment';
export type CaptureAnswer =
  | Captured
  | {
      readonly status: 'failed';
      readonly code: CaptureFailureCode;
      /** With `already_captured`: what was captured, another amount than asked for. */
      readonly capturedMinor?: number | undefined;
    }
  | NotExecuted;

export type VoidAnswer =
  | { readonly status: 'voided' }
  | { readonly status: 'nothing_to_void' }
  | Captured
  | NotExecuted;

export type RefundFailureCode =
  | 'already_refunded'
  | 'amount_too_large'
  | 'disputed'
  | 'not_captured'
  | 'unknown_payment'
  | 'refund_declined';
export type RefundAnswer =
  | (Named & {
      readonly status: 'refunded' | 'refund_pending';
      readonly refundRef: string;
      readonly amountMinor: number;
    })
  | { readonly status: 'failed'; readonly code: RefundFailureCode }
  | NotExecuted;

/** One payment in the provider's books, for the audit; amounts are 0 where nothing moved. */
export type ProviderPayment = {
  readonly providerRef: string;
  /** The names the request carried; undefined on objects that this system did not make. */
  readonly orderId: string | undefined;
  readonly step: string | undefined;
  readonly attempt: number | undefined;
  readonly status:
    | 'authorized'
    | 'captured'
    | 'voided'
    | 'declined'
    | 'requires_action'
    | 'unconfirmed';
  /** What the bank granted, also when it was released since. */
  readonly authorizedMinor: number;
  readonly capturedMinor: number;
  /** Given back after capture; the released rest of a hold is not a refund. */
  readonly refundedMinor: number;
  /** ISO 4217, uppercase. */
  readonly currency: string;
  readonly createdAt: number;
  /** Undefined while it is not booked. */
  readonly fee?: ProviderFee | undefined;
};

export type WebhookFact =
  | {
      readonly kind:
        | 'payment_changed'
        | 'refund_changed'
        | 'dispute_changed'
        | 'payout_changed'
        | 'account_changed';
      readonly eventId: string;
      readonly type: string;
      /** Of a payout our own name for it, `<party>:<period>`. */
      readonly providerRef: string;
      readonly orderId: string | undefined;
      readonly createdAt: number;
    }
  | {
      readonly kind: 'ignored';
      readonly eventId: string;
      readonly type: string;
      readonly createdAt: number;
    }
  | { readonly kind: 'refused'; readonly code: 'invalid_signature' };

type Keyed = {
  readonly orderId: string;
  /** Deterministic, `<orderId>:<step>:<n>`; the same for every retry of one request. */
  readonly key: string;
  /**
   * Epoch ms of the first time this key may have been sent. Pass it on every retry: once the
   * provider may have forgotten the key (24 h) the truth is looked up before anything is sent.
   */
  readonly firstSentAt?: number | undefined;
};

export type AuthorizeInput = Keyed & {
  readonly attempt: number;
  readonly amountMinor: number;
  /** ISO 4217, any case. */
  readonly currency: string;
  readonly paymentMethod: string;
  /** Names the payment within the order: `authorize` (default), `tip` … */
  readonly step?: string | undefined;
};
export type CaptureInput = Keyed & { readonly providerRef: string; readonly amountMinor: number };
export type RefundInput = CaptureInput;
export type RefundNamed = Pick<RefundInput, 'providerRef' | 'key'>;
export type VoidInput = Keyed & {
  /**
   * undefined: the authorization was never answered; find what it may have left. `firstSentAt` then
   * says since when to look: no later than the authorization was first sent.
   */
  readonly providerRef: string | undefined;
  readonly attempt: number;
  readonly step?: string | undefined;
};

export type CardGateway = {
  /**
   * Holds `amountMinor` on a card. Retry with the same key until it answers. An answer may carry
   * another amount only if this key was first used for another one.
   */
  readonly authorize: (input: AuthorizeInput) => Promise<AuthorizeAnswer>;
  /** Takes at most what was authorized, once; the rest is released. Idempotent by state: the same amount again is `captured`. */
  readonly capture: (input: CaptureInput) => Promise<CaptureAnswer>;
  /**
   * Releases the hold. Without `providerRef` it finds the payment by (order, step, attempt), and if
   * there is none it burns the authorization's key `<orderId>:<step>:<attempt>`, so a request still
   * on its way can no longer leave a hold behind `nothing_to_void`. When that key was used and yet
   * nothing is found, it is an Outage (`not_settled`) for two hours from `firstSentAt` on.
   */
  readonly void: (input: VoidInput) => Promise<VoidAnswer>;
  readonly refund: (input: RefundInput) => Promise<RefundAnswer>;
  /** What the books show under a refund's key that was sent; nothing is sent. Undefined: none. Throws while some may still arrive. */
  readonly findRefund: (input: RefundNamed) => Promise<RefundAnswer | undefined>;
  readonly retrieve: (input: { readonly providerRef: string }) => Promise<PaymentTruth>;
  /** The provider's current truth about the disputes of one payment. */
  readonly disputes: (input: {
    readonly providerRef: string;
  }) => Promise<readonly ProviderDispute[]>;
  /** All disputes that may have changed since then (epoch ms), whoever's payments. */
  readonly listDisputes: (input: {
    readonly changedAfter: number;
  }) => AsyncIterable<ProviderDispute>;
  /** Says our side, once; more may follow until it is decided. `closed`: too late. Idempotent by content. */
  readonly submitEvidence: (input: {
    readonly disputeRef: string;
    readonly key: string;
    /** Each at most 20,000 characters. */
    readonly evidence: Evidence;
  }) => Promise<'submitted' | 'closed'>;
  /** One payment of the provider's books; undefined when they do not have it. */
  readonly read: (input: { readonly providerRef: string }) => Promise<ProviderPayment | undefined>;
  /**
   * The provider's books, newest first, for payments created at or after `createdAfter` (epoch ms), then for older ones of
   * which something was given back since.
   */
  readonly list: (input: { readonly createdAfter: number }) => AsyncIterable<ProviderPayment>;
  /** Verifies and reads a notification. A fact is a hint: `retrieve` has the truth. */
  readonly readWebhook: (input: {
    readonly rawBody: string | Buffer;
    readonly signature: string;
  }) => WebhookFact;
};
