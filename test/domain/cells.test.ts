// Every situation × every command. A situation, combination or command without a cell fails.

import { describe, expect, it } from 'vitest';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import { exitKinds, updateNames } from '../../domain/messages.ts';
import { answerCells, deaf, exitCells, facted, later, spoken, spokenCells } from './cells.ts';
import { combinationOf, facts, hear, hour, inShort, minute, placedAt, say } from './lives.ts';
import { situation, situations } from './situations.ts';
import { smallPolicy, walk } from './walk.ts';

const names = [...situations.keys()];

describe('every state × every command', () => {
  it('has a situation for every combination that an order can reach', () => {
    const named = new Set([...situations.values()].map(combinationOf));
    const { combinations } = walk({ ...facts, policy: smallPolicy }, { justInTime: true });
    expect([...combinations].filter((combination) => !named.has(combination))).toEqual([]);
    expect([...named].filter((combination) => !combinations.has(combination))).toEqual([
      'payment_pending × none × none',
    ]);
  });

  it('has cells for every situation and every command, and for no others', () => {
    expect(Object.keys(spokenCells).toSorted()).toEqual(names.toSorted());
    const kinds = new Set(Object.keys(spoken).map((name) => name.split(' ')[0] ?? ''));
    expect([...kinds].toSorted()).toEqual([...updateNames].toSorted());
    for (const name of [...Object.keys(answerCells), ...Object.keys(exitCells)]) situation(name);
  });

  it.each(names)('%s › answers each command from outside', (name) => {
    const state = situation(name);
    const heard = Object.entries(spoken).map(([said, command]) => [
      said,
      inShort(hear(state, command(state), later)),
    ]);
    expect(Object.fromEntries(heard)).toEqual(spokenCells[name]);
  });

  it.each(names)('%s › hears the provider only when a call is under way', (name) => {
    const heard = Object.entries(facted).map(([said, command]) => [
      said,
      inShort(hear(situation(name), command, later)),
    ]);
    expect(Object.fromEntries(heard)).toEqual(answerCells[name] ?? deaf);
  });

  it.each(names)('%s › leaves by its exits, never before their time', (name) => {
    const state = situation(name);
    const cells = exitKinds.map((kind) => [kind, exitCells[name]?.[kind] ?? '-']);
    const heardAt = (at: number) =>
      exitKinds.map((kind) => [kind, inShort(hear(state, { kind }, at))]);
    expect(heardAt(placedAt + 1_000 * hour)).toEqual(cells);
    for (const { exit, at } of deadlinesOf(state)) {
      expect(inShort(hear(state, { kind: exit }, at))).toBe(exitCells[name]?.[exit]);
      expect(inShort(hear(state, { kind: exit }, at - 1))).toBe('-');
    }
  });

  it.each(names)('%s › is placed once, and puts off only what cannot be taken back', (name) => {
    const state = situation(name);
    const placed = name === 'unplaced' ? 'order.placed payment.authorizing' : '-';
    expect(inShort(hear(state, say.place, later))).toBe(placed);
    const extend = (key: string, until: number) =>
      hear(state, { kind: 'extendDeadline', key, until }, later);
    expect(inShort(extend('order.nowhere', later + minute))).toBe('-');
    for (const { key, at, irreversible } of deadlinesOf(state)) {
      const once = extend(key, at + minute);
      expect(inShort(once)).toBe(irreversible ? 'deadline.extended' : '-');
      const twice = hear(
        once.state,
        { kind: 'extendDeadline', key, until: at + 2 * minute },
        later,
      );
      expect(inShort(twice)).toBe('-');
      expect(inShort(extend(key, at))).toBe('-');
    }
  });
});
