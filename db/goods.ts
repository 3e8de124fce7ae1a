// Where goods are that a driver has picked up and cannot bring: the next driver fetches them there. Called by `record`.

import { sql, type Transaction } from 'kysely';
import type { Database } from './schema.ts';

/** They are where their driver was last seen; unknown: as before. */
export async function rememberGoods(
  trx: Transaction<Database>,
  { orderId, driverId }: { readonly orderId: string; readonly driverId: string },
): Promise<void> {
  await sql`
    UPDATE orders SET goods_lat = drivers.lat, goods_lng = drivers.lng FROM drivers
    WHERE orders.id = ${orderId} AND drivers.id = ${driverId} AND drivers.lat IS NOT NULL`.execute(
    trx,
  );
}

/** Made anew, they are at the branch. */
export async function forgetGoods(trx: Transaction<Database>, orderId: string): Promise<void> {
  await trx
    .updateTable('orders')
    .set({ goods_lat: null, goods_lng: null })
    .where('id', '=', orderId)
    .execute();
}
