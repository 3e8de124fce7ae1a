// A reporter that counts: tests, files that could not be loaded, and errors outside every test.
import type { Reporter, TestModule } from 'vitest/node';

export type Counts = { passed: number; failed: number };

/** Calls `tell` at the end of a run. Skipped tests count as neither. */
export function summary(tell: (counts: Readonly<Counts>) => void): Reporter {
  return {
    onTestRunEnd(modules, errors) {
      const all = modules.map((module) => countModule(module));
      tell({
        passed: all.reduce((sum, { passed }) => sum + passed, 0),
        failed: all.reduce((sum, { failed }) => sum + failed, errors.length),
      });
    },
  };
}

function countModule(module: TestModule): Counts {
  const states = [...module.children.allTests()].map((test) => test.result().state);
  const failed = states.filter((state) => state === 'failed').length;
  const broken = module.errors().length > 0 || (module.state() === 'failed' && failed === 0);
  return {
    passed: states.filter((state) => state === 'passed').length,
    failed: failed + (broken ? 1 : 0),
  };
}
