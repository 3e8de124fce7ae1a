// `npm test [-- <vitest arguments>]`: the static checks, each counted as one test, then every test.
// The last line of the output is exactly "N passed, N failed"; the exit code says the same.
import { parseCLI, startVitest } from 'vitest/node';
import { summary, type Counts } from '../test/support/summary.ts';
import { runChecks, staticChecks } from './local/checks.ts';

const usage = `npm test [-- <vitest arguments>]

Brings up PostgreSQL, Redis and Temporal with empty data, runs the static checks and all tests, and
ends with the line "N passed, N failed". Arguments go to vitest: a part of a file name, -t <name> …`;

const given = process.argv.slice(2);
if (given.includes('--help')) {
  console.log(usage);
  process.exit(0);
}

const counts: Counts = { passed: 0, failed: 0 };
process.once('exit', (code) => {
  if (code !== 0 && counts.failed === 0) counts.failed = 1; // ended early, by a signal
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`);
});

for (const outcome of await runChecks(staticChecks)) counts[outcome.passed ? 'passed' : 'failed']++;

const { filter, options } = parseCLI(['vitest', 'run', ...given]);
const asked = options.reporters ?? options.reporter ?? ['default'];
const reporters = [
  ...(Array.isArray(asked) ? asked : [asked]),
  summary((tests) => {
    counts.passed += tests.passed;
    counts.failed += tests.failed;
  }),
];
const failedChecks = counts.failed;
try {
  const vitest = await startVitest('test', filter, { ...options, watch: false, reporters });
  await vitest.close();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
// Something went wrong outside every test: the set-up failed, or no file matched.
if (process.exitCode === 1 && counts.failed === failedChecks) counts.failed++;
process.exit(counts.failed > 0 ? 1 : (process.exitCode ?? 0));
