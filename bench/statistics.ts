// The few numbers that a bench needs. Pure; percentiles are nearest-rank, so each is a value that was measured.

/** The value below or at which `share` (0–1) of the values lie. Throws for none: a bench without values is a bug. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('no values were measured');
  return value;
}

/** The middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  if (upper === undefined || lower === undefined) throw new Error('no values were measured');
  return (lower + upper) / 2;
}

export type Spread = {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
};

export const spreadOf = (values: readonly number[]): Spread => ({
  count: values.length,
  p50: percentile(values, 0.5),
  p95: percentile(values, 0.95),
  p99: percentile(values, 0.99),
  max: percentile(values, 1),
});

/** Mulberry32: numbers from 0 (included) to 1, the same for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Arrivals of a Poisson process: offsets in milliseconds from the start, ascending, below `durationMs`. */
export function poissonArrivals(wish: {
  readonly perSecond: number;
  readonly durationMs: number;
  readonly seed: number;
}): readonly number[] {
  const random = createRandom(wish.seed);
  const arrivals: number[] = [];
  const gapMs = (): number => (-Math.log(1 - random()) * 1_000) / wish.perSecond;
  for (let at = gapMs(); at < wish.durationMs; at += gapMs()) arrivals.push(at);
  return arrivals;
}
