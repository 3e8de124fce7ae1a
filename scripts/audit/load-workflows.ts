// Reads from the engine what the audit needs: the state and result of every workflow, and a sample of
// histories, searched for people's data at once and not kept.

import {
  Client,
  Connection,
  WorkflowNotFoundError,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import { parseOrderWorkflowId } from '../../domain/ids.ts';
import type { OrderResult } from '../../domain/messages.ts';
import { findCanaries } from './canaries.ts';
import type { AuditData, CanaryHit, WorkflowView } from './data.ts';

export type Engine = {
  readonly client: Client;
  readonly namespace: string;
  readonly close: () => Promise<void>;
};

export async function openEngine({
  address,
  namespace,
}: {
  readonly address: string;
  readonly namespace: string;
}): Promise<Engine> {
  const connection = await Connection.connect({ address, connectTimeout: 5_000 });
  return {
    client: new Client({ connection, namespace }),
    namespace,
    close: () => connection.close(),
  };
}

type Loaded = Pick<AuditData, 'workflows' | 'otherWorkflows' | 'retentionMs'>;

/** `orderIds` are the orders with a row: each is asked for when the engine's list does not have it yet. */
export async function loadWorkflows(engine: Engine, orderIds: readonly string[]): Promise<Loaded> {
  const listed = new Map<string, WorkflowView>();
  const others: WorkflowView[] = [];
  for await (const info of engine.client.workflow.list({ pageSize: 500 })) {
    const orderId = parseOrderWorkflowId(info.workflowId);
    const view = viewOf(info);
    if (orderId === undefined) others.push(view);
    else if (!listed.has(orderId)) listed.set(orderId, view);
  }
  // The list lags behind by moments: what it does not show as closed is asked for itself.
  const doubtful = orderIds.filter((id) => (listed.get(id)?.status ?? 'running') === 'running');
  const asked = await inTurns(doubtful, (id) => describe(engine, `order:${id}`));
  for (const [index, view] of asked.entries()) {
    const id = doubtful[index];
    if (id === undefined) continue;
    if (view === undefined) listed.delete(id);
    else listed.set(id, view);
  }
  await joinSettlers(engine, listed);
  const running = others.filter((view) => view.status === 'running');
  const described = await inTurns(running, (view) => describe(engine, view.workflowId));
  return {
    workflows: await withResults(engine, listed),
    otherWorkflows: [
      ...others.filter((view) => view.status !== 'running'),
      ...described.flatMap((view) => (view === undefined ? [] : [view])),
    ],
    retentionMs: await retentionOf(engine),
  };
}

const lost: ReadonlySet<string> = new Set(['terminated', 'failed', 'timed_out', 'cancelled']);

/** An order whose workflow was lost has its end from `settle:<orderId>`. */
async function joinSettlers(engine: Engine, listed: Map<string, WorkflowView>): Promise<void> {
  const gone = [...listed].filter(([, view]) => lost.has(view.status)).map(([id]) => id);
  const settlers = await inTurns(gone, (id) => describe(engine, `settle:${id}`));
  for (const [index, view] of settlers.entries()) {
    const id = gone[index];
    if (id !== undefined && view !== undefined) listed.set(id, view);
  }
}

/** An earlier run that was continued as new is no end. */
const statusOf = (name: string): WorkflowView['status'] =>
  name === 'PAUSED' ? 'running' : (name.toLowerCase() as WorkflowView['status']);

const viewOf = ({ workflowId, status }: WorkflowExecutionInfo): WorkflowView => ({
  workflowId,
  status: statusOf(status.name),
  result: undefined,
  taskAttempt: 0,
});

async function describe({ client }: Engine, workflowId: string): Promise<WorkflowView | undefined> {
  try {
    const { status, raw } = await client.workflow.getHandle(workflowId).describe();
    return {
      workflowId,
      status: statusOf(status.name),
      result: undefined,
      taskAttempt: raw.pendingWorkflowTask?.attempt ?? 0,
    };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

async function withResults(
  { client }: Engine,
  views: ReadonlyMap<string, WorkflowView>,
): Promise<ReadonlyMap<string, WorkflowView>> {
  const completed = await inTurns(
    [...views],
    async ([id, view]): Promise<readonly [string, WorkflowView]> => {
      if (view.status !== 'completed') return [id, view];
      const result: unknown = await client.workflow.getHandle(view.workflowId).result();
      return [id, { ...view, result: result as OrderResult }];
    },
  );
  return new Map(completed);
}

async function retentionOf({ client, namespace }: Engine): Promise<number> {
  const { config } = await client.workflowService.describeNamespace({ namespace });
  return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000;
}

/** Histories of these orders, with start arguments, updates, results and search attributes, as text. */
export async function searchHistories(
  { client }: Engine,
  orderIds: readonly string[],
): Promise<readonly CanaryHit[]> {
  const hits = await inTurns(orderIds, async (id) => {
    const history = await client.workflow
      .getHandle(`order:${id}`)
      .fetchHistory()
      .catch(() => undefined);
    return history === undefined ? [] : findCanaries(`history of ${id}`, textOf(history));
  });
  return hits.flat();
}

/** Everything in a history as one text; payloads are bytes and are read as UTF-8. */
const textOf = (history: object): string =>
  JSON.stringify(history, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
  );

const atOnce = 12;

/** `work` on every item, a dozen at a time, results in the order of the items. */
async function inTurns<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return results;
}
