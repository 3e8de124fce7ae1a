// A refund from request to the customer's account: waits for a decision where one is needed, asks the provider until it
// answers, and looks again while the bank takes its time. What is true stands in its row; this only keeps it going.

import {
  CancellationScope,
  condition,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { RefundActivities, RefundStep } from '../activities/contract.ts';
import type { RefundId } from '../domain/ids.ts';
import { refundChangedSignal } from '../domain/money-messages.ts';

export type RefundInput = { readonly refundId: RefundId };

const { advanceRefund } = proxyActivities<RefundActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '20s',
  // Without end: money that was promised back is never given up on; after three days a person is told.
  retry: { initialInterval: '1s', maximumInterval: '10m' },
  summary: 'take the refund to its next state',
});

/** Workflow id `refund:<refundId>`; started by the API and, should that be lost, by the housekeeping. */
export async function refund(input: RefundInput): Promise<RefundStep> {
  let news = false;
  setHandler(defineSignal(refundChangedSignal), () => void (news = true));
  return CancellationScope.nonCancellable(async () => {
    for (;;) {
      news = false;
      const step = await advanceRefund(input);
      setCurrentDetails(`Refund \`${input.refundId}\` is **${step.status}**.`);
      if (step.isOver) return step;
      const summary = `until somebody decides or the provider has news (${step.status})`;
      await condition(() => news, Math.max(1, step.waitMs), { summary });
    }
  });
}
