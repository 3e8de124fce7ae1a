// A courier of the Meal Delivery Routing Problem: waits, drives to a restaurant for a bundle that may change until the
// pickup, delivers it. Keeps what was done, as the solution files want it.

import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';
import { straightM, type Spot } from '../../sandbox/city/projection.ts';
import type { DayOrder } from './view.ts';

/** Whole minutes throughout. */
export type DoneBundle = {
  readonly courier: string;
  /** When the final instruction reached the courier. */
  readonly assignedAt: number;
  readonly pickupAt: number;
  /** `from`: where the drive to the restaurant began; undefined: the courier was on it already. */
  readonly setOffAt: number;
  /** '0' or the id of the last order. */
  readonly origin: string;
  readonly restaurant: string;
  readonly drops: readonly {
    readonly orderId: string;
    readonly departAt: number;
    readonly dropoffAt: number;
  }[];
};

export type Errand = {
  readonly setOffAt: number;
  readonly arriveAt: number;
  /** Placed before the courier set off, so the errand stays justified whatever else changes. */
  readonly first: DayOrder;
  /** In the order of delivery. */
  readonly orders: readonly DayOrder[];
  readonly assignedAt: number;
};

export type Courier = ReturnType<typeof courierOf>;

export function createCouriers(instance: InstanceFiles) {
  const { metersPerMinute, pickupServiceMinutes, dropoffServiceMinutes } = instance.parameters;
  const making: Making = {
    minutes: (from, to) => Math.ceil(straightM(from, to) / metersPerMinute),
    pickupHalf: pickupServiceMinutes / 2,
    dropoffHalf: dropoffServiceMinutes / 2,
  };
  return instance.couriers.map((courier) => courierOf(courier, making));
}

type Making = {
  readonly minutes: (from: Spot, to: Spot) => number;
  readonly pickupHalf: number;
  readonly dropoffHalf: number;
};

function courierOf({ id, home, onAt, offAt }: InstanceFiles['couriers'][number], making: Making) {
  const { minutes, pickupHalf } = making;
  const bundles: DoneBundle[] = [];
  let at: Spot = home;
  let origin = '0';
  let freeAt = onAt;
  let errand: Errand | undefined;

  return {
    id,
    onAt,
    offAt,
    bundles,
    /** Where and from when the courier waits; on an errand: at its restaurant. */
    place: (): { readonly spot: Spot; readonly from: number } =>
      errand ? { spot: errand.first.spot, from: errand.arriveAt } : { spot: at, from: freeAt },
    errand: (): Errand | undefined => errand,

    /** The instruction of this minute: to set off for a bundle, or to change the one under way. */
    take(orders: readonly DayOrder[], minute: number): void {
      const [first] = orders;
      if (!first) throw new Error(`courier ${id} is told to fetch nothing`);
      if (errand) errand = changed(errand, orders, minute);
      else {
        const arriveAt = minute + minutes(at, first.spot);
        errand = { setOffAt: minute, arriveAt, first, orders, assignedAt: minute };
      }
    },

    /** The rest goes back to the pool. */
    keepOnlyFirst(minute: number): void {
      if (errand) errand = changed(errand, [errand.first], minute);
    },

    /** Takes the bundle when the time has come and all of it is ready; returns what was taken. */
    pickUpIfReady({ minute, expectedAt, others }: Counter): readonly DayOrder[] {
      if (!errand) return [];
      const isThere = errand.arriveAt + pickupHalf <= minute;
      if (isThere && minute === offAt) errand = lastCall(errand, { minute, expectedAt, others });
      const { orders } = errand;
      if (!isThere || orders.some(({ readyAt }) => readyAt > minute)) {
        const first = soonest(orders, errand, expectedAt) ?? errand.first;
        // Who has waited in vain goes home, and the goods are somebody else's.
        errand = minute < offAt ? { ...errand, first } : undefined;
        return [];
      }
      const done = deliver({ id, origin, errand, minute, making });
      bundles.push(done.bundle);
      ({ at, origin, freeAt } = done);
      errand = undefined;
      return orders;
    },
  };
}

type Counter = {
  readonly minute: number;
  readonly expectedAt: (order: DayOrder) => number;
  /** Open orders that no courier is on an errand for. */
  readonly others: readonly DayOrder[];
};

/** At the end of the shift what is ready at the counter is better than nothing. */
function lastCall(errand: Errand, { minute, expectedAt, others }: Counter): Errand {
  const ready = errand.orders.filter(({ readyAt }) => readyAt <= minute);
  if (soonest(ready, errand, expectedAt)) return changed(errand, ready, minute);
  const { restaurant } = errand.first;
  const there = others.filter(
    (order) => order.restaurant === restaurant && order.readyAt <= minute,
  );
  const instead = soonest(there, errand, expectedAt);
  return instead ? changed({ ...errand, first: instead }, [instead], minute) : errand;
}

/** A change reaches the courier when he has arrived, or at once when he waits there. */
function changed(errand: Errand, orders: readonly DayOrder[], minute: number): Errand {
  const isSame =
    orders.length === errand.orders.length &&
    orders.every((order, index) => order.id === errand.orders[index]?.id);
  return isSame ? errand : { ...errand, orders, assignedAt: Math.max(minute, errand.arriveAt) };
}

/** Of those that justify the errand. */
const soonest = (
  orders: readonly DayOrder[],
  { setOffAt }: Errand,
  expectedAt: (order: DayOrder) => number,
): DayOrder | undefined =>
  orders
    .filter(({ placedAt }) => placedAt <= setOffAt)
    .toSorted((a, b) => expectedAt(a) - expectedAt(b) || (a.id < b.id ? -1 : 1))[0];

type Delivering = {
  readonly id: string;
  readonly origin: string;
  readonly errand: Errand;
  readonly minute: number;
  readonly making: Making;
};

function deliver({ id, origin, errand, minute, making }: Delivering) {
  const { minutes, pickupHalf, dropoffHalf } = making;
  let departAt = minute + pickupHalf;
  let at = errand.first.spot;
  const drops = errand.orders.map((order) => {
    const dropoffAt = departAt + minutes(at, order.dropoff) + dropoffHalf;
    const drop = { orderId: order.id, departAt, dropoffAt };
    departAt = dropoffAt + dropoffHalf;
    at = order.dropoff;
    return drop;
  });
  const bundle: DoneBundle = {
    courier: id,
    assignedAt: errand.assignedAt,
    pickupAt: minute,
    setOffAt: errand.setOffAt,
    origin,
    restaurant: errand.first.restaurant,
    drops,
  };
  return { bundle, at, origin: drops.at(-1)?.orderId ?? origin, freeAt: departAt };
}
