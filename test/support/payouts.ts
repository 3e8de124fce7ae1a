// Parties with something to be paid out, on a real database: what they earned, where it goes, and what payouts moved.

import { sql } from 'kysely';
import type { Db } from '../../db/connect.ts';
import { postOnce } from '../../db/ledger.ts';
import { newId } from '../../db/new-id.ts';
import { insertPayouts } from '../../db/payouts.ts';
import { moved, type AccountName } from '../../domain/ledger.ts';
import type { PartyKind, PayoutName, PayoutRail } from '../../domain/payout.ts';
import type { Market } from '../db/market.ts';

type Tenant = Pick<Market, 'db'> & { readonly marketId: string };

export type Earning = {
  readonly amountMinor: number;
  readonly at: Date;
  readonly account?: AccountName;
  readonly currency?: string;
  readonly orderId?: string;
};

/** Of the platform's money; a negative amount is taken away. */
export async function earn(db: Db, party: string, earning: Earning): Promise<void> {
  const { amountMinor, at, orderId, account = 'merchant', currency = 'EUR' } = earning;
  await postOnce(db, {
    posting: {
      key: `${newId('note')}:earned`,
      kind: 'correction',
      entries: moved(amountMinor, { account, party }, { account: 'platform', party: 'platform' }),
    },
    orderId,
    currency,
    at,
  });
}

/** A new merchant of the market, with an account to be paid out to. */
export async function addParty(
  { db, marketId }: Tenant,
  account: {
    readonly rail?: PayoutRail;
    readonly destination: string;
    readonly verified?: boolean;
  },
): Promise<string> {
  const party = newId('merchant');
  await db
    .insertInto('merchants')
    .values({ id: party, market_id: marketId, name: 'Trattoria', commission_bps: 2_000 })
    .execute();
  await setAccount(db, party, account);
  return party;
}

export async function setAccount(
  db: Db,
  party: string,
  { rail = 'stripe', destination, verified = true }: Parameters<typeof addParty>[1],
): Promise<void> {
  const row = { rail, destination, verified, held_by: null, changed_at: new Date() };
  await db
    .insertInto('payout_accounts')
    .values({ party, ...row })
    .onConflict((conflict) => conflict.column('party').doUpdateSet(row))
    .execute();
}

export async function askForPayout(
  { db, marketId }: Tenant,
  payout: PayoutName & {
    readonly endsAt: Date;
    readonly now: Date;
    readonly kind?: PartyKind;
    readonly currency?: string;
  },
): Promise<PayoutName> {
  const { party, period, endsAt, now, kind = 'merchant', currency = 'EUR' } = payout;
  const common = { marketId, currency, instant: false, actor: { kind: 'system' } } as const;
  const id = newId('payout', now.getTime());
  await insertPayouts(db, [{ ...common, id, party, period, endsAt, now, kind }]);
  return { party, period };
}

/** The payer's bank takes the order's payment back for now. The dispute's name. */
export async function openDispute(db: Db, orderId: string): Promise<string> {
  const disputeRef = `dp_${orderId}`;
  await db
    .insertInto('disputes')
    .values({
      provider: 'stripe',
      dispute_ref: disputeRef,
      order_id: orderId,
      provider_ref: 'pi_1',
      amount_minor: 2_350,
      currency: 'EUR',
      status: 'open',
      reason: 'fraudulent',
      evidence_due_at: null,
      evidence_sent_at: null,
      opened_at: new Date(),
      closed_at: null,
    })
    .execute();
  return disputeRef;
}

/** What payouts of this party have moved, by account, as the ledger counts: debit positive. Zeros are left out. */
export async function movedByPayouts(
  db: Db,
  party: string,
): Promise<Readonly<Record<string, number>>> {
  const { rows } = await sql<{ account: string; minor: number }>`
    SELECT account, sum(amount_minor)::bigint AS minor FROM ledger_entries
    WHERE starts_with(transaction_key, ${`${party}:`}) GROUP BY account HAVING sum(amount_minor) <> 0`.execute(
    db,
  );
  return Object.fromEntries(rows.map(({ account, minor }) => [account, minor]));
}
