// `npm run proof`: the long matrices of which `npm test` plays a sample. Everything is told as it ends, and all of it
// once more in a closing table. The last line is exactly "N passed, N failed".

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startVitest, type Reporter, type TestModule } from 'vitest/node';
import { figuresIn } from '../test/support/figure.ts';
import { summary, type Counts } from '../test/support/summary.ts';
import { stateRoot } from './local/state.ts';

const usage = `npm run proof [-- options]

  --part NAME     one part; may be repeated (default: all)
    lives     random lives through the domain, and the graph of the lifecycle
    money-lives  random lives on the real stack in five currencies, paid in every way, with every fault of the
              providers; then the comparison with their books, and the audit
    money-bugs  bugs of money in the worker's code, one at a time on the real stack: the audit must see each
    mutants   the lifecycle broken on purpose, one row, exit or cap at a time: each must be noticed
    races     two at the same moment: one wins, the other is told what came first
    silence   everybody falls silent: the order ends in a real run, within its bound
    money-matrix  every money step × provider × fault × death of the worker, in one process; then kills of a
              real worker at every point of refunds, tips, top-ups, withdrawals and payouts
    crash     every crash point × every command, exit and payment step of the lifecycle, then the audit
    upgrade   a rolling upgrade under load, a bad version rolled back (also: npm run rehearse-upgrade)
    stripe-mock  every request to Stripe is taken by Stripe's own mock; needs Go
    pause     200 orders under way while the worker is away for a minute, and the outbox's crashes
  --only TEXT     only tests whose name holds this ("× accept", "record:before")
  --resume        crash: without the cells that passed since the last run without it
  --lives N       how many random lives (default 100000; money-lives: 300, a fifth in each currency)
  --seed N        money-lives: other luck (default 20261127; it is told at the end)
  --life N        money-lives: this one alone, once more
  --help`;

const parts = {
  lives: ['test/domain/graph.test.ts', 'test/domain/random-lives.test.ts'],
  'money-lives': ['test/e2e/money-lives.test.ts'],
  'money-bugs': ['test/e2e/money-bugs.test.ts'],
  mutants: ['test/domain/mutants.test.ts'],
  races: [
    'test/domain/races.test.ts',
    'test/domain/money-races.test.ts',
    'test/e2e/races.test.ts',
    'test/e2e/money-races.test.ts',
  ],
  silence: ['test/workflows/silence.test.ts'],
  crash: ['test/e2e/crash.test.ts', 'test/e2e/settle.test.ts', 'test/e2e/dispatchers.test.ts'],
  'money-matrix': ['test/activities/money-matrix.test.ts', 'test/e2e/money-crash.test.ts'],
  upgrade: ['test/e2e/upgrade.test.ts'],
  pause: ['test/e2e/pause.test.ts', 'test/e2e/outbox.test.ts'],
  'stripe-mock': ['test/adapters/stripe-mock.test.ts'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
type Part = keyof typeof parts;
const partNames = Object.keys(parts) as readonly Part[];
const isPart = (name: string): name is Part => Object.hasOwn(parts, name);

function readOptions() {
  const { values } = parseArgs({
    options: {
      part: { type: 'string', multiple: true },
      only: { type: 'string' },
      resume: { type: 'boolean', default: false },
      lives: { type: 'string' },
      seed: { type: 'string' },
      life: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const asked: readonly string[] = values.part ?? partNames;
  const chosen = asked.filter(isPart);
  if (chosen.length < asked.length)
    throw new Error(`--part is one of ${Object.keys(parts).join(', ')}`);
  mustBeWhole('lives', { text: values.lives, least: 1 });
  mustBeWhole('seed', { text: values.seed, least: 0 });
  mustBeWhole('life', { text: values.life, least: 0 });
  return { ...values, chosen };
}

function mustBeWhole(
  name: string,
  { text, least }: { readonly text: string | undefined; readonly least: number },
): void {
  if (text === undefined || (/^\d{1,10}$/.test(text) && Number(text) >= least)) return;
  throw new Error(`--${name} must be a whole number from ${least}, not "${text}"`);
}

/** Regular expressions are vitest's; people mean the words. */
const literally = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');

const isPure = (file: string): boolean => file.startsWith('test/domain/');

const partOf = (file: string): Part | undefined =>
  partNames.find((name) => parts[name].some((path) => file.endsWith(path)));

type Line = Counts & { ms: number; readonly figures: string[] };

/** Adds up what each part has shown. */
function closingTable() {
  const lines = new Map<Part, Line>();
  const lineOf = (file: string): Line | undefined => {
    const part = partOf(file);
    if (!part) return undefined;
    const line = lines.get(part) ?? { passed: 0, failed: 0, ms: 0, figures: [] };
    lines.set(part, line);
    return line;
  };
  const reporter = (): Reporter => ({
    onInit({ state }) {
      this.onUserConsoleLog = ({ content, taskId = '' }) => {
        const file = state.idMap.get(taskId)?.file.filepath ?? '';
        lineOf(file)?.figures.push(...figuresIn(content));
      };
    },
    onTestModuleEnd(module: TestModule) {
      const line = lineOf(module.moduleId);
      if (!line) return;
      const states = [...module.children.allTests()].map((test) => test.result().state);
      line.passed += states.filter((state) => state === 'passed').length;
      line.failed += states.filter((state) => state === 'failed').length;
      line.ms += module.diagnostic().duration + module.diagnostic().collectDuration;
    },
  });
  return {
    reporter,
    print() {
      console.log('\npart         passed  failed  seconds');
      for (const part of partNames) {
        const line = lines.get(part);
        if (!line) continue;
        const { passed, failed, ms, figures } = line;
        const cells = [String(passed).padStart(6), String(failed).padStart(6)];
        console.log(
          `${part.padEnd(12)} ${cells.join('  ')}  ${String(Math.round(ms / 1_000)).padStart(7)}`,
        );
        for (const text of figures) console.log(`             · ${text}`);
      }
    },
  };
}

async function main(): Promise<Counts> {
  const { chosen, only, resume, lives, seed, life, help } = readOptions();
  const counts: Counts = { passed: 0, failed: 0 };
  if (help) {
    console.log(usage);
    process.exit(0);
  }
  const passedFile = join(stateRoot, 'proof', 'crash-passed.txt');
  mkdirSync(join(stateRoot, 'proof'), { recursive: true });
  if (!resume && only === undefined && chosen.includes('crash'))
    rmSync(passedFile, { force: true });
  process.env['PROOF'] = '1';
  process.env['PROOF_PASSED'] = passedFile;
  process.env['LIVES'] = lives ?? '100000';
  process.env['MONEY_LIVES'] = lives ?? '300';
  if (seed !== undefined) process.env['MONEY_SEED'] = seed;
  if (life !== undefined) process.env['MONEY_LIFE'] = life;
  if (only !== undefined) process.env['PROOF_ONLY'] = only;
  const startedAt = Date.now();
  const table = closingTable();
  const files = chosen.flatMap((part): readonly string[] => parts[part]);
  const run = async (project: 'pure' | 'live'): Promise<void> => {
    const own = files.filter((file) => isPure(file) === (project === 'pure'));
    if (own.length === 0) return;
    const vitest = await startVitest('test', own, {
      project,
      watch: false,
      fileParallelism: false,
      ...(only === undefined ? {} : { testNamePattern: literally(only) }),
      reporters: [
        'verbose',
        table.reporter(),
        summary((tests) => {
          counts.passed += tests.passed;
          counts.failed += tests.failed;
        }),
      ],
    });
    await vitest.close();
  };
  // What only computes runs beside what mostly waits.
  await Promise.all([run('pure'), run('live')]);
  table.print();
  console.log(`\nThe proof took ${Math.round((Date.now() - startedAt) / 1_000)} s.`);
  if (process.exitCode === 1 && counts.failed === 0) counts.failed = 1;
  return counts;
}

const counts = await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return { passed: 0, failed: 1 };
});
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed > 0 ? 1 : 0);
