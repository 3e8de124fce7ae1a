// Orders as Temporal workflows: every message, its ids and deadlines, and what the engine's errors mean. No rules.

import {
  Client,
  type Connection,
  isGrpcServiceError,
  ServiceError,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  defineSearchAttributeKey,
  TypedSearchAttributes,
  type Workflow,
} from '@temporalio/common';
import { status as grpcStatus, type ServiceError as ServiceErrorOfGrpc } from '@grpc/grpc-js';
import { isErrorCode, type Refusal } from '../domain/errors.ts';
import {
  dispatcherWorkflowId,
  maintenanceWorkflowId,
  orderWorkflowId,
  settleWorkflowId,
  type OrderId,
} from '../domain/ids.ts';
import {
  catchUpSignal,
  partnerDeliveryChangedSignal,
  paymentSettledSignal,
  placeUpdate,
  wakeSignal,
  type CommandAnswer,
} from '../domain/messages.ts';
import type { OrderFacts } from '../domain/order.ts';
import { summaryOf } from '../domain/view.ts';
import type { OrderEngine, Outcome } from './order-engine.ts';
import { connectionTo } from './temporal-connection.ts';
import { supportMessages, type Calls } from './temporal-support.ts';

export const searchAttributes = [
  'MerchantId',
  'BranchId',
  'MarketId',
  'Stage',
  'StuckReason',
] as const;
const key = (name: (typeof searchAttributes)[number]) => defineSearchAttributeKey(name, 'KEYWORD');

const queue = 'orders';
const signalDeadlineMs = 5_000;

export type TemporalOptions = { readonly address: string; readonly namespace: string };

export function createTemporalEngine({ address, namespace }: TemporalOptions): OrderEngine {
  const connection = connectionTo(address);
  const client = new Client({ connection, namespace });
  return engineOf(client, connection);
}

export function engineOf(client: Client, connection: Connection): OrderEngine {
  const within: Calls['within'] = (deadlineMs, call) =>
    client.withDeadline(Date.now() + deadlineMs, call);
  return {
    ...orderMessages({ client, within }),
    ...otherWorkflows({ client, within }),
    ...supportMessages({ client, within }),
    async ping(deadlineMs) {
      await within(deadlineMs, () => connection.workflowService.getSystemInfo({}));
    },
    close: () => connection.close(),
  };
}

type SendInput = Parameters<OrderEngine['send']>[0];

function orderMessages({
  client,
  within,
}: Calls): Pick<
  OrderEngine,
  'place' | 'isPlaced' | 'send' | 'paymentSettled' | 'partnerDeliveryChanged' | 'catchUp'
> {
  const { workflow } = client;
  const signal = (orderId: OrderId, name: string, ...args: readonly object[]): Promise<void> =>
    unlessClosed(() =>
      within(signalDeadlineMs, () =>
        workflow.getHandle(orderWorkflowId(orderId)).signal(name, ...args),
      ),
    );
  async function sendTo(workflowId: string, input: SendInput): Promise<Outcome> {
    const { command, actor, commandId, deadlineMs, ifSequence } = input;
    const envelope = { command, actor, ...(ifSequence === undefined ? {} : { ifSequence }) };
    const update = { updateId: commandId, args: [envelope] as [object] };
    try {
      const handle = workflow.getHandle(workflowId);
      const answer = await within(deadlineMs, () =>
        handle.executeUpdate<CommandAnswer, [object]>(command.kind, update),
      );
      return { kind: 'done', answer };
    } catch (error) {
      return outcomeOf(error);
    }
  }

  return {
    async place({ facts, deadlineMs }) {
      const startWorkflowOperation = startOf(facts);
      const update = { updateId: 'place', args: [] as [], startWorkflowOperation };
      try {
        const answer = await within(deadlineMs, () =>
          workflow.executeUpdateWithStart<Workflow, CommandAnswer, []>(placeUpdate, update),
        );
        return { kind: 'done', answer };
      } catch (error) {
        // Closed already: it was placed, and more has happened since.
        if (error instanceof WorkflowExecutionAlreadyStartedError) return { kind: 'not_running' };
        const outcome = outcomeOf(error);
        if (outcome.kind !== 'unknown' && outcome.kind !== 'paused') return outcome;
        // A timed-out start may have persisted: only a look can tell.
        return (await isPlaced(client, facts.orderId)) ? outcome : { kind: 'unavailable' };
      }
    },
    async send(input) {
      const { orderId, command } = input;
      const outcome = await sendTo(orderWorkflowId(orderId), input);
      // What support has settled waits for its cash there.
      return outcome.kind === 'not_running' && command.kind === 'remitCash'
        ? sendTo(settleWorkflowId(orderId), input)
        : outcome;
    },
    paymentSettled: ({ orderId, providerRef }) =>
      signal(orderId, paymentSettledSignal, { providerRef }),
    partnerDeliveryChanged: ({ orderId, partnerRef }) =>
      signal(orderId, partnerDeliveryChangedSignal, { partnerRef }),
    isPlaced: (orderId) => isPlaced(client, orderId),
    catchUp: (orderId) => signal(orderId, catchUpSignal),
  };
}

function otherWorkflows({
  client,
  within,
}: Calls): Pick<OrderEngine, 'wakeDispatcher' | 'startMaintenance'> {
  const { workflow } = client;
  return {
    async wakeDispatcher(marketId) {
      await within(signalDeadlineMs, () =>
        workflow.signalWithStart('dispatcher', {
          workflowId: dispatcherWorkflowId(marketId),
          taskQueue: queue,
          args: [{ marketId }],
          signal: wakeSignal,
          staticSummary: `dispatcher of ${marketId}`,
          typedSearchAttributes: new TypedSearchAttributes([
            { key: key('MarketId'), value: marketId },
          ]),
        }),
      );
    },
    async startMaintenance() {
      await within(signalDeadlineMs, () =>
        workflow.start('maintenance', {
          workflowId: maintenanceWorkflowId,
          taskQueue: queue,
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: 'housekeeping',
        }),
      );
    },
  };
}

const startOf = (facts: OrderFacts) =>
  new WithStartWorkflowOperation('order', {
    workflowId: orderWorkflowId(facts.orderId),
    taskQueue: queue,
    args: [{ facts }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowTaskTimeout: '5s',
    staticSummary: summaryOf(facts),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: key('MerchantId'), value: facts.merchantId },
      { key: key('BranchId'), value: facts.branchId },
      { key: key('MarketId'), value: facts.marketId },
      { key: key('Stage'), value: 'waiting_for_merchant' },
    ]),
  });

/** Whether the order has a workflow, running or closed; undefined when that cannot be found out. */
async function isPlaced(client: Client, orderId: OrderId): Promise<boolean | undefined> {
  try {
    await client.withDeadline(Date.now() + 1_000, () =>
      client.workflow.getHandle(orderWorkflowId(orderId)).describe(),
    );
    return true;
  } catch (error) {
    return error instanceof WorkflowNotFoundError ? false : undefined;
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof WorkflowNotFoundError) return { kind: 'not_running' };
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { kind: 'unknown' };
  if (error instanceof WorkflowUpdateFailedError) {
    const refusal = refusalOf(error.cause);
    if (refusal) return { kind: 'refused', refusal };
    // The workflow closed before the update was taken in.
    if (
      error.cause instanceof ApplicationFailure &&
      error.cause.type === 'AcceptedUpdateCompletedWorkflow'
    )
      return { kind: 'not_running' };
  }
  // The client wraps what the connection says.
  const cause = error instanceof ServiceError ? error.cause : error;
  if (isGrpcServiceError(cause)) return outcomeOfGrpc(cause);
  if (error instanceof ServiceError) return { kind: 'unknown' };
  throw error;
}

function outcomeOfGrpc({ code, details }: ServiceErrorOfGrpc): Outcome {
  if (code === grpcStatus.UNAVAILABLE) return { kind: 'unavailable' };
  if (code === grpcStatus.NOT_FOUND) return { kind: 'not_running' };
  // The engine says the same about a workflow whose tasks fail: its code is broken, which is no answer for ever.
  if (code === grpcStatus.FAILED_PRECONDITION && details.includes('paused'))
    return { kind: 'paused' };
  return { kind: 'unknown' };
}

function refusalOf(cause: unknown): Refusal | undefined {
  if (!(cause instanceof ApplicationFailure) || !cause.type || !isErrorCode(cause.type))
    return undefined;
  const [details] = cause.details ?? [];
  return details ? (details as Refusal) : { code: cause.type, reason: cause.message };
}

async function unlessClosed(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
