// Verb one: bundle. Orders of one counter are merged while that costs less than it saves; a driver who is already on
// his way there takes what fits into his stop (an add-on). The busier the market, the dearer a driver's minute, so
// the more is merged: the pressure is the queue per driver.

import { addOn, openCounters } from './add-on.ts';
import { soonestAt, type Ends } from './ends.ts';
import { bundleOf, latenessOf, withJob, type Bundle } from './bundle.ts';
import type { Job, Market } from './market.ts';
import { withVisits, type Route } from './route.ts';
import { objectionOf } from './terms.ts';
import type { Spot } from './travel.ts';

export type Bundled = {
  readonly bundles: readonly Bundle[];
  /** By carrier index; those with add-ons are changed. */
  readonly routes: readonly Route[];
  readonly pressure: number;
};

/** One counter's queue is merged at most so many at a time: the work grows with its square. */
const mostMerged = 24;
const mostPressure = 6;
const hourMs = 3_600_000;

export function bundle(routes: readonly Route[], ends: Ends, market: Market): Bundled {
  const pressure = pressureOf(routes, market);
  const changed = [...routes];
  const visitors = visitorsOf(routes);
  const bundles: Bundle[] = [];
  for (const queue of queuesOf(market.jobs)) {
    const clusters = clustersOf(queue, visitors, market);
    if (clusters.length > 1) mergeAll(clusters, createMerging(queue, { ends, market, pressure }));
    for (const cluster of clusters)
      if (cluster.kind === 'free') bundles.push(cluster.bundle);
      else changed[cluster.route.carrier.index] = cluster.route;
  }
  return { bundles, routes: changed, pressure };
}

/** Orders waiting per driver who is free soon. */
function pressureOf(routes: readonly Route[], { now, jobs, policy }: Market): number {
  const soonMs = policy.pressureHorizonMs;
  let soon = 0;
  for (const { base, carrier } of routes)
    if (base.endAt <= now + soonMs)
      soon += Math.max(0, Math.min(1, (carrier.shiftEndsAt - base.endAt) / soonMs));
  const perDriver = jobs.length / Math.max(1, soon);
  return Math.min(mostPressure, (perDriver * policy.pressurePercent) / 100);
}

/** By counter, what is ready first in front. */
function queuesOf(jobs: readonly Job[]): readonly (readonly Job[])[] {
  const queues = new Map<Spot, Job[]>();
  const sorted = jobs.toSorted(
    (a, b) => a.ready.expectedAt - b.ready.expectedAt || a.index - b.index,
  );
  for (const job of sorted) {
    const queue = queues.get(job.pickup);
    if (queue) queue.push(job);
    else queues.set(job.pickup, [job]);
  }
  return [...queues.values()];
}

type Cluster =
  | { readonly kind: 'free'; readonly bundle: Bundle }
  /** A driver on his way to this counter. */
  | { readonly kind: 'anchored'; readonly route: Route };

/** By counter, the drivers on their way there whose stop is still open. */
function visitorsOf(routes: readonly Route[]): ReadonlyMap<Spot, readonly Route[]> {
  const visitors = new Map<Spot, Route[]>();
  for (const route of routes)
    for (const counter of openCounters(route.carrier)) {
      const known = visitors.get(counter);
      if (known) known.push(route);
      else visitors.set(counter, [route]);
    }
  return visitors;
}

function clustersOf(
  queue: readonly Job[],
  visitors: ReadonlyMap<Spot, readonly Route[]>,
  market: Market,
): Cluster[] {
  const [first] = queue;
  const there = (first && visitors.get(first.pickup)) ?? [];
  const anchored = there.map((route): Cluster => ({ kind: 'anchored', route }));
  const free = queue.flatMap((job): readonly Cluster[] => {
    const alone = bundleOf([job], market);
    return alone ? [{ kind: 'free', bundle: alone }] : [];
  });
  return [...anchored, ...free];
}

type Merging = {
  readonly costOf: (cluster: Cluster) => number;
  readonly merge: (a: Cluster, b: Cluster) => Cluster | undefined;
};

type Pair = {
  readonly a: Cluster;
  readonly b: Cluster;
  readonly merged: Cluster;
  readonly saved: number;
};

/** The pair that saves most becomes one, again and again. */
function mergeAll(clusters: Cluster[], merging: Merging): void {
  const head = clusters.splice(0, mostMerged);
  let pairs = head.flatMap((a, at) => head.slice(at + 1).flatMap((b) => pairOf(a, b, merging)));
  for (;;) {
    let best: Pair | undefined;
    for (const pair of pairs) if (pair.saved > (best?.saved ?? 0)) best = pair;
    if (!best) break;
    const { a, b, merged } = best;
    head.splice(head.indexOf(b), 1);
    head[head.indexOf(a)] = merged;
    pairs = pairs.filter((pair) => ![pair.a, pair.b].some((each) => each === a || each === b));
    for (const other of head) if (other !== merged) pairs.push(...pairOf(merged, other, merging));
  }
  clusters.unshift(...head);
}

function pairOf(a: Cluster, b: Cluster, { costOf, merge }: Merging): readonly Pair[] {
  const merged = merge(a, b);
  if (!merged) return [];
  const saved = costOf(a) + costOf(b) - costOf(merged);
  return saved > 0 ? [{ a, b, merged, saved }] : [];
}

type Context = {
  readonly ends: Ends;
  readonly market: Market;
  readonly pressure: number;
};

function createMerging(queue: readonly Job[], { ends, market, pressure }: Context): Merging {
  const { now, beforeMs, policy } = market;
  const arriveAt = queue[0] ? (soonestAt(queue[0].pickup, ends, market) ?? now + hourMs) : now;
  const approachMs = policy.approachMs;
  return {
    costOf(cluster) {
      if (cluster.kind === 'anchored') {
        const { costMs, endAt } = cluster.route.base;
        return costMs + pressure * (endAt - now);
      }
      const takenAt = Math.max(arriveAt, cluster.bundle.readyAt);
      const late = latenessOf(cluster.bundle, takenAt + beforeMs.pickup, 0, market);
      return late.costMs + pressure * (late.endAt - takenAt + beforeMs.pickup + approachMs);
    },
    merge(a, b) {
      if (a.kind === 'anchored')
        return b.kind === 'free' ? anchor(a.route, b.bundle, market) : undefined;
      if (b.kind === 'anchored') return anchor(b.route, a.bundle, market);
      const [big, small] = b.bundle.jobs.length > a.bundle.jobs.length ? [b, a] : [a, b];
      return joined(big.bundle, small.bundle, { market, pressure });
    },
  };
}

function anchor(route: Route, { jobs, terms }: Bundle, market: Market): Cluster | undefined {
  if (objectionOf(terms, route.carrier)) return undefined;
  let extended: Route = route;
  for (const job of jobs) {
    const extension = addOn(extended, job, market);
    if (!extension) return undefined;
    extended = withVisits(extended, extension, market);
  }
  return extended.costMs < Number.POSITIVE_INFINITY
    ? { kind: 'anchored', route: extended }
    : undefined;
}

function joined(
  big: Bundle,
  small: Bundle,
  { market, pressure }: { readonly market: Market; readonly pressure: number },
): Cluster | undefined {
  if (big.jobs.length + small.jobs.length > market.policy.bundleLimit) return undefined;
  if (big.load + small.load > market.mostCapacity) return undefined;
  let merged: Bundle | undefined = big;
  for (const job of small.jobs) merged = merged && withJob(merged, job, market, pressure);
  return merged && { kind: 'free', bundle: merged };
}
