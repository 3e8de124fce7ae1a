// At most one request per key to providers that know no keys: whoever claims it first may send it.

import type { Db } from './connect.ts';

/** `first`: it is yours. Else what the key was claimed for before, by whomever. Durable when it resolves. */
export async function claimPayment(
  db: Db,
  key: string,
  kind: 'sent' | 'burnt',
): Promise<'first' | 'sent' | 'burnt'> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('payment_claims')
    .values({ key, kind })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (numInsertedOrUpdatedRows === 1n) return 'first';
  const row = await db
    .selectFrom('payment_claims')
    .select('kind')
    .where('key', '=', key)
    .executeTakeFirstOrThrow();
  return row.kind;
}
