// Money on its way out of a wallet, back to the payments that had filled it.

import { proxyActivities } from '@temporalio/workflow';
import type { WalletActivities, WithdrawalStep } from '../activities/contract.ts';
import type { WithdrawalId } from '../domain/ids.ts';
import { withdrawalChangedSignal } from '../domain/money-messages.ts';
import { untilOver } from './steps.ts';

export type WithdrawalInput = { readonly withdrawalId: WithdrawalId };

const { advanceWithdrawal } = proxyActivities<WalletActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '1m',
  // Without end: it has left the wallet; after three days a person is told.
  retry: { initialInterval: '1s', maximumInterval: '10m' },
  summary: 'take the withdrawal to its next state',
});

/** Workflow id `withdrawal:<withdrawalId>`; started by the API and, should that be lost, by the housekeeping. */
export const withdrawal = (input: WithdrawalInput): Promise<WithdrawalStep> =>
  untilOver({
    what: `Withdrawal \`${input.withdrawalId}\``,
    signal: withdrawalChangedSignal,
    waitsFor: 'until the provider has news',
    advance: () => advanceWithdrawal(input),
  });
