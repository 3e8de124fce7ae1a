// One action to many orders: rounds of an activity until none is left. What is done stands in rows, so a round may die
// anywhere and be repeated.

import { proxyActivities, setCurrentDetails, sleep } from '@temporalio/workflow';
import type { SupportActivities } from '../activities/contract.ts';
import type { BulkId } from '../domain/ids.ts';

export type BulkInput = { readonly bulkId: BulkId };

const { bulkRound } = proxyActivities<SupportActivities>({
  taskQueue: 'dispatch',
  startToCloseTimeout: '60s',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
  summary: 'the next orders of a bulk action',
});

/** 1,000 orders are 20 rounds; the rest is patience with orders that do not answer. */
const maxRounds = 500;

/** Workflow id `bulk:<bulkId>`. What it leaves undone, housekeeping starts again. */
export async function bulk(input: BulkInput): Promise<{ readonly left: number }> {
  let before = Number.POSITIVE_INFINITY;
  let left = 0;
  for (let round = 0; round < maxRounds; round += 1) {
    ({ left } = await bulkRound(input));
    setCurrentDetails(`A bulk action of support: **${left}** orders are left.`);
    if (left === 0) break;
    if (left === before) await sleep('5s', { summary: 'until the orders answer again' });
    before = left;
  }
  return { left };
}
