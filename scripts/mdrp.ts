// `npm run mdrp`: plays days of the Meal Delivery Routing Problem through the engine in virtual time, writes the
// solutions, checks what it wrote and prints the table.

import { fork } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkSolution, violationInWords } from '../bench/mdrp/check.ts';
import { playDay } from '../bench/mdrp/day.ts';
import { instancesIn } from '../bench/mdrp/instances.ts';
import { foresightIn } from '../bench/mdrp/online.ts';
import { figuresOf, writeSolution, type Figures } from '../bench/mdrp/solution.ts';
import { readInstanceFiles } from '../sandbox/city/instance-files.ts';

const usage = `npm run mdrp -- --instances DIR (--out DIR | --check DIR | --online N) [options]

For every instance folder in DIR (or DIR itself, when it holds orders.txt).

  --instances DIR   folders with orders.txt, couriers.txt, restaurants.txt, instance_parameters.txt
  --out DIR         play it minute by minute, the engine seeing an order only once it is placed; write the three
                    solution files into a folder of DIR, check them, print a table
  --check DIR       check solutions that are there already, whoever wrote them
  --online N        play it, and again without the orders placed after a moment, for N moments drawn by lot: what was
                    said and done up to each must be the same
  --jobs N          of --out: instances at a time, one process each (default 1)
  --noisy-prep      decide with the mean preparation time of each restaurant, not with the ready times
  --help

Exit code 0: all is well; 1: a solution breaks a rule, or foresight was found, told line by line; 2: something could not
be read or written, named with file and line.`;

const { values } = parseArgs({
  options: {
    instances: { type: 'string' },
    out: { type: 'string' },
    check: { type: 'string' },
    online: { type: 'string' },
    jobs: { type: 'string', default: '1' },
    'noisy-prep': { type: 'boolean', default: false },
    /** Of a process that plays one instance for its parent. */
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

type Row = Figures & {
  readonly name: string;
  readonly seconds: number;
  readonly violations: readonly string[];
};

async function play(name: string, folders: Folders): Promise<Row> {
  const startedAt = performance.now();
  const instance = await readInstanceFiles(join(folders.instances, name));
  const solution = playDay(instance, { noisyPrep: values['noisy-prep'] });
  await writeSolution(join(folders.out, name), solution);
  const seconds = (performance.now() - startedAt) / 1_000;
  return { name, ...figuresOf(solution), seconds, violations: await violationsIn(name, folders) };
}

async function violationsIn(name: string, { instances, out }: Folders): Promise<readonly string[]> {
  const violations = await checkSolution(join(instances, name), join(out, name));
  return violations.map(violationInWords);
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

/** Exit code 1 when there is one. */
function tell(name: string, faults: readonly string[], none: string): void {
  console.log(`${name}: ${faults.length === 0 ? none : ''}`.trimEnd());
  for (const fault of faults) console.log(`  ${fault}`);
  if (faults.length > 0) process.exitCode = 1;
}

async function checkAll(names: readonly string[], folders: Folders): Promise<void> {
  for (const name of names) tell(name, await violationsIn(name, folders), 'feasible');
}

async function tryForesight(names: readonly string[], instances: string): Promise<void> {
  const times = wholeOf('online');
  for (const name of names) {
    const instance = await readInstanceFiles(join(instances, name));
    const found = foresightIn(instance, { noisyPrep: values['noisy-prep'], times, seed: 1 });
    const faults = found.map(
      ({ until, difference }) => `without the orders placed after ${until}: ${difference}`,
    );
    tell(name, faults, `no foresight at ${times} moments`);
  }
}

function wholeOf(name: 'jobs' | 'online'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`--${name} must be a whole number above 0, not ${values[name]}`);
}

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  const { instances, out, check, online, only } = values;
  const ways = [out, check, online].filter((way) => way !== undefined).length;
  if (instances === undefined || ways !== 1)
    throw new Error(
      `--instances DIR and one of --out, --check and --online are needed\n\n${usage}`,
    );
  if (only !== undefined && out !== undefined) {
    process.send?.(await play(only, { instances, out }));
    return;
  }
  const names = await instancesIn(instances);
  if (check !== undefined) return checkAll(names, { instances, out: check });
  if (out === undefined) return tryForesight(names, instances);
  const rows = await playAll(names, { instances, out }, wholeOf('jobs'));
  printTable(rows);
  for (const { name, violations } of rows)
    if (violations.length > 0) tell(name, violations, 'feasible');
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
