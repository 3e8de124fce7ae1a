// A market's run at the end of a period: one payout per party that has earned something, page by page.

import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { PayoutActivities } from '../activities/contract.ts';
import type { MarketId } from '../domain/ids.ts';

const { openPayouts } = proxyActivities<PayoutActivities>({
  taskQueue: 'payments',
  startToCloseTimeout: '60s',
  // The next run takes over what this one cannot.
  scheduleToCloseTimeout: '20h',
  retry: { initialInterval: '1s', maximumInterval: '10m' },
  summary: 'open the payouts of the period',
});

/** Started by the market's schedule `payouts:<marketId>` (adapters/money-engine.ts). How many were opened. */
export async function payouts({ marketId }: { readonly marketId: MarketId }): Promise<number> {
  let opened = 0;
  let after: string | undefined;
  for (;;) {
    const page: Awaited<ReturnType<typeof openPayouts>> = await openPayouts({ marketId, after });
    opened += page.opened;
    after = page.next;
    setCurrentDetails(`**${opened}** payouts of \`${marketId}\` were opened.`);
    if (after === undefined) return opened;
  }
}
