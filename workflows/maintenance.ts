// Housekeeping on a durable clock: one workflow, one activity, small history.

import {
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  setWorkflowOptions,
  workflowInfo,
} from '@temporalio/workflow';
import type { Looks, MaintenanceActivities } from '../activities/contract.ts';
import { wakeSignal } from '../domain/messages.ts';
import { followsCurrentVersion } from './versioning.ts';

const { maintain } = proxyActivities<MaintenanceActivities>({
  taskQueue: 'dispatch',
  startToCloseTimeout: '60s',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
  summary: 'finish orphan drafts, nudge orders, re-deliver early webhooks',
});

const longHistory = 2_000;

// Like a dispatcher, it follows the current version.
setWorkflowOptions(followsCurrentVersion, maintenance);

/**
 * Workflow id `maintenance`; started by every worker, runs once, and looks at once when it is woken. `before`: what the
 * run before has seen.
 */
export async function maintenance(before?: Looks): Promise<void> {
  setCurrentDetails(
    'Finishes orders whose API process died, nudges orders that are behind their log, looks after webhooks that came too early.',
  );
  let looks = before;
  let awake = false;
  setHandler(defineSignal(wakeSignal), () => void (awake = true));
  while (workflowInfo().historyLength < longHistory && !workflowInfo().continueAsNewSuggested) {
    awake = false;
    const seen = await maintain({ looks });
    looks = seen.looks;
    await condition(() => awake, seen.waitMs, { summary: 'until the next look' });
  }
  await continueAsNew<typeof maintenance>(looks);
}
