// Moves the open workflows of another version to this one. What replays under this code goes on where it is; what does
// not is begun anew: an order, and a settling, finds every step in its event log, a refund, a payout, a bulk
// action and the comparison of the books in their rows. So nothing is left to a version that nobody runs.

import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import {
  overrideVersion,
  pinnedTo,
  rebuild,
  versionOf,
  type Fleet,
} from '../adapters/temporal-versions.ts';
import type { WorkflowCode } from './version.ts';

export type Move = 'moved' | 'rebuilt' | 'ended' | 'failed';
export type Moves = Readonly<Record<Move, number>> & { readonly failedIds: readonly string[] };

type Mover = {
  readonly fleet: Fleet;
  readonly to: WorkflowCode;
  readonly log: (line: string) => void;
};

const atOnce = 8;
const confirmWithinMs = 15_000;
const catchUpSignal = 'catchUp';

/** Repeatable. Counts how each order went; `failedIds` still need somebody. */
export async function takeOver(mover: Mover, from: string): Promise<Moves> {
  const counts = { moved: 0, rebuilt: 0, ended: 0, failed: 0 };
  const failedIds: string[] = [];
  const ids = await openIds(mover.fleet, from);
  for (let start = 0; start < ids.length; start += atOnce) {
    const some = ids.slice(start, start + atOnce);
    const replays = await replayAll(mover, some);
    const moves = await Promise.all(
      some.map((id) =>
        move(mover, { workflowId: id, from, replays: replays.get(id) === true }).catch(
          (error: unknown): Move => {
            mover.log(`${id}: ${error instanceof Error ? error.message : String(error)}`);
            return error instanceof WorkflowNotFoundError ? 'ended' : 'failed';
          },
        ),
      ),
    );
    for (const [i, each] of moves.entries()) {
      counts[each] += 1;
      if (each === 'failed') failedIds.push(some[i] ?? '');
    }
  }
  return { ...counts, failedIds };
}

async function openIds({ client }: Fleet, from: string): Promise<readonly string[]> {
  const ids: string[] = [];
  for await (const { workflowId } of client.workflow.list({ query: pinnedTo(from) }))
    ids.push(workflowId);
  return ids;
}

/** True for every workflow whose history runs under the new code. */
async function replayAll(
  { fleet: { client }, to }: Mover,
  ids: readonly string[],
): Promise<ReadonlyMap<string, boolean>> {
  const results = new Map<string, boolean>();
  const histories = await Promise.all(
    ids.map(async (workflowId) => ({
      workflowId,
      history: await client.workflow.getHandle(workflowId).fetchHistory(),
    })),
  );
  const replaying = Worker.runReplayHistories({ workflowBundle: { code: to.code } }, histories);
  for await (const { workflowId, error } of replaying) results.set(workflowId, error === undefined);
  return results;
}

type Moving = {
  readonly workflowId: string;
  readonly from: string;
  readonly replays: boolean;
};

async function move(mover: Mover, { workflowId, from, replays }: Moving): Promise<Move> {
  const { fleet, to } = mover;
  if (replays) {
    await overrideVersion(fleet, { workflowId, buildId: to.buildId });
    const end = await confirm(mover, workflowId);
    if (end !== 'failed') return end;
  }
  await startAnew(mover, { workflowId, from });
  const end = await confirm(mover, workflowId);
  return end === 'moved' ? 'rebuilt' : end;
}

/** A task on the new version shows that the order runs there. Then it is pinned like any other, without an override. */
async function confirm({ fleet, to }: Mover, workflowId: string): Promise<Move> {
  const handle = fleet.client.workflow.getHandle(workflowId);
  await handle.signal(catchUpSignal);
  const until = Date.now() + confirmWithinMs;
  for (;;) {
    const { buildId, failing, open } = await versionOf(fleet, workflowId);
    if (!open) return 'ended';
    if (buildId === to.buildId && !failing) break;
    if (Date.now() > until) return 'failed';
    await delay(100);
  }
  await overrideVersion(fleet, { workflowId, buildId: undefined });
  return 'moved';
}

async function startAnew(
  { fleet, to, log }: Mover,
  { workflowId, from }: Omit<Moving, 'replays'>,
): Promise<void> {
  const handle = fleet.client.workflow.getHandle(workflowId);
  const [{ runId }, { events }] = await Promise.all([handle.describe(), handle.fetchHistory()]);
  const first = events?.find(
    (event) =>
      event.workflowTaskCompletedEventAttributes ?? event.workflowTaskFailedEventAttributes,
  );
  if (!first) throw new Error('has no workflow task yet: it follows the current version by itself');
  log(`${workflowId} does not run under ${to.buildId}: begun anew from what is stored`);
  await rebuild(fleet, {
    workflowId,
    runId,
    firstTaskId: Number(first.eventId),
    buildId: to.buildId,
    reason: `version ${from} → ${to.buildId}`,
  });
}
