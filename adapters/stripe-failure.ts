// Sorts what the Stripe client throws by what it says about the request: executed and declined,
// refused before execution, outcome unknown, or key used with another body. Sources:
// docs.stripe.com/error-low-level, docs.stripe.com/api/idempotent_requests. Called by stripe.ts only.
import { Stripe } from 'stripe';
import { type Outage, type OutageCode, outage } from './outage.ts';

export type StripeFailure =
  | { readonly kind: 'declined'; readonly reason: string; readonly providerRef: string | undefined }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly parameter: string | undefined;
      readonly providerRef: string | undefined;
      /** Stripe judged the request itself, and will judge it so again. */
      readonly final: boolean;
    }
  | { readonly kind: 'key_reused' }
  /** A 5xx. `replayed`: stored under this key, so the same key will answer it for 24 h. */
  | { readonly kind: 'broken'; readonly replayed: boolean; readonly outage: Outage }
  | { readonly kind: 'outage'; readonly outage: Outage };

type StripeError = InstanceType<typeof Stripe.errors.StripeError>;

/** docs.stripe.com/api/errors; `api_error` and `idempotency_error` say nothing about the card. */
const FINAL_TYPES: readonly string[] = ['card_error', 'invalid_request_error'];

const timedOut = (error: StripeError): boolean => error.message.includes('timeout');

function retryAfterMs(error: StripeError): number | undefined {
  const seconds = Number(error.headers?.['retry-after']);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}

/** Rethrows what did not come from the Stripe client: that is a bug of ours. */
export function readFailure(error: unknown): StripeFailure {
  if (!(error instanceof Stripe.errors.StripeError)) throw error;
  const out = (code: OutageCode): Outage =>
    outage({ system: 'stripe', code, retryAfterMs: retryAfterMs(error) });
  const status = error.statusCode;
  if (error instanceof Stripe.errors.StripeConnectionError) {
    return { kind: 'outage', outage: out(timedOut(error) ? 'timeout' : 'connection') };
  }
  if (error instanceof Stripe.errors.StripeIdempotencyError) return { kind: 'key_reused' };
  if (status === 402) {
    return {
      kind: 'declined',
      reason: error.decline_code || error.code || 'card_declined',
      providerRef: error.payment_intent?.id,
    };
  }
  if (status === 409) return { kind: 'outage', outage: out('key_in_use') };
  if (error instanceof Stripe.errors.StripeRateLimitError) {
    return { kind: 'outage', outage: out('rate_limited') };
  }
  if (status === 401 || status === 403) return { kind: 'outage', outage: out('credentials') };
  if (status === 400 || status === 404) {
    return {
      kind: 'refused',
      code: error.code ?? 'parameter_invalid',
      parameter: error.param,
      providerRef: error.payment_intent?.id,
      final: FINAL_TYPES.includes(error.rawType ?? ''),
    };
  }
  // 5xx, an unreadable body, and any status that is new to us: the outcome is unknown.
  const replayed = error.headers?.['idempotent-replayed'] === 'true';
  return { kind: 'broken', replayed, outage: out('server_error') };
}

/** The request itself is wrong and stays wrong: retrying cannot help, a person must look. */
export function impossibleRequest(step: string, code: string): Error {
  return Object.assign(new Error(`stripe: ${step} can never succeed as sent (${code})`), {
    name: 'Bug',
  });
}
