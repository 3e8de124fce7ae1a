// What somebody who is not ours must know to bring an order: where from, to whom, how to reach them. Personal.

import type { OrderId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import { findOrder, openPeople } from './orders.ts';
import type { Vault } from './vault.ts';

/** `no_address` when the customer was erased or left none, `no_pickup_address` when the branch has none. */
export async function readErrand(db: Db, vault: Vault, orderId: OrderId) {
  const row = await findOrder(db, { scope: { kind: 'platform' }, orderId });
  const people = row && openPeople(vault, row);
  if (!row || !people?.address) return 'no_address';
  const { name, address } = await db
    .selectFrom('branches')
    .select(['name', 'address'])
    .where('id', '=', row.branch_id)
    .executeTakeFirstOrThrow();
  if (address === null) return 'no_pickup_address';
  return {
    currency: row.currency,
    pickup: { name, address, place: { lat: row.pickup_lat, lng: row.pickup_lng } },
    dropoff: { ...people, place: { lat: row.dropoff_lat, lng: row.dropoff_lng } },
    goodsMinor: row.goods_minor,
    itemCount: row.items.reduce((sum, { quantity }) => sum + quantity, 0),
    leaveAtDoor: row.terms.undeliverable === 'leave_at_door',
  };
}
