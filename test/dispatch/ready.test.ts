// When goods will be ready: what is learnt of branches, and what it says about goods that are being made.

import { describe, expect, test } from 'vitest';
import {
  learnPreparations,
  readyEstimate,
  spreadWithUsual,
  withLearntReady,
  type Announced,
  type Learnt,
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

const inTenMinutes = { since: now, announcedAt: now + 10 * minute, readyAt: now + 10 * minute };

/** Of goods that are announced for in ten minutes, unless told. */
function estimateOf(announced: Pick<Announced, 'branchId'> & Partial<Announced>, learnt?: Learnt) {
  if (!learnt) throw new Error('there is enough to learn from');
  const made = new Map([[orderId(1), { ...inTenMinutes, ...announced }]]);
  const known = snapshot([order(1, at(0))], []);
  return withLearntReady(known, made, { ...learnt, stepMs: minute }).orders[0]?.ready;
}

/** In minutes, from early to late. */
function widthOf(branchId: string, learnt?: Learnt): number {
  const { earlyAt = 0, lateAt = 0 } = estimateOf({ branchId }, learnt) ?? {};
  return (lateAt - earlyAt) / minute;
}

describe('learnPreparations', () => {
  test('a branch that is always late is expected late, another one is not', () => {
    const learnt = learnPreparations([...finished('slow', 2, 72), ...finished('true', 1, 9)]);
    expect(learnt?.branches.get('slow')?.factor).toBeCloseTo(1.9);
    expect(learnt?.branches.get('true')?.factor).toBe(1);
  });

  test('one slip does not condemn a branch, nor a forgotten word all of them', () => {
    const odd = [...finished('new', 2, 1), ...finished('x', 99, 1), ...finished('true', 1, 18)];
    expect(learnPreparations(odd)?.branches.get('new')?.factor).toBeCloseTo(1.11);
    expect(learnPreparations(odd)?.others.spread.shares.at(-1)).toBeLessThan(4);
    expect(learnPreparations(odd.slice(1))).toBeUndefined();
  });

  test('an erratic branch gets a wide estimate and a punctual one a narrow one, in the same market', () => {
    const erratic = [0.5, 0.75, 1, 1.25, 1.5].flatMap((share) => finished('erratic', share, 6));
    const learnt = learnPreparations([...erratic, ...finished('true', 1, 30)]);
    expect(widthOf('erratic', learnt)).toBeGreaterThan(9);
    expect(widthOf('true', learnt)).toBe(0);
    expect(widthOf('unknown', learnt)).toBeGreaterThan(3);
  });

  test('a branch of which little is known spreads as the market does', () => {
    const market = [0.5, 0.75, 1, 1.25, 1.5].flatMap((share) => finished('erratic', share, 6));
    const learnt = learnPreparations([...market, ...finished('new', 1, 2)]);
    expect(widthOf('new', learnt)).toBeGreaterThan(7);
  });

  test('branches that keep their word are taken at it', () => {
    const { earlyAt, expectedAt, lateAt } =
      estimateOf({ branchId: 'true' }, learnPreparations(finished('true', 1, 20))) ?? {};
    expect([earlyAt, expectedAt, lateAt]).toEqual([0, 0, 0].map(() => now + 10 * minute));
  });

  test('an announced delay counts once: it is in the factor of a branch that is always late', () => {
    const learnt = learnPreparations(finished('slow', 2, 72));
    const expectedMs = (announced: Partial<Announced>): number =>
      (estimateOf({ branchId: 'slow', ...announced }, learnt)?.expectedAt ?? 0) - now;
    expect(expectedMs({})).toBe(20 * minute);
    expect(expectedMs({ readyAt: now + 15 * minute })).toBe(20 * minute);
    expect(expectedMs({ readyAt: now + 30 * minute })).toBe(32 * minute);
    expect(expectedMs({ readyAt: now + 5 * minute })).toBe(10 * minute);
  });

  test('puts what it knows into orders and into the stops of drivers, but only of goods in the making', () => {
    const announced = new Map(
      [1, 3].map((n) => [orderId(n), { ...inTenMinutes, branchId: 'slow' }]),
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
