// The fake's answers in Stripe's shapes (docs.stripe.com/api/errors, /error-codes).
// `stored` says whether execution had begun: only then does an idempotency key keep the answer.
import type { CardError } from './state.ts';

export type Reply = {
  readonly status: number;
  readonly body: unknown;
  readonly stored: boolean;
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

export const executed = (body: unknown): Reply => ({ status: 200, body, stored: true });

type ErrorFields = {
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly param?: string | undefined;
  readonly message: string;
  readonly payment_intent?: unknown;
};

/** Refused before anything ran: a key keeps nothing. */
export const rejected = (status: number, fields: ErrorFields): Reply => ({
  status,
  body: { error: { type: 'invalid_request_error', ...fields } },
  stored: false,
});

/** Refused by the object's state: the endpoint ran, so a key keeps it. */
export const refused = (fields: ErrorFields): Reply => ({
  ...rejected(400, fields),
  stored: true,
});

export const declined = (error: CardError, intent: unknown): Reply => ({
  status: 402,
  body: { error: { ...error, payment_intent: intent } },
  stored: true,
});

export const missing = (what: string, id: string): Reply =>
  rejected(404, {
    code: 'resource_missing',
    param: what,
    message: `No such ${what}: '${id}'`,
  });

export const serverError = (): Reply => ({
  status: 500,
  body: { error: { type: 'api_error', message: 'An unknown error occurred.' } },
  stored: true,
  headers: { 'stripe-should-retry': 'false' },
});

export const unavailable = (): Reply => ({
  status: 503,
  body: { error: { type: 'api_error', message: 'Service unavailable.' } },
  stored: false,
  headers: { 'stripe-should-retry': 'true' },
});

export const rateLimited = (retryAfterS: number): Reply => ({
  ...rejected(429, { code: 'rate_limit', message: 'Request rate limit exceeded.' }),
  headers: { 'retry-after': String(retryAfterS), 'stripe-should-retry': 'true' },
});

export const keyInUse = (): Reply => ({
  ...rejected(409, {
    code: 'idempotency_key_in_use',
    message: 'There is currently another in-progress request using this Idempotent Key.',
  }),
  headers: { 'stripe-should-retry': 'true' },
});

export const keyReused = (message: string): Reply =>
  rejected(400, { type: 'idempotency_error', message });
