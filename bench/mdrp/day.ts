// A day of the Meal Delivery Routing Problem in virtual time: every minute the engine sees the orders placed so far,
// and only those, and what it commits is carried out. Its solution is in the terms of the problem's files.

import { plan } from '../../dispatch/plan.ts';
import type { PlannedOffer } from '../../dispatch/decision.ts';
import type { Snapshot } from '../../dispatch/snapshot.ts';
import type { DriverId } from '../../domain/ids.ts';
import type { Policy } from '../../domain/policy.ts';
import type { InstanceFiles, InstanceOrder } from '../../sandbox/city/instance-files.ts';
import { createCouriers, type Courier } from './courier.ts';
import { createKitchens } from './kitchen.ts';
import { policyFor } from './policy.ts';
import type { Solution } from './solution.ts';
import { snapshotAt, type DayOrder } from './view.ts';

export type DayOptions = {
  /** The engine is told the mean preparation of each restaurant, and the ready time only when it has come. */
  readonly noisyPrep: boolean;
  /** Orders that tell those means. Absent: all of the day. */
  readonly history?: readonly InstanceOrder[];
  /** Absent: that of the benchmark. Whatever it says, drivers are told one bundle at a time. */
  readonly policy?: Policy;
  /** The courier will not take the order, whenever it is offered. Absent: everybody takes everything. */
  readonly declines?: (courier: string, order: string) => boolean;
  /** Sees every input and answer of the engine. */
  readonly watch?: (snapshot: Snapshot, offers: readonly PlannedOffer[]) => void;
};

/** Runs until the last shift has ended and everything on the way is delivered. */
export function playDay(instance: InstanceFiles, options: DayOptions): Solution {
  const { noisyPrep, history = instance.orders, watch } = options;
  const { policy = policyFor(instance), declines = () => false } = options;
  const kitchens = createKitchens(instance, noisyPrep ? history : undefined);
  const couriers = createCouriers(instance);
  const byId = new Map(couriers.map((courier) => [courier.id, courier]));
  const upcoming = instance.orders.toSorted(
    (a, b) => a.placedAt - b.placedAt || (a.id < b.id ? -1 : 1),
  );
  const open = new Map<string, DayOrder>();
  const lastMinute = instance.couriers.reduce((latest, { offAt }) => Math.max(latest, offAt), 0);
  const firstMinute = upcoming[0]?.placedAt ?? 0;
  let next = 0;
  for (let minute = firstMinute; minute <= lastMinute; minute += 1) {
    for (
      let order = upcoming[next];
      order && order.placedAt <= minute;
      order = upcoming[(next += 1)]
    ) {
      open.set(order.id, { ...order, spot: kitchens.spotOf(order.restaurant), declinedBy: [] });
      kitchens.hear(order);
    }
    if (open.size === 0) continue;
    const seen = { minute, instance, couriers, open: [...open.values()], kitchens, policy };
    const snapshot = snapshotAt(seen);
    const { offers } = plan({ snapshot, policy, seed: 0 });
    watch?.(snapshot, offers);
    const taken = offers.filter((offer) => isTaken(offer, open, declines));
    instruct({ minute, offers: taken, byId, couriers, open });
    const expectedAt = (order: DayOrder): number => kitchens.readyOf(order, minute).expectedAt;
    for (const courier of couriers) {
      const others = unclaimed(open, couriers);
      for (const { id } of courier.pickUpIfReady({ minute, expectedAt, others })) open.delete(id);
    }
  }
  return { instance, bundles: couriers.flatMap((courier) => courier.bundles) };
}

/** Of several orders the first one to be delivered is what the courier answers to. */
function isTaken(
  { driverId, orders }: PlannedOffer,
  open: Map<string, DayOrder>,
  declines: NonNullable<DayOptions['declines']>,
): boolean {
  const asked = open.get(orders[0]?.orderId ?? '');
  if (!asked || !declines(driverId, asked.id)) return true;
  open.set(asked.id, { ...asked, declinedBy: [...asked.declinedBy, driverId] });
  return false;
}

function unclaimed(
  open: ReadonlyMap<string, DayOrder>,
  couriers: readonly Courier[],
): readonly DayOrder[] {
  const claimed = new Set(couriers.flatMap((courier) => courier.errand()?.orders ?? []));
  return [...open.values()].filter((order) => !claimed.has(order));
}

type Instructing = {
  readonly minute: number;
  readonly offers: readonly PlannedOffer[];
  readonly byId: ReadonlyMap<string, Courier>;
  readonly couriers: readonly Courier[];
  readonly open: ReadonlyMap<string, DayOrder>;
};

function instruct({ minute, offers, byId, couriers, open }: Instructing): void {
  const told = new Set<DriverId>();
  for (const offer of offers) {
    const orders = offer.route.flatMap(({ kind, orderId }) => {
      const order = kind === 'dropoff' ? open.get(orderId) : undefined;
      return order ? [order] : [];
    });
    byId.get(offer.driverId)?.take(orders, minute);
    told.add(offer.driverId);
  }
  // What was only meant to be added is free again when the plan no longer adds it.
  for (const courier of couriers)
    if (!told.has(courier.id as DriverId)) courier.keepOnlyFirst(minute);
}
