// Random lives of an order: any command, any deadline, any answer of the bank in any order, early, late, twice.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { combinationOf, facts, say } from './lives.ts';
import { checkEnd, hearBank, newWorld, pass, runOut, speak, turn, type World } from './world.ts';

const lives = Number(process.env['LIVES'] ?? 2_000);

/** Reads the numbers of a tape one after the other, then zeros. */
function drawFrom(tape: readonly number[]): (n: number) => number {
  let at = 0;
  return (n) => (tape[at++] ?? 0) % n;
}

function live(tape: readonly number[]): World {
  const draw = drawFrom(tape);
  const world = newWorld(facts, draw);
  turn(world, say.place);
  for (let turns = 0; turns < tape.length / 5; turns += 1) {
    const act = [speak, speak, speak, hearBank, hearBank, pass][draw(6)] ?? pass;
    act(world);
  }
  runOut(world);
  checkEnd(world);
  return world;
}

const tapes = fc.array(fc.nat({ max: 5_039 }), { minLength: 20, maxLength: 500, size: 'max' });

describe('random lives', () => {
  it(`keep the money right and come to an end, ${lives} of them`, () => {
    const ends = new Map<string, number>();
    fc.assert(
      fc.property(tapes, (tape) => {
        const { state, log } = live(tape);
        for (const seen of [combinationOf(state), ...log.map(({ type }) => type)]) {
          ends.set(seen, (ends.get(seen) ?? 0) + 1);
        }
      }),
      { numRuns: lives, seed: 20_261_121 },
    );
    console.log(
      `random lives: ${[...ends]
        .filter(([name]) => name.includes('×'))
        .map(([name, n]) => `${name} ${n}`)
        .join(', ')}`,
    );
    const rare = [...ends].filter(([, n]) => n < 3).map(([name]) => name);
    expect(rare).toEqual([]);
    expect([...ends.keys()].filter((name) => name.includes('.')).length).toBe(32);
  }, 60_000);
});
