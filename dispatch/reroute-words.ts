// A new order of a driver's stops in a sentence, for those who wonder why the driver goes elsewhere first.

import type { Reroute } from '../domain/eta.ts';
import type { OrderId } from '../domain/ids.ts';
import { minutes, plainNaming, stopByStop, type Naming } from './phrases.ts';

/** As one of its orders sees it. */
export function rerouteInWords(
  orderId: OrderId,
  { driverId, before, route, lateMs, gainMs }: Reroute,
  naming: Naming = plainNaming,
): string {
  const told = stopByStop(
    orderId,
    route.map(({ kind, orderId: id, doneAt }) => ({ kind, orderId: id, at: doneAt })),
    naming,
  );
  const doorIn = (stops: Reroute['route']): string => {
    const door = stops.find((stop) => stop.kind === 'dropoff' && stop.orderId === orderId);
    return door ? naming.time(door.doneAt) : 'an unknown time';
  };
  return `The route of ${naming.driver(driverId)} was ${minutes(lateMs / 60_000)} behind the plan, all deliveries in sum, and gains ${minutes(gainMs / 60_000)} by another order of the stops: ${told}. This order arrives at ${doorIn(route)} instead of ${doorIn(before)}.`;
}
