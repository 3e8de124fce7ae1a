// How the rest of the system speaks to the workflows of money: refunds, tips, money into and out of
// wallets, and the nightly reconciliation. No rules.

import { Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import {
  refundWorkflowId,
  tipWorkflowId,
  topUpWorkflowId,
  withdrawalWorkflowId,
  type OrderId,
  type RefundId,
  type TopUpId,
  type WithdrawalId,
} from '../domain/ids.ts';
import {
  refundChangedSignal,
  tipChangedSignal,
  topUpChangedSignal,
  withdrawalChangedSignal,
} from '../domain/money-messages.ts';
import { connectionTo } from './temporal-connection.ts';

type TipName = { readonly orderId: OrderId; readonly n: number };

export type MoneyEngine = {
  /** Makes sure that the refund's workflow runs. Idempotent; leaves no trace in one that runs. */
  startRefund(refundId: RefundId): Promise<void>;
  /** The same, and makes it look at once: somebody has decided, or the provider has news. */
  refundChanged(refundId: RefundId): Promise<void>;
  /** Makes sure that the tip's workflow runs. Idempotent. */
  startTip(tip: TipName): Promise<void>;
  /** The same, and makes it look at once: the provider has news. */
  tipChanged(tip: TipName): Promise<void>;
  /** The same for money into a wallet, and out of it. */
  startTopUp(topUpId: TopUpId): Promise<void>;
  topUpChanged(topUpId: TopUpId): Promise<void>;
  startWithdrawal(withdrawalId: WithdrawalId): Promise<void>;
  withdrawalChanged(withdrawalId: WithdrawalId): Promise<void>;
  /** Makes sure that the provider's books are compared every night. Idempotent. */
  scheduleReconciliation(): Promise<void>;
  close(): Promise<void>;
};

const taskQueue = 'orders';
const deadlineMs = 5_000;

/** What is over ends at once when it is started again: its row says so. */
const optionsOf = (staticSummary: string, workflowId: string, input: object) => ({
  workflowId,
  taskQueue,
  args: [input],
  staticSummary,
  workflowIdConflictPolicy: 'USE_EXISTING' as const,
});

const ofRefund = (refundId: RefundId) =>
  optionsOf('refund', refundWorkflowId(refundId), { refundId });
const ofTip = (tip: TipName) => optionsOf('tip', tipWorkflowId(tip), tip);
const ofTopUp = (topUpId: TopUpId) => optionsOf('top-up', topUpWorkflowId(topUpId), { topUpId });
const ofWithdrawal = (withdrawalId: WithdrawalId) =>
  optionsOf('withdrawal', withdrawalWorkflowId(withdrawalId), { withdrawalId });

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
  type Options = ReturnType<typeof optionsOf>;
  const start = (type: string, options: Options): Promise<void> =>
    within(() => client.workflow.start(type, options));
  const tell = (type: string, signal: string, options: Options): Promise<void> =>
    within(() => client.workflow.signalWithStart(type, { ...options, signal }));
  return {
    startRefund: (id) => start('refund', ofRefund(id)),
    refundChanged: (id) => tell('refund', refundChangedSignal, ofRefund(id)),
    startTip: (tip) => start('tip', ofTip(tip)),
    tipChanged: (tip) => tell('tip', tipChangedSignal, ofTip(tip)),
    startTopUp: (id) => start('topUp', ofTopUp(id)),
    topUpChanged: (id) => tell('topUp', topUpChangedSignal, ofTopUp(id)),
    startWithdrawal: (id) => start('withdrawal', ofWithdrawal(id)),
    withdrawalChanged: (id) => tell('withdrawal', withdrawalChangedSignal, ofWithdrawal(id)),
    scheduleReconciliation: () =>
      within(() => client.schedule.create(nightly)).catch((error: unknown) => {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      }),
    close: () => connection.close(),
  };
}
