// Why not this driver: computed again from what a stored round saw, for those whom its decisions only count. Rounds
// would be several times as large if they named everybody. Called by the API's explain route.

import type { DriverId, OrderId } from '../domain/ids.ts';
import { bundleOf, type Bundle } from './bundle.ts';
import { exclusionOf } from './candidates.ts';
import { consider } from './considered.ts';
import type { Considered, Decision, Exclusion, Plan } from './decision.ts';
import { createMarket, type Market } from './market.ts';
import type { PlanInput } from './plan.ts';
import { awayM } from './radius.ts';
import { emptyRoute, type Route } from './route.ts';
import type { OnlineDriver, Snapshot } from './snapshot.ts';

/** A decision about an order, with what its round saw and decided. */
export type Decided = {
  readonly orderId: OrderId;
  readonly decision: Decision;
  readonly input: PlanInput;
  readonly plan: Plan;
};

export type WhyNot =
  | { readonly kind: 'chosen' }
  /** Not online in the market. */
  | { readonly kind: 'unseen' }
  | {
      readonly kind: 'excluded';
      readonly reason: Exclusion;
      /** From the counter, in straight metres from where the driver will be free; undefined: not known. */
      readonly awayM: number | undefined;
    }
  | { readonly kind: 'possible'; readonly considered: Considered };

export function whyNot(decided: Decided, driverId: DriverId): WhyNot {
  const { decision, input, plan } = decided;
  if (decision.chosen === driverId) return { kind: 'chosen' };
  const driver = input.snapshot.drivers.find((each) => each.driverId === driverId);
  if (!driver) return { kind: 'unseen' };
  const absence = absenceOf(driver);
  if (absence) return { kind: 'excluded', reason: absence, awayM: undefined };
  const { market, bundle } = asSeen(decided, [driver]);
  const [carrier] = market.carriers;
  if (!bundle || !carrier) return { kind: 'unseen' };
  const route = emptyRoute(carrier, market);
  const reason = reasonFor(bundle, route, { market, decision });
  const considered = consider(bundle, route, { market, routes: [] });
  if (reason || !considered)
    return { kind: 'excluded', reason: reason ?? 'shift_ends', awayM: awayM(bundle, carrier) };
  return {
    kind: 'possible',
    considered: { ...considered, takes: takenBy(driverId, plan, decision) },
  };
}

/** Everybody who was left out, by reason, the nearest first; `most` of each. */
export function leftOut(decided: Decided, most: number): Partial<Record<Exclusion, DriverId[]>> {
  const { decision, input } = decided;
  const { market, bundle } = asSeen(decided, input.snapshot.drivers);
  if (!bundle || decision.outcome === 'exhausted') return {};
  const absent = input.snapshot.drivers.flatMap((driver) => {
    const reason = absenceOf(driver);
    return reason ? [{ reason, driverId: driver.driverId, away: 0 }] : [];
  });
  const others = market.carriers.flatMap((carrier) => {
    const { driverId } = carrier;
    const route = emptyRoute(carrier, market);
    const reason =
      driverId === decision.chosen ? undefined : reasonFor(bundle, route, { market, decision });
    return reason ? [{ reason, driverId, away: awayM(bundle, carrier) }] : [];
  });
  const groups: Partial<Record<Exclusion, DriverId[]>> = {};
  for (const { reason, driverId } of [...absent, ...others.toSorted((a, b) => a.away - b.away)]) {
    const group = (groups[reason] ??= []);
    if (group.length < most) group.push(driverId);
  }
  return groups;
}

function absenceOf({ hasOpenOffer, place }: OnlineDriver): Exclusion | undefined {
  if (hasOpenOffer) return 'open_offer';
  return place ? undefined : 'no_position';
}

type Seen = { readonly market: Market; readonly bundle: Bundle | undefined };

/** What was weighed: all that travel together, or what is taken along. */
function asSeen({ orderId, decision, input }: Decided, drivers: Snapshot['drivers']): Seen {
  const { snapshot, policy } = input;
  const ids = decision.isAddOn ? [orderId] : decision.together;
  const orders = snapshot.orders.filter((each) => ids.includes(each.orderId));
  const market = createMarket({ ...snapshot, drivers }, policy, orders);
  const jobs = ids.flatMap((id) => market.jobs.find((job) => job.orderId === id) ?? []);
  return { market, bundle: bundleOf(jobs, market) };
}

type Asking = { readonly market: Market; readonly decision: Decision };

const reasonFor = (
  bundle: Bundle,
  route: Route,
  { market, decision }: Asking,
): Exclusion | undefined => exclusionOf(bundle, route, { market, askLapsed: decision.askedAgain });

/** What the plan means this driver for, if not for this. */
export function takenBy(
  driverId: DriverId,
  { offers, skipped }: Plan,
  { together }: Decision,
): OrderId | undefined {
  const all = [...offers.flatMap(({ decisions }) => decisions), ...skipped];
  return all.find(
    ({ orderId, decision }) => decision.chosen === driverId && !together.includes(orderId),
  )?.orderId;
}
