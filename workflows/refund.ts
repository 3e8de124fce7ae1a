// A refund from request to the customer's account: waits for a decision where one is needed, asks the provider until it
// answers, and looks again while the bank takes its time.

import { proxyActivities } from '@temporalio/workflow';
import type { RefundActivities, RefundStep } from '../activities/contract.ts';
import type { RefundId } from '../domain/ids.ts';
import { refundChangedSignal } from '../domain/money-messages.ts';
import { untilOver } from './steps.ts';

export type RefundInput = { readonly refundId: RefundId };

const { advanceRefund } = proxyActivities<RefundActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '20s',
  // Without end: money that was promised back is never given up on; after three days a person is told.
  retry: { initialInterval: '1s', maximumInterval: '10m' },
  summary: 'take the refund to its next state',
});

/** Workflow id `refund:<refundId>`; started by the API and, should that be lost, by the housekeeping. */
export const refund = (input: RefundInput): Promise<RefundStep> =>
  untilOver({
    what: `Refund \`${input.refundId}\``,
    signal: refundChangedSignal,
    waitsFor: 'until somebody decides or the provider has news',
    advance: () => advanceRefund(input),
  });
