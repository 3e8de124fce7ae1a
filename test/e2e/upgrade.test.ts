// A rolling upgrade under load, rehearsed with the commands of docs/operations/upgrading.md. Two fleets: what began on
// the old version ends there while the new one, whose workflows could not even replay it, takes new orders. Then a
// version with a bug: seen, rolled back, its orders moved. No order fails. `npm run rehearse-upgrade` plays it longer.

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { deploymentName } from '../../adapters/temporal-versions.ts';
import { startCrew } from '../support/crew.ts';
import { copyCode, failsAtAccept, sleepsFirst } from '../support/other-code.ts';
import { figure } from '../support/figure.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { expectAgreement, paymentsOf } from '../support/truth.ts';

const isProof = process.env['PROOF'] === '1';
/** Placed one after the other, and how many before the next step. */
const everyMs = isProof ? 1_000 : 1_500;
const perStep = isProof ? 40 : 5;
const { WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR: nonDeterministic } =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause;

let folder: string;
let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-'));
  await copyCode(join(folder, 'new'), sleepsFirst);
  await copyCode(join(folder, 'bad'), failsAtAccept);
  stack = await startStack({
    env: { WAYBILL_BUILD_ID: 'old' },
    logFile: join(folder, 'stack.log'),
  });
  shop = await openShop(stack, {
    policy: { dispatchTickMs: 500, dispatchIdleMs: 500 },
    capacity: 20,
  });
  await shop.goOnline();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});

type Said = { readonly code: number; readonly output: string };

/** `node worker/deploy.ts …` of a version's own code. */
function deploy(version: 'old' | 'new' | 'bad', ...args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['worker/deploy.ts', ...args],
      {
        cwd: version === 'old' ? process.cwd() : join(folder, version),
        env: { ...stack.environment, WAYBILL_BUILD_ID: version },
      },
      (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    );
  });
}

/** Says it again while the engine does not know the version's workers yet. */
async function insistOn(version: 'new' | 'bad', ...args: readonly string[]): Promise<void> {
  await expect
    .poll(() => deploy(version, ...args), { timeout: 180_000, interval: 500 })
    .toMatchObject({ code: 0 });
}

const startFleet = (version: 'new' | 'bad'): Promise<void> =>
  stack.start(
    `worker ${version}`,
    { WAYBILL_BUILD_ID: version, WAYBILL_PROMOTE: 'never' },
    join(folder, version),
  );

function startPlacing() {
  const ids: string[] = [];
  const refused: unknown[] = [];
  async function placeOne(): Promise<void> {
    try {
      const { status, body } = await shop.place();
      if (status === 201 || status === 202) ids.push(body.id);
      else refused.push(body);
    } catch (error) {
      refused.push(error);
    }
  }
  const all: Promise<void>[] = [];
  const timer = setInterval(() => void all.push(placeOne()), everyMs);
  return {
    ids,
    refused,
    async more(count: number): Promise<void> {
      const wanted = ids.length + count;
      await expect.poll(() => ids.length, { timeout: 180_000 }).toBeGreaterThanOrEqual(wanted);
    },
    async stop(): Promise<void> {
      clearInterval(timer);
      await Promise.all(all);
    },
  };
}

/** Which versions completed its workflow tasks, in order; and whether one could not replay it. */
async function runsOf(orderId: string) {
  const { events } = await stack.client.workflow.getHandle(`order:${orderId}`).fetchHistory();
  const all = events ?? [];
  const versions = all.flatMap(({ workflowTaskCompletedEventAttributes: done }) =>
    done?.deploymentVersion?.buildId ? [done.deploymentVersion.buildId] : [],
  );
  const failures = all.flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
    failed?.cause ? [failed.cause] : [],
  );
  return {
    versions: [...new Set(versions)].join(' → '),
    diverged: failures.includes(nonDeterministic),
  };
}

async function expectAllWell(ids: readonly string[]): Promise<void> {
  const ends = await Promise.all(ids.map((id) => expectAgreement(stack, id)));
  expect(ends.map(({ status, payment }) => `${status} ${payment}`)).toEqual(
    ids.map(() => 'completed captured'),
  );
  for (const id of ids)
    expect(await paymentsOf(stack, id)).toMatchObject([{ amount_received: 2_350 }]);
}

const began = Date.now();
const tell = (what: string): void =>
  console.log(`${Math.round((Date.now() - began) / 1_000)} s: ${what}`);

const problems = async (): Promise<number> =>
  Number(/of any version: (\d+)/.exec((await deploy('new', 'status')).output)?.[1]);

test('an upgrade under load loses nothing, and a bad version is rolled back', async () => {
  const held = new Set<string>();
  const crew = startCrew(shop, (id) => held.has(id));
  const placing = startPlacing();
  await placing.more(perStep);
  // Under way on the old version, their merchants silent until the new one is current.
  for (const id of (await Promise.all([shop.place(), shop.place(), shop.place()])).map(
    ({ body }) => body.id,
  )) {
    held.add(id);
    placing.ids.push(id);
  }
  const early = [...held];

  tell('the new version comes');
  await startFleet('new');
  await insistOn('new', 'ramp', '--percent', '50');
  await placing.more(perStep);
  await insistOn('new', 'promote');
  tell('the new version is current');
  expect((await deploy('new', 'drained', '--build-id', 'old')).code).toBe(1);
  held.clear();
  await placing.more(perStep);
  await expect
    .poll(async () => (await deploy('new', 'drained', '--build-id', 'old')).output, {
      timeout: 180_000,
      interval: 1_000,
    })
    .toBe('old: 0 open orders\n');
  await stack.stop('worker');
  tell('the old version is drained and gone; a bad one comes');

  await startFleet('bad');
  await insistOn('bad', 'ramp', '--percent', '60');
  await expect.poll(problems, { timeout: 180_000, interval: 1_000 }).toBeGreaterThan(0);
  tell('the bad version is seen');
  const seen = (await deploy('new', 'status')).output;
  const rollback = await deploy('new', 'rollback');
  await placing.more(perStep);
  tell('rolled back');
  const move = await deploy('new', 'move', '--from', 'bad');
  tell('moved');
  await placing.stop();
  await expectAllWell(placing.ids);
  await crew.stop();

  expect(move).toMatchObject({ code: 0 });
  expect(placing.refused).toEqual([]);
  const runs = await Promise.all(placing.ids.map(runsOf));
  expect(runs.filter(({ diverged }) => diverged)).toEqual([]);
  const byVersion = Map.groupBy(runs, ({ versions }) => versions);
  for (const id of early) expect((await runsOf(id)).versions).toBe('old');
  // Each on one version from end to end. Those of the bad one began anew: the new code cannot replay them.
  expect([...byVersion.keys()].toSorted()).toEqual(['new', 'old']);
  expect(move.output).toMatch(/: 0 moved, [1-9]\d* rebuilt, .* 0 failed/);
  figure(
    [
      `${placing.ids.length} orders, one every ${everyMs} ms: all completed and captured once, none diverged`,
      ...[...byVersion].map(([versions, of]) => `  ${versions}: ${of.length} orders`),
      seen,
      rollback.output,
      move.output,
    ].join('\n'),
  );
  const { raw } = await stack.client.workflow.getHandle(`dispatcher:${shop.ids.market}`).describe();
  expect(raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion).toMatchObject({
    deploymentName,
    buildId: 'new',
  });
}, 600_000);
