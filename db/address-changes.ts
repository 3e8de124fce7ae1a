// A new drop-off of an order: the place is personal, so the command and its event carry only the way there.

import { sql, type Transaction } from 'kysely';
import type { Place } from '../domain/geo.ts';
import type { Db } from './connect.ts';
import type { Database } from './schema.ts';
import type { Vault } from './vault.ts';

type Change = {
  readonly commandId: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly location: Place;
  readonly address: string;
};

/** Idempotent. False when the customer was erased: nothing may be kept about them any more. */
export async function stageAddress(db: Db, vault: Vault, change: Change): Promise<boolean> {
  const { commandId, orderId, customerId, location, address } = change;
  const person = await db
    .selectFrom('people')
    .select('wrapped_key')
    .where('id', '=', customerId)
    .executeTakeFirst();
  if (!person?.wrapped_key) return false;
  const key = vault.unwrap(customerId, person.wrapped_key);
  await db
    .insertInto('address_changes')
    .values({
      command_id: commandId,
      order_id: orderId,
      ...location,
      address_enc: key.seal(`address:${orderId}`, address),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return true;
}

/** With the event that says so; the order's row alone has the place from now on. */
export async function moveAddress(
  trx: Transaction<Database>,
  { commandId, orderId }: Pick<Change, 'commandId' | 'orderId'>,
): Promise<void> {
  await sql`
    WITH change AS (
      DELETE FROM address_changes WHERE command_id = ${commandId} AND order_id = ${orderId}
      RETURNING lat, lng, address_enc
    )
    UPDATE orders SET dropoff_lat = lat, dropoff_lng = lng, dropoff_address_enc = address_enc
    FROM change WHERE id = ${orderId}`.execute(trx);
}

/** Whose command was refused, or sent again after it was done: nobody needs them, and their places are plain. */
export async function pruneAddressChanges(db: Db): Promise<void> {
  await sql`DELETE FROM address_changes WHERE created_at < now() - interval '1 day'`.execute(db);
}
