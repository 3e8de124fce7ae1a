// When goods will be ready, from how long preparations really take against what was expected of them: a spread of
// shares, learnt from those that are finished, looked at again with every minute that passes without the word.
// Used by whoever writes the snapshot.

import type { ReadyEstimate } from './snapshot.ts';

/** Shares of the expected time that preparations took, ascending, and the sum of each with all after it. */
export type Spread = { readonly shares: readonly number[]; readonly sums: readonly number[] };

/** What kitchens are like before anything is known of them. */
const usualShares = [
  0.35, 0.45, 0.55, 0.62, 0.68, 0.74, 0.8, 0.86, 0.92, 0.97, 1.02, 1.07, 1.12, 1.18, 1.25, 1.32,
  1.4, 1.52, 1.75, 2.2,
];

/** Of finished preparations; the usual ones count as much as so many of them. */
export function spreadOf(finished: readonly number[]): Spread {
  const shares = [...usualShares, ...finished].toSorted((a, b) => a - b);
  const sums = [...shares];
  for (let at = shares.length - 2; at >= 0; at -= 1)
    sums[at] = (sums[at] ?? 0) + (sums[at + 1] ?? 0);
  return { shares, sums };
}

export type Preparing = {
  /** When the preparation began. */
  readonly since: number;
  readonly now: number;
  /** How long it takes on average. */
  readonly expectedMs: number;
  readonly spread: Spread;
};

/** What is overdue comes any moment, and the longer it has been, the later. */
const overdueShare = 0.15;
const soonMs = 2 * 60_000;
/** The next one may take longer than the longest so far. */
const margin = 1.15;

/** Of goods that are not ready yet: what those that took longer than this one so far took. Whole minutes. */
export function readyEstimate({ since, now, expectedMs, spread }: Preparing): ReadyEstimate {
  const { shares, sums } = spread;
  const restMs = soonMs + overdueShare * Math.max(0, now - since);
  const from = firstAbove(shares, (now + 60_000 - since) / Math.max(1, expectedMs));
  const left = shares.length - from;
  const timeOf = (share: number): number => since + share * expectedMs;
  const among = (part: number): number => timeOf(shares[from + Math.floor(part * (left - 1))] ?? 0);
  const latestMs = margin * (shares.at(-1) ?? 1) * expectedMs;
  const latestAt = whole(Math.max(since + latestMs, now + 4 * restMs));
  if (left === 0) {
    const expectedAt = whole(now + restMs);
    return {
      earlyAt: whole(now + 60_000),
      expectedAt,
      lateAt: whole(expectedAt + restMs),
      latestAt,
    };
  }
  const expectedAt = whole(timeOf((sums[from] ?? 0) / left));
  return {
    earlyAt: Math.min(expectedAt, whole(among(0.1))),
    expectedAt,
    lateAt: Math.max(expectedAt, whole(among(0.9))),
    latestAt,
  };
}

function firstAbove(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

const whole = (at: number): number => Math.round(at / 60_000) * 60_000;
