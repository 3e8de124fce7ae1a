// The day on which everything happens: every end of the design is dealt, whatever the seed, and in a way that
// leads to it.

import { describe, expect, it } from 'vitest';
import { endReasons } from '../../domain/parts.ts';
import { ends, fatedPolicy, fates } from '../../sandbox/city/fates.ts';
import { generateDay } from '../../sandbox/city/generate.ts';
import { difficult } from '../../sandbox/city/moods.ts';
import { plannedEnds } from '../../sandbox/city/plan.ts';
import { defaultPolicy } from '../../domain/policy.ts';

const day = (seed: number, orders = 90) =>
  generateDay({ seed, orders, drivers: 28, moods: difficult, withFates: true });

describe('a day with fates', () => {
  it('deals every end reason of the design, and both good ends', () => {
    for (const seed of [1, 2, 77]) {
      const dealt = day(seed).orders.flatMap(({ fate }) => (fate === undefined ? [] : [fate.ends]));
      expect(new Set(dealt)).toEqual(new Set([...endReasons, 'delivered', 'collected']));
      expect(dealt).toHaveLength(fates.length);
    }
    expect(new Set(ends)).toEqual(new Set([...endReasons, 'delivered', 'collected']));
  });

  it('deals them in good time: all are placed in the first half of the evening', () => {
    const { orders, startsAt } = day(1);
    const fated = orders.filter(({ fate }) => fate !== undefined);
    expect(Math.max(...fated.map(({ placedAt }) => placedAt - startsAt))).toBeLessThan(97);
  });

  it('asks nothing of anybody at the places where nobody answers or drives', () => {
    const { orders, branches } = day(5, 200);
    const visited = orders.filter(({ fate }) => fate === undefined).map(({ branch }) => branch);
    const stages = branches.filter(({ name }) => /Far Away|Quiet Corner|Botica|Bodega/.test(name));
    expect(stages).toHaveLength(4);
    expect(stages.filter(({ name }) => visited.includes(name))).toEqual([]);
    const fated = (name: string) => orders.filter(({ branch }) => branch === name).length;
    expect(fated('La Ronda Foods Quiet Corner')).toBe(1);
  });

  it('gives different fates different names, and a fate only to orders that were dealt one', () => {
    expect(new Set(fates.map(({ name }) => name)).size).toBe(fates.length);
    const plain = generateDay({ seed: 1, orders: 90, drivers: 3, moods: difficult });
    expect(plain.orders.filter(({ fate }) => fate !== undefined)).toEqual([]);
    expect(plain.policy).toEqual({});
  });

  it('shortens no window below two hours, and none that is shorter by itself', () => {
    const policy: Readonly<Record<string, unknown>> = defaultPolicy;
    const { rungs: _, partnerCapMinor: __, ...windows } = fatedPolicy;
    for (const [name, value] of Object.entries(windows)) {
      expect(value).toBe(7_200_000);
      expect(policy[name]).toBeGreaterThan(7_200_000);
    }
  });
});

describe('what is planned for an order', () => {
  const plain = { merchantMood: 'prompt', customerMood: { kind: 'calm' } } as const;

  it('follows from its moods, and from its fate alone when it has one', () => {
    expect(plannedEnds(plain)).toEqual(['delivered']);
    expect(plannedEnds({ ...plain, merchantMood: 'silent' })).toEqual(['merchant_expired']);
    expect(plannedEnds({ ...plain, customerMood: { kind: 'gives_up' } })).toEqual([
      'cancelled_by_customer',
    ]);
    const impatient = { kind: 'impatient', cancelsAfterMinutes: 5 } as const;
    expect(plannedEnds({ ...plain, customerMood: impatient })).toEqual([
      'delivered',
      'cancelled_by_customer',
    ]);
    const fate = { name: 'x', ends: 'lost', shows: [] } as const;
    expect(plannedEnds({ merchantMood: 'silent', customerMood: impatient, fate })).toEqual([
      'lost',
    ]);
  });
});
