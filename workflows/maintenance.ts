// Housekeeping on a durable clock: one workflow, one activity, small history.

import {
  continueAsNew,
  proxyActivities,
  setCurrentDetails,
  setWorkflowOptions,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Looks, MaintenanceActivities } from '../activities/contract.ts';
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

/** Workflow id `maintenance`; started by every worker, runs once. `before`: what the run before has seen. */
export async function maintenance(before?: Looks): Promise<void> {
  setCurrentDetails(
    'Finishes orders whose API process died, nudges orders that are behind their log, looks after webhooks that came too early.',
  );
  let looks = before;
  while (workflowInfo().historyLength < longHistory && !workflowInfo().continueAsNewSuggested) {
    const seen = await maintain({ looks });
    looks = seen.looks;
    await sleep(seen.waitMs, { summary: 'until the next look' });
  }
  await continueAsNew<typeof maintenance>(looks);
}
