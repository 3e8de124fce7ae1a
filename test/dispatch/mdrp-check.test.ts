// The strict checker of solutions: a small feasible one, and with every rule broken in turn.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkSolution, violationInWords, type Rule } from '../../bench/mdrp/check.ts';
import { writeInstance } from '../../bench/mdrp/generate.ts';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';

const ordered = (
  id: string,
  [x, y]: readonly [number, number],
  [placedAt, restaurant, readyAt]: readonly [number, string, number],
) => ({ id, dropoff: { x, y }, placedAt, restaurant, readyAt });

const instance: InstanceFiles = {
  restaurants: [
    { id: 'r1', spot: { x: 300, y: 400 } },
    { id: 'r2', spot: { x: 1_000, y: 600 } },
  ],
  couriers: [
    { id: 'c1', home: { x: 0, y: 0 }, onAt: 5, offAt: 100 },
    { id: 'c2', home: { x: 1_000, y: 0 }, onAt: 20, offAt: 90 },
  ],
  orders: [
    ordered('o1', [300, 0], [10, 'r1', 30]),
    ordered('o2', [600, 0], [14, 'r1', 32]),
    ordered('o3', [1_000, 0], [18, 'r2', 25]),
    ordered('o4', [1_000, 900], [30, 'r2', 50]),
    ordered('o5', [0, 0], [40, 'r1', 45]),
  ],
  parameters: { metersPerMinute: 100, pickupServiceMinutes: 4, dropoffServiceMinutes: 4 },
};

/** c1 is sent for o1 and given o2, too, on arrival; c2 brings one order after the other; nobody brings o5. */
const solution = {
  assignments: [
    'assignment_time pickup_time courier orders',
    '17 32 c1 o1 o2',
    '20 28 c2 o3',
    '42 50 c2 o4',
  ],
  orders: [
    'order placement_time ready_time pickup_time dropoff_time courier',
    'o1 10 30 32 40 c1',
    'o2 14 32 32 47 c1',
    'o3 18 25 28 38 c2',
    'o4 30 50 50 57 c2',
  ],
  couriers: [
    'courier departure_time origin destination',
    'c1 12 0 r1',
    'c1 34 r1 o1',
    'c1 42 o1 o2',
    'c2 20 0 r2',
    'c2 30 r2 o3',
    'c2 42 o3 r2',
    'c2 52 r2 o4',
  ],
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mdrp-check-'));
  await writeInstance(folder, instance);
});
afterEach(() => rm(folder, { recursive: true }));

/** Whole lines and what stands there instead: nothing, one line or several. */
type Edits = Readonly<Record<string, string>>;

async function write(edits: Edits = {}): Promise<void> {
  for (const [name, lines] of Object.entries(solution)) {
    const edited = lines.map((line) => edits[line] ?? line).filter((line) => line !== '');
    await writeFile(join(folder, `solution_info_${name}.txt`), `${edited.join('\n')}\n`);
  }
}

/** With what else is broken by it. */
const broken: readonly (readonly [Rule, Edits, readonly Rule[]])[] = [
  [
    'order-assigned-once',
    { '20 28 c2 o3': '20 28 c2 o3\n60 70 c1 o3' },
    ['assignment-without-moves'],
  ],
  ['delivered-not-assigned', { '42 50 c2 o4': '' }, ['move-without-assignment']],
  ['assigned-not-delivered', { 'o4 30 50 50 57 c2': '' }, []],
  [
    'one-restaurant',
    { '42 50 c2 o4': '42 50 c2 o4 o5' },
    ['assigned-not-delivered', 'delivery-sequence'],
  ],
  ['assigned-before-placement', { '17 32 c1 o1 o2': '12 32 c1 o1 o2' }, []],
  ['pickup-before-assignment', { '20 28 c2 o3': '29 28 c2 o3' }, []],
  [
    'pickup-before-ready',
    {
      '17 32 c1 o1 o2': '17 31 c1 o1 o2',
      'o1 10 30 32 40 c1': 'o1 10 30 31 39 c1',
      'o2 14 32 32 47 c1': 'o2 14 32 31 46 c1',
      'c1 34 r1 o1': 'c1 33 r1 o1',
      'c1 42 o1 o2': 'c1 41 o1 o2',
    },
    [],
  ],
  [
    'pickup-before-arrival',
    {
      '20 28 c2 o3': '20 27 c2 o3',
      'o3 18 25 28 38 c2': 'o3 18 25 27 37 c2',
      'c2 30 r2 o3': 'c2 29 r2 o3',
    },
    [],
  ],
  [
    'pickup-after-off-time',
    {
      '42 50 c2 o4': '42 91 c2 o4',
      'o4 30 50 50 57 c2': 'o4 30 50 91 98 c2',
      'c2 52 r2 o4': 'c2 93 r2 o4',
    },
    [],
  ],
  ['pickup-place', { 'c2 42 o3 r2': '' }, ['teleport']],
  ['before-on-time', { '20 28 c2 o3': '19 28 c2 o3' }, []],
  ['before-on-time', { 'c2 20 0 r2': 'c2 19 0 r2', '20 28 c2 o3': '26 28 c2 o3' }, []],
  ['move-after-off-time', { 'c2 52 r2 o4': 'c2 52 r2 o4\nc2 91 o4 r1' }, ['prepositioning']],
  ['instruction-while-busy', { '17 32 c1 o1 o2': '16 32 c1 o1 o2' }, []],
  ['instruction-while-busy', { '42 50 c2 o4': '39 50 c2 o4' }, []],
  ['prepositioning', { 'c1 12 0 r1': 'c1 9 0 r1' }, []],
  ['prepositioning', { 'c2 42 o3 r2': 'c2 40 o3 r2\nc2 46 r2 r2' }, ['instruction-while-busy']],
  ['teleport', { 'c2 42 o3 r2': 'c2 42 0 r2' }, []],
  ['departure-before-free', { 'c2 42 o3 r2': 'c2 39 o3 r2', '42 50 c2 o4': '46 50 c2 o4' }, []],
  ['departure-time', { 'c2 52 r2 o4': 'c2 53 r2 o4' }, []],
  ['delivery-sequence', { '17 32 c1 o1 o2': '17 32 c1 o2 o1' }, ['dropoff-time']],
  ['dropoff-time', { 'o4 30 50 50 57 c2': 'o4 30 50 50 58 c2' }, []],
  ['move-without-assignment', { 'c1 42 o1 o2': 'c1 42 o1 o2\nc1 60 o2 o3' }, []],
  ['assignment-without-moves', { 'c2 42 o3 r2': '', 'c2 52 r2 o4': '' }, []],
  ['stated-placement-time', { 'o3 18 25 28 38 c2': 'o3 19 25 28 38 c2' }, []],
  ['stated-ready-time', { 'o3 18 25 28 38 c2': 'o3 18 24 28 38 c2' }, []],
  ['stated-pickup-time', { 'o3 18 25 28 38 c2': 'o3 18 25 29 38 c2' }, []],
  ['stated-courier', { 'o3 18 25 28 38 c2': 'o3 18 25 28 38 c1' }, []],
];

describe('checkSolution', () => {
  test('finds nothing in a solution that keeps every rule', async () => {
    await write();
    expect(await checkSolution(folder, folder)).toEqual([]);
  });

  test.each(broken)('catches %s: %j', async (rule, edits, others) => {
    await write(edits);
    const found = await checkSolution(folder, folder);
    expect([...new Set(found.map((each) => each.rule))].toSorted()).toEqual(
      [rule, ...others].toSorted(),
    );
  });

  test('says who, with what, and what would be right', async () => {
    await write({ 'o4 30 50 50 57 c2': 'o4 30 50 50 58 c2' });
    expect((await checkSolution(folder, folder)).map(violationInWords)).toEqual([
      'dropoff-time: courier c2, o4: expected 57, found 58',
    ]);
  });

  test.each([
    [
      '42 50 c2 o4',
      '42 50 c3 o4',
      'assignments.txt:4: column 3 must name a courier of the instance',
    ],
    [
      '42 50 c2 o4',
      '42 50 c2 o9',
      'assignments.txt:4: column 4 must name an order of the instance',
    ],
    ['c2 42 o3 r2', 'c2 42 o3 c1', 'couriers.txt:7: column 4 must name a restaurant or order'],
    ['c2 42 o3 r2', 'c2 42 o3 0', 'couriers.txt:7: column 4 must name a restaurant or order'],
    ['42 50 c2 o4', '42.0 50 c2 o4', 'assignments.txt:4: column 1 must be a whole number'],
    ['42 50 c2 o4', '42 -5 c2 o4', 'assignments.txt:4: column 2 must be a whole number'],
    ['42 50 c2 o4', '42 50 c2', 'assignments.txt:4: 4 or more values separated by one space'],
    ['42 50 c2 o4', '42 50 c2  o4', 'assignments.txt:4: 4 or more values separated by one space'],
    ['42 50 c2 o4', '42 50 c2 o4\n\n', 'assignments.txt:5: 4 or more values'],
    ['c2 20 0 r2', 'c2 20 0 r2 r1', 'couriers.txt:5: 4 values separated by one space'],
    ['c2 20 0 r2', 'c2\t20\t0\tr2', 'couriers.txt:5: 4 values separated by one space'],
    ['o4 30 50 50 57 c2', 'o3 18 25 28 38 c2', 'orders.txt:5: there are lines of o3 further up'],
    ['c2 30 r2 o3', 'c1 60 o2 o3', 'couriers.txt:6: there are lines of c1 further up'],
    ['courier departure_time origin destination', 'x', 'couriers.txt:1: the first line must be'],
  ])('refuses what it cannot read: %j as %j', async (line, text, message) => {
    await write({ [line]: text });
    await expect(checkSolution(folder, folder)).rejects.toThrow(message);
  });

  test('names the file that is missing or no text', async () => {
    await write();
    const file = join(folder, 'solution_info_orders.txt');
    const text = await readFile(file);
    await writeFile(file, Buffer.concat([text, Buffer.from([0xff])]));
    await expect(checkSolution(folder, folder)).rejects.toThrow('orders.txt cannot be read');
    await rm(file);
    await expect(checkSolution(folder, folder)).rejects.toThrow('orders.txt cannot be read');
  });
});
