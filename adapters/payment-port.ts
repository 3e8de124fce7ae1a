/**
 * What any provider of payments can be asked for, whatever the method: cards, PayPal, mobile money. Chosen per market and
 * order by the name in front of the payment method (domain/payment-methods.ts).
 * Invariant: as for cards (card-gateway.ts), an answer is definitive and may be recorded, what is not is thrown as an
 * `Outage` and retried under the same key. One contract suite runs over every implementation.
 */
import type {
  AuthorizeAnswer,
  AuthorizeInput,
  Captured,
  CardGateway,
  PaymentTruth,
  WebhookFact,
} from './card-gateway.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { ProviderDispute, ProviderFee } from '../domain/provider-books.ts';

export type Incoming = {
  readonly rawBody: string | Buffer;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
};

export type Retrieving = {
  readonly providerRef: string;
  /** Whose payment it is, for a port that has to know. */
  readonly of?: { readonly orderId: string; readonly attempt: number } | undefined;
};

export type Looking = {
  readonly providerRef: string;
  /** What the provider calls our refunds of it, all of them, for one whose payments do not name them. */
  readonly refundRefs?: readonly string[] | undefined;
};

export type Seen = PaymentTruth & {
  /** What it has given back of the payment, or is about to; undefined where it does not say. */
  readonly refundedMinor?: number | undefined;
  /** Undefined where it does not say, or not yet. */
  readonly fee?: ProviderFee | undefined;
};

export type PaymentPort = Pick<CardGateway, 'capture' | 'void' | 'refund' | 'disputes'> & {
  readonly provider: ProviderName;
  /**
   * A hold, or money taken at once where the method knows no holds. `requires_action`: the payer must confirm; news
   * comes by webhook, and `retrieve` tells. Its `clientSecret` is what the payer's app needs: a secret, an address, a
   * code to dial; personal, never logged or put in a history.
   */
  readonly authorize: (input: AuthorizeInput) => Promise<AuthorizeAnswer | Captured>;
  /** The provider's truth. Where an approval by the payer has to be turned into a hold by us, this does it, once. */
  readonly retrieve: (input: Retrieving) => Promise<PaymentTruth>;
  /** The provider's truth, and nothing is changed by asking: an approval that is no hold yet is `unconfirmed`. */
  readonly look: (input: Looking) => Promise<Seen>;
  /** All disputes that have changed since then (epoch ms), whoever's payments; undefined where none are listed. */
  readonly listDisputes?:
    | ((input: { readonly changedAfter: number }) => AsyncIterable<ProviderDispute>)
    | undefined;
  /** Undefined where the books are our own. */
  readonly findRefund?: CardGateway['findRefund'] | undefined;
  /** Undefined where the provider takes evidence in its own dashboard alone, or knows no disputes. */
  readonly submitEvidence?: CardGateway['submitEvidence'] | undefined;
  /** Verifies and reads a notification; a hint only. Throws an Outage where the provider has to be asked and is away. */
  readonly readWebhook: (incoming: Incoming) => Promise<WebhookFact>;
};

/** Stripe behind the port. */
export const stripePort = (gateway: CardGateway): PaymentPort => ({
  provider: 'stripe',
  authorize: gateway.authorize,
  capture: gateway.capture,
  void: gateway.void,
  refund: gateway.refund,
  findRefund: gateway.findRefund,
  retrieve: gateway.retrieve,
  look: gateway.retrieve,
  disputes: gateway.disputes,
  listDisputes: gateway.listDisputes,
  submitEvidence: gateway.submitEvidence,
  readWebhook: async ({ rawBody, headers }) =>
    gateway.readWebhook({ rawBody, signature: headers['stripe-signature'] ?? '' }),
});
