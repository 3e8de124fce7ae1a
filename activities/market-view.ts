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
};

export const snapshotOf = ({ now, policy, orders, drivers, live }: Rows): Snapshot => ({
  now,
  orders: orders.map((row) => searching(row, rungAt(policy, now - row.searchSince))),
  drivers: drivers.map((driver) =>
    online(driver, placeOf(driver, live.get(driver.driverId), now - policy.positionMaxAgeMs)),
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

function online(driver: DriverRow, place: Place | undefined): OnlineDriver {
  const { stops, driverId, capacity, shiftEndsAt, hasOpenOffer } = driver;
  return { driverId, capacity, shiftEndsAt, hasOpenOffer, place, route: stops.flatMap(routeOf) };
}

function routeOf({ orderId, pickedUp, pickup, dropoff, readyAt }: Stop): readonly RouteStop[] {
  const drop: RouteStop = { kind: 'dropoff', orderId, place: dropoff };
  return pickedUp
    ? [drop]
    : [{ kind: 'pickup', orderId, place: pickup, ready: known(readyAt) }, drop];
}
