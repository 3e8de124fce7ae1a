// `npm run mdrp`: plays days of the Meal Delivery Routing Problem through the engine in virtual time, writes the
// solutions and prints the table.

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { playDay } from '../bench/mdrp/day.ts';
import { instancesIn } from '../bench/mdrp/instances.ts';
import { figuresOf, writeSolution, type Figures } from '../bench/mdrp/solution.ts';
import { readInstanceFiles } from '../sandbox/city/instance-files.ts';

const usage = `npm run mdrp -- --instances DIR --out DIR [options]

Plays every instance folder in DIR (or DIR itself, when it holds orders.txt) minute by minute: the engine sees an
order only once it is placed. Writes the three solution files per instance and prints a table.

  --instances DIR   folders with orders.txt, couriers.txt, restaurants.txt, instance_parameters.txt
  --out DIR         a folder per instance is made in it
  --jobs N          instances at a time, one process each (default 1)
  --noisy-prep      decide with the mean preparation time of each restaurant, not with the ready times
  --help

Exit code 0: all written; 2: something could not be read or written, named with file and line.`;

const { values } = parseArgs({
  options: {
    instances: { type: 'string' },
    out: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    'noisy-prep': { type: 'boolean', default: false },
    /** Of a process that plays one instance for its parent. */
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

type Row = Figures & { readonly name: string; readonly seconds: number };

async function play(name: string, folders: Folders): Promise<Row> {
  const startedAt = performance.now();
  const instance = await readInstanceFiles(join(folders.instances, name));
  const solution = playDay(instance, { noisyPrep: values['noisy-prep'] });
  await writeSolution(join(folders.out, name), solution);
  return { name, ...figuresOf(solution), seconds: (performance.now() - startedAt) / 1_000 };
}

function playApart(name: string, folders: Folders): Promise<Row> {
  const flags = values['noisy-prep'] ? ['--noisy-prep'] : [];
  const { instances, out } = folders;
  const child = fork(import.meta.filename, [
    '--instances',
    instances,
    '--out',
    out,
    '--only',
    name,
    ...flags,
  ]);
  return new Promise((resolve, reject) => {
    child.once('message', (row) => resolve(row as Row));
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code !== 0) reject(new Error(`${name} could not be played`));
    });
  });
}

type Folders = { readonly instances: string; readonly out: string };

async function playAll(
  names: readonly string[],
  folders: Folders,
  jobs: number,
): Promise<readonly Row[]> {
  const waiting = [...names];
  const rows: Row[] = [];
  const lane = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const row = await (jobs > 1 ? playApart : play)(name, folders);
      rows.push(row);
      console.error(`${row.name}: ${row.score.toFixed(2)} (${row.seconds.toFixed(1)} s)`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, names.length) }, lane));
  return rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const columns: readonly (readonly [string, (row: Row) => string])[] = [
  ['orders', ({ orders }) => String(orders)],
  ['undelivered', ({ undelivered }) => String(undelivered)],
  ['click-to-door', ({ clickToDoor }) => clickToDoor.toFixed(2)],
  ['ready-to-pickup', ({ readyToPickup }) => readyToPickup.toFixed(2)],
  ['orders/bundle', ({ ordersPerBundle }) => ordersPerBundle.toFixed(2)],
  ['score', ({ score }) => score.toFixed(2)],
];

function printTable(rows: readonly Row[]): void {
  const width = Math.max(8, ...rows.map(({ name }) => name.length));
  const head = columns.map(([title]) => title.padStart(15)).join('');
  console.log(`${'instance'.padEnd(width)}${head}`);
  for (const row of rows)
    console.log(
      `${row.name.padEnd(width)}${columns.map(([, show]) => show(row).padStart(15)).join('')}`,
    );
  const mean = rows.reduce((sum, { score }) => sum + score, 0) / rows.length;
  console.log(`${'mean'.padEnd(width)}${mean.toFixed(2).padStart(15 * columns.length)}`);
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const { instances, out, only } = values;
  if (instances === undefined || out === undefined)
    throw new Error(`--instances DIR and --out DIR are needed\n\n${usage}`);
  if (only !== undefined) {
    process.send?.(await play(only, { instances, out }));
    return;
  }
  const jobs = Number(values.jobs);
  if (!Number.isSafeInteger(jobs) || jobs < 1)
    throw new Error(`--jobs must be a whole number above 0, not ${values.jobs}`);
  printTable(await playAll(await instancesIn(instances), { instances, out }, jobs));
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
