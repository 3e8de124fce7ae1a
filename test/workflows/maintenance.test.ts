// The housekeeping's workflow on a real Temporal server: what it has seen is told to the next look, whichever worker
// makes it. Time is skipped by the server.

import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Looks } from '../../activities/contract.ts';
import { maintenanceWorkflowId } from '../../domain/ids.ts';
import { createWorld, skipTime, type World } from '../support/order-world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
afterAll(() => world.close());

test('maintenance › hands on what it has seen, also to the run that follows', async () => {
  await world.engine.startMaintenance();
  const handle = world.client.workflow.getHandle(maintenanceWorkflowId);
  const { runId } = await handle.describe();
  await skipTime(world.client, handle);
  const patience = { timeout: 50_000, interval: 100 };
  await vi.waitFor(async () => expect((await handle.describe()).runId).not.toBe(runId), patience);
  const past = await world.client.workflow.getHandle(maintenanceWorkflowId, runId).fetchHistory();
  const last = past.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes;
  const handedOn = JSON.parse(String(last?.input?.payloads?.[0]?.data)) as Looks;
  await vi.waitFor(() => expect(world.looked.length).toBeGreaterThan(handedOn.lastAt), patience);
  await handle.terminate();
  const told = world.looked.map((_, i) => (i === 0 ? undefined : { lastAt: i, backAt: 1 }));
  expect(world.looked).toEqual(told);
}, 60_000);
