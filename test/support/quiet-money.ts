// Workflows of money that nobody carries out: for tests of what tells them.

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
};
