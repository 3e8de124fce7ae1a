// The daily comparison with the provider’s books: one long activity, its figures as the result.

import { isCancellation, proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { Reconciled, ReconcileActivities } from '../activities/contract.ts';

const common = {
  taskQueue: 'payments',
  retry: { initialInterval: '10s', maximumInterval: '10m' },
} as const;

const { reconciliationBudgetMs } = proxyActivities<ReconcileActivities>({
  ...common,
  startToCloseTimeout: '5m',
  retry: { ...common.retry, maximumAttempts: 3 },
  summary: 'measure how much there is to compare',
});

/** Before the next day's run, which begins anew. */
const dayMs = 20 * 3_600_000;

/** An estimate that cannot be had keeps nothing from being compared. */
async function measured(): Promise<number> {
  try {
    return await reconciliationBudgetMs();
  } catch (error) {
    if (isCancellation(error)) throw error;
    return dayMs;
  }
}

/** Started by the schedule `reconciliation` (adapters/money-engine.ts). */
export async function reconciliation(): Promise<Reconciled> {
  const budgetMs = Math.min(await measured(), dayMs);
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
