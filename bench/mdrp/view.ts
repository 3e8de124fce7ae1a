// What the engine may see of a minute of the day, as a snapshot.

import type { OnlineDriver, RouteStop, SearchingOrder, Snapshot } from '../../dispatch/snapshot.ts';
import type { Place } from '../../domain/geo.ts';
import type { DriverId, OrderId } from '../../domain/ids.ts';
import { rungAt, type Policy } from '../../domain/policy.ts';
import {
  courierCapacity,
  type InstanceFiles,
  type InstanceOrder,
} from '../../sandbox/city/instance-files.ts';
import type { Spot } from '../../sandbox/city/projection.ts';
import type { Courier } from './courier.ts';
import type { Kitchens } from './kitchen.ts';
import { minuteMs } from './policy.ts';

/** An order that has been placed, with the place of its restaurant. */
export type DayOrder = InstanceOrder & {
  readonly spot: Spot;
  readonly declinedBy: readonly DriverId[];
};

type View = {
  readonly minute: number;
  readonly instance: InstanceFiles;
  readonly couriers: readonly Courier[];
  readonly open: readonly DayOrder[];
  readonly kitchens: Kitchens;
  readonly policy: Pick<Policy, 'rungs'>;
};

/** Shifts are planned ahead, so couriers are seen a little before theirs begin. */
const seenBeforeMinutes = 40;

export function snapshotAt(view: View): Snapshot {
  const { minute, instance, couriers, open, kitchens } = view;
  const fixed = new Set(couriers.map((courier) => courier.errand()?.first.id));
  return {
    now: minute * minuteMs,
    orders: open.filter(({ id }) => !fixed.has(id)).map((order) => searching(order, view)),
    drivers: couriers
      .filter(({ onAt, offAt }) => offAt >= minute && onAt <= minute + seenBeforeMinutes)
      .map((courier) => driverOf(courier, minute, kitchens)),
    travel: { kind: 'plane', metersPerMinute: instance.parameters.metersPerMinute },
    demand: kitchens.demand().map(({ spot, weight }) => ({ place: placeOf(spot), weight })),
  };
}

const placeOf = ({ x, y }: Spot): Place => ({ lat: y, lng: x });

const searching = (order: DayOrder, { minute, kitchens, policy }: View): SearchingOrder => ({
  orderId: order.id as OrderId,
  search: 1,
  rung: rungAt(policy, (minute - order.placedAt) * minuteMs),
  searchSince: order.placedAt * minuteMs,
  pickup: placeOf(order.spot),
  dropoff: placeOf(order.dropoff),
  ready: kitchens.readyOf(order, minute),
  earlier: order.declinedBy.map((driverId) => ({ driverId, search: 1, outcome: 'declined' })),
});

function driverOf(courier: Courier, minute: number, kitchens: Kitchens): OnlineDriver {
  const { spot, from } = courier.place();
  const errand = courier.errand();
  return {
    driverId: courier.id as DriverId,
    capacity: courierCapacity,
    place: placeOf(spot),
    placeFrom: from * minuteMs,
    shiftEndsAt: courier.offAt * minuteMs,
    hasOpenOffer: false,
    route: errand ? stopsOf(errand.first, minute, kitchens) : [],
  };
}

function stopsOf(order: DayOrder, minute: number, kitchens: Kitchens): readonly RouteStop[] {
  const orderId = order.id as OrderId;
  return [
    { kind: 'pickup', orderId, place: placeOf(order.spot), ready: kitchens.readyOf(order, minute) },
    { kind: 'dropoff', orderId, place: placeOf(order.dropoff) },
  ];
}
