// What the database knows of a market, as the matching engine's snapshot. Called by dispatch.ts.

import type { DriverRow, SearchingRow } from '../db/dispatch-snapshot.ts';
import type { OnlineDriver, RouteStop, SearchingOrder, Snapshot } from '../dispatch/snapshot.ts';
import type { OrderId } from '../domain/ids.ts';

type Rows = {
  readonly now: number;
  readonly orders: readonly SearchingRow[];
  readonly drivers: readonly Omit<DriverRow, 'placeAt'>[];
};

export const snapshotOf = ({ now, orders, drivers }: Rows): Snapshot => ({
  now,
  orders: orders.map(searching),
  drivers: drivers.map(online),
});

/** Where it goes and when it is ready are not read yet: it counts as going next door, now. */
const searching = (row: SearchingRow): SearchingOrder => ({ ...row, dropoff: row.pickup });

function online({ stops, ...driver }: Rows['drivers'][number]): OnlineDriver {
  const route = stops.flatMap((stop, index): readonly RouteStop[] => {
    const orderId = `${driver.driverId}:${index}` as OrderId;
    const { readyAt } = stop;
    const ready =
      readyAt === undefined
        ? undefined
        : { earlyAt: readyAt, expectedAt: readyAt, lateAt: readyAt };
    const pickup: RouteStop = { kind: 'pickup', orderId, place: stop.pickup, ready };
    const dropoff: RouteStop = { kind: 'dropoff', orderId, place: stop.dropoff };
    return stop.pickedUp ? [dropoff] : [pickup, dropoff];
  });
  return { ...driver, route };
}
