// A small city for tests of the matching engine: orders and drivers by number, places on a grid of metres.

import type { Plan } from '../../dispatch/decision.ts';
import { plan } from '../../dispatch/plan.ts';
import type { OnlineDriver, RouteStop, SearchingOrder, Snapshot } from '../../dispatch/snapshot.ts';
import type { Place } from '../../domain/geo.ts';
import type { DriverId, OrderId } from '../../domain/ids.ts';
import { defaultPolicy, type Policy } from '../../domain/policy.ts';

export const now = Date.UTC(2026, 4, 4, 12);
export const minute = 60_000;

/** One kilometre in three minutes, straight; two rungs. */
export const policy: Policy = {
  ...defaultPolicy,
  metersPerMinute: 1_000 / 3,
  roadFactor: 1,
  pickupServiceMs: 4 * minute,
  dropoffServiceMs: 4 * minute,
  rungs: [
    { radiusM: 3_000, durationMs: 5 * minute },
    { radiusM: 6_000, durationMs: 5 * minute },
  ],
};

const degreesPerM = 1 / 111_195;
/** East and north of a point on the equator, so that metres are metres in both directions. */
export const at = (eastM: number, northM = 0): Place => ({
  lat: northM * degreesPerM,
  lng: eastM * degreesPerM,
});

const padded = (n: number): string => String(n).padStart(4, '0');
export const driverId = (n: number): DriverId => `drv_${padded(n)}` as DriverId;
export const orderId = (n: number): OrderId => `ord_${padded(n)}` as OrderId;

export const driver = (
  n: number,
  place: Place,
  more: Partial<OnlineDriver> = {},
): OnlineDriver => ({
  driverId: driverId(n),
  capacity: 1,
  place,
  shiftEndsAt: undefined,
  hasOpenOffer: false,
  route: [],
  ...more,
});

export const order = (
  n: number,
  pickup: Place,
  more: Partial<SearchingOrder> = {},
): SearchingOrder => ({
  orderId: orderId(n),
  search: 1,
  rung: 0,
  searchSince: now - minute,
  pickup,
  dropoff: pickup,
  earlier: [],
  ...more,
});

/** The stops of one committed delivery; without `from`: it is on board. */
export function delivery(n: number, to: Place, from?: Place, readyAt = now): readonly RouteStop[] {
  const stop: RouteStop = { kind: 'dropoff', orderId: orderId(n), place: to };
  const ready = { earlyAt: readyAt, expectedAt: readyAt, lateAt: readyAt };
  return from ? [{ ...stop, kind: 'pickup', place: from, ready }, stop] : [stop];
}

export const snapshot = (
  orders: readonly SearchingOrder[],
  drivers: readonly OnlineDriver[],
): Snapshot => ({ now, orders, drivers });

/** A plan of these orders and drivers, with the seed 1. */
export const run = (
  orders: readonly SearchingOrder[],
  drivers: readonly OnlineDriver[],
  more: { readonly policy?: Partial<Policy>; readonly snapshot?: Partial<Snapshot> } = {},
): Plan =>
  plan({
    snapshot: { ...snapshot(orders, drivers), ...more.snapshot },
    policy: { ...policy, ...more.policy },
    seed: 1,
  });

export const readyAt = (minutes: number, spread = 0) => ({
  earlyAt: now + (minutes - spread) * minute,
  expectedAt: now + minutes * minute,
  lateAt: now + (minutes + spread) * minute,
});
