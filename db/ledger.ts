// Writes the ledger. A transaction's deterministic key makes posting it twice impossible; that it balances and stays as
// it is the database itself makes sure of (migrations/0020).

import { sql, type Transaction } from 'kysely';
import type { OrderEventBody } from '../domain/events.ts';
import { balanced, platformParty, type LedgerEntry, type Posting } from '../domain/ledger.ts';
import type { OrderFacts } from '../domain/order.ts';
import type { Db } from './connect.ts';
import type { Database } from './schema.ts';

/** What an event moves, if anything. Pure; exported for the audit's tests. */
export function postingOf(
  facts: OrderFacts,
  event: OrderEventBody,
  driverId: string,
): Posting | undefined {
  const { orderId, customerId, merchantId } = facts;
  const owed = (amountMinor: number): LedgerEntry => ({
    account: 'customer',
    party: customerId,
    amountMinor,
  });
  if (event.type === 'order.settled') {
    return {
      key: `${orderId}:settle:1`,
      kind: 'settlement',
      entries: [
        owed(event.customerMinor),
        { account: 'merchant', party: merchantId, amountMinor: -event.merchantMinor },
        { account: 'driver', party: driverId, amountMinor: -event.driverMinor },
        { account: 'platform', party: platformParty, amountMinor: -event.platformMinor },
      ],
    };
  }
  if (event.type === 'payment.captured') {
    return {
      key: `${orderId}:capture:${event.attempt}`,
      kind: 'capture',
      entries: [
        { account: 'provider_clearing', party: 'stripe', amountMinor: event.amountMinor },
        owed(-event.amountMinor),
      ],
    };
  }
  if (event.type === 'payment.written_off') {
    return {
      key: `${orderId}:write_off:1`,
      kind: 'write_off',
      entries: [
        { account: 'bad_debt', party: platformParty, amountMinor: event.amountMinor },
        owed(-event.amountMinor),
      ],
    };
  }
  return undefined;
}

/** Posts an order's movement inside the caller's transaction, which is rolled back when the key is taken. */
export async function post(
  trx: Transaction<Database>,
  {
    posting,
    facts,
    at,
  }: { readonly posting: Posting; readonly facts: OrderFacts; readonly at: Date },
): Promise<void> {
  const { orderId, currency } = facts;
  const posted = await postOnce(trx, { posting, orderId, currency, at });
  if (posted === 'known') throw new Error(`ledger transaction ${posting.key} exists already`);
}

export type NewTransaction = {
  readonly posting: Posting;
  /** Undefined for what belongs to no order. */
  readonly orderId: string | undefined;
  readonly currency: string;
  readonly at: Date;
};

/**
 * One round trip, idempotent per key: `known` when that key was posted before with the same entries, `nothing` when
 * nothing moves. Throws when the key was used for another movement, or it does not balance.
 */
export async function postOnce(
  db: Db,
  { posting, orderId, currency, at }: NewTransaction,
): Promise<'posted' | 'known' | 'nothing'> {
  const stored = balanced(posting);
  if (stored === undefined) return 'nothing';
  const { key, kind, entries } = stored;
  const { rows } = await sql<{ posted: boolean }>`
    SELECT ledger_post(${key}, ${orderId ?? null}, ${kind}, ${currency}, ${at},
      ${entries.map((entry) => entry.account)}, ${entries.map((entry) => entry.party)},
      ${entries.map((entry) => entry.amountMinor)}) AS posted`.execute(db);
  if (rows[0]?.posted === true) return 'posted';
  await mustBeTheSame(db, { key, currency, entries });
  return 'known';
}

type Stored = Pick<Posting, 'key' | 'entries'> & { readonly currency: string };

async function mustBeTheSame(db: Db, { key, currency, entries }: Stored): Promise<void> {
  const rows = await db
    .selectFrom('ledger_entries')
    .select(['account', 'party', 'amount_minor', 'currency'])
    .where('transaction_key', '=', key)
    .execute();
  const known = rows.map((row) =>
    [row.account, row.party, row.amount_minor, row.currency].join(' '),
  );
  const asked = entries.map((entry) =>
    [entry.account, entry.party, entry.amountMinor, currency].join(' '),
  );
  if (known.toSorted().join('\n') !== asked.toSorted().join('\n'))
    throw new Error(`ledger transaction ${key} was posted with other entries`);
}
