// The dispatcher's workflow on a real Temporal server, with rounds in memory.

import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, beforeEach, expect, inject, test, vi } from 'vitest';
import type { DispatchActivities, DispatchRound } from '../../activities/contract.ts';
import { engineOf, searchAttributes } from '../../adapters/temporal.ts';
import { newId } from '../../db/new-id.ts';
import { dispatcherWorkflowId, type MarketId } from '../../domain/ids.ts';
import { ensureNamespace } from '../../scripts/local/temporal-namespace.ts';

const idle: DispatchRound = { open: 0, offersMade: 0, waitMs: 60_000 };
let rounds: MarketId[];
let answer: () => Promise<DispatchRound>;
beforeEach(() => {
  rounds = [];
  answer = async () => idle;
});

let world: Awaited<ReturnType<typeof createWorld>>;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
afterAll(() => world.close());

async function createWorld() {
  const address = inject('temporalAddress');
  const namespace = `test-${randomUUID()}`;
  await ensureNamespace({ address, namespace, searchAttributes, withinMs: 30_000 });
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({ connection, namespace });
  const activities = {
    dispatchRound: ({ marketId }) => {
      rounds.push(marketId);
      return answer();
    },
  } satisfies DispatchActivities;
  const shared = { connection: native, namespace };
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: 'orders',
      workflowBundle: { codePath: inject('bundlePath') },
    }),
    Worker.create({ ...shared, taskQueue: 'dispatch', activities }),
  ]);
  const runs = workers.map((worker) => worker.run());
  return {
    client,
    engine: engineOf(client, connection),
    async close(): Promise<void> {
      for (const worker of workers) worker.shutdown();
      await Promise.all(runs);
      await connection.close();
      await native.close();
    },
  };
}

const handleOf = (marketId: MarketId) =>
  world.client.workflow.getHandle(dispatcherWorkflowId(marketId));
const seenRounds = (count: number) =>
  vi.waitFor(() => expect(rounds.length).toBeGreaterThanOrEqual(count), {
    timeout: 15_000,
    interval: 20,
  });

/** The next round takes until the returned function is called. */
function holdRound(): (round: DispatchRound) => void {
  let resolveRound: ((round: DispatchRound) => void) | undefined;
  answer = () => new Promise((resolve) => (resolveRound = resolve));
  return (round) => resolveRound?.(round);
}

async function running<T>(body: (marketId: MarketId) => Promise<T>): Promise<T> {
  const marketId = newId('market');
  await world.engine.wakeDispatcher(marketId);
  try {
    return await body(marketId);
  } finally {
    await handleOf(marketId).terminate();
  }
}

test('dispatcher › runs a round at once, sleeps, and a wake ends the sleep', () =>
  running(async (marketId) => {
    await seenRounds(1);
    await world.engine.wakeDispatcher(marketId);
    await seenRounds(2);
    expect(new Set(rounds)).toEqual(new Set([marketId]));
  }));

test('dispatcher › a wake during a round leads to another round', async () => {
  const finish = holdRound();
  await running(async (marketId) => {
    await seenRounds(1);
    await world.engine.wakeDispatcher(marketId);
    answer = async () => idle;
    finish(idle);
    await seenRounds(2);
    expect(rounds).toEqual([marketId, marketId]);
  });
});

test('dispatcher › a round that fails is repeated', async () => {
  answer = async () => {
    answer = async () => idle;
    throw new Error('the database is away');
  };
  await running(async (marketId) => {
    await seenRounds(2);
    expect(rounds).toEqual([marketId, marketId]);
  });
});

test('dispatcher › a round costs about ten events', async () => {
  answer = async () => ({ ...idle, open: 1, waitMs: 1 });
  await running(async (marketId) => {
    await seenRounds(12);
    const { historyLength } = await handleOf(marketId).describe();
    expect(historyLength / rounds.length).toBeLessThan(13);
  });
});

test('dispatcher › continues as new when its history is long, with nothing but its market', async () => {
  const finish = holdRound();
  await running(async (marketId) => {
    await seenRounds(1);
    const first = await handleOf(marketId).describe();
    while ((await handleOf(marketId).describe()).historyLength <= 2_000) {
      await Promise.all(Array.from({ length: 100 }, () => world.engine.wakeDispatcher(marketId)));
    }
    answer = async () => idle;
    finish(idle);
    await vi.waitFor(
      async () => expect((await handleOf(marketId).describe()).runId).not.toBe(first.runId),
      { timeout: 15_000, interval: 50 },
    );
    const past = await world.client.workflow
      .getHandle(first.workflowId, first.runId)
      .fetchHistory();
    const last = past.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
    expect(String(last?.input?.payloads?.[0]?.data)).toBe(JSON.stringify({ marketId }));
  });
}, 60_000);
