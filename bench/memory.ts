// Does the worker grow with the orders that it has served? Its resident memory after a fifth of them and after all.

import { setTimeout as delay } from 'node:timers/promises';
import { hearHints } from './hints.ts';
import { createOurLife } from './lives.ts';
import { residentBytesOf } from './processes.ts';
import { figure, table, type Say, type Section } from './report.ts';
import { startWorker, withStack } from './stack.ts';
import { settle, type Lane } from './town.ts';
import { median } from './statistics.ts';
import { runCount } from './windows.ts';

export type MemoryWish = {
  readonly say: Say;
  /** The larger number; the smaller is a fifth of it. */
  readonly orders: number;
  readonly lanes: number;
};

/** Long enough for a few major collections. */
const lastOrders = 500;
const settleMs = 5_000;
const mebibyte = 1_048_576;

export const measureMemory = ({ say, orders, lanes: laneCount }: MemoryWish): Promise<Section> =>
  withStack({ say, stripeLatencyMs: 0 }, async (stack) => {
    const worker = await startWorker(stack);
    const hints = await hearHints(stack.services.redisUrl);
    const few = Math.round(orders / 5);
    const megabytes = (): number => (residentBytesOf(worker.pid) ?? Number.NaN) / mebibyte;
    const serve = async (lanes: readonly Lane[], count: number): Promise<Reading> => {
      const readings: number[] = [];
      const onEach = (finished: number): void => {
        if (finished > count - lastOrders) readings.push(megabytes());
        if (finished % 250 !== 0) return;
        say(`memory: ${finished} of ${count} orders, ${figure(megabytes(), 0)} MiB`);
      };
      await runCount({ lanes, count, work: createOurLife({ ...stack, hints }), onEach });
      await delay(settleMs);
      return { settled: megabytes(), median: median(readings), max: Math.max(...readings) };
    };
    try {
      const lanes = await settle(stack.db, laneCount);
      const atStart = megabytes();
      const afterFew = await serve(lanes, few);
      say(`memory: after ${few} orders ${figure(afterFew.settled, 1)} MiB`);
      const afterAll = await serve(lanes, orders - few);
      return sectionOf({ few, orders, atStart, afterFew, afterAll });
    } finally {
      hints.close();
      await worker.stop();
    }
  });

/** MiB. The garbage collector makes the curve a saw: `settled` is one point of it, the others are of its last teeth. */
type Reading = { readonly settled: number; readonly median: number; readonly max: number };
type Seen = {
  readonly few: number;
  readonly orders: number;
  readonly atStart: number;
  readonly afterFew: Reading;
  readonly afterAll: Reading;
};

const sectionOf = (seen: Seen): Section => ({
  mode: 'memory',
  lines: [
    `worker RSS at start: ${figure(seen.atStart, 0)} MiB`,
    ...table([
      ['MiB after', 'settled', `median of the last ${lastOrders}`, 'their max'],
      readingRow(seen.few, seen.afterFew),
      readingRow(seen.orders, seen.afterAll),
      ['ratio', ...(['settled', 'median', 'max'] as const).map((kind) => ratioOf(seen, kind))],
    ]),
  ],
  figures: { residentMebibytes: seen },
  gates: [
    {
      name: `worker RSS, ${seen.orders} ÷ ${seen.few} orders`,
      value: seen.afterAll.settled / seen.afterFew.settled,
      unit: '',
      limit: 1.15,
      better: 'lower',
    },
  ],
});

const readingRow = (
  orders: number,
  { settled, median: middle, max }: Reading,
): readonly string[] => [
  `${orders} orders`,
  ...[settled, middle, max].map((value) => figure(value, 0)),
];

const ratioOf = ({ afterFew, afterAll }: Seen, kind: keyof Reading): string =>
  figure(afterAll[kind] / afterFew[kind], 3);
