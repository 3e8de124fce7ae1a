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
  /** As good as all are done by then. */
  readonly latestMs: number;
};

/** The next one may take longer than the longest so far. */
const margin = 1.15;

/** With fewer the default is the better guess. */
const leastSamples = 8;

/** From finished preparations; undefined when there are too few of them. */
export function learnPrep(preparationsMs: readonly number[]): PrepQuantiles | undefined {
  if (preparationsMs.length < leastSamples) return undefined;
  const sorted = preparationsMs.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  const meanMs = sorted.reduce((sum, each) => sum + each, 0) / sorted.length;
  return { earlyMs: at(0.1), meanMs, lateMs: at(0.9), latestMs: margin * at(1) };
}

export type Preparing = {
  /** When the preparation began. */
  readonly since: number;
  readonly now: number;
  readonly quantiles: PrepQuantiles;
};

/** What is overdue comes any moment, and the longer it has been, the later. */
const overdueShare = 0.15;
const soonMs = 2 * 60_000;

/** Of goods that are not ready yet. Never before the next minute or so; whole minutes. */
export function readyEstimate({ since, now, quantiles }: Preparing): ReadyEstimate {
  const { earlyMs, meanMs, lateMs, latestMs } = quantiles;
  const restMs = soonMs + overdueShare * Math.max(0, now - since);
  const expectedAt = whole(Math.max(since + meanMs, now + restMs));
  return {
    earlyAt: whole(Math.min(expectedAt, Math.max(since + earlyMs, now + 60_000))),
    expectedAt,
    lateAt: whole(Math.max(since + lateMs, expectedAt + restMs)),
    latestAt: whole(Math.max(since + latestMs, now + 4 * restMs)),
  };
}

const whole = (at: number): number => Math.round(at / 60_000) * 60_000;
