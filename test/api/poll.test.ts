// Long polling without hints: they may be lost, so looking again must not depend on them.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pollUntil } from '../../api/poll.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Nobody hints: the time simply passes. */
const silence = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a long poll', () => {
  it('looks again every second although no hint comes', async () => {
    let looks = 0;
    const look = async (): Promise<readonly number[]> => (++looks < 3 ? [] : [looks]);
    const answer = pollUntil(look, {
      waitMs: 30_000,
      lookEveryMs: 1_000,
      signals: [],
      hint: silence,
    });
    await vi.advanceTimersByTimeAsync(2_100);
    expect(looks).toBe(3);
    expect(await answer).toEqual([3]);
  });

  it('does not spin while hints announce what cannot be seen yet', async () => {
    let looks = 0;
    const look = async (): Promise<readonly number[]> => {
      looks += 1;
      if (looks > 100) throw new Error('it spins');
      return [];
    };
    const answer = pollUntil(look, {
      waitMs: 1_000,
      lookEveryMs: 1_000,
      signals: [],
      hint: async () => undefined,
    });
    await vi.advanceTimersByTimeAsync(1_100);
    expect(await answer).toEqual([]);
    expect(looks).toBeLessThan(25);
  });
});
