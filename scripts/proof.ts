// `npm run proof`: the long matrices of which `npm test` plays a sample: every crash point × every command, the
// rehearsed upgrade, longer pauses, more random lives. The last line is exactly "N passed, N failed".

import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startVitest } from 'vitest/node';
import { summary, type Counts } from '../test/support/summary.ts';
import { stateRoot } from './local/state.ts';

const usage = `npm run proof [-- options]

  --part crash|upgrade|pause|lives   one part; may be repeated (default: all)
    crash     every crash point × every command, exit and payment step of the lifecycle, then the audit
    upgrade   a rolling upgrade under load, a bad version rolled back (also: npm run rehearse-upgrade)
    pause     200 orders under way while the worker is away for a minute, and the outbox's crashes
    lives     random lives through the domain, and its graph
  --only TEXT     crash, upgrade, pause, lives: only tests whose name holds this ("× accept", "record:before")
  --resume        crash: without the cells that passed since the last run without it
  --lives N       how many random lives (default 100000)
  --help`;

const parts = {
  crash: 'test/e2e/crash.test.ts',
  upgrade: 'test/e2e/upgrade.test.ts',
  pause: 'test/e2e/pause.test.ts test/e2e/outbox.test.ts',
  lives: 'test/domain',
} as const;
type Part = keyof typeof parts;
const isPart = (name: string): name is Part => Object.hasOwn(parts, name);

function readOptions() {
  const { values } = parseArgs({
    options: {
      part: { type: 'string', multiple: true },
      only: { type: 'string' },
      resume: { type: 'boolean', default: false },
      lives: { type: 'string', default: '100000' },
      help: { type: 'boolean', default: false },
    },
  });
  const asked = values.part ?? Object.keys(parts);
  const chosen = asked.filter(isPart);
  if (chosen.length < asked.length)
    throw new Error(`--part is one of ${Object.keys(parts).join(', ')}`);
  if (!(Number(values.lives) >= 1)) throw new Error('--lives must be a number from 1');
  return { ...values, chosen };
}

/** Regular expressions are vitest's; people mean the words. */
const literally = (text: string): string => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');

async function main(): Promise<Counts> {
  const { chosen, only, resume, lives, help } = readOptions();
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
  process.env['LIVES'] = lives;
  const startedAt = Date.now();
  const vitest = await startVitest(
    'test',
    chosen.flatMap((part) => parts[part].split(' ')),
    {
      watch: false,
      // One at a time, each with the machine to itself, told as it ends.
      fileParallelism: false,
      disableConsoleIntercept: true,
      ...(only === undefined ? {} : { testNamePattern: literally(only) }),
      reporters: [
        'verbose',
        summary((tests) => {
          counts.passed += tests.passed;
          counts.failed += tests.failed;
        }),
      ],
    },
  );
  await vitest.close();
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
