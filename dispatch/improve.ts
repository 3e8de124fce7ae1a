// After the assignment, orders are taken out one by one and put back where the whole plan gets cheapest, then several
// neighbours at a time. The assignment sees bundles as they are; this is what questions them. Called by plan.ts.

import type { Search } from './candidates.ts';
import type { Job, Market } from './market.ts';
import { moveToBest, stateOf, type State } from './moves.ts';
import { rebuild } from './rebuild.ts';
import type { Solved } from './solve.ts';

const mostPasses = 3;

export function improve(solved: Solved, search: Search, market: Market): Solved {
  const state = stateOf(solved, search, market);
  const isPlaced = (job: Job): number => ((state.placeOf[job.index] ?? -1) < 0 ? 0 : 1);
  // What nobody has goes first, in case the budget ends.
  const jobs = market.jobs.toSorted(
    (a, b) =>
      isPlaced(a) - isPlaced(b) || a.ready.expectedAt - b.ready.expectedAt || a.index - b.index,
  );
  for (let pass = 0; pass < mostPasses; pass += 1) {
    let moves = 0;
    for (const job of jobs) {
      if (state.budget.steps <= 0) return result(solved, state);
      if (moveToBest(job, state)) moves += 1;
    }
    if (moves === 0) break;
  }
  rebuild(jobs, state);
  return result(solved, state);
}

function result(solved: Solved, { market, routes, placeOf, alone, candidates }: State): Solved {
  const left = market.jobs.flatMap((job) =>
    placeOf[job.index] === -1 ? (alone.get(job) ?? []) : [],
  );
  return { ...solved, routes, left, candidates };
}
