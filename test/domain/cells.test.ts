// Every situation × every command. A situation, combination or command without a cell fails.

import { describe, expect, it, vi } from 'vitest';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import { exitKinds, updateNames } from '../../domain/messages.ts';
import { answerCells, deaf, exitCells, facted, later, spoken, spokenCells } from './cells.ts';
import { combinationOf, hear, hour, inShort, minute, placedAt, say } from './lives.ts';
import { everydayCells } from './more-cells-everyday.ts';
import { otherCells } from './more-cells-others.ts';
import { partnerCells } from './more-cells-partner.ts';
import { further } from './more-cells.ts';
import { everydaySituations, situation, situations } from './situations.ts';
import { plans, walkOf } from './walks.ts';

// It walks.
vi.setConfig({ testTimeout: 60_000 });

const names = [...situations.keys()];
const moreCells = [...everydayCells, ...otherCells, ...partnerCells];

describe('every state × every command', () => {
  it('has a situation for every combination that an order can reach', () => {
    const named = new Set(everydaySituations.map((name) => combinationOf(situation(name))));
    const { combinations } = walkOf(plans['everyday']);
    expect([...combinations].filter((combination) => !named.has(combination))).toEqual([]);
    expect([...named].filter((combination) => !combinations.has(combination))).toEqual([
      'payment_pending × none × none',
    ]);
  });

  it('has cells for every situation and every command, and for no others', () => {
    expect(Object.keys(spokenCells).toSorted()).toEqual(everydaySituations.toSorted());
    expect(moreCells.flatMap(([listed]) => listed).toSorted()).toEqual(names.toSorted());
    const said = [...Object.keys(spoken), ...Object.keys(further)];
    const kinds = new Set(said.map((name) => name.split(' ')[0] ?? ''));
    // Taking back has a test of its own: nothing is recent enough here.
    expect([...kinds].toSorted()).toEqual([...updateNames].toSorted());
    for (const name of [...Object.keys(answerCells), ...Object.keys(exitCells)]) situation(name);
  });

  it.each(everydaySituations)('%s › answers each command from outside', (name) => {
    const state = situation(name);
    const heard = Object.entries(spoken).map(([said, command]) => [
      said,
      inShort(hear(state, command(state), later)),
    ]);
    expect(Object.fromEntries(heard)).toEqual(spokenCells[name]);
  });

  it.each(everydaySituations)('%s › hears the provider only when a call is under way', (name) => {
    const heard = Object.entries(facted).map(([said, command]) => [
      said,
      inShort(hear(situation(name), command, later)),
    ]);
    expect(Object.fromEntries(heard)).toEqual(answerCells[name] ?? deaf);
  });

  it.each(everydaySituations)('%s › leaves by its exits, never before their time', (name) => {
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

  it.each(moreCells.flatMap(([listed, heard]) => listed.map((name) => [name, heard] as const)))(
    '%s › hears what is listed, and refuses the rest',
    (name, wanted) => {
      const state = situation(name);
      const isEveryday = everydaySituations.includes(name);
      const said = Object.entries(isEveryday ? further : { ...spoken, ...further }).map(
        ([command, of]) => [command, inShort(hear(state, of(state), later))] as const,
      );
      const exits = isEveryday ? [] : exitKinds;
      const left = exits.map(
        (kind) =>
          [`exit ${kind}`, inShort(hear(state, { kind }, placedAt + 1_000 * hour))] as const,
      );
      const does = [...said, ...left].filter(([, heard]) => !/^(!|-$)/.test(heard));
      expect(Object.fromEntries(does)).toEqual(wanted);
      // A refusal says why; only what was done already, or can do nothing any more, is passed over in silence.
      const silent = said.filter(([command, heard]) => heard === '-' && !(command in wanted));
      expect(silent.map(([command]) => command.split(' ')[0])).toEqual(
        silent.map(([command]) => /^(assign|exhaustSearch)/.exec(command)?.[0]),
      );
    },
  );

  it.each(names)('%s › is placed once, and puts off only what cannot be taken back', (name) => {
    const state = situation(name);
    const placed = name === 'unplaced' ? 'order.placed payment.authorizing' : '-';
    expect(inShort(hear(state, say.place, later))).toBe(placed);
    const extend = (key: string, until: number) =>
      hear(state, { kind: 'putOff', key, until }, later);
    expect(inShort(extend('order.nowhere', later + minute))).toBe('-');
    for (const { key, at, irreversible } of deadlinesOf(state)) {
      const once = extend(key, at + minute);
      expect(inShort(once)).toBe(irreversible ? 'deadline.extended' : '-');
      const twice = hear(once.state, { kind: 'putOff', key, until: at + 2 * minute }, later);
      expect(inShort(twice)).toBe('-');
      expect(inShort(extend(key, at))).toBe('-');
    }
  });
});
