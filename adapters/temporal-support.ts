// Support's view of the workflows in Temporal: describe, list, settle, terminate. No rules.

import {
  isGrpcServiceError,
  ServiceError,
  WorkflowNotFoundError,
  type Client,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { status as grpcStatus } from '@grpc/grpc-js';
import {
  bulkWorkflowId,
  orderWorkflowId,
  parseOrderWorkflowId,
  settleWorkflowId,
  type BulkId,
  type OrderId,
} from '../domain/ids.ts';
import type { SettleResult } from '../domain/settling.ts';
import { summaryOf } from '../domain/view.ts';
import type { SupportEngine, WorkflowState } from './support-engine.ts';

const queue = 'orders';
const callDeadlineMs = 5_000;
/** One failed task may be a worker that was killed; the server itself reports problems at five. */
const failingAttempts = 3;
/** Per query of the list. */
const listedAtMost = 500;

export type Calls = {
  readonly client: Client;
  readonly within: <T>(deadlineMs: number, call: () => Promise<T>) => Promise<T>;
};

export const supportMessages = (calls: Calls): SupportEngine => ({
  workflowOf: (orderId) => workflowOf(calls, orderId),
  troubledOrders: ({ since }) => troubledOrders(calls, since),
  settle: (input) => settle(calls, input),
  terminate: (input) => terminate(calls, input),
  startBulk: (bulkId) => startBulk(calls, bulkId),
});

async function workflowOf(calls: Calls, orderId: OrderId): Promise<WorkflowState> {
  const own = await look(calls, orderWorkflowId(orderId));
  if (own.kind !== 'closed' && own.kind !== 'missing') return own;
  const { kind } = await look(calls, settleWorkflowId(orderId));
  return kind === 'running' ? { kind: 'settling' } : own;
}

async function look({ client, within }: Calls, workflowId: string): Promise<WorkflowState> {
  try {
    const handle = client.workflow.getHandle(workflowId);
    return stateOf(await within(callDeadlineMs, () => handle.describe()));
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? { kind: 'missing' } : unavailable(error);
  }
}

function stateOf({ status, raw }: WorkflowExecutionDescription): WorkflowState {
  if (status.name === 'PAUSED') return { kind: 'paused' };
  if (status.name !== 'RUNNING') return { kind: 'closed', as: status.name.toLowerCase() };
  const attempt = raw.pendingWorkflowTask?.attempt ?? 0;
  return attempt >= failingAttempts ? { kind: 'failing', attempt } : { kind: 'running' };
}

async function troubledOrders(calls: Calls, since: number): Promise<readonly OrderId[]> {
  const closed = `('Terminated', 'Failed', 'TimedOut', 'Canceled')`;
  const lists = await Promise.all([
    listOrders(calls, `ExecutionStatus = 'Running' AND TemporalReportedProblems IS NOT NULL`),
    listOrders(
      calls,
      `ExecutionStatus IN ${closed} AND CloseTime > '${new Date(since).toISOString()}'`,
    ),
  ]);
  return [...new Set(lists.flat())];
}

async function listOrders({ client, within }: Calls, query: string): Promise<readonly OrderId[]> {
  const { namespace } = client.options;
  const { executions } = await within(callDeadlineMs, () =>
    client.workflowService.listWorkflowExecutions({
      namespace,
      pageSize: listedAtMost,
      query: `WorkflowType = 'order' AND ${query}`,
    }),
  );
  return executions.flatMap(({ execution }) => {
    const orderId = parseOrderWorkflowId(execution?.workflowId ?? '');
    return orderId ? [orderId] : [];
  });
}

const settle = async (
  { client, within }: Calls,
  { deadlineMs, ...input }: Parameters<SupportEngine['settle']>[0],
): ReturnType<SupportEngine['settle']> => {
  const endAt = Date.now() + deadlineMs;
  const { facts } = input;
  try {
    const handle = await within(deadlineMs, () =>
      client.workflow.start('settle', {
        workflowId: settleWorkflowId(facts.orderId),
        taskQueue: queue,
        args: [input],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        workflowTaskTimeout: '5s',
        staticSummary: `settle ${summaryOf(facts)}`.slice(0, 190),
      }),
    );
    const left = Math.max(1, endAt - Date.now());
    return (await within(left, () => handle.result())) as SettleResult;
  } catch (error) {
    return isLate(error) ? { kind: 'under_way' } : unavailable(error);
  }
};

async function terminate(
  { client, within }: Calls,
  { orderId, reason }: Parameters<SupportEngine['terminate']>[0],
): Promise<boolean> {
  try {
    const handle = client.workflow.getHandle(orderWorkflowId(orderId));
    await within(callDeadlineMs, () => handle.terminate(reason));
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function startBulk({ client, within }: Calls, bulkId: BulkId): Promise<void> {
  await within(callDeadlineMs, () =>
    client.workflow.start('bulk', {
      workflowId: bulkWorkflowId(bulkId),
      taskQueue: queue,
      args: [{ bulkId }],
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: 'a bulk action of support',
    }),
  );
}

/** The client wraps what the connection says. */
const codeOf = (error: unknown): number | undefined => {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
};

const isLate = (error: unknown): boolean =>
  codeOf(error) === grpcStatus.DEADLINE_EXCEEDED || codeOf(error) === grpcStatus.CANCELLED;

function unavailable(error: unknown): { readonly kind: 'unavailable' } {
  if (codeOf(error) === undefined && !(error instanceof ServiceError)) throw error;
  return { kind: 'unavailable' };
}
