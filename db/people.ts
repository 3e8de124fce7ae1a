// People (customers, drivers): names and phones sealed with a key of their own. Erasing a person destroys the key;
// what is left of them in rows, notes and backups is noise.

import { sql } from 'kysely';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { pageOf, type Page, type PageOf } from './page.ts';
import type { Vault } from './vault.ts';

export type Person = {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  readonly merchantId: string | undefined;
  readonly createdAt: Date;
};

export type NewPerson = {
  readonly id: string;
  readonly name: string;
  readonly phone: string;
  /** The merchant that brought them; undefined: the platform. */
  readonly merchantId?: string | undefined;
};

/** The row of a person, sealed; inserted on its own or with their first order. */
export function sealPerson(vault: Vault, { id, name, phone, merchantId }: NewPerson) {
  const key = vault.create(id);
  return {
    key,
    row: {
      id,
      merchant_id: merchantId ?? null,
      wrapped_key: key.wrappedKey,
      name_enc: key.seal('name', name),
      phone_enc: key.seal('phone', phone),
      phone_index: vault.indexOf(phone),
    },
  };
}

export async function createCustomer(
  db: Db,
  vault: Vault,
  input: Omit<NewPerson, 'id'>,
): Promise<Person> {
  const { row } = sealPerson(vault, { ...input, id: newId('customer') });
  const { created_at } = await db
    .insertInto('people')
    .values(row)
    .returning('created_at')
    .executeTakeFirstOrThrow();
  const { name, phone, merchantId } = input;
  return { id: row.id, name, phone, merchantId, createdAt: created_at };
}

/** A customer whom this merchant may serve: its own guest or the platform's. Undefined when there is none, or erased. */
export async function customerOf(
  db: Db,
  input: { readonly customerId: string; readonly merchantId: string },
): Promise<{ readonly wrappedKey: Buffer; readonly isOfPlatform: boolean } | undefined> {
  const row = await db
    .selectFrom('people')
    .select(['wrapped_key', 'merchant_id'])
    .where('id', '=', input.customerId)
    .where('id', 'like', 'cus\\_%')
    .where((eb) => eb.or([eb('merchant_id', 'is', null), eb('merchant_id', '=', input.merchantId)]))
    .executeTakeFirst();
  const wrappedKey = row?.wrapped_key;
  return wrappedKey ? { wrappedKey, isOfPlatform: row.merchant_id === null } : undefined;
}

export async function customerExists(db: Db, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('people')
    .select('id')
    .where('id', '=', id)
    .where('id', 'like', 'cus\\_%')
    .where('erased_at', 'is', null)
    .executeTakeFirst();
  return row !== undefined;
}

/** Customers of every merchant, newest first, without the erased ones. */
export async function listCustomers(
  db: Db,
  vault: Vault,
  { after, limit }: Page,
): Promise<PageOf<Person>> {
  const rows = await db
    .selectFrom('people')
    .select(['id', 'merchant_id', 'wrapped_key', 'name_enc', 'phone_enc', 'created_at'])
    .where('id', 'like', 'cus\\_%')
    .where('erased_at', 'is', null)
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  const people = rows.map((row) => ({
    id: row.id,
    ...openPerson(vault, row),
    merchantId: row.merchant_id ?? undefined,
    createdAt: row.created_at,
  }));
  return pageOf(people, limit);
}

type SealedPerson = {
  readonly id: string;
  readonly wrapped_key: Buffer | null;
  readonly name_enc: Buffer | null;
  readonly phone_enc: Buffer | null;
};

/** Empty strings where nothing is left to read. */
export function openPerson(
  vault: Vault,
  row: SealedPerson,
): { readonly name: string; readonly phone: string } {
  if (!row.wrapped_key) return { name: '', phone: '' };
  const key = vault.unwrap(row.id, row.wrapped_key);
  return {
    name: row.name_enc ? key.open('name', row.name_enc) : '',
    phone: row.phone_enc ? key.open('phone', row.phone_enc) : '',
  };
}

/**
 * Destroys a customer's key. Their orders stay, without a name and with a door to about a kilometre: those that have
 * ended now, the others once they have (`coarsenErased`). False when there is no such customer.
 */
export async function eraseCustomer(db: Db, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('people')
    .set({
      wrapped_key: null,
      name_enc: null,
      phone_enc: null,
      address_enc: null,
      phone_index: null,
      erased_at: now,
    })
    .where('id', '=', id)
    .where('id', 'like', 'cus\\_%')
    .where('erased_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await coarsenErased(db);
  return true;
}

/**
 * Rounds the doors of lately erased customers' ended orders to 0.01°, and deletes those they were to be brought to
 * instead. Idempotent; housekeeping repeats it.
 */
export async function coarsenErased(db: Db): Promise<void> {
  await sql`
    DELETE FROM address_changes USING orders, people
    WHERE orders.id = address_changes.order_id AND people.id = orders.customer_id
      AND people.erased_at > now() - interval '30 days'`.execute(db);
  await sql`
    UPDATE orders SET dropoff_lat = round(dropoff_lat::numeric, 2), dropoff_lng = round(dropoff_lng::numeric, 2)
    FROM people WHERE people.id = orders.customer_id AND people.erased_at > now() - interval '30 days' AND is_over
      AND (dropoff_lat <> round(dropoff_lat::numeric, 2) OR dropoff_lng <> round(dropoff_lng::numeric, 2))`.execute(
    db,
  );
}
