// Pairs of a driver and a customer or merchant who are not to meet: dispatch offers the driver nothing of theirs.

import { sql } from 'kysely';
import type { Db } from './connect.ts';

type Pair = { readonly driverId: string; readonly party: string };
export type Block = { readonly party: string; readonly keyId: string; readonly createdAt: Date };

/** Repeatable: who blocked first stays. Undefined when there is no such driver, customer or merchant. */
export async function block(
  db: Db,
  { driverId, party, keyId, now }: Pair & { readonly keyId: string; readonly now: Date },
): Promise<Block | undefined> {
  await sql`
    INSERT INTO driver_blocks (driver_id, party, key_id, created_at)
    SELECT id, ${party}, ${keyId}, ${now} FROM drivers
    WHERE id = ${driverId} AND (EXISTS (SELECT FROM merchants WHERE id = ${party})
      OR EXISTS (SELECT FROM people WHERE id = ${party}))
    ON CONFLICT DO NOTHING`.execute(db);
  return (await blocksOf(db, driverId)).find((each) => each.party === party);
}

export async function unblock(db: Db, { driverId, party }: Pair): Promise<void> {
  await db
    .deleteFrom('driver_blocks')
    .where('driver_id', '=', driverId)
    .where('party', '=', party)
    .execute();
}

/** The oldest first. */
export async function blocksOf(db: Db, driverId: string): Promise<readonly Block[]> {
  const rows = await db
    .selectFrom('driver_blocks')
    .select(['party', 'key_id', 'created_at'])
    .where('driver_id', '=', driverId)
    .orderBy('created_at')
    .orderBy('party')
    .limit(1_000)
    .execute();
  return rows.map((row) => ({ party: row.party, keyId: row.key_id, createdAt: row.created_at }));
}
