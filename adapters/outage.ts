/**
 * An outage: an outside system failed, so the outcome is unknown or nothing was executed.
 * Invariant: throwing one is always safe to answer with the same request under the same
 * idempotency key. It carries codes and numbers only, never a provider's text, because failures
 * end up in workflow histories. Thrown by every adapter, turned into a retry by the activities.
 */
export type OutageCode =
  | 'timeout'
  | 'connection'
  | 'rate_limited'
  | 'key_in_use'
  | 'server_error'
  | 'not_settled'
  | 'currency_mismatch'
  | 'amount_mismatch'
  | 'credentials';

export type OutageFacts = {
  /** The outside system, as in the name of its adapter: `stripe`, `twilio`. */
  readonly system: string;
  readonly code: OutageCode;
  /** What the provider asked for; undefined leaves the delay to the caller's own policy. */
  readonly retryAfterMs?: number | undefined;
};

export type Outage = Error & OutageFacts & { readonly name: 'Outage' };

/** Makes the error; retry with the SAME idempotency key. */
export function outage(facts: OutageFacts): Outage {
  const error = new Error(`${facts.system}: ${facts.code}`);
  return Object.assign(error, { ...facts, name: 'Outage' as const });
}

/** Why there is no answer, for whoever is told of it: an error that is no outage is a bug or a missing setting. */
export const codeOf = (error: unknown): OutageCode | 'unexpected_error' =>
  isOutage(error) ? error.code : 'unexpected_error';

export function isOutage(value: unknown): value is Outage {
  return value instanceof Error && value.name === 'Outage';
}
