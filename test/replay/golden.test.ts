// Golden histories: one per path through the lifecycle, replayed against today's code. A change that running orders
// would not survive turns this red. `RECORD_HISTORIES=1 npm test -- test/replay` writes them anew.

import { mkdir, readdir, writeFile } from 'node:fs/promises';
import proto from '@temporalio/proto';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { goldenFile, goldenFolder, goldenNames, loadGolden } from '../support/golden.ts';
import { scenarioFacts, scenarios } from '../support/order-scenarios.ts';
import {
  createWorld,
  obliging,
  obligingFleet,
  orderIn,
  type World,
} from '../support/order-world.ts';
import { standing } from '../support/standing-scenarios.ts';

const { History } = proto.temporal.api.history.v1;
const recording = process.env['RECORD_HISTORIES'] === '1';

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
    await mkdir(goldenFolder, { recursive: true });
  }, 60_000);
  afterAll(() => world.close());

  test.for(Object.entries(scenarios))('%s', async ([name, play]) => {
    world.answerWith(obliging);
    world.fleetAnswersWith(obligingFleet);
    const order = orderIn(world, scenarioFacts[name]?.());
    await play(world, order);
    expect(await order.result()).toMatchObject({ orderId: order.orderId });
    const history = await order.handle.fetchHistory();
    await writeFile(goldenFile(name), History.encode(history).finish());
  });

  test.for(Object.entries(standing))('%s', async ([name, play]) => {
    const history = await play(world);
    expect(history.events?.length).toBeGreaterThan(0);
    await writeFile(goldenFile(name), History.encode(history).finish());
  });
});

describe('replay', () => {
  test('every path through the lifecycle has a golden history', async () => {
    const recorded = (await readdir(goldenFolder)).map((name) => name.replace('.pb', ''));
    expect(recorded.toSorted()).toEqual(goldenNames.toSorted());
  });

  test.for(goldenNames)('%s runs on under this code', async (name) => {
    await expect(replay(name, await loadGolden(name))).resolves.toBeUndefined();
  });
});
