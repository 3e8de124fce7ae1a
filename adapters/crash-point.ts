// Named places where a test may kill the process: `CRASH_AT=record:after-commit`, or only for some work:
// `CRASH_AT=record:after-commit#order.expired#ord_…`. Random kills miss windows of milliseconds. Of several places,
// divided by commas, each one that is reached waits for the others: one kill hits them all. `npm run proof` crosses
// every point with every command.

import type { OrderEngine } from './order-engine.ts';

/** Where each process may die. What follows `#` are the tags of `crashPoint`. */
export const crashPoints = {
  worker: [
    'record:before',
    'record:after-commit',
    'payment:before',
    'payment:after-effect',
    'partner:before',
    'partner:after-effect',
    'dispatch:before-lapse',
    'dispatch:after-lapse',
    'dispatch:before-assign',
    'dispatch:after-assign',
    'dispatch:before-exhaust',
    'dispatch:after-exhaust',
    'dispatch:before-commit',
    'dispatch:after-commit',
    'dispatch:after',
    'dispatch:before-end',
    'dispatch:after-end',
  ],
  api: ['command:before', 'command:after'],
} as const;

/** Of the worker too: the steps of money beside an order's own, each with what its row says and whose it is. */
export const moneyCrashPoints = (
  ['refund', 'tip', 'topup', 'withdrawal', 'payout'] as const
).flatMap((kind) =>
  (['before', 'after-effect', 'after-record'] as const).map((point) => `${kind}:${point}` as const),
);

/** `tags` are what the work at hand is about: event types, exits, payment steps, commands, ids. */
export type CrashPoint = (name: string, tags?: readonly string[]) => Promise<void> | void;

export function createCrashPoint(spec: string | undefined): CrashPoint {
  const left = new Set(spec?.split(','));
  const ahead = [...left].map((place) => ({ place, named: place.split('#') }));
  return function crashPoint(here, tags = []) {
    const found = ahead.find(
      ({ named: [name, ...wanted] }) => name === here && wanted.every((tag) => tags.includes(tag)),
    );
    if (!found) return undefined;
    if (ahead.length > 1) process.stderr.write(`reached ${found.place}\n`);
    left.delete(found.place);
    if (left.size === 0) process.kill(process.pid, 'SIGKILL');
    return new Promise(() => undefined);
  };
}

/** The API's points: a command about to be sent, and one whose answer has come but not gone out. */
export function withCrashPoints(engine: OrderEngine, crashPoint: CrashPoint): OrderEngine {
  const around = async <T>(tags: readonly string[], call: () => Promise<T>): Promise<T> => {
    await crashPoint('command:before', tags);
    const answer = await call();
    await crashPoint('command:after', tags);
    return answer;
  };
  return {
    ...engine,
    place: (input) => around(['place', input.facts.merchantId], () => engine.place(input)),
    send: (input) => around([input.command.kind, input.orderId], () => engine.send(input)),
  };
}
