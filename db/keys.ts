// API keys. The secret itself is never stored, only its SHA-256; a key speaks for one role within one scope.

import { createHash, randomBytes } from 'node:crypto';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { pageOf, type Page, type PageOf } from './page.ts';
import type { Role } from './schema.ts';

export type KeyScope = {
  readonly merchantId?: string | undefined;
  readonly branchId?: string | undefined;
  readonly driverId?: string | undefined;
  readonly customerId?: string | undefined;
};

export type Key = KeyScope & {
  readonly id: string;
  readonly role: Role;
  readonly createdAt: Date;
  readonly revokedAt: Date | undefined;
};

export const newSecret = (): string => `wbk_${randomBytes(32).toString('base64url')}`;
const hashOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** The live key of this secret. 256 random bits need no slow hash. */
export async function keyBySecret(db: Db, secret: string): Promise<Key | undefined> {
  const row = await selectKeys(db)
    .where('secret_hash', '=', hashOf(secret))
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return row && toKey(row);
}

export type NewKey = KeyScope & { readonly role: Role; readonly secret: string };

const insertKey = (db: Db, { role, secret, ...scope }: NewKey) =>
  db.insertInto('api_keys').values({
    id: newId('key'),
    secret_hash: hashOf(secret),
    role,
    merchant_id: scope.merchantId ?? null,
    branch_id: scope.branchId ?? null,
    driver_id: scope.driverId ?? null,
    customer_id: scope.customerId ?? null,
    revoked_at: null,
  });

export async function createKey(db: Db, key: NewKey): Promise<Key> {
  return toKey(await insertKey(db, key).returning(columns).executeTakeFirstOrThrow());
}

/** The platform_admin key of the environment; idempotent. One that was revoked stays revoked. */
export async function ensureAdminKey(db: Db, secret: string): Promise<void> {
  await insertKey(db, { role: 'platform_admin', secret })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function listKeys(db: Db, { after, limit }: Page): Promise<PageOf<Key>> {
  const rows = await selectKeys(db)
    .$if(after !== undefined, (query) => query.where('id', '<', after ?? ''))
    .orderBy('id', 'desc')
    .limit(limit + 1)
    .execute();
  return pageOf(rows.map(toKey), limit);
}

/** False when there is no such live key. */
export async function revokeKey(db: Db, id: string, now: Date): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

const columns = [
  'id',
  'role',
  'merchant_id',
  'branch_id',
  'driver_id',
  'customer_id',
  'created_at',
  'revoked_at',
] as const;

const selectKeys = (db: Db) => db.selectFrom('api_keys').select(columns);

type Row = Awaited<ReturnType<ReturnType<typeof selectKeys>['executeTakeFirstOrThrow']>>;

const toKey = (row: Row): Key => ({
  id: row.id,
  role: row.role,
  merchantId: row.merchant_id ?? undefined,
  branchId: row.branch_id ?? undefined,
  driverId: row.driver_id ?? undefined,
  customerId: row.customer_id ?? undefined,
  createdAt: row.created_at,
  revokedAt: row.revoked_at ?? undefined,
});
