// A payout from the period's end to the party's account: waits while something keeps it back, asks whoever pays until it
// answers, and looks again while a bank takes its time.

import { proxyActivities } from '@temporalio/workflow';
import type { PayoutActivities, PayoutStep } from '../activities/contract.ts';
import { payoutChangedSignal } from '../domain/money-messages.ts';
import type { PayoutName } from '../domain/payout.ts';
import { untilOver } from './steps.ts';

const { advancePayout } = proxyActivities<PayoutActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '30s',
  // Without end: what may have been paid is never guessed at; after three days a person is told.
  retry: { initialInterval: '1s', maximumInterval: '10m' },
  summary: 'take the payout to its next state',
});

/** Workflow id `payout:<party>:<period>`; started by the market's run, the API and, should that be lost, the housekeeping. */
export const payout = (input: PayoutName): Promise<PayoutStep> =>
  untilOver({
    what: `Payout ${input.period} of \`${input.party}\``,
    signal: payoutChangedSignal,
    waitsFor: 'until it may go or the provider has news',
    advance: () => advancePayout(input),
  });
