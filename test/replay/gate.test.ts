// The gate shown to work: the golden histories against other versions of the code, bundled from patched copies.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from '@temporalio/worker';
import { afterAll, expect, test } from 'vitest';
import { goldenNames, loadGolden } from '../support/golden.ts';
import { scenarios } from '../support/order-scenarios.ts';
import {
  copyCode,
  failsAtAccept,
  otherWords,
  sleepsFirst,
  type Patch,
} from '../support/other-code.ts';
import { bundleWorkflows, type WorkflowCode } from '../../worker/version.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function bundleOf(patches: readonly Patch[]): Promise<WorkflowCode> {
  const root = await mkdtemp(join(tmpdir(), 'waybill-'));
  folders.push(root);
  return bundleWorkflows({ root: await copyCode(root, patches) });
}

/** The names of the histories that do not run on. */
async function stoppedBy({ code }: WorkflowCode): Promise<readonly string[]> {
  const histories = await Promise.all(
    goldenNames.map(async (name) => ({ workflowId: name, history: await loadGolden(name) })),
  );
  const stopped: string[] = [];
  const replaying = Worker.runReplayHistories({ workflowBundle: { code } }, histories);
  for await (const { workflowId, error } of replaying) if (error) stopped.push(workflowId);
  return stopped;
}

test(
  'a build that orders under way would not survive is stopped',
  { timeout: 60_000 },
  async () => {
    const stopped = await stoppedBy(await bundleOf(sleepsFirst));
    expect(stopped.toSorted()).toEqual(Object.keys(scenarios).toSorted());
  },
);

test('a build that fails on one path alone is stopped', { timeout: 60_000 }, async () => {
  const stopped = await stoppedBy(await bundleOf(failsAtAccept));
  expect(stopped).toContain('delivered');
  expect(stopped).not.toContain('denied');
});

test('a build with other words and the same steps passes', { timeout: 60_000 }, async () => {
  expect(await stoppedBy(await bundleOf(otherWords))).toEqual([]);
});

test('equal code has an equal build id, another one another', { timeout: 60_000 }, async () => {
  const [one, two, other] = await Promise.all([[], [], otherWords].map(bundleOf));
  expect(one?.buildId).toMatch(/^[0-9a-f]{12}$/);
  expect(two?.buildId).toBe(one?.buildId);
  expect(other?.buildId).not.toBe(one?.buildId);
});
