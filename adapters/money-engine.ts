// How the rest of the system speaks to the workflows of money: refunds and the nightly reconciliation. No rules.

import { Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { refundWorkflowId, type RefundId } from '../domain/ids.ts';
import { refundChangedSignal } from '../domain/money-messages.ts';
import { connectionTo } from './temporal-connection.ts';

export type MoneyEngine = {
  /** Makes sure that the refund's workflow runs. Idempotent; leaves no trace in one that runs. */
  startRefund(refundId: RefundId): Promise<void>;
  /** The same, and makes it look at once: somebody has decided, or the provider has news. */
  refundChanged(refundId: RefundId): Promise<void>;
  /** Makes sure that the provider's books are compared every night. Idempotent. */
  scheduleReconciliation(): Promise<void>;
  close(): Promise<void>;
};

const taskQueue = 'orders';
const deadlineMs = 5_000;

/** A refund that is over ends at once when it is started again: its row says so. */
const optionsOf = (refundId: RefundId) => ({
  workflowId: refundWorkflowId(refundId),
  taskQueue,
  args: [{ refundId }],
  staticSummary: 'refund',
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
});

const nightly = {
  scheduleId: 'reconciliation',
  spec: { calendars: [{ hour: 3, minute: 15, comment: 'at night, UTC' }] },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' as const },
  action: {
    type: 'startWorkflow' as const,
    workflowType: 'reconciliation',
    workflowId: 'reconciliation',
    taskQueue,
    args: [],
  },
};

export function createMoneyEngine({
  address,
  namespace,
}: {
  readonly address: string;
  readonly namespace: string;
}): MoneyEngine {
  const connection = connectionTo(address);
  const client = new Client({ connection, namespace });
  const within = async (call: () => Promise<unknown>): Promise<void> => {
    await client.withDeadline(Date.now() + deadlineMs, call);
  };
  return {
    startRefund: (refundId) => within(() => client.workflow.start('refund', optionsOf(refundId))),
    refundChanged: (refundId) =>
      within(() =>
        client.workflow.signalWithStart('refund', {
          ...optionsOf(refundId),
          signal: refundChangedSignal,
        }),
      ),
    scheduleReconciliation: () =>
      within(() => client.schedule.create(nightly)).catch((error: unknown) => {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      }),
    close: () => connection.close(),
  };
}
