// What providers keep of payments, booked as they say it: once, and again by how much it has changed.

import { sql } from 'kysely';
import { moved, type Posting } from '../domain/ledger.ts';
import { parseId } from '../domain/ids.ts';
import type { ProviderFee } from '../domain/provider-books.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';

export type ChargedFee = ProviderFee & {
  readonly provider: string;
  readonly providerRef: string;
  /** Whose payment it is: an order, or a top-up, which no order knows. */
  readonly payerId: string;
};

const nameOf = ({ providerRef, currency }: Pick<ChargedFee, 'providerRef' | 'currency'>): string =>
  `${providerRef} ${currency}`;

/** Repeatable. Returns how many were new or have changed. */
export async function recordFees(db: Db, fees: readonly ChargedFee[], now: Date): Promise<number> {
  if (fees.length === 0) return 0;
  const rows = await db
    .selectFrom('provider_fees')
    .select(['provider_ref as providerRef', 'currency', 'amount_minor'])
    .where('provider', 'in', [...new Set(fees.map(({ provider }) => provider))])
    .where(
      'provider_ref',
      'in',
      fees.map(({ providerRef }) => providerRef),
    )
    .execute();
  const known = new Map(rows.map((row) => [nameOf(row), row.amount_minor]));
  const changed = fees.filter((fee) => fee.amountMinor !== (known.get(nameOf(fee)) ?? 0));
  for (const fee of changed) await recordFee(db, fee, now);
  return changed.length;
}

/** The row's lock orders those who say it at once: each posts by how much it differs from what is booked. */
async function recordFee(db: Db, fee: ChargedFee, now: Date): Promise<void> {
  const { provider, providerRef, currency, amountMinor, payerId } = fee;
  await db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ n: number; before: number }>`
      INSERT INTO provider_fees AS f (provider, provider_ref, currency, amount_minor, postings)
      VALUES (${provider}, ${providerRef}, ${currency}, 0, 0)
      ON CONFLICT (provider, provider_ref, currency) DO UPDATE SET postings = f.postings
      RETURNING postings + 1 AS n, amount_minor AS before`.execute(trx);
    const { n = 1, before = 0 } = rows[0] ?? {};
    if (amountMinor === before) return;
    const posting: Posting = {
      key: `${provider}:${providerRef}:fee:${currency}:${n}`,
      kind: 'provider_fee',
      entries: moved(
        amountMinor - before,
        { account: 'provider_clearing', party: provider },
        { account: 'provider_fees', party: provider },
      ),
    };
    await postOnce(trx, { posting, orderId: parseId('order', payerId), currency, at: now });
    await trx
      .updateTable('provider_fees')
      .set({ amount_minor: amountMinor, postings: n })
      .where('provider', '=', provider)
      .where('provider_ref', '=', providerRef)
      .where('currency', '=', currency)
      .execute();
  });
}
