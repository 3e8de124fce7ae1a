// Which fields of a policy change a day that is played again: tried on small days, field by field, against the table.

import { describe, expect, test } from 'vitest';
import { effects, playable } from '../../bench/what-if/compare.ts';
import { playedPolicy } from '../../bench/what-if/recorded.ts';
import { playDay } from '../../bench/mdrp/day.ts';
import { generateInstance } from '../../bench/mdrp/generate.ts';
import { policyFor } from '../../bench/mdrp/policy.ts';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';
import { defaultPolicy, scalePolicy, type Policy } from '../../domain/policy.ts';

const days = [
  { seed: 22, staffing: 0.9, clusters: 1, orders: 24 },
  { seed: 24, staffing: 0.8, clusters: 3, orders: 30 },
].map((wish) => generateInstance({ ...wish, restaurants: 4 }));

/** Few steps: quick to play, and what the assignment decides is not mended. */
const base: Policy = {
  ...policyFor({
    parameters: { metersPerMinute: 320, pickupServiceMinutes: 4, dropoffServiceMinutes: 4 },
  }),
  improveSteps: 100,
};

/** What would be done under these fields. */
const played = (instance: InstanceFiles, noisyPrep: boolean, fields: Partial<Policy>): string =>
  JSON.stringify(playDay(instance, { noisyPrep, policy: { ...base, ...fields } }).bundles);

/** Far away from what it is, on both sides. */
function strongly(name: string, value: unknown): readonly unknown[] {
  if (name === 'rungs') return [[{ radiusM: 800, durationMs: 1e9 }]];
  if (name === 'matching') return ['nearest'];
  if (name === 'hourPercent') return [Array.from({ length: 24 }, () => 20)];
  if (name === 'vehiclePercent') return [{ foot: 10, bicycle: 10, scooter: 10, car: 10, van: 10 }];
  if (typeof value === 'string') return ['another@7x'];
  if (typeof value !== 'number') return [{ 'cancelled.kitchen': { merchantBps: 5_000 } }];
  const least = /Limit$|Drivers$|Rounds$/.test(name) ? 1 : 0;
  return [least, value * 20 + 20];
}

const fields = Object.entries(base);
const changesOf = ([name, value]: readonly [string, unknown]): readonly Partial<Policy>[] =>
  strongly(name, value).map((other) => ({ [name]: other }));

describe.each([
  ['known preparation', false],
  ['mean preparation', true],
])('with %s', (_, noisyPrep) => {
  const usual = days.map((day) => played(day, noisyPrep, {}));
  const hasEffect = (changes: readonly Partial<Policy>[]): boolean =>
    days.some((day, at) => changes.some((change) => played(day, noisyPrep, change) !== usual[at]));
  const isPlayed = ([name]: readonly [string, unknown]): boolean =>
    name in playable({ [name]: 1 }, noisyPrep).overrides;

  test.each(fields.filter(isPlayed))('%s has an effect', (...field) => {
    expect(hasEffect(changesOf(field))).toBe(true);
  });

  test('no other field has one, but for those that are held', () => {
    const others = fields.filter(
      (field) => !isPlayed(field) && effects[field[0] as keyof Policy] !== 'held',
    );
    expect(others.length).toBeGreaterThan(50);
    const all = [0, -1].map((at): Partial<Policy> =>
      Object.assign({}, ...others.map((field) => changesOf(field).at(at))),
    );
    const guilty = hasEffect(all) ? others.filter((field) => hasEffect(changesOf(field))) : [];
    expect(guilty.map(([name]) => name)).toEqual([]);
  });
});

test('names what is held and what has no effect', () => {
  const policy = { bundleLimit: 2, fairnessCapMs: 0, uncertaintyPercent: 9, commitAheadMs: 0 };
  expect(playable(policy, false)).toEqual({
    overrides: { bundleLimit: 2 },
    held: ['commitAheadMs'],
    without: ['fairnessCapMs', 'uncertaintyPercent'],
  });
  expect(playable(policy, true).overrides).toEqual({ bundleLimit: 2, uncertaintyPercent: 9 });
});

test('a market is played in the time of people, with what its policy lacks at the same speed', () => {
  const { unservedMs: _, ...stored } = scalePolicy({ ...defaultPolicy, version: 'm-1' }, 20);
  const policy = playedPolicy(stored as Policy);
  expect(policy.unservedMs).toBe(defaultPolicy.unservedMs);
  expect(policy.addOnLimitMs).toBe(defaultPolicy.addOnLimitMs);
  expect(policy.metersPerMinute).toBeCloseTo(defaultPolicy.metersPerMinute);
});
