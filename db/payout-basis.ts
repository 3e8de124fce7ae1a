// What a payout is decided on: the party's ledger as of the period's end and now, its disputes, its account.

import { sql } from 'kysely';
import { payoutAccounts, type PayoutBasis, type PayoutHold } from '../domain/payout.ts';
import type { Db } from './connect.ts';
import type { PayoutAccount } from './payout-accounts.ts';
import type { Payout } from './payouts.ts';

const holdOf = (account: PayoutAccount | undefined): PayoutHold | undefined => {
  if (account !== undefined && account.held_by !== null) return 'held_by_support';
  if (account === undefined || account.rail === null) return 'account_missing';
  return account.verified ? undefined : 'account_unverified';
};

type Asked = {
  readonly row: Pick<Payout, 'party' | 'kind' | 'currency' | 'ends_at' | 'market_id'>;
  readonly account: PayoutAccount | undefined;
  readonly now: Date;
};

/** Under the party's lock, so that no other payout of it decides on the same money. */
export async function readPayoutBasis(trx: Db, asked: Asked): Promise<PayoutBasis> {
  const { row, account, now } = asked;
  const { minimum } = await trx
    .selectFrom('markets')
    .select('payout_minimum_minor as minimum')
    .where('id', '=', row.market_id)
    .executeTakeFirstOrThrow();
  const [balance, debt] = [await balanceOf(trx, row), await debtOf(trx, row)];
  return {
    ...balance,
    ...debt,
    currency: row.currency,
    disputedMinor: await disputedOf(trx, row),
    negativeSince: await negativeSince(trx, row),
    minimumMinor: minimum,
    hold: holdOf(account),
    now: now.getTime(),
  };
}

type Row = Asked['row'];

/** What payouts themselves have moved counts whenever it was: only then is the rest paid once. */
async function balanceOf(trx: Db, { party, kind, currency, ends_at: endsAt }: Row) {
  const accounts = [...payoutAccounts[kind]];
  const { rows } = await sql<
    Pick<PayoutBasis, 'dueMinor' | 'balanceMinor' | 'cashInHandMinor'>
  >`SELECT
      coalesce(-sum(amount_minor) FILTER (WHERE at < ${endsAt} OR starts_with(transaction_key, ${`${party}:`})), 0)::bigint
        AS "dueMinor",
      coalesce(-sum(amount_minor), 0)::bigint AS "balanceMinor",
      coalesce(sum(amount_minor) FILTER (WHERE account = 'cash_in_hand'), 0)::bigint AS "cashInHandMinor"
    FROM ledger_entries
    WHERE party = ${party} AND account = ANY(${accounts}::text[]) AND currency = ${currency}`.execute(
    trx,
  );
  return rows[0] ?? { dueMinor: 0, balanceMinor: 0, cashInHandMinor: 0 };
}

async function debtOf(trx: Db, { party, currency }: Row) {
  const { rows } = await sql<{ minor: number; since: Date | null }>`
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor, max(at) FILTER (WHERE amount_minor > 0) AS since
    FROM ledger_entries WHERE party = ${party} AND account = 'receivable' AND currency = ${currency}`.execute(
    trx,
  );
  const [{ minor, since } = { minor: 0, since: null }] = rows;
  return {
    receivableMinor: minor,
    receivableSince: minor > 0 ? since?.getTime() : undefined,
  };
}

/** Earned by orders whose payment the payer's bank is taking back for now. */
async function disputedOf(trx: Db, { party, kind, currency }: Row): Promise<number> {
  const { rows } = await sql<{ minor: number }>`
    SELECT coalesce(-sum(e.amount_minor), 0)::bigint AS minor
    FROM (SELECT DISTINCT order_id FROM disputes WHERE status = 'open' AND order_id IS NOT NULL) d
    JOIN ledger_transactions t ON t.order_id = d.order_id
    JOIN ledger_entries e ON e.transaction_key = t.key AND e.at = t.at
    WHERE e.party = ${party} AND e.account = ANY(${[...payoutAccounts[kind]]}::text[]) AND e.currency = ${currency}`.execute(
    trx,
  );
  return rows[0]?.minor ?? 0;
}

/** Since when every period has ended below zero. */
async function negativeSince(trx: Db, { party, currency }: Row): Promise<number | undefined> {
  const { rows } = await sql<{ since: Date | null }>`
    SELECT min(ends_at) AS since FROM payouts
    WHERE party = ${party} AND currency = ${currency} AND code = 'owes' AND ends_at > coalesce(
      (SELECT max(ends_at) FROM payouts
        WHERE party = ${party} AND currency = ${currency} AND finished_at IS NOT NULL AND code IS DISTINCT FROM 'owes'),
      '-infinity')`.execute(trx);
  return rows[0]?.since?.getTime();
}
