// plan({ snapshot, policy, seed }) → offers and why: the seam behind which a matching engine works. This one is the
// simplest that is right: the oldest search first, each to the nearest driver in time. Pure and deterministic: the
// same input in any order gives the same plan. Called by the dispatch round.

import { travelMs } from '../domain/geo.ts';
import type { DriverId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import { inputHashOf } from './hash.ts';
import {
  nearest,
  poolOf,
  type Candidate,
  type Counts,
  type Pool,
  type PoolDriver,
} from './pool.ts';
import type { Decision, Plan, PlannedOffer, SearchingOrder, Snapshot } from './snapshot.ts';

export type PlanInput = {
  readonly snapshot: Snapshot;
  readonly policy: Policy;
  /** For engines that draw lots; part of the input's hash. */
  readonly seed: number;
};

const bestKept = 5;

/** Never two offers for a driver or an order, never a driver beyond capacity or one who said no to this order. */
export function plan(input: PlanInput): Plan {
  const { snapshot, policy } = input;
  const orders = snapshot.orders.toSorted(
    (a, b) => a.searchSince - b.searchSince || (a.orderId < b.orderId ? -1 : 1),
  );
  const isExhausted = (order: SearchingOrder): boolean =>
    order.earlier.filter((offer) => offer.search === order.search).length >= policy.maxOfferRounds;
  const round: Round = { policy, now: snapshot.now, inputHash: hashOf(input) };
  const offers: PlannedOffer[] = [];
  const skipped: { orderId: SearchingOrder['orderId']; decision: Decision }[] = [];
  let pool = poolOf(snapshot, policy);
  for (const order of orders.filter((each) => !isExhausted(each))) {
    const { chosen, decision } = choose(order, pool, round);
    if (!chosen) {
      skipped.push({ orderId: order.orderId, decision });
      continue;
    }
    const { orderId, search } = order;
    const { driverId } = chosen.driver;
    offers.push({ driverId, orders: [{ orderId, search }], pickupEtaAt: chosen.etaAt, decision });
    pool = without(pool, driverId);
  }
  const exhausted = orders.filter(isExhausted).map(({ orderId, search }) => ({ orderId, search }));
  return { offers, skipped, exhausted };
}

const byId = <T>(items: readonly T[], idOf: (item: T) => string): readonly T[] =>
  items.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));

const hashOf = ({ snapshot, policy, seed }: PlanInput): string =>
  inputHashOf({
    now: snapshot.now,
    orders: byId(snapshot.orders, (order) => order.orderId),
    drivers: byId(snapshot.drivers, (driver) => driver.driverId),
    policy,
    seed,
  });

const without = ({ drivers, excluded }: Pool, driverId: DriverId): Pool => ({
  drivers: drivers.filter((driver) => driver.driverId !== driverId),
  excluded: { ...excluded, offered_this_round: (excluded.offered_this_round ?? 0) + 1 },
});

type Round = { readonly policy: Policy; readonly now: number; readonly inputHash: string };
type Choice = { readonly chosen: Candidate | undefined; readonly decision: Decision };

/** The nearest new driver; only when there is none, the nearest of those who let an offer of this order lapse. */
function choose(order: SearchingOrder, pool: Pool, round: Round): Choice {
  const { policy, now, inputHash } = round;
  const radiusM = policy.rungs[Math.min(order.rung, policy.rungs.length - 1)]?.radiusM ?? 0;
  const { fresh, lapsed, refused } = sift(order, pool.drivers);
  const reach = (drivers: readonly PoolDriver[]) =>
    nearest({ drivers, to: order.pickup, radiusM, model: policy, atMost: bestKept });
  const first = reach(fresh);
  const askedAgain = first.candidates === 0 && lapsed.length > 0;
  const last = askedAgain ? reach(lapsed) : first;
  const best = exact(last.best, order, policy);
  const chosen = best[0];
  return {
    chosen,
    decision: {
      policyVersion: policy.version,
      inputHash,
      radiusM,
      candidates: last.candidates,
      best: best.map(({ driver, etaAt }) => ({
        driverId: driver.driverId,
        minutes: Math.round((etaAt - now) / 6_000) / 10,
      })),
      excluded: total([
        pool.excluded,
        first.excluded,
        { said_no_before: refused },
        askedAgain ? last.excluded : { let_lapse_before: lapsed.length },
      ]),
      chosen: chosen?.driver.driverId,
      askedAgain: askedAgain && chosen !== undefined,
    },
  };
}

type Sifted = {
  readonly fresh: readonly PoolDriver[];
  readonly lapsed: readonly PoolDriver[];
  /** Drivers of the pool who said no to this order or dropped out of it. */
  readonly refused: number;
};

function sift(order: SearchingOrder, drivers: readonly PoolDriver[]): Sifted {
  if (order.earlier.length === 0) return { fresh: drivers, lapsed: [], refused: 0 };
  const outcomes = new Map<DriverId, 'no' | 'lapsed'>();
  for (const { driverId, outcome } of order.earlier) {
    if (outcome === 'withdrawn') continue;
    if (outcome !== 'expired') outcomes.set(driverId, 'no');
    else if (!outcomes.has(driverId)) outcomes.set(driverId, 'lapsed');
  }
  const fresh = drivers.filter((driver) => !outcomes.has(driver.driverId));
  const lapsed = drivers.filter((driver) => outcomes.get(driver.driverId) === 'lapsed');
  return { fresh, lapsed, refused: drivers.length - fresh.length - lapsed.length };
}

/** The nearest few by the real travel estimate, in whole milliseconds. */
const exact = (
  best: readonly Candidate[],
  order: SearchingOrder,
  policy: Policy,
): readonly Candidate[] =>
  best
    .map(({ driver }) => ({
      driver,
      etaAt: Math.round(driver.freeAt + travelMs(driver.place, order.pickup, policy)),
    }))
    .toSorted((a, b) => a.etaAt - b.etaAt || (a.driver.driverId < b.driver.driverId ? -1 : 1));

/** The sum of all, without the zeros. */
function total(counts: readonly Counts[]): Counts {
  const sum = new Map<string, number>();
  for (const [reason, count] of counts.flatMap((each) => Object.entries(each))) {
    if (count > 0) sum.set(reason, (sum.get(reason) ?? 0) + count);
  }
  return Object.fromEntries(sum);
}
