// Verb five: commit, as late as possible. A driver is sent when waiting for one more round could make him late for
// the goods or for the first door; until then the plan may still change. What is added to a stop on the way is committed at once: it stays
// open until the pickup. What a person has fixed is never kept back.

import { wantedAt, type Bundle } from './bundle.ts';
import type { Job, Market } from './market.ts';
import { withTail, type Route } from './route.ts';

/** What one driver is told now. */
export type Commitment = {
  readonly route: Route;
  readonly jobs: readonly Job[];
  readonly isAddOn: boolean;
};

export type Held = 'not_yet' | 'driver_busy';

export type Committed = {
  readonly commitments: readonly Commitment[];
  /** Planned, but not told to anybody. */
  readonly held: ReadonlyMap<Job, Held>;
};

/** A task that a person has fixed is the next one, whatever would be better. */
export const withFixedFirst = (route: Route, market: Market): Route => {
  const at = route.tail.findIndex(({ terms }) => terms.assignedTo !== undefined);
  const fixed = route.tail[at];
  if (at <= 0 || !fixed) return route;
  return withTail(route, [fixed, ...route.tail.toSpliced(at, 1)], market);
};

export function commit(routes: readonly Route[], market: Market): Committed {
  const commitments: Commitment[] = [];
  const held = new Map<Job, Held>();
  for (const route of routes) {
    const [first, ...later] = route.tail;
    for (const bundle of later) for (const job of bundle.jobs) held.set(job, 'driver_busy');
    if (route.added.length > 0) {
      commitments.push({ route, jobs: route.added, isAddOn: true });
      for (const job of first?.jobs ?? []) held.set(job, 'driver_busy');
      continue;
    }
    if (!first) continue;
    const reason = heldBecause(first, route, market);
    if (reason) for (const job of first.jobs) held.set(job, reason);
    else commitments.push({ route, jobs: first.jobs, isAddOn: false });
  }
  return { commitments, held };
}

function heldBecause(bundle: Bundle, route: Route, market: Market): Held | undefined {
  const { carrier, base } = route;
  const { now, policy, travel, beforeMs } = market;
  if (carrier.held + bundle.load > carrier.capacity) return 'driver_busy';
  if (bundle.terms.assignedTo !== undefined) return undefined;
  if (base.endAt > now + policy.commitAheadMs) return 'driver_busy';
  // Ahead of a shift nobody is asked sooner than an answer takes; on the way back from a door anybody may be.
  const wayBackMs = Math.max(beforeMs.pickup, beforeMs.dropoff);
  if (carrier.visits.length === 0 && carrier.startAt > now + policy.offerTtlMs + wayBackMs)
    return 'not_yet';
  if (bundle.latestAt > Math.max(now, carrier.shiftEndsAt)) return 'not_yet';
  const onTheWayMs = travel.ms(base.end, bundle.pickup, carrier.speed) + beforeMs.pickup;
  const nextRoundAt = Math.max(base.endAt, now + policy.dispatchTickMs);
  const tooEarlyUntil = wantedAt(bundle, carrier.speed, market) - policy.commitSlackMs;
  return nextRoundAt + onTheWayMs <= tooEarlyUntil ? 'not_yet' : undefined;
}
