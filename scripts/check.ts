// `npm run check`: everything that needs no service, in under a minute.
import { pureTests, runChecks, staticChecks } from './local/checks.ts';
import { readFlags } from './local/flags.ts';

readFlags(
  `npm run check

Runs type checks, lint, format check, unused code and the tests that need no service. Prints the
output of those that failed; exit code 1 when one did.`,
  [],
);

const startedAt = Date.now();
const outcomes = await runChecks([pureTests, ...staticChecks]);
const failed = outcomes.filter((outcome) => !outcome.passed);
const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
console.log(
  failed.length === 0
    ? `All ${outcomes.length} checks passed in ${seconds} s.`
    : `${failed.length} of ${outcomes.length} checks failed: ${failed.map(({ name }) => name).join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
