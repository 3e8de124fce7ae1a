// What the outside gave no certain answer to, as the engine understands it.

import { ApplicationFailure } from '@temporalio/activity';

/** Codes only: a provider's text may name a person, and failures stay in histories. */
export const retryable = (code: string, retryAfterMs: number | undefined): ApplicationFailure =>
  ApplicationFailure.create({
    type: code,
    message: `no certain answer: ${code}`,
    nonRetryable: false,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
  });
