// Everything that happened to one order, from all the logs that know: its events, its offers, the provider's webhooks;
// for the platform also what support did and noted, incidents, and what is wrong with its workflow. Oldest first.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { Db } from './connect.ts';

export type TimelineRow = {
  readonly source: 'order' | 'offer' | 'provider' | 'support' | 'note' | 'incident' | 'workflow';
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

type Asked = { readonly orderId: string; readonly forSupport: boolean };

/** At most 1,000 rows: an order's life is bounded far below. */
export async function readTimeline(
  db: Db,
  { orderId, forSupport }: Asked,
): Promise<readonly TimelineRow[]> {
  const { rows } = await sql<TimelineRow>`
    SELECT 'order' AS source, type, at, sequence, body, actor, NULL AS offer_id, NULL AS driver_id, id
    FROM order_events WHERE order_id = ${orderId}
    UNION ALL
    SELECT 'offer', e.type, e.at, NULL,
      CASE WHEN e.type = 'offer.made' AND l.bonus_minor > 0 THEN jsonb_build_object('bonusMinor', l.bonus_minor) END,
      NULL, e.offer_id, e.driver_id, e.id
    FROM offer_events e LEFT JOIN offer_orders l ON l.offer_id = e.offer_id AND l.order_id = e.order_id
    WHERE e.order_id = ${orderId}
    UNION ALL
    SELECT 'provider', type, received_at, NULL, NULL, NULL, NULL, NULL, 0
    FROM provider_webhooks WHERE order_id = ${orderId}
    ${forSupport ? supportRows(orderId) : sql``}
    ORDER BY at, source, id LIMIT 1000`.execute(db);
  return rows;
}

const supportRows = (orderId: string) => sql`
    UNION ALL
    SELECT 'support', action, at, sequence, jsonb_build_object('attemptId', id, 'reason', reason, 'outcome', outcome,
      'code', code, 'noteId', note_id, 'approvedBy', approved_by, 'bulkId', bulk_id, 'params', params),
      jsonb_build_object('kind', 'support', 'id', key_id), NULL, NULL, 0
    FROM support_attempts WHERE order_id = ${orderId}
    UNION ALL
    SELECT 'note', 'note.written', created_at, NULL, jsonb_build_object('noteId', id),
      jsonb_build_object('kind', 'support', 'id', written_by), NULL, NULL, 0
    FROM notes WHERE order_id = ${orderId} AND written_by IS NOT NULL
    UNION ALL
    SELECT 'incident', kind, at, NULL, detail, NULL, NULL, NULL, 0 FROM incidents WHERE order_id = ${orderId}
    UNION ALL
    SELECT 'workflow', kind, since, NULL, NULL, NULL, NULL, NULL, 0 FROM order_troubles WHERE order_id = ${orderId}`;
