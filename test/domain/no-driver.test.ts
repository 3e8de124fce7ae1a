// The end of the ladder: an order that no driver and no partner fleet has taken comes to a person, before it fails.

import { describe, expect, it } from 'vitest';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import { detailsOf } from '../../domain/view.ts';
import { assign, facts, hear, hour, inShort, minute, placedAt, say } from './lives.ts';
import { situation } from './situations.ts';

const at = (name: string): number | undefined =>
  deadlinesOf(situation(name)).find(({ exit }) => exit === 'escalateSearch')?.at;

describe('a search that finds nobody', () => {
  it('comes to support behind the last rung, once, and goes on until its limit', () => {
    expect(at('searching')).toBe(placedAt + 21 * minute);
    expect(at('nobody found')).toBeUndefined();
    const search = deadlinesOf(situation('nobody found')).find(({ exit }) => exit === 'failSearch');
    expect(search).toMatchObject({ owner: 'support', at: placedAt + 96 * minute });
    const exhausted: Command = { kind: 'exhaustSearch', search: 1 };
    expect(inShort(hear(situation('nobody found'), exhausted, placedAt + 25 * minute))).toBe(
      '!limit_reached',
    );
    const again = hear(
      hear(situation('nobody found'), assign(1, placedAt + hour), placedAt + 25 * minute).state,
      say.abandon,
      placedAt + 26 * minute,
    ).state;
    expect(deadlinesOf(again).find(({ exit }) => exit === 'escalateSearch')?.at).toBe(
      placedAt + 41 * minute,
    );
  });

  it('that ends before its last rung does is told to nobody', () => {
    const short = { ...facts, policy: { ...facts.policy, searchLimitMs: 15 * minute } };
    const state = { ...situation('searching'), facts: short };
    expect(deadlinesOf(state).map(({ exit }) => exit)).not.toContain('escalateSearch');
  });

  it('says on its card who is asked for how much, when support is told, and what it may do', () => {
    const card = detailsOf(situation('searching'));
    expect(card).toContain('drivers within 6 km of the branch are asked, for 0.75 EUR more.');
    expect(card).toContain('12:21:00 UTC on, support has it in its queue.');
    const told = detailsOf(situation('nobody found'));
    expect(told).toContain("13:36:00 UTC** it is the support's move; then the order fails");
    expect(told).toMatch(/`assign-driver`; `extend` the search; or end it/);
  });
});
