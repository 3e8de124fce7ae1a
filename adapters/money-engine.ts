// How the rest of the system speaks to the workflows of money: refunds, tips, money into and out of wallets, payouts,
// and the nightly reconciliation. No rules.

import { Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import {
  payoutWorkflowId,
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
  payoutChangedSignal,
  refundChangedSignal,
  tipChangedSignal,
  topUpChangedSignal,
  withdrawalChangedSignal,
} from '../domain/money-messages.ts';
import type { PayoutName } from '../domain/payout.ts';
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
  /** Makes sure that the payout's workflow runs. Idempotent. */
  startPayout(payout: PayoutName): Promise<void>;
  /** The same, and makes it look at once: it may go now, or the provider has news. */
  payoutChanged(payout: PayoutName): Promise<void>;
  /** Makes sure that the market pays out by itself. Idempotent; the schedule stays as it was made first. */
  schedulePayouts(market: PayoutMarket): Promise<void>;
  /** The same for money into a wallet, and out of it. */
  startTopUp(topUpId: TopUpId): Promise<void>;
  topUpChanged(topUpId: TopUpId): Promise<void>;
  startWithdrawal(withdrawalId: WithdrawalId): Promise<void>;
  withdrawalChanged(withdrawalId: WithdrawalId): Promise<void>;
  /** Makes sure that the provider's books are compared every night. Idempotent. */
  scheduleReconciliation(): Promise<void>;
  close(): Promise<void>;
};

type PayoutMarket = {
  readonly marketId: string;
  readonly every: 'day' | 'week';
  /** IANA name. */
  readonly timeZone: string;
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

const ofPayout = ({ party, period }: PayoutName) =>
  optionsOf('payout', payoutWorkflowId({ party, period }), { party, period });

/** A while after midnight, so that what was recorded at the last moment is in the ledger. */
const scheduleOf = ({ marketId, every, timeZone }: PayoutMarket) => ({
  scheduleId: `payouts:${marketId}`,
  spec: {
    calendars: [
      {
        ...(every === 'week' && { dayOfWeek: 'MONDAY' as const }),
        hour: 0,
        minute: 20,
        comment: `by the calendar of ${timeZone}`,
      },
    ],
    timezone: timeZone,
  },
  policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1 day' as const },
  action: {
    type: 'startWorkflow' as const,
    workflowType: 'payouts',
    workflowId: `payouts:${marketId}`,
    taskQueue,
    args: [{ marketId }],
  },
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
  type Options = ReturnType<typeof optionsOf>;
  const start = (type: string, options: Options): Promise<void> =>
    within(() => client.workflow.start(type, options));
  const tell = (type: string, signal: string, options: Options): Promise<void> =>
    within(() => client.workflow.signalWithStart(type, { ...options, signal }));
  const schedule = (options: Parameters<typeof client.schedule.create>[0]): Promise<void> =>
    within(() => client.schedule.create(options)).catch((error: unknown) => {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    });
  return {
    startRefund: (id) => start('refund', ofRefund(id)),
    refundChanged: (id) => tell('refund', refundChangedSignal, ofRefund(id)),
    startTip: (tip) => start('tip', ofTip(tip)),
    tipChanged: (tip) => tell('tip', tipChangedSignal, ofTip(tip)),
    startTopUp: (id) => start('topUp', ofTopUp(id)),
    topUpChanged: (id) => tell('topUp', topUpChangedSignal, ofTopUp(id)),
    startWithdrawal: (id) => start('withdrawal', ofWithdrawal(id)),
    withdrawalChanged: (id) => tell('withdrawal', withdrawalChangedSignal, ofWithdrawal(id)),
    startPayout: (payout) => start('payout', ofPayout(payout)),
    payoutChanged: (payout) => tell('payout', payoutChangedSignal, ofPayout(payout)),
    schedulePayouts: (market) => schedule(scheduleOf(market)),
    scheduleReconciliation: () => schedule(nightly),
    close: () => connection.close(),
  };
}
