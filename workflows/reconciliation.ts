// The daily comparison with the provider's books: one activity, its figures as the result.

import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Reconciled, ReconcileActivities } from '../activities/contract.ts';

const { reconcile } = proxyActivities<ReconcileActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '30m',
  // The next day's run takes over what this one cannot.
  scheduleToCloseTimeout: '20h',
  retry: { initialInterval: '10s', maximumInterval: '10m' },
  summary: 'compare the provider’s books with the ledger',
});

/** Started by the schedule `reconciliation` (adapters/money-engine.ts). */
export async function reconciliation(): Promise<Reconciled> {
  const result = await reconcile();
  const { compared, differences, healed } = result;
  setCurrentDetails(
    `**${compared}** payments compared, **${differences}** differ, **${healed}** healed.`,
  );
  return result;
}
