// Named places where a test may kill the process: `CRASH_AT=record:after-commit`, or only for some work:
// `CRASH_AT=record:after-commit#order.expired`. Random kills miss windows of milliseconds.

/** `tags` are what the work at hand is about: event types, payment steps. */
export type CrashPoint = (name: string, tags?: readonly string[]) => void;

export function createCrashPoint(spec: string | undefined): CrashPoint {
  const [name, tag] = (spec ?? '').split('#');
  return function crashPoint(here, tags = []) {
    if (here === name && (tag === undefined || tags.includes(tag)))
      process.kill(process.pid, 'SIGKILL');
  };
}
