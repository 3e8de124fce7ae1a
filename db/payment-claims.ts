// At most one request per key to providers that know no keys: whoever claims it first may send it.

import type { Db } from './connect.ts';

/** `first`: it is yours. Else what the key was claimed for before, by whomever, and when. Durable when it resolves. */
export type Claim = { readonly state: 'first' | 'sent' | 'burnt'; readonly at: Date };

export async function claimPayment(db: Db, key: string, kind: 'sent' | 'burnt'): Promise<Claim> {
  const made = await db
    .insertInto('payment_claims')
    .values({ key, kind })
    .onConflict((conflict) => conflict.doNothing())
    .returning('at')
    .executeTakeFirst();
  if (made) return { state: 'first', at: made.at };
  const { kind: state, at } = await db
    .selectFrom('payment_claims')
    .select(['kind', 'at'])
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  return { state, at };
}
