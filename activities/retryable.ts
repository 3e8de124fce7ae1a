// An outage of a provider as the engine understands it.

import { ApplicationFailure } from '@temporalio/activity';

/** Codes only: a provider's text may name a person, and failures stay in histories. */
export const retryable = (code: string, retryAfterMs: number | undefined): ApplicationFailure =>
  ApplicationFailure.create({
    type: code,
    message: `payment provider: ${code}`,
    nonRetryable: false,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
  });
