// At most one request per key to providers that know no keys: whoever claims it first may send it.

import { sql } from 'kysely';
import type { Db } from './connect.ts';

/**
 * `first`: it is yours. Else what the key was claimed for before, by whomever, and how long ago by the database's clock.
 * Durable when it resolves.
 */
export type Claim = { readonly state: 'first' | 'sent' | 'burnt'; readonly ageMs: number };

export async function claimPayment(db: Db, key: string, kind: 'sent' | 'burnt'): Promise<Claim> {
  const made = await db
    .insertInto('payment_claims')
    .values({ key, kind })
    .onConflict((conflict) => conflict.doNothing())
    .returning('key')
    .executeTakeFirst();
  if (made) return { state: 'first', ageMs: 0 };
  return db
    .selectFrom('payment_claims')
    .select([
      'kind as state',
      sql<number>`floor(extract(epoch FROM now() - at) * 1000)::int8`.as('ageMs'),
    ])
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
}
