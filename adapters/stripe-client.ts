// The Stripe package as we use it, and what its keys mean. Called by stripe.ts and stripe-payouts.ts.
import { Stripe } from 'stripe';

export type StripeOptions = {
  readonly secretKey: string;
  /** Another server that speaks Stripe's API, `http://127.0.0.1:8899`; undefined is Stripe itself. */
  readonly apiBase?: string | undefined;
  /** Per request; 8,000 unless told. */
  readonly timeoutMs?: number | undefined;
  /** Epoch ms; the wall clock unless told. */
  readonly now?: (() => number) | undefined;
};

/** Stripe keeps keys for at least 24 h; the margin covers clocks and a request on its way. */
const KEY_RETENTION_MS = 23 * 3_600_000;

/** Whether the key of a request may be new to Stripe again. */
export const forgottenBy =
  (now: () => number) =>
  (firstSentAt: number | undefined): boolean =>
    firstSentAt !== undefined && now() - firstSentAt > KEY_RETENTION_MS;

export function connectStripe({ secretKey, apiBase, timeoutMs = 8_000 }: StripeOptions): Stripe {
  const config = { timeout: timeoutMs, maxNetworkRetries: 0, telemetry: false } as const;
  if (apiBase === undefined) return new Stripe(secretKey, config);
  const { hostname, port, protocol } = new URL(apiBase);
  const secure = protocol === 'https:';
  return new Stripe(secretKey, {
    ...config,
    host: hostname,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    protocol: secure ? 'https' : 'http',
  });
}

/** Stored under its key before: the object may have changed since. */
export const isReplay = (object: {
  readonly lastResponse: { readonly headers: unknown };
}): boolean =>
  (object.lastResponse.headers as Record<string, unknown>)['idempotent-replayed'] === 'true';
