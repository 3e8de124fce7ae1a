// The bare workflow's life, message by message like an order's, through the same client.

import { WithStartWorkflowOperation, type Client } from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes, type Workflow } from '@temporalio/common';
import { fold } from '../domain/evolve.ts';
import { initialState } from '../domain/order.ts';
import { rowOf, summaryOf } from '../domain/view.ts';
import { startChild, type Child } from './children.ts';
import type { LiveOnce } from './lives.ts';
import type { Stack } from './stack.ts';
import { factsOf } from './town.ts';

const deadlineMs = 30_000;
const actor = { kind: 'merchant', id: 'key_bench' };
const keyword = (name: string) => defineSearchAttributeKey(name, 'KEYWORD');

export type BareWorker = Child & {
  /** Resolves when the answer of this life's first activity is recorded. */
  readonly authorized: (orderId: string) => Promise<void>;
};

export async function startBareWorker(
  { services, env }: Stack,
  nodeFlags: readonly string[] = [],
): Promise<BareWorker> {
  const waiting = new Map<string, () => void>();
  const child = await startChild(services, {
    name: 'bare-worker',
    script: 'bench/bare-worker.ts',
    env,
    nodeFlags,
    isReady: (output) => output.includes('the bare worker is ready'),
    onMessage: (orderId) => {
      waiting.get(orderId as string)?.();
      waiting.delete(orderId as string);
    },
  });
  return {
    ...child,
    authorized: (orderId) => new Promise((resolve) => waiting.set(orderId, resolve)),
  };
}

export function createBareLife(client: Client, worker: BareWorker): LiveOnce {
  const { workflow } = client;
  const within = <T>(call: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + deadlineMs, call);
  return async (lane) => {
    const facts = factsOf(lane);
    const workflowId = `bare:${facts.orderId}`;
    const send = (name: string, more: object = {}): Promise<object> =>
      within(() =>
        workflow.getHandle(workflowId).executeUpdate<object, [object]>(name, {
          updateId: `${facts.orderId}:${name}`,
          args: [{ command: { kind: name, ...more }, actor }],
        }),
      );
    const authorized = worker.authorized(facts.orderId);
    const startWorkflowOperation = startOf(workflowId, facts);
    await within(() =>
      workflow.executeUpdateWithStart<Workflow, object, []>('place', {
        updateId: 'place',
        args: [],
        startWorkflowOperation,
      }),
    );
    await authorized;
    await send('accept');
    await send('markReady');
    await send('assign', {
      offerId: facts.orderId,
      driverId: lane.driverId,
      pickupEtaAt: facts.placedAt,
    });
    await send('pickUp', { driverId: lane.driverId });
    await send('deliver', { driverId: lane.driverId });
    await workflow.getHandle(workflowId).result();
    return workflowId;
  };
}

function startOf(workflowId: string, facts: ReturnType<typeof factsOf>) {
  const padding = rowOf(fold(initialState(facts), []));
  const { merchantId, branchId, marketId } = facts;
  return new WithStartWorkflowOperation('bareOrder', {
    workflowId,
    taskQueue: 'bare-orders',
    args: [{ facts, padding }],
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    workflowTaskTimeout: '5s',
    staticSummary: summaryOf(facts),
    typedSearchAttributes: new TypedSearchAttributes([
      { key: keyword('MerchantId'), value: merchantId },
      { key: keyword('BranchId'), value: branchId },
      { key: keyword('MarketId'), value: marketId },
      { key: keyword('Stage'), value: 'waiting_for_merchant' },
    ]),
  });
}
