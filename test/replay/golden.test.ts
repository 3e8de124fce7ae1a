// Golden histories: one per path through the lifecycle, replayed against today's code. A change that running orders
// would not survive turns this red. `RECORD_HISTORIES=1 npm test -- test/replay` writes them anew.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { scenarioFacts, scenarios } from '../support/order-scenarios.ts';
import { createWorld, obliging, orderIn, type World } from '../support/order-world.ts';

const { History } = proto.temporal.api.history.v1;
const folder = new URL('histories/', import.meta.url);
const recording = process.env['RECORD_HISTORIES'] === '1';
const file = (name: string): URL => new URL(`${name}.pb`, folder);
const load = async (name: string) => History.decode(await readFile(file(name)));

const replay = (name: string, history: proto.temporal.api.history.v1.IHistory): Promise<void> =>
  Worker.runReplayHistory(
    { workflowBundle: { codePath: inject('bundlePath') }, replayName: name },
    history,
    'order:replayed',
  );

describe.runIf(recording)('recording', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
    await mkdir(folder, { recursive: true });
  }, 60_000);
  afterAll(() => world.close());

  test.for(Object.entries(scenarios))('%s', async ([name, play]) => {
    world.answerWith(obliging);
    const order = orderIn(world, scenarioFacts[name]?.());
    await play(world, order);
    expect(await order.result()).toMatchObject({ orderId: order.orderId });
    const history = await order.handle.fetchHistory();
    await writeFile(file(name), History.encode(history).finish());
  });
});

describe('replay', () => {
  test('every path through the lifecycle has a golden history', async () => {
    const names = (await readdir(folder)).map((name) => name.replace('.pb', ''));
    expect(names.toSorted()).toEqual(Object.keys(scenarios).toSorted());
  });

  test.for(Object.keys(scenarios))('%s runs on under this code', async (name) => {
    await expect(replay(name, await load(name))).resolves.toBeUndefined();
  });

  test('an incompatible change is caught', async () => {
    const { events } = await load('delivered');
    for (const { activityTaskScheduledEventAttributes: scheduled } of events) {
      if (scheduled) scheduled.activityType = { name: 'renamed' };
    }
    await expect(replay('broken', { events })).rejects.toThrow(/[Nn]ondeterminism/);
  });
});
