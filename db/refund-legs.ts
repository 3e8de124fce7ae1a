// Which payments of an order give an amount back. An order has one, unless it was split: then the card gives first, so that
// nobody's card money turns into stored balance, and the wallet the rest.

import { sql } from 'kysely';
import { walletStep } from '../domain/split.ts';
import { holdRef } from '../domain/wallet.ts';
import type { Db } from './connect.ts';
import type { RefundTarget } from './refund-basis.ts';

export type Leg = Pick<RefundTarget, 'provider' | 'providerRef'> & {
  readonly amountMinor: number;
};

type Taken = { readonly card: number; readonly wallet: number; readonly attempt: number | null };

/** Under the order's lock. They sum to the amount. */
export async function legsOf(
  trx: Db,
  { id, provider, providerRef }: RefundTarget,
  amountMinor: number,
): Promise<readonly Leg[]> {
  if (provider !== 'split') return [{ provider, providerRef, amountMinor }];
  const { rows } = await sql<Taken>`
    SELECT coalesce(sum(e.amount_minor) FILTER (WHERE e.party <> 'wallet'), 0)::bigint AS card,
      coalesce(sum(e.amount_minor) FILTER (WHERE e.party = 'wallet'), 0)::bigint AS wallet,
      (SELECT max(split_part(key, ':', 4))::int FROM ledger_transactions
        WHERE order_id = ${id} AND kind = 'wallet_capture') AS attempt
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_key = t.key AND e.at = t.at
    WHERE t.order_id = ${id} AND t.kind = 'capture' AND e.account = 'provider_clearing'`.execute(
    trx,
  );
  // A later tip is a payment of its own.
  const { rows: back } = await sql<{ minor: number }>`
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM refunds
    WHERE order_id = ${id} AND provider <> 'wallet' AND provider_ref = ${providerRef}
      AND status NOT IN ('failed', 'rejected')`.execute(trx);
  const { card = 0, attempt = null } = rows[0] ?? {};
  const fromCard = Math.max(0, Math.min(amountMinor, card - (back[0]?.minor ?? 0)));
  const fromWallet = amountMinor - fromCard;
  if (fromWallet > 0 && attempt === null) throw new Error(`the wallet has paid nothing of ${id}`);
  const hold = { orderId: id, step: walletStep, attempt: attempt ?? 0 };
  return [
    { provider: 'stripe' as const, providerRef, amountMinor: fromCard },
    { provider: 'wallet' as const, providerRef: holdRef(hold), amountMinor: fromWallet },
  ].filter((leg) => leg.amountMinor > 0);
}
