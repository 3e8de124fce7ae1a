// Which agent works on which order. A claim ends by itself, so nobody's absence locks an order.

import { sql } from 'kysely';
import type { Db } from './connect.ts';

export type Claim = { readonly keyId: string; readonly claimedAt: Date; readonly expiresAt: Date };
type Wish = {
  readonly orderId: string;
  readonly keyId: string;
  readonly now: Date;
  readonly expiresAt: Date;
};

/** Claims or prolongs. Answers the claim in force afterwards: another agent's when it was there first. */
export async function claimOrder(db: Db, wish: Wish): Promise<Claim> {
  const { orderId, keyId, now, expiresAt } = wish;
  await sql`
    INSERT INTO order_claims (order_id, key_id, claimed_at, expires_at)
    VALUES (${orderId}, ${keyId}, ${now}, ${expiresAt})
    ON CONFLICT (order_id) DO UPDATE SET
      key_id = excluded.key_id, expires_at = excluded.expires_at,
      claimed_at = CASE WHEN order_claims.key_id = excluded.key_id THEN order_claims.claimed_at
                        ELSE excluded.claimed_at END
    WHERE order_claims.key_id = excluded.key_id OR order_claims.expires_at <= ${now}`.execute(db);
  return (await claimOf(db, { orderId, now })) ?? { keyId, claimedAt: now, expiresAt };
}

export async function claimOf(
  db: Db,
  { orderId, now }: { readonly orderId: string; readonly now: Date },
): Promise<Claim | undefined> {
  const row = await db
    .selectFrom('order_claims')
    .select(['key_id', 'claimed_at', 'expires_at'])
    .where('order_id', '=', orderId)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return row && { keyId: row.key_id, claimedAt: row.claimed_at, expiresAt: row.expires_at };
}

/** Nothing happens to a claim that is another's. */
export async function releaseOrder(
  db: Db,
  { orderId, keyId }: { readonly orderId: string; readonly keyId: string },
): Promise<void> {
  await db
    .deleteFrom('order_claims')
    .where('order_id', '=', orderId)
    .where('key_id', '=', keyId)
    .execute();
}
