// The providers' news about money behind an order's end: refunds, disputes, tips, wallets and payouts.

import { sql } from 'kysely';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { Db } from './connect.ts';

export type MoneyWebhook = {
  readonly provider: ProviderName;
  readonly event_id: string;
  readonly type: string;
  readonly about: 'dispute' | 'refund' | 'payment' | 'payout' | 'account';
  readonly provider_ref: string;
};

const batch = 100;

/** What a row `w` of `provider_webhooks` is about; null: an order's own payment, or no money. */
export const aboutMoney = sql`CASE
  WHEN w.type LIKE 'charge.dispute.%' OR w.type LIKE 'CUSTOMER.DISPUTE.%' THEN 'dispute'
  WHEN w.type LIKE 'refund.%' OR w.type = 'charge.refunded' OR w.type LIKE 'PAYMENT.CAPTURE.REFUND%' THEN 'refund'
  WHEN w.type LIKE 'payout.%' OR w.provider = 'stripe' AND w.type LIKE 'transfer.%' THEN 'payout'
  WHEN w.provider = 'stripe' AND w.type = 'account.updated' THEN 'account'
  WHEN EXISTS (SELECT FROM tips WHERE tips.provider_ref = w.provider_ref)
    OR EXISTS (SELECT FROM top_ups WHERE top_ups.provider_ref = w.provider_ref) THEN 'payment' END`;

/** Oldest first, not dealt with yet. */
export async function moneyWebhooks(db: Db): Promise<readonly MoneyWebhook[]> {
  const { rows } = await sql<MoneyWebhook>`
    SELECT provider, event_id, type, provider_ref, ${aboutMoney} AS about FROM provider_webhooks w
    WHERE done_at IS NULL AND provider_ref IS NOT NULL AND ${aboutMoney} IS NOT NULL
    ORDER BY received_at LIMIT ${batch}`.execute(db);
  return rows;
}
