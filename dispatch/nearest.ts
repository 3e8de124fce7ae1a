// The yardstick of the matching engine: order by order, the oldest first, the nearest driver who has nothing to do is
// sent at once. Chosen by the policy's `matching`; what it decides is explained and replayed like any other plan.

import { bundleOf } from './bundle.ts';
import type { Candidates, Search } from './candidates.ts';
import type { Commitment, Committed } from './commit.ts';
import type { Job, Market } from './market.ts';
import { withTail, type Route } from './route.ts';
import type { Solved } from './solve.ts';

type Sent = { readonly solved: Solved; readonly committed: Committed };

export function sendNearest(start: readonly Route[], search: Search, market: Market): Sent {
  const routes = [...start];
  const candidates = new Map<Job, Candidates>();
  const commitments: Commitment[] = [];
  const oldestFirst = market.jobs.toSorted((a, b) => sinceOf(a) - sinceOf(b) || a.index - b.index);
  for (const job of oldestFirst) {
    const bundle = bundleOf([job], market);
    if (!bundle) continue;
    const found = search(bundle);
    candidates.set(job, found);
    const awayMs = ({ base, carrier }: Route): number =>
      market.travel.ms(base.end, job.pickup, carrier.speed);
    const [nearest] = found.drivers
      .flatMap((index) => routes[index] ?? [])
      .filter((route) => isIdle(route, market))
      .toSorted((a, b) => awayMs(a) - awayMs(b) || a.carrier.index - b.carrier.index);
    const sent = nearest && withTail(nearest, [bundle], market);
    if (!sent || sent.costMs === Number.POSITIVE_INFINITY) continue;
    routes[sent.carrier.index] = sent;
    commitments.push({ route: sent, jobs: [job], isAddOn: false });
  }
  const solved: Solved = { routes, left: [], candidates, solver: 'nearest' };
  return { solved, committed: { commitments, held: new Map() } };
}

const sinceOf = ({ order }: Job): number => order?.searchSince ?? 0;

const isIdle = ({ carrier, visits, tail }: Route, { now }: Market): boolean =>
  visits.length === 0 && tail.length === 0 && carrier.startAt <= now;
