// When goods will be ready, from what a branch usually needs: quantiles learnt from the event log, looked at again
// with every minute that passes without the word. Used by whoever writes the snapshot.

import type { ReadyEstimate } from './snapshot.ts';

/** Of a branch's preparation times. */
export type PrepQuantiles = {
  /** A tenth are done by then. */
  readonly earlyMs: number;
  readonly meanMs: number;
  /** Nine tenths are done by then. */
  readonly lateMs: number;
};

/** With fewer the default is the better guess. */
const leastSamples = 8;

/** From finished preparations; undefined when there are too few of them. */
export function learnPrep(preparationsMs: readonly number[]): PrepQuantiles | undefined {
  if (preparationsMs.length < leastSamples) return undefined;
  const sorted = preparationsMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const meanMs = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  return { earlyMs: at(0.1), meanMs, lateMs: at(0.9) };
}

export type Preparing = {
  /** When the preparation began. */
  readonly since: number;
  readonly now: number;
  readonly quantiles: PrepQuantiles;
};

/** So many times the mean are as good as never exceeded. */
const latestFactor = 4;

/** What is overdue comes any moment, and the longer it has been, the later. */
const overdueShare = 0.15;
const soonMs = 2 * 60_000;

/** Of goods that are not ready yet. Never before the next minute or so; whole minutes. */
export function readyEstimate({ since, now, quantiles }: Preparing): ReadyEstimate {
  const { earlyMs, meanMs, lateMs } = quantiles;
  const restMs = soonMs + overdueShare * Math.max(0, now - since);
  const expectedAt = whole(Math.max(since + meanMs, now + restMs));
  return {
    earlyAt: whole(Math.min(expectedAt, Math.max(since + earlyMs, now + 60_000))),
    expectedAt,
    lateAt: whole(Math.max(since + lateMs, expectedAt + restMs)),
    latestAt: whole(Math.max(since + latestFactor * meanMs, now + 8 * restMs)),
  };
}

const whole = (at: number): number => Math.round(at / 60_000) * 60_000;
