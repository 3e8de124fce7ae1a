// What one delivered order costs, through the whole stack, counted until its workflow has closed. What the stack uses
// when nothing is ordered, and the work that orders share (dispatcher, housekeeping), stand apart.

import { setTimeout as delay } from 'node:timers/promises';
import { createApiLife, createTimes } from './api-lives.ts';
import { foundTown, type ApiTown } from './api-town.ts';
import { linesOf } from './cost-report.ts';
import { startDrivers } from './drivers.ts';
import { billableActions, shapeOf, sizeOf, sumOf, type Actions } from './histories.ts';
import { createHttp } from './http.ts';
import {
  actionsBetween,
  readDatabase,
  readStill,
  type ActionCounts,
  type DatabaseUse,
} from './meters.ts';
import { cpuBetween, cpuOf, type CpuSeconds, type Pids } from './processes.ts';
import type { Say, Section } from './report.ts';
import { sharedPids, startApi, startWorker, withStack, type Stack } from './stack.ts';

export type CostWish = { readonly say: Say; readonly orders: number };

/** Commands come apart, as people's do: each pays for its own workflow tasks. */
const apartMs = 2_000;
const betweenOrdersMs = 500;
const warmUpOrders = 12;
const idleMs = 30_000;
const drivers = 40;
const merchants = 10;

/** What was used by everything between two looks, `durationMs` apart. */
export type Use = DatabaseUse & { readonly cpu: CpuSeconds; readonly durationMs: number };
export type Counted = {
  readonly events: readonly number[];
  readonly fromHistories: Actions;
  readonly fromServer: ActionCounts;
  /** Of the dispatcher and the housekeeping, from their histories. */
  readonly shared: Readonly<Record<string, Actions>>;
  readonly busy: Use;
  readonly idle: Use;
};

export const measureCost = ({ say, orders }: CostWish): Promise<Section> =>
  withStack({ say, stripeLatencyMs: 50, webhooks: true }, async (stack) => {
    const [worker, api] = await Promise.all([startWorker(stack), startApi(stack)]);
    const http = createHttp(stack.apiUrl);
    const times = createTimes();
    const town = await foundTown(http, { merchants, drivers });
    const hub = startDrivers({
      http,
      drivers: town.drivers,
      thinkMs: () => apartMs,
      onError: (error) => say(`cost: a driver met ${String(error)}`),
      times,
    });
    const live = createApiLife({ http, drivers: hub, times, pauseMs: () => apartMs });
    const pids = { api: api.pid, worker: worker.pid, ...sharedPids(stack) };
    try {
      say(`cost: ${warmUpOrders} orders to warm up`);
      await deliver({ stack, town, live, count: warmUpOrders });
      say(`cost: idle for ${idleMs / 1_000} s`);
      const idle = await useOf({ stack, pids }, () => delay(idleMs));
      const counted = await countAll({ stack, town, live, pids, orders, say });
      return linesOf({ ...counted, idle });
    } finally {
      hub.stop();
      http.close();
      await Promise.all([worker.stop(), api.stop()]);
    }
  });

type Live = ReturnType<typeof createApiLife>;
type Delivery = {
  readonly stack: Stack;
  readonly town: ApiTown;
  readonly live: Live;
  readonly count: number;
};

/** Resolves with their ids when the workflow of the last one has closed. */
async function deliver({ stack, town, live, count }: Delivery): Promise<readonly string[]> {
  const lives: Promise<string>[] = [];
  for (let i = 0; i < count; i++) {
    const merchant = town.merchants[i % town.merchants.length];
    if (!merchant) throw new Error('there is no merchant');
    lives.push(live(merchant));
    await delay(betweenOrdersMs);
  }
  const ids = await Promise.all(lives);
  await Promise.all(ids.map((id) => stack.client.workflow.getHandle(`order:${id}`).result()));
  return ids;
}

type Counting = Omit<Delivery, 'count'> & {
  readonly pids: Pids;
  readonly orders: number;
  readonly say: Say;
};

async function countAll({
  stack,
  town,
  live,
  pids,
  orders,
  say,
}: Counting): Promise<Omit<Counted, 'idle'>> {
  const readShared = (): ReturnType<typeof sharedActions> => sharedActions(stack, town.marketId);
  const before = await readStill(stack.services, readShared);
  let ids: readonly string[] = [];
  say(`cost: ${orders} orders, commands ${apartMs / 1_000} s apart`);
  const busy = await useOf({ stack, pids }, async () => {
    ids = await deliver({ stack, town, live, count: orders });
  });
  const after = await readStill(stack.services, readShared);
  say('cost: reading the histories');
  const histories = await Promise.all(
    ids.map((id) => stack.client.workflow.getHandle(`order:${id}`).fetchHistory()),
  );
  return {
    events: histories.map((history) => sizeOf(shapeOf(history))),
    fromHistories: sumOf(histories.map(billableActions)),
    fromServer: actionsBetween(before.actions, after.actions),
    shared: Object.fromEntries(
      Object.entries(after.others).map(([name, actions]) => [
        name,
        actionsBetween(before.others[name] ?? {}, actions),
      ]),
    ),
    busy,
  };
}

/** Of the workflows that all orders share, since their start. */
async function sharedActions(
  { client }: Stack,
  marketId: string,
): Promise<Readonly<Record<string, Actions>>> {
  const ids = { dispatcher: `dispatcher:${marketId}`, maintenance: 'maintenance' };
  const entries = Object.entries(ids).map(async ([name, id]) => {
    const history = await client.workflow.getHandle(id).fetchHistory();
    return [name, billableActions(history)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** PostgreSQL's connections report their transactions a second late, at the latest. */
const reportedMs = 1_500;

async function useOf(
  { stack, pids }: { readonly stack: Stack; readonly pids: Pids },
  work: () => Promise<unknown>,
): Promise<Use> {
  await delay(reportedMs);
  const [start, cpu, database] = [
    performance.now(),
    cpuOf(pids),
    await readDatabase(stack.services),
  ];
  await work();
  await delay(reportedMs);
  const after = await readDatabase(stack.services);
  return {
    cpu: cpuBetween(cpu, cpuOf(pids)),
    transactions: after.transactions - database.transactions,
    walBytes: after.walBytes - database.walBytes,
    durationMs: performance.now() - start,
  };
}
