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

type Kind = Exclude<WebhookFact['kind'], 'ignored' | 'refused'>;

function kindOf(type: string): Kind | undefined {
  if (/^(payout|transfer)\./.test(type)) return 'payout_changed';
  if (type === 'account.updated') return 'account_changed';
  if (PAYMENT_TYPES.includes(type)) return 'payment_changed';
  if (type === 'charge.refunded' || type.startsWith('refund.')) return 'refund_changed';
  return type.startsWith('charge.dispute.') ? 'dispute_changed' : undefined;
}

/** The fields that all of these objects share, as far as we read them. */
type Subject = {
  readonly id: string;
  readonly object: string;
  readonly payment_intent?: string | { readonly id: string } | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
};

/** What the truth is asked by: a payment's id, an account's, the name that our payouts and transfers carry. */
function refOf(kind: Kind, subject: Subject): string | undefined {
  if (kind === 'account_changed') return subject.id;
  return kind === 'payout_changed' ? subject.metadata?.['payout'] : intentOf(subject);
}

function intentOf(subject: Subject): string | undefined {
  if (subject.object === 'payment_intent') return subject.id;
  const parent = subject.payment_intent ?? undefined;
  return typeof parent === 'object' ? parent.id : parent;
}

type Signed = {
  readonly rawBody: string | Buffer;
  readonly signature: string;
  /** Of several endpoints, the account's own and that of its connected ones: divided by commas. */
  readonly secret: string;
};

function verify({ rawBody, signature, secret: secrets }: Signed): Stripe.Event | undefined {
  for (const secret of secrets.split(',')) {
    try {
      return Stripe.webhooks.constructEvent(rawBody, signature, secret, TOLERANCE_S);
    } catch {
      continue;
    }
  }
  return undefined;
}

/** A bad, stale or missing signature is a refusal, never an exception. */
export function readStripeWebhook(signed: Signed): WebhookFact {
  const event = verify(signed);
  if (event === undefined) return { kind: 'refused', code: 'invalid_signature' };
  const subject = event.data.object as unknown as Subject;
  const facts = { eventId: event.id, type: event.type, createdAt: event.created * 1000 };
  const kind = kindOf(event.type);
  const providerRef = kind && refOf(kind, subject);
  return kind === undefined || providerRef === undefined
    ? { kind: 'ignored', ...facts }
    : { kind, ...facts, providerRef, orderId: subject.metadata?.['order_id'] };
}
