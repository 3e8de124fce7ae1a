// What a party's accounts hold and how that came about. Seen from the party: positive is in its favour.

import { sql, type RawBuilder } from 'kysely';
import type { AccountName } from '../domain/ledger.ts';
import type { Db } from './connect.ts';

export type Book = {
  readonly party: string;
  readonly accounts: readonly AccountName[];
  /** ISO 4217. */
  readonly currency: string;
};

/** A place in a party's entries; what lies behind it comes next. */
export type EntryCursor = { readonly at: Date; readonly key: string; readonly account: string };

export type StatementLine = {
  readonly at: Date;
  readonly account: string;
  readonly key: string;
  readonly kind: string;
  readonly orderId: string | null;
  readonly amountMinor: number;
  readonly balanceMinor: number;
};

const within = ({ party, accounts, currency }: Book): RawBuilder<boolean> =>
  sql<boolean>`party = ${party} AND account = ANY(${[...accounts]}::text[]) AND currency = ${currency}`;

/** The balance of everything posted before `at`: of any moment, past or future. */
export async function balanceAt(db: Db, book: Book, at: Date): Promise<number> {
  return balanceWhere(db, book, sql<boolean>`at < ${at}`);
}

async function balanceWhere(db: Db, book: Book, before: RawBuilder<boolean>): Promise<number> {
  const { rows } = await sql<{ balance: number }>`
    SELECT -coalesce(sum(amount_minor), 0)::bigint AS balance FROM ledger_entries
    WHERE ${within(book)} AND ${before}`.execute(db);
  return rows[0]?.balance ?? 0;
}

export type StatementWish = Book & {
  readonly from: Date;
  /** Not included. */
  readonly to: Date;
  readonly after: EntryCursor | undefined;
  /** The balance at `after`, where it is known already. */
  readonly balanceMinor?: number | undefined;
  readonly limit: number;
};

export type Statement = {
  /** Before `from`. */
  readonly openingMinor: number;
  /** Before `to`. */
  readonly closingMinor: number;
  readonly lines: readonly StatementLine[];
  readonly next: EntryCursor | undefined;
};

/** Oldest first; each line carries the balance after it. */
export async function readStatement(db: Db, wish: StatementWish): Promise<Statement> {
  const [openingMinor, closingMinor, page] = await Promise.all([
    balanceAt(db, wish, wish.from),
    balanceAt(db, wish, wish.to),
    readLines(db, wish),
  ]);
  return { openingMinor, closingMinor, ...page };
}

/** One page of lines. */
export async function readLines(
  db: Db,
  wish: StatementWish,
): Promise<Pick<Statement, 'lines' | 'next'>> {
  const { from, to, after, limit } = wish;
  const place =
    after && sql`(${after.at}::timestamptz, ${after.key}::text, ${after.account}::text)`;
  const [before, rows] = await Promise.all([
    wish.balanceMinor ??
      (place
        ? balanceWhere(db, wish, sql<boolean>`(at, transaction_key, account) <= ${place}`)
        : balanceAt(db, wish, from)),
    sql<Omit<StatementLine, 'balanceMinor'>>`
      SELECT e.at, e.account, e.transaction_key AS key, t.kind, t.order_id AS "orderId", -e.amount_minor AS "amountMinor"
      FROM (
        SELECT at, account, transaction_key, amount_minor FROM ledger_entries
        WHERE ${within(wish)} AND at >= ${from} AND at < ${to}
          AND ${place ? sql`(at, transaction_key, account) > ${place}` : sql`true`}
        ORDER BY at, transaction_key, account LIMIT ${limit + 1}) e
      JOIN ledger_transactions t ON t.key = e.transaction_key
      ORDER BY e.at, e.transaction_key, e.account`
      .execute(db)
      .then((result) => result.rows),
  ]);
  let balanceMinor = before;
  const lines = rows.slice(0, limit).map((row) => {
    balanceMinor += row.amountMinor;
    return { ...row, balanceMinor };
  });
  return { lines, next: rows.length > limit ? lines.at(-1) : undefined };
}
