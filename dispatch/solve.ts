// Verb four: solve. One exact assignment of bundles to drivers; what is left over becomes second tasks by another one
// behind the first, and so on, so that under overload every order knows its turn. Past the budget of steps the
// regret-greedy fallback answers on the same costs.

import { assign, type Assignment, type SparseCosts } from './assignment.ts';
import type { Bundle } from './bundle.ts';
import { createSearch, split, type Candidates, type Search } from './candidates.ts';
import { costsOf, type Wish } from './cost.ts';
import { endsOf } from './ends.ts';
import type { Decision } from './decision.ts';
import { assignGreedily } from './greedy.ts';
import type { Job, Market } from './market.ts';
import { withTail, type Route } from './route.ts';

export type Solved = {
  /** By carrier index. */
  readonly routes: readonly Route[];
  readonly left: readonly Bundle[];
  /** Of every job, for the bundle that it was first looked at in. */
  readonly candidates: ReadonlyMap<Job, Candidates>;
  readonly solver: Decision['solver'];
};

const mostLayers = 8;

type Solving = {
  readonly bundles: readonly Bundle[];
  readonly routes: readonly Route[];
  readonly search: Search;
};

export function solve({ bundles, routes: start, search }: Solving, market: Market): Solved {
  const candidates = new Map<Job, Candidates>();
  let routes = start;
  let waiting = bundles.toSorted((a, b) => firstOf(a) - firstOf(b));
  let solver: Solved['solver'] = 'exact';
  for (let layer = 0; layer < mostLayers && waiting.length > 0; layer += 1) {
    // Behind first tasks drivers end elsewhere.
    const looking = layer === 0 ? search : createSearch(endsOf(routes, market), market);
    const wishes = wishesOf(waiting, { market, candidates, search: looking });
    const answer = answerTo(costsOf(wishes, routes, market), market);
    if (answer.solver !== 'exact') solver = answer.solver;
    const next = routes.slice();
    const left: Bundle[] = [];
    for (const [row, { bundle }] of wishes.entries()) {
      const column = answer.assignment.columnOf[row] ?? -1;
      const route = next[column];
      if (route) next[column] = withTail(route, [...route.tail, bundle], market);
      else left.push(bundle);
    }
    const isStuck = left.length === wishes.length && left.every(({ jobs }) => jobs.length === 1);
    routes = next;
    waiting = left;
    if (isStuck) break;
  }
  return { routes, left: waiting, candidates, solver };
}

const firstOf = ({ jobs }: Bundle): number => jobs[0]?.index ?? 0;

type Looking = {
  readonly market: Market;
  readonly candidates: Map<Job, Candidates>;
  readonly search: Search;
};

/** A bundle that nobody can take as a whole is looked at order by order. */
function wishesOf(bundles: readonly Bundle[], looking: Looking): readonly Wish[] {
  const { market, candidates, search } = looking;
  const look = (bundle: Bundle): Wish => {
    const found = search(bundle);
    for (const job of bundle.jobs) if (!candidates.has(job)) candidates.set(job, found);
    return { bundle, candidates: found };
  };
  return bundles.flatMap((bundle) => {
    const wish = look(bundle);
    if (wish.candidates.count > 0 || bundle.jobs.length === 1) return [wish];
    for (const job of bundle.jobs) candidates.delete(job);
    return split(bundle, market).map(look);
  });
}

function answerTo(
  costs: SparseCosts,
  { policy }: Market,
): { readonly assignment: Assignment; readonly solver: Solved['solver'] } {
  const exact = assign(costs, policy.solverSteps);
  if (exact) return { assignment: exact, solver: 'exact' };
  return { assignment: assignGreedily(costs), solver: 'regret_greedy' };
}
