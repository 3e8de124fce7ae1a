// plan({ snapshot, policy, seed }) → offers and why: the seam behind which a matching engine works. This one is the
// simplest that is right: the oldest search first, each to the nearest driver in time. Pure and deterministic: the
// same input in any order gives the same plan. Called by the dispatch round.

import { travelMs } from '../domain/geo.ts';
import type { DriverId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import { inputHashOf } from './hash.ts';
import {
  nearest,
  createPool,
  type Candidate,
  type Counts,
  type Pool,
  type PoolDriver,
} from './pool.ts';
import type {
  Decision,
  EarlierOffer,
  Plan,
  PlannedOffer,
  SearchingOrder,
  Snapshot,
} from './snapshot.ts';

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
  const pool = createPool(snapshot, policy);
  for (const order of orders.filter((each) => !isExhausted(each))) {
    const { chosen, decision } = choose(order, pool, round);
    if (!chosen) {
      skipped.push({ orderId: order.orderId, decision });
      continue;
    }
    const { orderId, search } = order;
    const { driverId } = chosen.driver;
    offers.push({ driverId, orders: [{ orderId, search }], pickupEtaAt: chosen.etaAt, decision });
    pool.take(chosen.driver);
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

type Round = { readonly policy: Policy; readonly now: number; readonly inputHash: string };
type Choice = { readonly chosen: Candidate | undefined; readonly decision: Decision };

/** The nearest new driver; only when there is none, the nearest of those who let an offer of this order lapse. */
function choose(order: SearchingOrder, pool: Pool, round: Round): Choice {
  const { policy, now, inputHash } = round;
  const radiusM = policy.rungs[Math.min(order.rung, policy.rungs.length - 1)]?.radiusM ?? 0;
  const known = acquainted(order, pool);
  const reach = (drivers: readonly PoolDriver[], notBest: readonly PoolDriver[] = []) =>
    nearest({
      drivers,
      notBest: new Set(notBest),
      to: order.pickup,
      radiusM,
      model: policy,
      atMost: bestKept,
    });
  const all = reach(pool.all(), [...known.refused, ...known.lapsed]);
  const refused = reach(known.refused);
  const lapsed = reach(known.lapsed);
  const fresh = all.candidates - refused.candidates - lapsed.candidates;
  const askedAgain = fresh === 0 && lapsed.candidates > 0;
  const best = exact(askedAgain ? lapsed.best : all.best, order, policy);
  const chosen = best[0];
  return {
    chosen,
    decision: {
      policyVersion: policy.version,
      inputHash,
      radiusM,
      candidates: askedAgain ? lapsed.candidates : fresh,
      best: best.map(({ driver, etaAt }) => ({
        driverId: driver.driverId,
        minutes: Math.round((etaAt - now) / 6_000) / 10,
      })),
      excluded: withoutZeros({
        ...pool.excluded(),
        out_of_radius: all.outOfRadius,
        shift_ends: all.shiftEnds,
        said_no_before: refused.candidates,
        let_lapse_before: askedAgain ? 0 : lapsed.candidates,
      }),
      chosen: chosen?.driver.driverId,
      askedAgain,
    },
  };
}

type Acquainted = {
  readonly refused: readonly PoolDriver[];
  readonly lapsed: readonly PoolDriver[];
};

/** Who of the pool has had an offer of this order: said no or dropped out, or only let it lapse. */
function acquainted(order: SearchingOrder, pool: Pool): Acquainted {
  const idsOf = (outcomes: readonly EarlierOffer['outcome'][]): ReadonlySet<DriverId> =>
    new Set(
      order.earlier
        .filter((offer) => outcomes.includes(offer.outcome))
        .map((offer) => offer.driverId),
    );
  const refused = idsOf(['declined', 'voided', 'dropped_out']);
  const lapsed = [...idsOf(['expired'])].filter((driverId) => !refused.has(driverId));
  const inPool = (ids: Iterable<DriverId>): readonly PoolDriver[] =>
    [...ids].toSorted().flatMap((driverId) => pool.find(driverId) ?? []);
  return { refused: inPool(refused), lapsed: inPool(lapsed) };
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

const withoutZeros = (counts: Counts): Counts =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
