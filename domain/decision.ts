// What `decide` answers.

import type { ErrorCode, Refusal } from './errors.ts';
import type { OrderEventBody } from './events.ts';

export type Decision =
  /** Accepted; no events when there is nothing (left) to do. */
  | { readonly kind: 'events'; readonly events: readonly OrderEventBody[] }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export const accepted = (...events: readonly OrderEventBody[]): Decision => ({
  kind: 'events',
  events,
});

/** `at`: when what stands in the way happened, epoch milliseconds. */
export const refused = (code: ErrorCode, reason: string, at?: number): Decision => ({
  kind: 'refused',
  refusal: { code, reason, ...(at === undefined ? {} : { at }) },
});

export const ignored: Decision = accepted();
