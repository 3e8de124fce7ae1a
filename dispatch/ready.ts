// When goods will be ready, from how long preparations really take against what was expected of them: a spread of
// shares, learnt from those that are finished, looked at again with every minute that passes without the word.
// Used by whoever writes the snapshot.

import type { ReadyEstimate, SearchingOrder, Snapshot } from './snapshot.ts';

/** Shares of the expected time that preparations took, ascending, and the sum of each with all after it. */
export type Spread = { readonly shares: readonly number[]; readonly sums: readonly number[] };

/** What kitchens are like before anything is known of them. */
const usualShares = [
  0.35, 0.45, 0.55, 0.62, 0.68, 0.74, 0.8, 0.86, 0.92, 0.97, 1.02, 1.07, 1.12, 1.18, 1.25, 1.32,
  1.4, 1.52, 1.75, 2.2,
];

/** Of finished preparations and the usual ones, which count as much as so many of them. */
export const spreadWithUsual = (finished: readonly number[]): Spread =>
  spreadOf([...usualShares, ...finished]);

function spreadOf(finished: readonly number[]): Spread {
  const shares = finished.toSorted((a, b) => a - b);
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
  /** Times are whole multiples of it, and nothing is expected before the next one. */
  readonly stepMs: number;
};

/** What is overdue comes any moment, and the longer it has been, the later. */
const soonShare = 0.12;
const overdueShare = 0.15;

/** Of goods that are not ready yet: what those that took longer than this one so far took. */
export function readyEstimate({
  since,
  now,
  expectedMs,
  spread,
  stepMs,
}: Preparing): ReadyEstimate {
  const { shares, sums } = spread;
  const whole = (at: number): number => Math.round(at / stepMs) * stepMs;
  const nextAt = now + stepMs;
  const restMs = soonShare * expectedMs + overdueShare * Math.max(0, now - since);
  const from = firstAbove(shares, (nextAt - since) / Math.max(1, expectedMs));
  const left = shares.length - from;
  const timeOf = (share: number): number => Math.max(nextAt, whole(since + share * expectedMs));
  const among = (part: number): number => timeOf(shares[from + Math.floor(part * (left - 1))] ?? 0);
  const latestAt = timeOf(shares.at(-1) ?? 1);
  if (left === 0) {
    const expectedAt = Math.max(nextAt, whole(now + restMs));
    return {
      earlyAt: nextAt,
      expectedAt,
      lateAt: whole(expectedAt + restMs),
      latestAt: Math.max(latestAt, whole(now + 4 * restMs)),
    };
  }
  const expectedAt = timeOf((sums[from] ?? 0) / left);
  return {
    earlyAt: Math.min(expectedAt, among(0.1)),
    expectedAt,
    lateAt: Math.max(expectedAt, among(0.9)),
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

/** A finished preparation: how long it took, as a share of what had been announced. */
export type Finished = { readonly branchId: string; readonly share: number };

export type Learnt = {
  readonly branches: ReadonlyMap<string, Kitchen>;
  /** Of branches that have finished nothing yet: they are believed to keep their word as well as the others do. */
  readonly others: Kitchen;
};

export type Kitchen = {
  /** What its first announcements have to be multiplied by. */
  readonly factor: number;
  /** Around that. */
  readonly spread: Spread;
};

/** A branch is believed to keep its word, and to be as even as the market, until it has shown otherwise so many times. */
const trust = 8;
const leastFinished = 20;
/** Beyond, somebody forgot to say that the goods were ready. */
const mostShare = 5;

/** Undefined while too little is known to doubt what is announced. */
export function learnPreparations(finished: readonly Finished[]): Learnt | undefined {
  if (finished.length < leastFinished) return undefined;
  const byBranch = new Map<string, number[]>();
  for (const { branchId, share } of finished) {
    const shares = byBranch.get(branchId) ?? [];
    shares.push(Math.min(share, mostShare));
    byBranch.set(branchId, shares);
  }
  const branches = [...byBranch].map(([branchId, shares]) => {
    const factor = shares.reduce((sum, share) => sum + share, trust) / (shares.length + trust);
    return { branchId, factor, around: shares.map((share) => share / factor) };
  });
  const others = spreadOf(branches.flatMap(({ around }) => around));
  const typical = evenly(others.shares, trust);
  return {
    branches: new Map(
      branches.map(({ branchId, factor, around }) => [
        branchId,
        { factor, spread: spreadOf([...typical, ...around]) },
      ]),
    ),
    others: { factor: 1, spread: others },
  };
}

/** So many of them that stand for all. */
const evenly = (ascending: readonly number[], count: number): readonly number[] =>
  Array.from(
    { length: count },
    (_, at) => ascending[Math.floor(((at + 0.5) / count) * ascending.length)] ?? 1,
  );

/** Goods that are being made: since when, for when they were announced first, and for when they are now. */
export type Announced = {
  readonly branchId: string;
  readonly since: number;
  readonly announcedAt: number;
  readonly readyAt: number;
};

/** The snapshot with what experience says about goods that are not ready, in place of what was announced. */
export function withLearntReady(
  snapshot: Snapshot,
  announced: ReadonlyMap<string, Announced>,
  { branches, others, stepMs }: Learnt & { readonly stepMs: number },
): Snapshot {
  const { now } = snapshot;
  const readyOf = (orderId: string): Pick<SearchingOrder, 'ready'> => {
    const made = announced.get(orderId);
    if (!made) return {};
    const { factor, spread } = branches.get(made.branchId) ?? others;
    const { since } = made;
    const expectedMs = Math.max(stepMs, expectedMsOf(made, factor));
    return { ready: readyEstimate({ since, now, expectedMs, spread, stepMs }) };
  };
  return {
    ...snapshot,
    orders: snapshot.orders.map((order) => ({ ...order, ...readyOf(order.orderId) })),
    drivers: snapshot.drivers.map((driver) => ({
      ...driver,
      route: driver.route.map((stop) =>
        stop.kind === 'pickup' ? { ...stop, ...readyOf(stop.orderId) } : stop,
      ),
    })),
  };
}

/** Factors are learnt against first announcements: a delay that is announced later is not one more, unless it is longer. */
function expectedMsOf({ since, announcedAt, readyAt }: Announced, factor: number): number {
  if (readyAt <= announcedAt) return (readyAt - since) * factor;
  return Math.max((announcedAt - since) * factor, readyAt - since);
}
