// Every two that move money stand in the list of races (test/support/money-races.ts) once: as a race, in another test, or
// with the reason why they never meet.

import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { moneyRaces, movers, pairs } from '../support/money-races.ts';

const listed = pairs.flatMap(([one, others]) =>
  others.map((other) => [one, other].toSorted().join(' × ')),
);

it('every two of them are in the list once', () => {
  const all = movers.flatMap((one, n) =>
    movers.slice(n).map((other) => [one, other].toSorted().join(' × ')),
  );
  expect(listed.toSorted()).toEqual(all.toSorted());
});

it('what is named there exists, and what never happens has a reason', () => {
  const wrong = pairs.filter(([, , pair]) => {
    if ('race' in pair) return !Object.hasOwn(moneyRaces, pair.race);
    return 'test' in pair ? !existsSync(pair.test) : pair.never === '';
  });
  expect(wrong).toEqual([]);
});
