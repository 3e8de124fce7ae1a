// A market's dispatcher: rounds on a durable clock, about ten events each. It knows nothing itself; what there is to
// do stands in PostgreSQL. Started and woken by `wakeDispatcher` (adapters/temporal.ts), id `dispatcher:<market>`.

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
import type { DispatchActivities } from '../activities/contract.ts';
import type { MarketId } from '../domain/ids.ts';
import { wakeSignal } from '../domain/messages.ts';
import { followsCurrentVersion } from './versioning.ts';

export type DispatcherInput = { readonly marketId: MarketId };

const { dispatchRound } = proxyActivities<DispatchActivities>({
  taskQueue: 'dispatch',
  startToCloseTimeout: '30s',
  // Without end: offers must lapse and orders must be asked for however long a database is away.
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
  summary: 'lapse offers, match deliveries with drivers, offer',
});

const longHistory = 2_000;

// It lives longer than any version: it follows the current one. Hence its golden history (test/replay).
setWorkflowOptions(followsCurrentVersion, dispatcher);

/** Runs for as long as the market exists. */
export async function dispatcher(input: DispatcherInput): Promise<void> {
  let woken = false;
  setHandler(defineSignal(wakeSignal), () => void (woken = true));
  while (!workflowInfo().continueAsNewSuggested && workflowInfo().historyLength <= longHistory) {
    woken = false;
    const round = await dispatchRound(input);
    setCurrentDetails(detailsOf(input, round));
    const summary =
      round.open > 0 ? 'until the next round' : 'asleep until an order needs a driver';
    await condition(() => woken, Math.max(1, round.waitMs), { summary });
  }
  // A wake that came meanwhile is answered by the new run, which begins with a round.
  await continueAsNew<typeof dispatcher>(input);
}

type Round = Awaited<ReturnType<DispatchActivities['dispatchRound']>>;

function detailsOf({ marketId }: DispatcherInput, { open, offersMade, waitMs }: Round): string {
  const seconds = Math.round(waitMs / 1_000);
  return [
    `Looks for drivers in market \`${marketId}\`.`,
    '',
    open > 0
      ? `- **${open}** deliveries look for a driver or wait for an answer; ${offersMade} offers were made in the last round.`
      : '- Nothing to do: **asleep**.',
    `- The next round comes after ${seconds} s, or at once when a delivery is released.`,
    '',
    'Support need not do anything: a round that fails is repeated by itself. Terminated by hand, it is started again.',
  ].join('\n');
}
