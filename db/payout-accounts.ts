// Where merchants and drivers are paid to, and whether they may be now.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { PartyKind, PayoutName, PayoutRail } from '../domain/payout.ts';
import type { NoteId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { saveNote } from './notes.ts';
import type { Vault } from './vault.ts';

const selectAccounts = (db: Db) => db.selectFrom('payout_accounts').selectAll();
export type PayoutAccount = Awaited<
  ReturnType<ReturnType<typeof selectAccounts>['executeTakeFirstOrThrow']>
>;

export const findPayoutAccount = (db: Db, party: string): Promise<PayoutAccount | undefined> =>
  selectAccounts(db).where('party', '=', party).executeTakeFirst();

export type Party = {
  readonly party: string;
  readonly kind: PartyKind;
  readonly marketId: string;
  /** Of the market. */
  readonly currency: string;
  /** That its market uses. */
  readonly rails: readonly PayoutRail[];
};

/** Undefined when there is no such merchant or driver. */
export async function findParty(db: Db, party: string): Promise<Party | undefined> {
  const { rows } = await sql<Party>`
    SELECT p.id AS party, p.kind, m.id AS "marketId", m.currency, m.payout_rails AS rails
    FROM (
      SELECT id, market_id, 'merchant' AS kind FROM merchants WHERE id = ${party}
      UNION ALL SELECT id, market_id, 'driver' FROM drivers WHERE id = ${party}) p
    JOIN markets m ON m.id = p.market_id`.execute(db);
  return rows[0];
}

/**
 * Stores what names the party's account elsewhere, sealed with a key of the party's own. It never changes: a payout that
 * was begun goes where it was sent.
 */
export async function sealDetails(
  trx: Db,
  vault: Vault,
  { party, text, now }: { readonly party: string; readonly text: string; readonly now: Date },
): Promise<NoteId> {
  await trx
    .insertInto('people')
    .values({ id: party, wrapped_key: vault.create(party).wrappedKey })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const id = newId('note', now.getTime());
  if (!(await saveNote(trx, vault, { id, orderId: undefined, personId: party, text })))
    throw new Error(`nothing may be kept about ${party}`);
  return id;
}

type NewAccount = Pick<PayoutAccount, 'party' | 'rail' | 'destination' | 'verified'>;

/** In place of the one before; who keeps payouts back still does. What is under way goes where it was sent. */
export const setPayoutAccount = (
  db: Db,
  { party, ...account }: NewAccount,
  now: Date,
): Promise<PayoutAccount> =>
  db
    .insertInto('payout_accounts')
    .values({ party, ...account, held_by: null, changed_at: now })
    .onConflict((conflict) => conflict.column('party').doUpdateSet({ ...account, changed_at: now }))
    .returningAll()
    .executeTakeFirstOrThrow();

/** `by` undefined: nobody keeps them back any more. Also of a party that has no account yet. */
export const holdPayouts = (
  db: Db,
  {
    party,
    by,
    now,
  }: { readonly party: string; readonly by: Actor | undefined; readonly now: Date },
): Promise<PayoutAccount> => {
  const hold = { held_by: by === undefined ? null : JSON.stringify(by), changed_at: now };
  return db
    .insertInto('payout_accounts')
    .values({ party, rail: null, destination: null, verified: false, ...hold })
    .onConflict((conflict) => conflict.column('party').doUpdateSet(hold))
    .returningAll()
    .executeTakeFirstOrThrow();
};

/** Accounts at a provider that has to be asked about them, and has not said yes. */
export async function unverifiedAccounts(db: Db, rail: PayoutRail): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('payout_accounts')
    .select('destination')
    .where('rail', '=', rail)
    .where('verified', '=', false)
    .orderBy(sql`random()`)
    .limit(50)
    .execute();
  return rows.flatMap(({ destination }) => destination ?? []);
}

type Verified = {
  readonly rail: PayoutRail;
  readonly destination: string;
  readonly verified: boolean;
  readonly now: Date;
};

export async function recordVerified(
  db: Db,
  { rail, destination, verified, now }: Verified,
): Promise<void> {
  await db
    .updateTable('payout_accounts')
    .set({ verified, changed_at: now })
    .where('rail', '=', rail)
    .where('destination', '=', destination)
    .where('verified', '<>', verified)
    .execute();
}

/** Payouts that were held and may go now. */
export const payoutsToRelease = (db: Db): Promise<readonly PayoutName[]> =>
  db
    .selectFrom('payouts')
    .innerJoin('payout_accounts', 'payout_accounts.party', 'payouts.party')
    .select(['payouts.party', 'payouts.period'])
    .where('payouts.status', '=', 'held')
    .where('payout_accounts.verified', '=', true)
    .where('payout_accounts.held_by', 'is', null)
    .limit(200)
    .execute();
