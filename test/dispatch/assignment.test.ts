// The assignment against an independent solver, against brute force, and against itself in other words.

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assign, type Assignment, type SparseCosts } from '../../dispatch/assignment.ts';
import { assignGreedily } from '../../dispatch/greedy.ts';
import { createRandom, type Random } from '../../sandbox/city/random.ts';

/** Its types describe the CommonJS build, what is loaded is the other one. */
type HighsModule = {
  readonly default: () => Promise<{
    solve: (program: string) => { readonly ObjectiveValue: number };
  }>;
};

type Dense = {
  /** undefined: no arc. */
  readonly costs: readonly (readonly (number | undefined)[])[];
  readonly leave: readonly number[];
};

function sparse({ costs, leave }: Dense): SparseCosts {
  const starts = [0];
  const targets: number[] = [];
  const values: number[] = [];
  for (const row of costs) {
    for (const [column, cost] of row.entries())
      if (cost !== undefined) {
        targets.push(column);
        values.push(cost);
      }
    starts.push(targets.length);
  }
  return {
    rows: costs.length,
    columns: costs[0]?.length ?? 0,
    starts: Int32Array.from(starts),
    targets: Int32Array.from(targets),
    costs: Float64Array.from(values),
    leave: Float64Array.from(leave),
  };
}

/** The sum of what was chosen; fails when a column is taken twice or an arc does not exist. */
function totalOf({ costs, leave }: Dense, { columnOf }: Assignment): number {
  const taken = [...columnOf].filter((column) => column >= 0);
  expect(new Set(taken).size).toBe(taken.length);
  return costs.reduce((sum, row, index) => {
    const column = columnOf[index] ?? -1;
    const cost = column < 0 ? leave[index] : row[column];
    if (cost === undefined) throw new Error(`row ${index} took a column that it cannot have`);
    return sum + cost;
  }, 0);
}

function bruteForce({ costs, leave }: Dense): number {
  const visit = (row: number, taken: ReadonlySet<number>): number => {
    if (row === costs.length) return 0;
    const alone = (leave[row] ?? 0) + visit(row + 1, taken);
    return (costs[row] ?? []).reduce<number>((least, cost, column) => {
      if (cost === undefined || taken.has(column)) return least;
      return Math.min(least, cost + visit(row + 1, new Set([...taken, column])));
    }, alone);
  };
  return visit(0, new Set());
}

const unlimited = 1e9;
function solved(dense: Dense): Assignment {
  const answer = assign(sparse(dense), unlimited);
  if (!answer) throw new Error('the budget ended');
  return answer;
}

const denseOf = (rows: number, columns: number, most: number): fc.Arbitrary<Dense> =>
  fc.record({
    costs: fc.array(
      fc.array(fc.option(fc.integer({ min: 0, max: most }), { nil: undefined }), {
        minLength: columns,
        maxLength: columns,
      }),
      { minLength: rows, maxLength: rows },
    ),
    leave: fc.array(fc.integer({ min: 0, max: 2 * most }), { minLength: rows, maxLength: rows }),
  });
const small = fc
  .record({
    rows: fc.integer({ min: 1, max: 5 }),
    columns: fc.integer({ min: 1, max: 5 }),
    most: fc.constantFrom(3, 50),
  })
  .chain(({ rows, columns, most }) => denseOf(rows, columns, most));

describe('assign', () => {
  test('finds what brute force finds, ties and missing arcs included', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(small, (dense) => {
        expect(totalOf(dense, solved(dense))).toBe(bruteForce(dense));
      }),
      { numRuns: 2_000 },
    );
  });

  test('its prices prove the optimum: nobody wants to change at them', () => {
    fc.assert(
      fc.property(small, (dense) => {
        const { columnOf, prices } = solved(dense);
        const taken = new Set(columnOf);
        for (const [column, price] of prices.entries())
          expect(taken.has(column) ? Math.max(0, price) : 0).toBe(price);
        for (const [index, row] of dense.costs.entries()) {
          const column = columnOf[index] ?? -1;
          const pays =
            column < 0 ? (dense.leave[index] ?? 0) : (row[column] ?? 0) + (prices[column] ?? 0);
          expect(pays).toBeLessThanOrEqual(dense.leave[index] ?? 0);
          for (const [other, cost = Infinity] of row.entries())
            expect(pays).toBeLessThanOrEqual(cost + (prices[other] ?? 0));
        }
      }),
    );
  });

  test('gives up at the same step everywhere, and the fallback answers', () => {
    const dense = randomDense(createRandom(1), 30, 20);
    expect(assign(sparse(dense), 100)).toBeUndefined();
    const greedy = assignGreedily(sparse(dense));
    expect(totalOf(dense, greedy)).toBeGreaterThanOrEqual(totalOf(dense, solved(dense)));
    expect(greedy).toEqual(assignGreedily(sparse(dense)));
  });

  test('the fallback serves who would lose most first', () => {
    const dense: Dense = {
      costs: [
        [1, 2],
        [1, 50],
      ],
      leave: [100, 100],
    };
    expect([...assignGreedily(sparse(dense)).columnOf]).toEqual([1, 0]);
  });

  test('equals the optimum of HiGHS on 200 random cases', { timeout: 120_000 }, async () => {
    const { default: load } = (await import('highs')) as unknown as HighsModule;
    const highs = await load();
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = createRandom(seed);
      const rows = 1 + Math.floor(random.next() * 25);
      const columns = 1 + Math.floor(random.next() * 25);
      const dense = randomDense(random, rows, columns);
      const { ObjectiveValue } = highs.solve(asProgram(dense));
      expect(totalOf(dense, solved(dense)), `seed ${seed}`).toBe(Math.round(ObjectiveValue));
    }
  });
});

function randomDense(random: Random, rows: number, columns: number): Dense {
  const density = random.between(0.2, 1);
  const most = random.chance(0.3) ? 6 : 60_000;
  const cost = (): number => Math.floor(random.between(0, most));
  return {
    costs: Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => (random.chance(density) ? cost() : undefined)),
    ),
    leave: Array.from({ length: rows }, () => Math.floor(random.between(0, 2 * most))),
  };
}

const name = ({ index, column }: { readonly index: number; readonly column: number }): string =>
  `x${index}_${column}`;

/** In CPLEX's LP format: `x<row>_<column>` is 1 when the row has the column, `l<row>` when it is left. */
function asProgram({ costs, leave }: Dense): string {
  const arcs = costs.flatMap((row, index) =>
    row.flatMap((cost, column) => (cost === undefined ? [] : [{ index, column, cost }])),
  );
  const objective = [
    ...arcs.map((arc) => `${arc.cost} ${name(arc)}`),
    ...leave.map((cost, index) => `${cost} l${index}`),
  ];
  const rows = costs.map((_, index) => {
    const own = arcs.filter((arc) => arc.index === index).map(name);
    return `${[...own, `l${index}`].join(' + ')} = 1`;
  });
  const columns = (costs[0] ?? []).flatMap((_, column) => {
    const own = arcs.filter((arc) => arc.column === column).map(name);
    return own.length === 0 ? [] : [`${own.join(' + ')} <= 1`];
  });
  return [
    'Minimize',
    objective.join('\n + '),
    'Subject To',
    ...[...rows, ...columns].map((line) => line.replaceAll(' + ', '\n + ')),
    'End',
  ].join('\n');
}
