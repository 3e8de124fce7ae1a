// Ruin and recreate (Schrimpf et al. 2000), without lots: neighbours are taken out of the plan together and put back one
// after the other; what does not make the plan cheaper is undone. It finds what moving one order at a time cannot, such
// as two that change places. Called by improve.ts.

import type { Job } from './market.ts';
import { leastGainMs, moveToBest, neverMs, takeOut, type State } from './moves.ts';
import { isInReach } from './radius.ts';
import { chordM } from './travel.ts';

const mostRounds = 3;
const mostTaken = 12;

export function rebuild(jobs: readonly Job[], state: State): void {
  let costMs = costOf(state);
  for (let round = 0; round < mostRounds; round += 1) {
    let gains = 0;
    for (const seed of jobs) {
      if (state.budget.steps <= 0) return;
      const neighbours = neighboursOf(seed, jobs, state);
      const inTurn = round % 2 === 0 ? neighbours.toSorted(byReady) : neighbours.toReversed();
      const undo = undoing(state);
      for (const job of neighbours) takeAway(job, state);
      for (const job of inTurn) moveToBest(job, state);
      // The first ones did not know where the others would go.
      for (const job of inTurn) moveToBest(job, state);
      const after = costOf(state);
      if (after < costMs - leastGainMs) {
        costMs = after;
        gains += 1;
      } else undo();
    }
    if (gains === 0 && round > 0) return;
  }
}

const byReady = (a: Job, b: Job): number =>
  a.ready.expectedAt - b.ready.expectedAt || a.index - b.index;

function costOf({ routes, placeOf, market }: State): number {
  let costMs = 0;
  for (const route of routes) costMs += route.costMs;
  for (const place of placeOf) if (place < 0) costMs += neverMs(market);
  return costMs;
}

function undoing({ routes, placeOf }: State): () => void {
  const before = [...routes];
  const places = Int32Array.from(placeOf);
  return () => {
    routes.splice(0, routes.length, ...before);
    placeOf.set(places);
  };
}

function takeAway(job: Job, { routes, placeOf, market }: State): void {
  const at = placeOf[job.index] ?? -1;
  const route = routes[at];
  if (!route) return;
  const without = takeOut(job, route, market);
  if (!isInReach(without)) return;
  routes[at] = without;
  placeOf[job.index] = -1;
}

type Neighbour = { readonly job: Job; readonly apartMs: number };

/** Those of which one driver could do one instead of the other, nearest first; the seed is one of them. */
function neighboursOf(seed: Job, jobs: readonly Job[], { market }: State): readonly Job[] {
  const pace = market.travel.msPerMeter(0);
  const nearest: Neighbour[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (const job of jobs) {
    const apartMs =
      (chordM(job.pickup, seed.pickup) + chordM(job.dropoff, seed.dropoff)) * pace +
      Math.abs(job.ready.expectedAt - seed.ready.expectedAt) / 2;
    if (apartMs >= limit) continue;
    const at = nearest.findIndex((each) => each.apartMs > apartMs);
    nearest.splice(at < 0 ? nearest.length : at, 0, { job, apartMs });
    if (nearest.length > mostTaken) nearest.pop();
    if (nearest.length === mostTaken) limit = nearest.at(-1)?.apartMs ?? limit;
  }
  return nearest.map(({ job }) => job);
}
