// Money on its way into a wallet, from request to balance.

import { proxyActivities } from '@temporalio/workflow';
import type { TopUpStep, WalletActivities } from '../activities/contract.ts';
import type { TopUpId } from '../domain/ids.ts';
import { topUpChangedSignal } from '../domain/money-messages.ts';
import { untilOver } from './steps.ts';

export type TopUpInput = { readonly topUpId: TopUpId };

const { advanceTopUp } = proxyActivities<WalletActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '20s',
  // Without end: what may be held on a card is let go; after three days a person is told.
  retry: { initialInterval: '1s', maximumInterval: '1m' },
  summary: 'take the top-up to its next state',
});

/** Workflow id `topup:<topUpId>`; started by the API and, should that be lost, by the housekeeping. */
export const topUp = (input: TopUpInput): Promise<TopUpStep> =>
  untilOver({
    what: `Top-up \`${input.topUpId}\``,
    signal: topUpChangedSignal,
    waitsFor: 'until the payer confirms it',
    advance: () => advanceTopUp(input),
  });
