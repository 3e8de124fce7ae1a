// What the database knows of a market, as the matching engine's snapshot. Called by dispatch.ts.

import type { DriverRow, SearchingRow } from '../db/dispatch-snapshot.ts';
import type { Stop } from '../db/routes.ts';
import type { Acceptance } from '../dispatch/acceptance.ts';
import type {
  OnlineDriver,
  ReadyEstimate,
  RouteStop,
  SearchingOrder,
  Snapshot,
} from '../dispatch/snapshot.ts';
import type { GreatCircle } from '../dispatch/travel.ts';
import type { Place } from '../domain/geo.ts';
import { rungAt, type Policy } from '../domain/policy.ts';
import { vehicles } from '../domain/vehicles.ts';

export type KnownPlace = { readonly place: Place; readonly at: number };

type Rows = {
  readonly now: number;
  readonly policy: Policy;
  /** The market's. */
  readonly timeZone: string;
  readonly orders: readonly SearchingRow[];
  readonly drivers: readonly DriverRow[];
  /** Where drivers were last seen by what forgets; the database may know a newer place. */
  readonly live: ReadonlyMap<string, KnownPlace>;
  /** Cash on drivers, in minor units; empty when no order is paid in cash. */
  readonly cash: ReadonlyMap<string, number>;
  readonly demand: NonNullable<Snapshot['demand']>;
  readonly acceptance: Acceptance;
};

export const snapshotOf = ({
  now,
  policy,
  timeZone,
  orders,
  drivers,
  live,
  cash,
  demand,
  acceptance,
}: Rows): Snapshot => ({
  now,
  travel: travelOf(policy, hourIn(timeZone, now)),
  demand,
  orders: orders.map((row) => searching(row, policy, now)),
  drivers: drivers.map((driver) =>
    online(driver, {
      known: knownOf(driver, live.get(driver.driverId), now - policy.positionMaxAgeMs),
      takesCash: (cash.get(driver.driverId) ?? 0) < policy.cashLimitMinor,
      acceptance: acceptance.byDriver.get(driver.driverId) ?? acceptance.usual,
      policy,
    }),
  ),
});

/** 0 to 23, by the clocks there. */
const hourIn = (timeZone: string, at: number): number =>
  Number(
    new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' }).format(at),
  );

const travelOf = (policy: Policy, hour: number): GreatCircle => ({
  kind: 'great_circle',
  metersPerMinute: policy.metersPerMinute,
  roadFactor: policy.roadFactor,
  hourFactor: (policy.hourPercent[hour] ?? 100) / 100,
  vehicleFactors: Object.fromEntries(
    vehicles.map((vehicle) => [vehicle, policy.vehiclePercent[vehicle] / 100]),
  ),
  ...(policy.travelStepM > 1 ? { stepM: policy.travelStepM } : {}),
});

const searching = (
  { readyAt, promisedAt, ...row }: SearchingRow,
  policy: Policy,
  now: number,
): SearchingOrder => ({
  ...row,
  rung: rungAt(policy, now - row.searchSince),
  ready: certain(readyAt),
  ...windowOf(promisedAt, policy),
});

/** When the customer of an order for later wants it at the door. */
const windowOf = (
  promisedAt: number | undefined,
  { promiseWindowMs }: Policy,
): Pick<SearchingOrder, 'dueAt' | 'notBefore'> =>
  promisedAt === undefined ? {} : { dueAt: promisedAt, notBefore: promisedAt - promiseWindowMs };

const certain = (at: number | undefined): ReadyEstimate | undefined =>
  at === undefined ? undefined : { earlyAt: at, expectedAt: at, lateAt: at };

/** The newest place; nowhere, when nobody has heard of the driver for long, or since their shift began. */
function knownOf(
  driver: DriverRow,
  live: KnownPlace | undefined,
  oldest: number,
): KnownPlace | undefined {
  const { place, placeAt } = driver;
  const stored = place && placeAt !== undefined ? { place, at: placeAt } : undefined;
  const newest = live && live.at >= (placeAt ?? 0) ? live : stored;
  return newest && Math.max(newest.at, beginsAt(driver) ?? 0) >= oldest ? newest : undefined;
}

/** Undefined for who works already: has been at a stop, or has something on board. */
function beginsAt({ stops, shiftStartsAt }: DriverRow): number | undefined {
  const fetched = new Set(stops.flatMap(({ kind, orderId }) => (kind === 'pickup' ? orderId : [])));
  const works = stops.some(({ orderId, reached }) => reached || !fetched.has(orderId));
  return works ? undefined : shiftStartsAt;
}

type Now = {
  readonly known: KnownPlace | undefined;
  readonly takesCash: boolean;
  readonly acceptance: number;
  readonly policy: Policy;
};

/** Half of a service comes after the hand-over: the way back to the vehicle. */
const leavesAt = (servedAt: number, { pickupServiceMs, dropoffServiceMs }: Policy): number =>
  servedAt + Math.max(pickupServiceMs, dropoffServiceMs) / 2;

/** Since the last hand-over, or since the shift's beginning after it; undefined with something still to do. */
const idleSince = ({ stops, servedAt, onlineSince, shiftStartsAt }: DriverRow) =>
  stops.length > 0 || onlineSince === undefined
    ? undefined
    : Math.max(onlineSince, shiftStartsAt ?? 0, servedAt ?? 0);

const online = (
  driver: DriverRow,
  { known, takesCash, acceptance, policy }: Now,
): OnlineDriver => ({
  driverId: driver.driverId,
  capacity: driver.capacity,
  shiftEndsAt: driver.shiftEndsAt,
  hasOpenOffer: driver.hasOpenOffer,
  place: known?.place,
  placeFrom:
    known && Math.max(known.at, leavesAt(driver.servedAt ?? 0, policy), beginsAt(driver) ?? 0),
  route: driver.stops.map((stop) => routeStop(stop, policy)),
  vehicle: driver.vehicle,
  skills: takesCash ? [...driver.skills, 'cash'] : driver.skills,
  merchantId: driver.merchantId,
  acceptance,
  rating: driver.rating,
  idleSince: idleSince(driver),
});

const routeStop = (
  { kind, orderId, place, load, direct, reached, readyAt, promisedAt, plannedAt }: Stop,
  policy: Policy,
): RouteStop => ({
  kind,
  orderId,
  place,
  ...(load > 1 && { load }),
  ...(direct && { direct }),
  ...(reached && { reached }),
  ...(kind === 'pickup'
    ? { ready: certain(readyAt) }
    : { promisedAt: plannedAt, ...windowOf(promisedAt, policy) }),
});
