// What a dispatch round could not plan with, as incidents: once per order and driver, in words. Called by
// activities/dispatch.ts.

import type { DriverId, OrderId } from '../domain/ids.ts';
import type { Db } from './connect.ts';

export type SetAside = {
  /** Absent: the order itself is what cannot be planned with. */
  readonly driverId?: DriverId;
  /** The order, or what the driver has in hand; undefined: nothing. */
  readonly orderId: OrderId | undefined;
  readonly says: string;
};

/** Returns those that nobody had been told of before. */
export async function reportSetAside(
  db: Db,
  { aside, now }: { readonly aside: readonly SetAside[]; readonly now: number },
): Promise<readonly SetAside[]> {
  const told = new Map(aside.map((each) => [keyOf(each), each]));
  if (told.size === 0) return [];
  const rows = await db
    .insertInto('incidents')
    .values(
      [...told].map(([key, { driverId, orderId, says }]) => ({
        key,
        order_id: orderId ?? null,
        kind: driverId === undefined ? 'order_set_aside' : 'driver_set_aside',
        detail: JSON.stringify({
          says,
          ...(driverId === undefined ? {} : { driver_id: driverId }),
        }),
        at: new Date(now),
        resolved_at: null,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .execute();
  return rows.flatMap(({ key }) => told.get(key) ?? []);
}

const keyOf = ({ driverId, orderId }: SetAside): string =>
  [driverId, orderId, 'set_aside'].filter((part) => part !== undefined).join(':');
