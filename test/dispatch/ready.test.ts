// When goods will be ready: what is learnt of branches, and what it says about goods that are being made.

import { describe, expect, test } from 'vitest';
import {
  learnPreparations,
  readyEstimate,
  spreadWithUsual,
  withLearntReady,
} from '../../dispatch/ready.ts';
import { at, delivery, driver, minute, now, order, orderId, snapshot } from './city.ts';

const estimate = (minutes: number, finished: readonly number[] = []) =>
  readyEstimate({
    since: now,
    now: now + minutes * minute,
    expectedMs: 20 * minute,
    spread: spreadWithUsual(finished),
    stepMs: minute,
  });

describe('readyEstimate', () => {
  test('is around the expectation before anything is known', () => {
    const { earlyAt, expectedAt, lateAt, latestAt } = estimate(0);
    expect(Math.abs(expectedAt - (now + 20 * minute))).toBeLessThanOrEqual(minute);
    expect(earlyAt).toBeLessThan(now + 13 * minute);
    expect(lateAt).toBeGreaterThan(now + 27 * minute);
    expect(latestAt).toBeGreaterThan(now + 43 * minute);
  });

  test('learns from what was finished', () => {
    const slow = Array.from({ length: 200 }, () => 2);
    expect(estimate(0, slow).expectedAt).toBeGreaterThan(now + 37 * minute);
    expect(estimate(0, [5]).latestAt).toBeGreaterThan(now + 95 * minute);
  });

  test('moves on with every minute that passes without the word', () => {
    let before = estimate(0);
    for (let minutes = 1; minutes < 90; minutes += 1) {
      const next = estimate(minutes);
      expect(next.earlyAt).toBeGreaterThan(now + minutes * minute);
      expect(next.expectedAt).toBeGreaterThanOrEqual(Math.max(before.expectedAt, next.earlyAt));
      expect(next.lateAt).toBeGreaterThanOrEqual(next.expectedAt);
      before = next;
    }
  });
});

const finished = (branchId: string, share: number, count: number) =>
  Array.from({ length: count }, () => ({ branchId, share }));

describe('learnPreparations', () => {
  test('a branch that is always late is expected late, another one is not', () => {
    const learnt = learnPreparations([...finished('slow', 2, 72), ...finished('true', 1, 9)]);
    expect(learnt?.factors.get('slow')).toBeCloseTo(1.9);
    expect(learnt?.factors.get('true')).toBe(1);
  });

  test('one slip does not condemn a branch, nor a forgotten word all of them', () => {
    const odd = [...finished('new', 2, 1), ...finished('x', 99, 1), ...finished('true', 1, 18)];
    expect(learnPreparations(odd)?.factors.get('new')).toBeCloseTo(1.11);
    expect(learnPreparations(odd)?.spread.shares.at(-1)).toBeLessThan(4);
    expect(learnPreparations(odd.slice(1))).toBeUndefined();
  });

  test('branches that keep their word are taken at it', () => {
    const learnt = learnPreparations(finished('true', 1, 20));
    if (!learnt) throw new Error('there is enough to learn from');
    const announced = { branchId: 'true', since: now, readyAt: now + 10 * minute };
    const { orders } = withLearntReady(
      snapshot([order(1, at(0))], []),
      new Map([[orderId(1), announced]]),
      { ...learnt, stepMs: minute },
    );
    const { earlyAt, expectedAt, lateAt } = orders[0]?.ready ?? {};
    expect([earlyAt, expectedAt, lateAt]).toEqual([0, 0, 0].map(() => now + 10 * minute));
  });

  test('puts what it knows into orders and into the stops of drivers, but only of goods in the making', () => {
    const announced = new Map(
      [1, 3].map((n) => [orderId(n), { branchId: 'slow', since: now, readyAt: now + 10 * minute }]),
    );
    const known = { earlyAt: now, expectedAt: now, lateAt: now };
    const before = snapshot(
      [order(1, at(0)), order(2, at(0), { ready: known })],
      [driver(1, at(0), { route: delivery(3, at(100), at(0)) })],
    );
    const learnt = learnPreparations(finished('slow', 2, 72));
    if (!learnt) throw new Error('there is enough to learn from');
    const after = withLearntReady(before, announced, { ...learnt, stepMs: minute });
    const [first, second] = after.orders;
    const late = Math.round((first?.ready?.expectedAt ?? 0) / minute) - now / minute;
    expect(late).toBeGreaterThan(17);
    expect(second?.ready).toEqual(known);
    expect(after.drivers[0]?.route.map(({ ready }) => ready)).toEqual([first?.ready, undefined]);
  });
});
