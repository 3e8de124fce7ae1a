// Everything that happened to one order, from the three logs that know: its events, its offers, the provider's
// webhooks. Oldest first.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { Db } from './connect.ts';

export type TimelineRow = {
  readonly source: 'order' | 'offer' | 'provider';
  readonly type: string;
  readonly at: Date;
  /** Of order events. */
  readonly sequence: number | null;
  readonly body: object | null;
  readonly actor: Actor | null;
  /** Of offer events. */
  readonly offer_id: string | null;
  readonly driver_id: string | null;
};

/** At most 1,000 rows: an order's life is bounded far below. */
export async function readTimeline(db: Db, orderId: string): Promise<readonly TimelineRow[]> {
  const { rows } = await sql<TimelineRow>`
    SELECT 'order' AS source, type, at, sequence, body, actor, NULL AS offer_id, NULL AS driver_id, id
    FROM order_events WHERE order_id = ${orderId}
    UNION ALL
    SELECT 'offer', type, at, NULL, NULL, NULL, offer_id, driver_id, id
    FROM offer_events WHERE order_id = ${orderId}
    UNION ALL
    SELECT 'provider', type, received_at, NULL, NULL, NULL, NULL, NULL, 0
    FROM provider_webhooks WHERE order_id = ${orderId}
    ORDER BY at, source, id LIMIT 1000`.execute(db);
  return rows;
}
