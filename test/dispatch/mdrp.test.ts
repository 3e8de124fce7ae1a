// Days in virtual time: the engine cannot see what has not been placed, and what it does can be done.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkSolution } from '../../bench/mdrp/check.ts';
import { playDay } from '../../bench/mdrp/day.ts';
import { generateInstance, writeInstance } from '../../bench/mdrp/generate.ts';
import { foresightIn } from '../../bench/mdrp/online.ts';
import { policyFor } from '../../bench/mdrp/policy.ts';
import { busiest, excessOf, sliceOf } from '../../bench/mdrp/slice.ts';
import { figuresOf, writeSolution } from '../../bench/mdrp/solution.ts';
import { plan } from '../../dispatch/plan.ts';
import type { Snapshot } from '../../dispatch/snapshot.ts';
import {
  courierCapacity,
  readInstanceFiles,
  type InstanceFiles,
} from '../../sandbox/city/instance-files.ts';
import { saysNo } from '../../sandbox/city/moods.ts';

const day = (seed: number, staffing = 1, orders = 70): InstanceFiles =>
  generateInstance({ seed, orders, restaurants: 15, clusters: 3, staffing });

/** Couriers of the whole day, orders of its busiest hours alone. */
function rush(seed: number, hours: number): InstanceFiles {
  const whole = day(seed, 0.7, 120);
  return sliceOf(whole, busiest(whole, hours));
}

test.each([
  ['enough couriers', day(6), false],
  ['too few couriers', day(7, 0.6, 32), false],
  ['a rush', rush(8, 1.25), false],
  ['too few couriers and mean preparation times', day(9, 0.6, 32), true],
  ['a rush and mean preparation times', rush(10, 1.5), true],
])(
  'is online with %s: orders placed after a moment change nothing that was done before it',
  { timeout: 120_000 },
  (_, instance, noisyPrep) => {
    expect(foresightIn(instance, { noisyPrep, times: 20, seed: 7 })).toEqual([]);
  },
);

test('who declines an order is not asked for it again, and others deliver it', () => {
  const instance = day(4, 0.8);
  const declined: string[] = [];
  const { bundles } = playDay(instance, {
    noisyPrep: false,
    declines(driver, asked) {
      const no = saysNo(0.3, { seed: 4, driver, order: asked });
      if (no) declined.push(`${driver} ${asked}`);
      return no;
    },
  });
  expect(declined.length).toBeGreaterThan(10);
  expect(new Set(declined).size).toBe(declined.length);
  expect(bundles.flatMap(({ drops }) => drops).length).toBeGreaterThan(
    0.9 * instance.orders.length,
  );
});

describe.each([
  ['enough couriers', day(1), false],
  ['too few couriers', day(2, 0.5), false],
  ['only mean preparation times', day(3), true],
])('with %s', (_, instance, noisyPrep) => {
  const solution = playDay(instance, { noisyPrep });

  test('every order is delivered at most once, and most are', () => {
    const delivered = solution.bundles.flatMap(({ drops }) => drops.map(({ orderId }) => orderId));
    expect(new Set(delivered).size).toBe(delivered.length);
    expect(figuresOf(solution).undelivered).toBe(instance.orders.length - delivered.length);
    expect(delivered.length).toBeGreaterThan(0.6 * instance.orders.length);
  });

  test('nobody is faster than the floor that live and virtual days are measured from', () => {
    for (const { id, placedAt } of instance.orders) {
      const one = { ...instance, orders: instance.orders.filter((order) => order.id === id) };
      const drop = solution.bundles
        .flatMap(({ drops }) => drops)
        .find(({ orderId }) => orderId === id);
      const delivered = new Map(drop ? [[id, drop.dropoffAt]] : []);
      expect(excessOf(one, delivered).excess).toBeGreaterThanOrEqual(0);
      if (!drop) continue;
      const impossible = new Map([[id, placedAt]]);
      expect(excessOf(one, impossible).excess).toBeLessThan(0);
    }
  });

  test('the files keep every rule of the problem, and nobody carries more than fits', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mdrp-'));
    await writeInstance(folder, instance);
    await writeSolution(folder, solution);
    expect(await checkSolution(folder, folder)).toEqual([]);
    for (const { drops } of solution.bundles)
      expect(drops.length).toBeLessThanOrEqual(courierCapacity);
  });
});

test(
  'every minute of a day replays identically from its stored snapshot',
  { timeout: 60_000 },
  () => {
    const instance = day(4, 0.7, 40);
    const stored: { readonly snapshot: string; readonly offers: string }[] = [];
    playDay(instance, {
      noisyPrep: false,
      watch: (snapshot, offers) =>
        stored.push({ snapshot: JSON.stringify(snapshot), offers: JSON.stringify(offers) }),
    });
    expect(stored.length).toBeGreaterThan(100);
    for (const { snapshot, offers } of stored) {
      const again = plan({
        snapshot: JSON.parse(snapshot) as Snapshot,
        policy: policyFor(instance),
        seed: 0,
      });
      expect(JSON.stringify(again.offers)).toBe(offers);
    }
  },
);

async function broken(file: string, line: number, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'mdrp-'));
  await writeInstance(folder, day(5));
  const path = join(folder, `${file}.txt`);
  const lines = (await readFile(path, 'utf8')).split('\n');
  lines[line - 1] = text;
  await writeFile(path, lines.join('\n'));
  return readInstanceFiles(folder).then(
    () => 'no error',
    (error: unknown) => (error instanceof Error ? error.message.replace(`${folder}/`, '') : ''),
  );
}

describe('readInstanceFiles', () => {
  test('reads back what was written', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mdrp-'));
    await writeInstance(folder, day(5));
    expect(await readInstanceFiles(folder)).toEqual(day(5));
  });

  test.each([
    ['orders', 3, 'o9\t1\t2\t30\tr1', 'orders.txt:3: 6 values separated by tabs are needed'],
    ['orders', 4, 'o9\t1\tx\t30\tr1\t40', 'orders.txt:4: column 3 must be a number, not "x"'],
    ['orders', 4, 'o9\t1\t2\t30\tr999\t40', 'orders.txt:4: column 5 names no restaurant'],
    ['orders', 4, 'o9\t1\t2\t30\tr1\t20', 'orders.txt:4: column 6 is before the placement'],
    ['orders', 4, 'o9\t1\t2\t30.5\tr1\t40', 'orders.txt:4: column 4 must be a whole minute'],
    ['orders', 4, 'o1\t1\t2\t30\tr1\t40', 'orders.txt:4: column 1 repeats the id o1'],
    [
      'couriers',
      2,
      'c1\t1\t2\t90\t30',
      'couriers.txt:2: column 5 is before the start of the shift',
    ],
    ['instance_parameters', 2, '0\t4\t4', 'instance_parameters.txt:2: column 1 must be above 0'],
    ['instance_parameters', 2, '300\t3\t4', 'instance_parameters.txt:2: column 2 must be an even'],
  ])('names file and line: %s line %i', async (file, line, text, message) => {
    expect(await broken(file, line, text)).toContain(message);
  });

  test('names the file that is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mdrp-'));
    await expect(readInstanceFiles(folder)).rejects.toThrow('restaurants.txt cannot be read');
  });
});
