// The provider's news about money behind an order's end: refunds, disputes, tips and wallets.

import { sql } from 'kysely';
import type { Db } from './connect.ts';

export type MoneyWebhook = {
  readonly event_id: string;
  readonly type: string;
  readonly provider_ref: string;
};

const batch = 100;

/** Oldest first, not dealt with yet. */
export async function moneyWebhooks(db: Db): Promise<readonly MoneyWebhook[]> {
  const { rows } = await sql<MoneyWebhook>`
    SELECT event_id, type, provider_ref FROM provider_webhooks
    WHERE provider = 'stripe' AND done_at IS NULL AND provider_ref IS NOT NULL
      AND (type LIKE 'charge.dispute.%' OR type LIKE 'refund.%' OR type = 'charge.refunded'
        OR type LIKE 'payment_intent.%' AND (EXISTS (SELECT FROM tips WHERE tips.provider_ref = provider_webhooks.provider_ref)
          OR EXISTS (SELECT FROM top_ups WHERE top_ups.provider_ref = provider_webhooks.provider_ref)))
    ORDER BY received_at LIMIT ${batch}`.execute(db);
  return rows;
}
