// Named places where a test may kill the process: `CRASH_AT=record:after-commit`, or only for some work:
// `CRASH_AT=record:after-commit#order.expired`. Random kills miss windows of milliseconds. `npm run proof` crosses
// every point with every command.

import type { OrderEngine } from './order-engine.ts';

/** Where each process may die. What follows `#` are the tags of `crashPoint`. */
export const crashPoints = {
  worker: [
    'record:before',
    'record:after-commit',
    'payment:before',
    'payment:after-effect',
    'dispatch:before-commit',
    'dispatch:after-commit',
    'dispatch:after',
  ],
  api: ['command:before', 'command:after'],
} as const;

/** `tags` are what the work at hand is about: event types, exits, payment steps, commands. */
export type CrashPoint = (name: string, tags?: readonly string[]) => void;

export function createCrashPoint(spec: string | undefined): CrashPoint {
  const [name, tag] = (spec ?? '').split('#');
  return function crashPoint(here, tags = []) {
    if (here === name && (tag === undefined || tags.includes(tag)))
      process.kill(process.pid, 'SIGKILL');
  };
}

/** The API's points: a command about to be sent, and one whose answer has come but not gone out. */
export function withCrashPoints(engine: OrderEngine, crashPoint: CrashPoint): OrderEngine {
  const around = async <T>(kind: string, call: () => Promise<T>): Promise<T> => {
    crashPoint('command:before', [kind]);
    const answer = await call();
    crashPoint('command:after', [kind]);
    return answer;
  };
  return {
    ...engine,
    place: (input) => around('place', () => engine.place(input)),
    send: (input) => around(input.command.kind, () => engine.send(input)),
  };
}
