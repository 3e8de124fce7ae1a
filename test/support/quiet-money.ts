// Workflows of money that nobody starts here.

import type { MoneyEngine } from '../../adapters/money-engine.ts';

const nothing = async (): Promise<void> => undefined;

export const quietMoney: Omit<MoneyEngine, 'scheduleReconciliation' | 'close'> = {
  startRefund: nothing,
  refundChanged: nothing,
  startTip: nothing,
  tipChanged: nothing,
  startPayout: nothing,
  payoutChanged: nothing,
  schedulePayouts: nothing,
  startTopUp: nothing,
  topUpChanged: nothing,
  startWithdrawal: nothing,
  withdrawalChanged: nothing,
};
