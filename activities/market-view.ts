// What the database knows of a market, as the matching engine's snapshot. Called by dispatch.ts.

import type { DriverRow, SearchingRow } from '../db/dispatch-snapshot.ts';
import type { Stop } from '../db/routes.ts';
import type {
  OnlineDriver,
  ReadyEstimate,
  RouteStop,
  SearchingOrder,
  Snapshot,
} from '../dispatch/snapshot.ts';
import type { Place } from '../domain/geo.ts';
import { rungAt, type Policy } from '../domain/policy.ts';

export type KnownPlace = { readonly place: Place; readonly at: number };

type Rows = {
  readonly now: number;
  readonly policy: Policy;
  readonly orders: readonly SearchingRow[];
  readonly drivers: readonly DriverRow[];
  /** Where drivers were last seen by what forgets; the database may know a newer place. */
  readonly live: ReadonlyMap<string, KnownPlace>;
  /** Cash on drivers, in minor units; empty when no order is paid in cash. */
  readonly cash: ReadonlyMap<string, number>;
  readonly demand: NonNullable<Snapshot['demand']>;
};

export const snapshotOf = ({
  now,
  policy,
  orders,
  drivers,
  live,
  cash,
  demand,
}: Rows): Snapshot => ({
  now,
  travel: {
    kind: 'great_circle',
    metersPerMinute: policy.metersPerMinute,
    roadFactor: policy.roadFactor,
    ...(policy.travelStepM > 1 ? { stepM: policy.travelStepM } : {}),
  },
  demand,
  orders: orders.map((row) => searching(row, rungAt(policy, now - row.searchSince))),
  drivers: drivers.map((driver) =>
    online(driver, {
      known: knownOf(driver, live.get(driver.driverId), now - policy.positionMaxAgeMs),
      takesCash: (cash.get(driver.driverId) ?? 0) < policy.cashLimitMinor,
      policy,
    }),
  ),
});

const searching = ({ readyAt, ...row }: SearchingRow, rung: number): SearchingOrder => ({
  ...row,
  rung,
  ready: certain(readyAt),
});

const certain = (at: number | undefined): ReadyEstimate | undefined =>
  at === undefined ? undefined : { earlyAt: at, expectedAt: at, lateAt: at };

/** The newest place; nowhere, when nobody has heard of the driver for long. */
function knownOf(
  { place, placeAt }: DriverRow,
  live: KnownPlace | undefined,
  oldest: number,
): KnownPlace | undefined {
  const stored = place && placeAt !== undefined ? { place, at: placeAt } : undefined;
  const newest = live && live.at >= (placeAt ?? 0) ? live : stored;
  return newest && newest.at >= oldest ? newest : undefined;
}

type Now = {
  readonly known: KnownPlace | undefined;
  readonly takesCash: boolean;
  readonly policy: Policy;
};

/** Half of a service comes after the hand-over: the way back to the vehicle. */
const leavesAt = (servedAt: number, { pickupServiceMs, dropoffServiceMs }: Policy): number =>
  servedAt + Math.max(pickupServiceMs, dropoffServiceMs) / 2;

const online = (driver: DriverRow, { known, takesCash, policy }: Now): OnlineDriver => ({
  driverId: driver.driverId,
  capacity: driver.capacity,
  shiftEndsAt: driver.shiftEndsAt,
  hasOpenOffer: driver.hasOpenOffer,
  place: known?.place,
  placeFrom: known && Math.max(known.at, leavesAt(driver.servedAt ?? 0, policy)),
  route: driver.stops.map(routeStop),
  vehicle: driver.vehicle,
  skills: takesCash ? [...driver.skills, 'cash'] : driver.skills,
  merchantId: driver.merchantId,
});

const routeStop = ({ kind, orderId, place, readyAt }: Stop): RouteStop =>
  kind === 'pickup' ? { kind, orderId, place, ready: certain(readyAt) } : { kind, orderId, place };
