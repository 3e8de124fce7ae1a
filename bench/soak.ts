// Full lives that arrive at random through the API for minutes: how long callers wait, what fails, what grows.

import { setTimeout as delay } from 'node:timers/promises';
import { createApiLife, createTimes, type Step, type Times } from './api-lives.ts';
import { foundTown, type ApiTown } from './api-town.ts';
import { startDrivers } from './drivers.ts';
import { createHttp } from './http.ts';
import {
  cpuBetween,
  cpuOf,
  machineCpuSeconds,
  residentBytesOf,
  type CpuSeconds,
  type Pids,
} from './processes.ts';
import { figure, table, type Say, type Section } from './report.ts';
import { sharedPids, startApi, startWorker, withStack, type Stack } from './stack.ts';
import { createRandom, poissonArrivals, spreadOf } from './statistics.ts';

export type SoakWish = {
  readonly say: Say;
  readonly minutes: number;
  readonly perSecond: number;
  readonly seed: number;
};

const everyMs = 30_000;
const mebibyte = 1_048_576;
const merchants = 20;
/** A delivery keeps its driver for less than a minute; some are always on their way back to the poll. */
const driversPerOrderPerSecond = 70;
/** Shortest and longest pause of people before each step, in milliseconds. */
const pauses: Readonly<Record<Step, readonly [number, number]>> = {
  place: [0, 0],
  accept: [2_000, 8_000],
  ready: [3_000, 12_000],
  'offer accept': [1_000, 4_000],
  'pick-up': [3_000, 10_000],
  deliver: [3_000, 10_000],
};

export const measureSoak = (wish: SoakWish): Promise<Section> =>
  withStack({ say: wish.say, stripeLatencyMs: 50, webhooks: true }, async (stack) => {
    const [worker, api] = await Promise.all([startWorker(stack), startApi(stack)]);
    const http = createHttp(stack.apiUrl);
    const times = createTimes();
    const random = createRandom(wish.seed + 1);
    const pauseMs = (step: Step): number =>
      pauses[step][0] + random() * (pauses[step][1] - pauses[step][0]);
    const count = Math.ceil(driversPerOrderPerSecond * wish.perSecond);
    const town = await foundTown(http, { merchants, drivers: count });
    const errors: string[] = [];
    const onError = (error: unknown): void => void errors.push(`driver: ${String(error)}`);
    const thinkMs = (): number => pauseMs('offer accept');
    const drivers = startDrivers({
      http,
      drivers: town.drivers,
      thinkMs,
      onError,
      times,
    });
    const live = createApiLife({ http, drivers, times, pauseMs });
    const pids = { api: api.pid, worker: worker.pid, ...sharedPids(stack) };
    try {
      const seen = await watch({ wish, pids, workerPid: worker.pid, times }, () =>
        arrive({ wish, town, live, errors }),
      );
      return sectionOf(wish, { ...seen, times, completed: await countCompleted(stack) });
    } finally {
      drivers.stop();
      http.close();
      await Promise.all([worker.stop(), api.stop()]);
    }
  });

type Arrivals = {
  readonly wish: SoakWish;
  readonly town: ApiTown;
  readonly live: ReturnType<typeof createApiLife>;
  readonly errors: string[];
};
type Lived = { readonly begun: number; readonly errors: readonly string[] };

/** Resolves when the last life is over. */
async function arrive({
  wish: { perSecond, minutes, seed },
  town,
  live,
  errors,
}: Arrivals): Promise<Lived> {
  const start = performance.now();
  const lives: Promise<unknown>[] = [];
  for (const at of poissonArrivals({ perSecond, durationMs: minutes * 60_000, seed })) {
    const dueMs = start + at;
    await delay(Math.max(0, dueMs - performance.now()));
    const merchant = town.merchants[lives.length % town.merchants.length];
    if (!merchant) throw new Error('there is no merchant');
    lives.push(live(merchant, dueMs).catch((error: unknown) => errors.push(String(error))));
  }
  await Promise.all(lives);
  return { begun: lives.length, errors };
}

type Watched = {
  readonly wish: SoakWish;
  readonly pids: Pids;
  readonly workerPid: number;
  readonly times: Times;
};
type Seen = Lived & {
  readonly megabytes: readonly number[];
  readonly cpu: CpuSeconds;
  readonly elapsedS: number;
};

async function watch(
  { wish, pids, workerPid, times }: Watched,
  work: () => Promise<Lived>,
): Promise<Seen> {
  const megabytes: number[] = [];
  const look = (): void => {
    megabytes.push((residentBytesOf(workerPid) ?? Number.NaN) / mebibyte);
    const placed = times.byStep.get('place') ?? [];
    const p99 = placed.length === 0 ? 0 : spreadOf(placed).p99;
    const delivered = times.byStep.get('deliver')?.length ?? 0;
    wish.say(
      `soak: ${placed.length} placed, ${delivered} delivered, p99 of POST ${figure(p99, 0)} ms, worker ${figure(megabytes.at(-1) ?? 0, 0)} MiB`,
    );
  };
  const timer = setInterval(look, everyMs);
  const [start, before] = [performance.now(), { ...cpuOf(pids), machine: machineCpuSeconds() }];
  try {
    const lived = await work();
    look();
    const cpu = cpuBetween(before, { ...cpuOf(pids), machine: machineCpuSeconds() });
    return { ...lived, megabytes, cpu, elapsedS: (performance.now() - start) / 1_000 };
  } finally {
    clearInterval(timer);
  }
}

const milliseconds = (value: number): string => figure(value, 0);

/** Delivered lives whose money is on its way settle within moments. */
async function countCompleted({ db }: Stack): Promise<number> {
  await delay(3_000);
  const { count } = await db
    .selectFrom('orders')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('order_status', '=', 'completed')
    .executeTakeFirstOrThrow();
  return count;
}

type Result = Seen & { readonly times: Times; readonly completed: number };

function sectionOf({ minutes, perSecond }: SoakWish, result: Result): Section {
  const { times, completed, begun, errors, megabytes, cpu, elapsedS } = result;
  const spreads = Object.fromEntries(
    [...times.byStep].map(([step, values]) => [step, spreadOf(values)]),
  );
  const kinds = new Map(
    errors.map((error) => [error.replace(/\w+_[0-9a-f]{32}/g, '…').slice(0, 160), error]),
  );
  return {
    mode: 'soak',
    lines: [
      `${figure(minutes)} minutes at ${figure(perSecond)}/s: ${begun} orders, ${completed} completed, ${errors.length} errors`,
      ...[...kinds.keys()].slice(0, 5).map((kind) => `  ${kind}`),
      ...table([
        ['answer, ms', 'count', 'p50', 'p95', 'p99', 'max'],
        ...Object.entries(spreads).map(([step, { count, p50, p95, p99, max }]) => [
          step,
          String(count),
          ...[p50, p95, p99, max].map(milliseconds),
        ]),
      ]),
      `worker RSS every 30 s, MiB: ${megabytes.map((value) => figure(value, 0)).join(' ')}`,
      `CPU, share of one core: ${Object.entries(cpu)
        .map(([name, seconds]) => `${name} ${figure(seconds / elapsedS)}`)
        .join(', ')}`,
    ],
    figures: {
      latencyMs: spreads,
      begun,
      completed,
      errors: errors.length,
      workerMebibytes: megabytes,
      cpuSeconds: cpu,
      elapsedS,
    },
    gates: [
      {
        name: 'POST /v1/orders p99',
        value: spreads['place']?.p99 ?? Number.NaN,
        unit: 'ms',
        limit: 300,
        better: 'lower',
      },
      {
        name: 'lives not completed',
        value: begun - completed,
        unit: '',
        limit: 0,
        better: 'lower',
      },
    ],
  };
}
