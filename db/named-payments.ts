// Which payments a provider without a list of its books is asked for, one by one: all that it has a name for and that have
// ended, or that had news or gave something back, since then.

import { sql } from 'kysely';
import { formatId } from '../domain/ids.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import { walletStep } from '../domain/split.ts';
import type { Db } from './connect.ts';

export type Named = {
  /** Undefined when the provider's news name no order. */
  readonly orderId: string | undefined;
  readonly providerRef: string;
  readonly currency: string | undefined;
};
export type NamedPage = Pick<Named, 'orderId' | 'providerRef'>;

/** An order is placed at most so long before its end. */
const orderLifeMs = 5 * 86_400_000;

type Lasting = 'order' | 'topUp' | 'refund' | 'withdrawal';
/** Those of this kind that were made since then have ids from this one on. */
const oldestId = (kind: Lasting, since: Date, leadMs = 0): string =>
  formatId(kind, Math.max(0, since.getTime() - leadMs), new Uint8Array(10));
/** Orders that have ended since then. */
const oldestOrder = (since: Date): string => oldestId('order', since, orderLifeMs);

/** Of a row `t` of `ledger_transactions`: what the wallet set aside as its part of a split payment. */
export const isSplitHold = sql`t.kind = 'wallet_hold' AND split_part(t.key, ':', 3) = ${walletStep}`;
/** What the wallet calls it, as domain/wallet.ts writes it. */
export const holdRef = sql`'wlt_' || t.order_id || '_' || split_part(t.key, ':', 3) || '_' || split_part(t.key, ':', 4)`;

/** Roughly how many payments there are to compare: of providers that are asked for each, and of those that list them. */
export async function paymentsInReach(
  db: Db,
  { since, askedOf }: { readonly since: Date; readonly askedOf: readonly string[] },
): Promise<{ readonly listed: number; readonly asked: number }> {
  const { rows } = await sql<{ asked: number; all: number }>`
    SELECT count(*)::bigint AS all,
      count(*) FILTER (WHERE split_part(facts->>'paymentMethod', ':', 1) = ANY(${[...askedOf]}))::bigint AS asked
    FROM orders WHERE id >= ${oldestOrder(since)} AND provider_ref IS NOT NULL`.execute(db);
  const { all, asked } = rows[0] ?? { all: 0, asked: 0 };
  return { listed: all - asked, asked };
}

/**
 * Payments that a provider has a name for, in pages by order and name, each once: of ended orders, of tips and top-ups, of
 * its own news, and what was refunded. A top-up stands in an order's place.
 */
export async function namedPayments(
  db: Db,
  {
    provider,
    since,
    after,
    limit,
  }: {
    readonly provider: ProviderName;
    readonly since: Date;
    readonly after: NamedPage | undefined;
    readonly limit: number;
  },
): Promise<readonly Named[]> {
  const [afterOrder, afterRef] = [after?.orderId ?? '', after?.providerRef ?? ''];
  const next = sql`(id, ref) > (${afterOrder}, ${afterRef}) ORDER BY id, ref LIMIT ${limit}`;
  const method = sql`split_part(o.facts->>'paymentMethod', ':', 1)`;
  const ended = sql`o.id >= greatest(${oldestOrder(since)}, ${afterOrder}) AND o.is_over AND o.updated_at >= ${since}`;
  const heard = sql`received_at >= ${since} AND provider_ref IS NOT NULL AND provider = ${provider}
    AND type NOT LIKE 'refund.%' AND type NOT LIKE 'payout.%'`;
  // Each part reads its own index up to the limit.
  const { rows } = await sql<{ id: string; ref: string; currency: string | null }>`
    WITH ended AS (
      SELECT o.id, o.provider_ref AS ref FROM orders o
      WHERE ${ended} AND o.provider_ref IS NOT NULL AND ${method} = ${provider}),
    shared AS (
      SELECT o.id, ${holdRef} AS ref FROM orders o JOIN ledger_transactions t ON t.order_id = o.id
      WHERE ${provider}::text = 'wallet' AND ${ended} AND ${method} = 'split' AND ${isSplitHold}),
    tipped AS (
      SELECT order_id AS id, provider_ref AS ref FROM tips
      WHERE order_id >= ${afterOrder} AND finished_at >= ${since} AND provider_ref IS NOT NULL AND provider = ${provider}),
    filled AS (
      SELECT id, provider_ref AS ref FROM top_ups
      WHERE id >= greatest(${oldestId('topUp', since)}, ${afterOrder}) AND provider_ref IS NOT NULL AND provider = ${provider}),
    refunded AS (
      SELECT DISTINCT order_id AS id, provider_ref AS ref FROM refunds
      WHERE id >= ${oldestId('refund', since)} AND order_id >= ${afterOrder} AND provider = ${provider}),
    withdrawn AS (
      SELECT DISTINCT top_up_id AS id, provider_ref AS ref FROM withdrawal_parts
      WHERE withdrawal_id >= ${oldestId('withdrawal', since)} AND top_up_id >= ${afterOrder} AND provider = ${provider}),
    news AS (
      SELECT DISTINCT order_id AS id, provider_ref AS ref FROM provider_webhooks
      WHERE order_id >= ${afterOrder} AND ${heard}),
    nameless AS (
      SELECT DISTINCT '' AS id, provider_ref AS ref FROM provider_webhooks w
      WHERE ${afterOrder}::text = '' AND order_id IS NULL AND ${heard}
        AND NOT EXISTS (SELECT FROM top_ups t WHERE t.provider_ref = w.provider_ref)),
    named AS (
      (SELECT * FROM ended WHERE ${next}) UNION (SELECT * FROM shared WHERE ${next})
      UNION (SELECT * FROM tipped WHERE ${next}) UNION (SELECT * FROM filled WHERE ${next})
      UNION (SELECT * FROM refunded WHERE ${next}) UNION (SELECT * FROM withdrawn WHERE ${next})
      UNION (SELECT * FROM news WHERE ${next}) UNION (SELECT * FROM nameless WHERE ${next}))
    SELECT named.id, named.ref, coalesce(orders.currency, top_ups.currency) AS currency
    FROM named LEFT JOIN orders ON orders.id = named.id LEFT JOIN top_ups ON top_ups.id = named.id
    ORDER BY named.id, named.ref LIMIT ${limit}`.execute(db);
  return rows.map(({ id, ref, currency }) => ({
    orderId: id || undefined,
    providerRef: ref,
    currency: currency ?? undefined,
  }));
}
