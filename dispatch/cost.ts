// Verb three: cost. What each bundle would cost as the next task of each of its candidates, as a sparse matrix in
// whole milliseconds: all that the route gets later and worse by it. Leaving a bundle is dearer than any real way.

import type { SparseCosts } from './assignment.ts';
import type { Bundle } from './bundle.ts';
import type { Candidates } from './candidates.ts';
import type { Market } from './market.ts';
import { nextTaskCost, type Route } from './route.ts';

export type Wish = { readonly bundle: Bundle; readonly candidates: Candidates };

/** A whole shift late is still better than never. */
const neverFactor = 10;

export function costsOf(
  wishes: readonly Wish[],
  routes: readonly Route[],
  market: Market,
): SparseCosts {
  const starts = new Int32Array(wishes.length + 1);
  const leave = new Float64Array(wishes.length);
  const most = wishes.reduce((sum, { candidates }) => sum + candidates.drivers.length, 0);
  const targets = new Int32Array(most);
  const costs = new Float64Array(most);
  let arcs = 0;
  let row = 0;
  for (const { bundle, candidates } of wishes) {
    // The most promising first, ties by id, which settles ties of the costs.
    for (const index of candidates.drivers) {
      const route = routes[index];
      const cost = route ? nextTaskCost(bundle, route, market) : Number.POSITIVE_INFINITY;
      if (cost === Number.POSITIVE_INFINITY) continue;
      targets[arcs] = index;
      costs[arcs] = Math.round(cost);
      arcs += 1;
    }
    starts[row + 1] = arcs;
    leave[row] =
      bundle.jobs.length * market.policy.unservedMs * neverFactor + waitedMs(bundle, market);
    row += 1;
  }
  return { rows: wishes.length, columns: routes.length, starts, targets, costs, leave };
}

/** Between equals, who has waited longest goes first. */
const waitedMs = ({ jobs }: Bundle, { now }: Market): number =>
  jobs.reduce((sum, { order }) => sum + Math.max(0, now - (order?.searchSince ?? now)), 0);
