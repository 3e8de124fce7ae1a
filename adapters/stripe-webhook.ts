// Verifies and reads Stripe's webhooks (docs.stripe.com/webhooks/signature: HMAC over `t.body`, at
// most five minutes old). Invariant: nothing of an unverified body is read, and a fact says only
// which object changed; the truth is retrieved. Called by stripe.ts for the webhook route.
import { Stripe } from 'stripe';
import type { WebhookFact } from './card-gateway.ts';

const TOLERANCE_S = 300;

const PAYMENT_TYPES: readonly string[] = [
  'payment_intent.amount_capturable_updated',
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.canceled',
  'payment_intent.requires_action',
];

type Kind = 'payment_changed' | 'refund_changed' | 'dispute_changed';

function kindOf(type: string): Kind | undefined {
  if (PAYMENT_TYPES.includes(type)) return 'payment_changed';
  if (type === 'charge.refunded' || type.startsWith('refund.')) return 'refund_changed';
  return type.startsWith('charge.dispute.') ? 'dispute_changed' : undefined;
}

/** The fields that intents, charges, refunds and disputes share, as far as we read them. */
type Subject = {
  readonly id: string;
  readonly object: string;
  readonly payment_intent?: string | { readonly id: string } | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
};

function intentOf(subject: Subject): string | undefined {
  if (subject.object === 'payment_intent') return subject.id;
  const parent = subject.payment_intent ?? undefined;
  return typeof parent === 'object' ? parent.id : parent;
}

type Signed = {
  readonly rawBody: string | Buffer;
  readonly signature: string;
  readonly secret: string;
};

function verify({ rawBody, signature, secret }: Signed): Stripe.Event | undefined {
  try {
    return Stripe.webhooks.constructEvent(rawBody, signature, secret, TOLERANCE_S);
  } catch {
    return undefined;
  }
}

/** A bad, stale or missing signature is a refusal, never an exception. */
export function readStripeWebhook(signed: Signed): WebhookFact {
  const event = verify(signed);
  if (event === undefined) return { kind: 'refused', code: 'invalid_signature' };
  const subject = event.data.object as unknown as Subject;
  const facts = { eventId: event.id, type: event.type, createdAt: event.created * 1000 };
  const kind = kindOf(event.type);
  const providerRef = intentOf(subject);
  return kind === undefined || providerRef === undefined
    ? { kind: 'ignored', ...facts }
    : { kind, ...facts, providerRef, orderId: subject.metadata?.['order_id'] };
}
