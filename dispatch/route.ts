// When and where a driver is free: at once where he stands, or at the end of the route that he is on.

import { travelMs, type Place } from '../domain/geo.ts';
import type { Policy } from '../domain/policy.ts';
import type { OnlineDriver } from './snapshot.ts';

export type FreeAt = { readonly place: Place; readonly at: number };

/** `now` and `at` in epoch milliseconds; undefined when nobody knows where the driver is. */
export function routeEnd(driver: OnlineDriver, policy: Policy, now: number): FreeAt | undefined {
  if (!driver.place) return undefined;
  const start: FreeAt = { place: driver.place, at: now };
  return driver.stops.reduce<FreeAt>((from, stop) => {
    const loaded = stop.pickedUp ? from : pickUp(from, stop, policy);
    const arriveAt = loaded.at + travelMs(loaded.place, stop.dropoff, policy);
    return { place: stop.dropoff, at: arriveAt + policy.dropoffServiceMs };
  }, start);
}

function pickUp(
  from: FreeAt,
  stop: { readonly pickup: Place; readonly readyAt: number | undefined },
  policy: Policy,
): FreeAt {
  const arriveAt = from.at + travelMs(from.place, stop.pickup, policy);
  return {
    place: stop.pickup,
    at: Math.max(arriveAt, stop.readyAt ?? arriveAt) + policy.pickupServiceMs,
  };
}
