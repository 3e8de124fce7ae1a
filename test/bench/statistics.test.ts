// The numbers of the bench: what a percentile is, and that arrivals are random, seeded and at the asked rate.

import { describe, expect, test } from 'vitest';
import { median, percentile, poissonArrivals, spreadOf } from '../../bench/statistics.ts';

describe('percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);

  test('is a value that was measured, the nearest rank', () => {
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile([7], 0.5)).toBe(7);
    expect(spreadOf(hundred)).toEqual({ count: 100, p50: 50, p95: 95, p99: 99, max: 100 });
  });

  test('of nothing is a bug, not a number', () => {
    expect(() => percentile([], 0.5)).toThrow('no values');
    expect(() => median([])).toThrow('no values');
  });
});

test('median › is the middle, or the mean of the two middle ones', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

describe('poissonArrivals', () => {
  const wish = { perSecond: 3, durationMs: 600_000, seed: 1 };

  test('come at the asked rate, in order, within the time', () => {
    const arrivals = poissonArrivals(wish);
    expect(arrivals.length).toBeGreaterThan(1_650);
    expect(arrivals.length).toBeLessThan(1_950);
    expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
    expect(arrivals.at(-1)).toBeLessThan(600_000);
  });

  test('are the same for the same seed, and others for another', () => {
    expect(poissonArrivals(wish)).toEqual(poissonArrivals(wish));
    expect(poissonArrivals({ ...wish, seed: 2 })).not.toEqual(poissonArrivals(wish));
  });

  test('come in bunches: some gaps are far shorter than the mean', () => {
    const arrivals = poissonArrivals(wish);
    const gaps = arrivals.slice(1).map((at, i) => at - (arrivals[i] ?? 0));
    const short = gaps.filter((gap) => gap < 1_000 / 3 / 10).length / gaps.length;
    expect(short).toBeGreaterThan(0.07);
    expect(short).toBeLessThan(0.12);
  });
});
