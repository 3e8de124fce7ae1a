// The checks that need no service: each a command whose output matters only when it fails.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { checkout } from './state.ts';

export type Check = { readonly name: string; readonly command: readonly [string, ...string[]] };
export type Outcome = { readonly name: string; readonly passed: boolean };

export const staticChecks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'] },
  { name: 'types without Node and DOM', command: ['tsc', '-p', 'tsconfig.sandbox.json'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'unused code', command: ['knip', '--no-progress'] },
];

export const pureTests: Check = {
  name: 'pure tests',
  command: ['vitest', 'run', '--project', 'pure'],
};

// More would only make them wait for each other: most of them use every processor.
const AT_ONCE = 2;

/** Runs the checks, two at a time; prints a line for each and the output of those that failed. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Outcome[]> {
  const waiting = [...checks];
  const outcomes: Outcome[] = [];
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      outcomes.push(await runCheck(check));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return outcomes;
}

async function runCheck(check: Check): Promise<Outcome> {
  const startedAt = Date.now();
  const { passed, output } = await run(check.command);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  console.log(`${passed ? '✓' : '✗'} ${check.name} (${seconds} s)`);
  if (!passed) console.log(`  ${check.command.join(' ')}\n${output.trimEnd()}\n`);
  return { name: check.name, passed };
}

function run(
  command: readonly [string, ...string[]],
): Promise<{ readonly passed: boolean; readonly output: string }> {
  const [program, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(join(checkout, 'node_modules/.bin', program), args, {
      cwd: checkout,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const read = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', (error) => resolve({ passed: false, output: error.message }));
    child.once('close', (code) => resolve({ passed: code === 0, output }));
  });
}
