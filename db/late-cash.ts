// Cash that comes after it counted as missing: into the desk, and off what its driver owes for it. It never touches the
// order, which has ended.

import { sql } from 'kysely';
import { platformParty, type LedgerEntry } from '../domain/ledger.ts';
import type { Db } from './connect.ts';
import { givenSoFar, postOnce } from './ledger.ts';
import { lockMoney } from './refunds.ts';

export type LateCash = {
  readonly orderId: string;
  /** The same command posts once. */
  readonly commandId: string;
  readonly currency: string;
  readonly amountMinor: number;
  readonly now: Date;
};

export type Missing = { readonly driverId: string; readonly leftMinor: number };

/** Of an order whose cash fell short; undefined for others. Holds the order's row until the transaction ends. */
export async function missingCash(trx: Db, orderId: string): Promise<Missing | undefined> {
  const cameMinor = await givenSoFar(trx, { orderId, kind: 'late_cash' });
  const owed = await trx
    .selectFrom('ledger_transactions as t')
    .innerJoin('ledger_entries as e', 'e.transaction_key', 't.key')
    .select(['e.party', 'e.amount_minor'])
    .where('t.order_id', '=', orderId)
    .where('t.kind', '=', 'remittance')
    .where('e.account', '=', 'driver')
    .executeTakeFirst();
  return owed && { driverId: owed.party, leftMinor: owed.amount_minor - cameMinor };
}

/** What is still missing when it was posted, now or before; otherwise why it was not. */
export type Brought =
  | { readonly kind: 'posted'; readonly leftMinor: number }
  | { readonly kind: 'nothing_missing' }
  | { readonly kind: 'too_much'; readonly leftMinor: number };

export async function bringLateCash(db: Db, brought: LateCash): Promise<Brought> {
  const { orderId, commandId, currency, amountMinor, now } = brought;
  const key = `${orderId}:late_cash:${commandId}`;
  return db.transaction().execute(async (trx) => {
    await lockMoney(trx, orderId);
    const missing = await missingCash(trx, orderId);
    if (missing === undefined) return { kind: 'nothing_missing' };
    const { driverId, leftMinor } = missing;
    if (await wasPosted(trx, key)) return { kind: 'posted', leftMinor };
    if (leftMinor === 0) return { kind: 'nothing_missing' };
    if (amountMinor > leftMinor) return { kind: 'too_much', leftMinor };
    // Under the driver's lock no payout decides on the same debt.
    await lockMoney(trx, driverId);
    const entries = [
      { account: 'cash_desk', party: platformParty, amountMinor } as const,
      ...(await creditsOf(trx, { driverId, currency, amountMinor })),
    ];
    const posting = { key, kind: 'late_cash', entries } as const;
    await postOnce(trx, { posting, orderId, currency, at: now });
    if (amountMinor === leftMinor) await nobodyNeeded(trx, orderId, now);
    return { kind: 'posted', leftMinor: leftMinor - amountMinor };
  });
}

const wasPosted = async (trx: Db, key: string): Promise<boolean> =>
  (await trx
    .selectFrom('ledger_transactions')
    .select('key')
    .where('key', '=', key)
    .executeTakeFirst()) !== undefined;

type Credit = {
  readonly driverId: string;
  readonly currency: string;
  readonly amountMinor: number;
};

const credit = (
  account: 'receivable' | 'bad_debt' | 'driver',
  party: string,
  minor: number,
): LedgerEntry => ({ account, party, amountMinor: -minor || 0 });

/** First what the driver owes as a debt, then what of his debts was written off; the rest is his again. */
async function creditsOf(
  trx: Db,
  { driverId, currency, amountMinor }: Credit,
): Promise<readonly LedgerEntry[]> {
  const own = sql`own.party = ${driverId} AND own.currency = ${currency}`;
  // What of a write-off was recovered stands with the orders whose cash it was.
  const { rows } = await sql<{ debt: number; lost: number }>`
    WITH short AS (
      SELECT DISTINCT t.order_id FROM ledger_entries own JOIN ledger_transactions t ON t.key = own.transaction_key
      WHERE ${own} AND own.account = 'driver' AND t.kind = 'remittance'),
    lost AS (
      SELECT t.key FROM ledger_entries own JOIN ledger_transactions t ON t.key = own.transaction_key
      WHERE ${own} AND own.account = 'receivable' AND t.kind = 'receivable_written_off'
      UNION SELECT t.key FROM short JOIN ledger_transactions t USING (order_id) WHERE t.kind = 'late_cash')
    SELECT (SELECT coalesce(sum(amount_minor), 0) FROM ledger_entries own
        WHERE ${own} AND own.account = 'receivable')::bigint AS debt,
      (SELECT coalesce(sum(e.amount_minor), 0) FROM lost
        JOIN ledger_entries e ON e.transaction_key = lost.key AND e.account = 'bad_debt')::bigint AS lost`.execute(
    trx,
  );
  const { debt = 0, lost = 0 } = rows[0] ?? {};
  const repaid = Math.min(amountMinor, Math.max(0, debt));
  const recovered = Math.min(amountMinor - repaid, Math.max(0, lost));
  return [
    credit('receivable', driverId, repaid),
    credit('bad_debt', platformParty, recovered),
    credit('driver', driverId, amountMinor - repaid - recovered),
  ];
}

/** All of it has come. */
async function nobodyNeeded(trx: Db, orderId: string, now: Date): Promise<void> {
  await trx
    .updateTable('incidents')
    .set({ resolved_at: now })
    .where('order_id', '=', orderId)
    .where('kind', '=', 'cash_short')
    .where('resolved_at', 'is', null)
    .execute();
}
