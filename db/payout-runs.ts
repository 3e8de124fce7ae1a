// A market's runs: which markets pay out by themselves, and the payouts of a period, one per party with a balance or a debt.

import { sql } from 'kysely';
import type { MarketId } from '../domain/ids.ts';
import { payoutAccounts, type PartyKind, type PayoutEvery } from '../domain/payout.ts';
import type { Actor } from '../domain/events.ts';
import type { Db } from './connect.ts';
import { newId } from './new-id.ts';
import { insertPayouts, type Payout } from './payouts.ts';

export type PayoutMarket = {
  readonly marketId: string;
  readonly every: Exclude<PayoutEvery, 'never'>;
  /** IANA name. */
  readonly timeZone: string;
};

export async function payoutMarkets(db: Db): Promise<readonly PayoutMarket[]> {
  const { rows } = await sql<PayoutMarket>`
    SELECT id AS "marketId", payout_every AS every, time_zone AS "timeZone" FROM markets
    WHERE payout_every <> 'never' ORDER BY id`.execute(db);
  return rows;
}

/** A period is named after the day at whose first moment it ends. */
export type Period = { readonly name: string; readonly endsAt: Date };

/** The market's period that ended last, by its own calendar; undefined when it pays out by hand only. */
export async function periodBefore(
  db: Db,
  { marketId, now }: { readonly marketId: string; readonly now: Date },
): Promise<Period | undefined> {
  const { rows } = await sql<Period>`
    SELECT to_char(day, 'YYYY-MM-DD') AS name, day AT TIME ZONE time_zone AS "endsAt"
    FROM (SELECT time_zone, date_trunc(payout_every, ${now}::timestamptz AT TIME ZONE time_zone) AS day
      FROM markets WHERE id = ${marketId} AND payout_every <> 'never') local`.execute(db);
  return rows[0];
}

type Run = {
  readonly marketId: MarketId;
  readonly period: Period;
  readonly actor: Actor;
  readonly now: Date;
  readonly after: string | undefined;
};
type Party = { readonly party: string; readonly kind: PartyKind; readonly currency: string };

const pageSize = 200;

/** The next parties of the market, in the order of their ids. Repeatable; `next`: where to go on. */
export async function openRun(
  db: Db,
  { marketId, period, actor, now, after = '' }: Run,
): Promise<{ readonly opened: readonly Payout[]; readonly next: string | undefined }> {
  const { rows } = await sql<Party & { readonly owed: boolean }>`
    SELECT party, kind, currency, EXISTS (
        SELECT 1 FROM ledger_entries e
        WHERE e.party = p.party AND e.currency = m.currency
          AND e.account = ANY(CASE kind WHEN 'merchant' THEN ${[...payoutAccounts.merchant]}::text[]
            ELSE ${[...payoutAccounts.driver]}::text[] END)
        HAVING sum(amount_minor) <> 0)
      -- who has gone earns nothing more, and what he owes is written off in the end
      OR EXISTS (
        SELECT 1 FROM ledger_entries e
        WHERE e.party = p.party AND e.currency = m.currency AND e.account = 'receivable'
        HAVING sum(amount_minor) <> 0) AS owed
    FROM (
      SELECT id AS party, market_id, 'merchant' AS kind FROM merchants
      UNION ALL SELECT id, market_id, 'driver' FROM drivers) p
    JOIN markets m ON m.id = p.market_id
    WHERE p.market_id = ${marketId} AND p.party > ${after}
    ORDER BY p.party LIMIT ${pageSize}`.execute(db);
  const opened = await insertPayouts(
    db,
    rows
      .filter(({ owed }) => owed)
      .map(({ party, kind, currency }) => ({
        party,
        kind,
        currency,
        marketId,
        period: period.name,
        id: newId('payout', now.getTime()),
        endsAt: period.endsAt,
        instant: false,
        actor,
        now,
      })),
  );
  return { opened, next: rows.length === pageSize ? rows.at(-1)?.party : undefined };
}
