// Does the worker grow with the orders that it has served? Its resident memory after a fifth of them and after all.

import { setTimeout as delay } from 'node:timers/promises';
import { hearHints } from './hints.ts';
import { createOurLife } from './lives.ts';
import { residentBytesOf } from './processes.ts';
import { figure, type Say, type Section } from './report.ts';
import { startWorker, withStack } from './stack.ts';
import { settle } from './town.ts';
import { runCount } from './windows.ts';

export type MemoryWish = {
  readonly say: Say;
  /** The larger number; the smaller is a fifth of it. */
  readonly orders: number;
  readonly lanes: number;
};

const settleMs = 5_000;
const mebibyte = 1_048_576;

export const measureMemory = ({ say, orders, lanes: laneCount }: MemoryWish): Promise<Section> =>
  withStack({ say, stripeLatencyMs: 0 }, async (stack) => {
    const worker = await startWorker(stack);
    const hints = await hearHints(stack.services.redisUrl);
    const few = Math.round(orders / 5);
    const megabytes = (): number => (residentBytesOf(worker.pid) ?? Number.NaN) / mebibyte;
    const serve = async (
      lanes: Awaited<ReturnType<typeof settle>>,
      count: number,
    ): Promise<number> => {
      const onEach = (finished: number): void => {
        if (finished % 250 === 0)
          say(`memory: ${finished} of ${count} orders, ${figure(megabytes(), 0)} MiB`);
      };
      await runCount({ lanes, count, work: createOurLife({ ...stack, hints }), onEach });
      await delay(settleMs);
      return megabytes();
    };
    try {
      const lanes = await settle(stack.db, laneCount);
      const atStart = megabytes();
      const afterFew = await serve(lanes, few);
      say(`memory: after ${few} orders ${figure(afterFew, 1)} MiB`);
      const afterAll = await serve(lanes, orders - few);
      return sectionOf({ few, orders, atStart, afterFew, afterAll });
    } finally {
      hints.close();
      await worker.stop();
    }
  });

type Seen = {
  readonly few: number;
  readonly orders: number;
  readonly atStart: number;
  readonly afterFew: number;
  readonly afterAll: number;
};

const sectionOf = (seen: Seen): Section => ({
  mode: 'memory',
  lines: [
    `worker RSS at start ${figure(seen.atStart, 0)} MiB, after ${seen.few} orders ${figure(seen.afterFew, 0)} MiB, after ${seen.orders} ${figure(seen.afterAll, 0)} MiB`,
  ],
  figures: { residentMebibytes: seen },
  gates: [
    {
      name: `worker RSS, ${seen.orders} ÷ ${seen.few} orders`,
      value: seen.afterAll / seen.afterFew,
      unit: '',
      limit: 1.15,
      better: 'lower',
    },
  ],
});
