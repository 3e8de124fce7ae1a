// The day in figures, by the robots' own clock: click-to-door in minutes of the city, what was delivered,
// and what became of the rest. Pure.

import { isServed, type OrderLife } from './world.ts';

export type Spread = {
  readonly mean: number;
  readonly median: number;
  readonly p90: number;
  readonly max: number;
};

export type DayFigures = {
  readonly orders: number;
  readonly delivered: number;
  readonly collected: number;
  /** Delivered more than 40 minutes after the order was placed. */
  readonly late: number;
  readonly clickToDoor: Spread | undefined;
  readonly endReasons: ReadonlyMap<string, number>;
  /** Neither delivered nor collected: which order and why. */
  readonly undelivered: readonly {
    readonly name: string;
    readonly orderId: string | undefined;
    readonly cause: string;
  }[];
  readonly unfinished: number;
};

export const lateMinutes = 40;

export function figuresOf(lives: readonly OrderLife[]): DayFigures {
  const minutes = lives.flatMap(({ placedAt, deliveredAt }) =>
    placedAt === undefined || deliveredAt === undefined ? [] : [deliveredAt - placedAt],
  );
  const undelivered = lives.filter((life) => !isServed(life));
  const collected = lives.filter(({ stage }) => stage === 'collected').length;
  const causes = undelivered.map((life) => ({
    name: life.plan.name,
    orderId: life.orderId,
    cause: life.endReason ?? `still ${life.stage}`,
  }));
  const endReasons = new Map<string, number>();
  for (const { cause } of causes) endReasons.set(cause, (endReasons.get(cause) ?? 0) + 1);
  return {
    orders: lives.length,
    delivered: lives.length - undelivered.length - collected,
    collected,
    late: minutes.filter((each) => each > lateMinutes).length,
    clickToDoor: minutes.length === 0 ? undefined : spreadOf(minutes),
    endReasons,
    undelivered: causes,
    unfinished: undelivered.filter((life) => life.stage !== 'ended early').length,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    mean: sorted.reduce((total, each) => total + each, 0) / sorted.length,
    median: percentile(sorted, 0.5),
    p90: percentile(sorted, 0.9),
    max: sorted.at(-1) ?? 0,
  };
}

/** Linear interpolation between the two nearest ranks. */
function percentile(sorted: readonly number[], share: number): number {
  const rank = (sorted.length - 1) * share;
  const low = sorted[Math.floor(rank)] ?? 0;
  const high = sorted[Math.ceil(rank)] ?? low;
  return low + (high - low) * (rank - Math.floor(rank));
}
