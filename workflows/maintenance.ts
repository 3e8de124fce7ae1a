// Housekeeping on a durable clock: one workflow, one activity, small history.

import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setWorkflowOptions,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { MaintenanceActivities } from '../activities/contract.ts';
import { followsCurrentVersion } from './versioning.ts';

const { maintain } = proxyActivities<MaintenanceActivities>({
  taskQueue: 'dispatch',
  startToCloseTimeout: '60s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
  summary: 'finish orphan drafts, nudge orders, re-deliver early webhooks',
});

const longHistory = 2_000;

// Like a dispatcher, it follows the current version.
setWorkflowOptions(followsCurrentVersion, maintenance);

/** Workflow id `maintenance`; started by every worker, runs once. */
export async function maintenance(): Promise<void> {
  setCurrentDetails(
    'Finishes orders whose API process died, nudges orders that are behind their log, looks after webhooks that came too early.',
  );
  while (workflowInfo().historyLength < longHistory && !workflowInfo().continueAsNewSuggested) {
    const { waitMs } = await maintain();
    await sleep(waitMs, { summary: 'until the next look' });
  }
  await continueAsNew<typeof maintenance>();
}
