// Times that callers send, checked against the clock and turned into what a command carries. A time that does not fit
// is handed on, not thrown: a repeated request gets its stored answer, however late it comes.

import { badField, problem, type ProblemError } from '../problems.ts';
import type { Accept } from '../schemas/orders.ts';

/** Clocks of phones run ahead a little. */
const clockSkewMs = 30_000;
const longestPreparationMs = 86_400_000;
const farthestAheadMs = 30 * 86_400_000;

type Preparation = {
  readonly prep: { readonly prepMs?: number };
  readonly unfit: ProblemError | undefined;
};

export function readPreparation({ prep_seconds, ready_at }: Accept, now: number): Preparation {
  if (prep_seconds !== undefined && ready_at !== undefined) {
    return { prep: {}, unfit: badField('ready_at', 'excludes prep_seconds') };
  }
  if (prep_seconds !== undefined)
    return { prep: { prepMs: prep_seconds * 1_000 }, unfit: undefined };
  if (ready_at === undefined) return { prep: {}, unfit: undefined };
  const prepMs = Date.parse(ready_at) - now;
  if (prepMs < 0) return { prep: {}, unfit: past('ready_at') };
  if (prepMs > longestPreparationMs) {
    return {
      prep: {},
      unfit: badField(
        'ready_at',
        'lies more than a day ahead',
        new Date(now + longestPreparationMs).toISOString(),
      ),
    };
  }
  return { prep: { prepMs }, unfit: undefined };
}

type Checks = {
  readonly notBefore: number | undefined;
  readonly unfit: ProblemError | undefined;
};

export function readArrival(
  { arrived_at }: { readonly arrived_at?: string },
  now: number,
): Checks & { readonly arrival: { readonly arrivedAt?: number } } {
  const { at, ...checks } = readPast('arrived_at', arrived_at, now);
  return { arrival: at === undefined ? {} : { arrivedAt: at }, ...checks };
}

/** When a phone without network did what it tells now. */
export function readHappened(
  { happened_at }: { readonly happened_at?: string },
  now: number,
): Checks & { readonly happening: { readonly happenedAt?: number } } {
  const { at, ...checks } = readPast('happened_at', happened_at, now);
  return { happening: at === undefined ? {} : { happenedAt: at }, ...checks };
}

function readPast(field: string, time: string | undefined, now: number) {
  if (time === undefined) return { at: undefined, notBefore: undefined, unfit: undefined };
  const at = Math.min(Date.parse(time), now);
  const ahead = Date.parse(time) > now + clockSkewMs;
  const limit = new Date(now).toISOString();
  const unfit = ahead ? badField(field, 'lies in the future', limit) : undefined;
  return { at, notBefore: at, unfit };
}

/** A time to come that the customer wants. */
export function readPromise(
  time: string,
  now: number,
): { readonly promisedAt: number; readonly unfit: ProblemError | undefined } {
  const unfit = pastProblem('scheduled_for', time, now) ?? farProblem('scheduled_for', time, now);
  return { promisedAt: Date.parse(time), unfit };
}

/** Undefined when near enough. */
export const farProblem = (field: string, time: string, now: number): ProblemError | undefined =>
  Date.parse(time) > now + farthestAheadMs
    ? badField(field, 'lies too far ahead', new Date(now + farthestAheadMs).toISOString())
    : undefined;

/** Undefined when absent or still to come. */
export const pastProblem = (
  field: string,
  time: string | undefined,
  now: number,
): ProblemError | undefined =>
  time !== undefined && Date.parse(time) <= now ? past(field) : undefined;

const past = (field: string): ProblemError =>
  problem('time_in_past', `${field} lies in the past`, {
    errors: [{ field, problem: 'lies in the past' }],
  });
