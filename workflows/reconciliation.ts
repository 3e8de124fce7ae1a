// The daily comparison with the provider’s books: one long activity, its figures as the result.

import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Reconciled, ReconcileActivities } from '../activities/contract.ts';

const common = {
  taskQueue: 'payments',
  retry: { initialInterval: '10s', maximumInterval: '10m' },
} as const;

const { reconciliationBudgetMs } = proxyActivities<ReconcileActivities>({
  ...common,
  startToCloseTimeout: '5m',
  summary: 'measure how much there is to compare',
});

/** The next day's run takes over what one cannot. */
const dayMs = 20 * 3_600_000;

/** Started by the schedule `reconciliation` (adapters/money-engine.ts). */
export async function reconciliation(): Promise<Reconciled> {
  const budgetMs = Math.min(await reconciliationBudgetMs(), dayMs);
  const { reconcile } = proxyActivities<ReconcileActivities>({
    ...common,
    startToCloseTimeout: budgetMs,
    scheduleToCloseTimeout: dayMs,
    // One that died is noticed so soon, and its heir goes on where it was.
    heartbeatTimeout: '30s',
    summary: 'compare the provider’s books with the ledger',
  });
  const result = await reconcile();
  const { compared, differences, healed } = result;
  setCurrentDetails(
    `**${compared}** payments compared, **${differences}** differ, **${healed}** healed.`,
  );
  return result;
}
