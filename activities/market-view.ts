// What the database knows of a market, as the matching engine's snapshot. Called by dispatch.ts.

import type { DriverRow, SearchingRow, Stop } from '../db/dispatch-snapshot.ts';
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
      place: placeOf(driver, live.get(driver.driverId), now - policy.positionMaxAgeMs),
      takesCash: (cash.get(driver.driverId) ?? 0) < policy.cashLimitMinor,
    }),
  ),
});

const searching = ({ readyAt, ...row }: SearchingRow, rung: number): SearchingOrder => ({
  ...row,
  rung,
  ready: known(readyAt),
});

const known = (at: number | undefined): ReadyEstimate | undefined =>
  at === undefined ? undefined : { earlyAt: at, expectedAt: at, lateAt: at };

/** The newest place; nowhere, when nobody has heard of the driver for long. */
function placeOf(
  { place, placeAt }: DriverRow,
  live: KnownPlace | undefined,
  oldest: number,
): Place | undefined {
  if (live && live.at >= (placeAt ?? 0)) return live.at < oldest ? undefined : live.place;
  return placeAt !== undefined && placeAt < oldest ? undefined : place;
}

type Now = { readonly place: Place | undefined; readonly takesCash: boolean };

const online = (driver: DriverRow, { place, takesCash }: Now): OnlineDriver => ({
  driverId: driver.driverId,
  capacity: driver.capacity,
  shiftEndsAt: driver.shiftEndsAt,
  hasOpenOffer: driver.hasOpenOffer,
  place,
  route: driver.stops.map(routeStop),
  vehicle: driver.vehicle,
  skills: takesCash ? [...driver.skills, 'cash'] : driver.skills,
  merchantId: driver.merchantId,
});

const routeStop = ({ kind, orderId, place, readyAt }: Stop): RouteStop =>
  kind === 'pickup' ? { kind, orderId, place, ready: known(readyAt) } : { kind, orderId, place };
