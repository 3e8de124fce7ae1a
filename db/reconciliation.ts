// Our side of the books by the provider's names, and what a reconciliation leaves behind: incidents, and money that came
// after an order's end on its way back.

import { sql } from 'kysely';
import { parseId } from '../domain/ids.ts';
import type { Difference, Ours } from '../domain/reconcile.ts';
import { platformParty } from '../domain/ledger.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { holdRef, isSplitHold } from './named-payments.ts';
import { giveBack, lockMoney } from './refunds.ts';

/** Which orders and top-ups took money by the provider in this time: their ids in pages. */
export async function ordersWithCaptures(
  db: Db,
  {
    provider,
    since,
    after,
    limit,
  }: {
    readonly provider: string;
    readonly since: Date;
    readonly after: string;
    readonly limit: number;
  },
): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    (SELECT DISTINCT t.order_id AS id FROM ledger_transactions t
      JOIN ledger_entries l ON l.transaction_key = t.key AND l.at = t.at
      WHERE t.kind IN ('capture', 'tip_capture') AND t.at >= ${since} AND t.order_id > ${after}
        AND l.account = 'provider_clearing' AND l.party = ${provider}
      ORDER BY t.order_id LIMIT ${limit})
    UNION
    (SELECT id FROM top_ups
      WHERE id > ${after} AND finished_at >= ${since} AND status <> 'declined' AND provider = ${provider}
      ORDER BY id LIMIT ${limit})
    ORDER BY id LIMIT ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

export type OurPayment = Ours & {
  readonly providerRef: string | undefined;
  /** What the provider calls our refunds of it; null: not all of them have such a name here. */
  readonly refundRefs: readonly string[] | null;
};

/** What filled wallets, and went back by withdrawals or because it came too late. */
async function ourTopUps(db: Db, ids: readonly string[]): Promise<readonly OurPayment[]> {
  const { rows } = await sql<OurPayment>`
    WITH back AS (
      SELECT top_up_id AS id, sum(amount_minor) FILTER (WHERE status IN ('pending', 'refunded')) AS minor,
        bool_or(status = 'sending') AS moving, array_agg(refund_ref) FILTER (WHERE refund_ref IS NOT NULL) AS refs
      FROM withdrawal_parts WHERE top_up_id = ANY(${[...ids]}) GROUP BY 1)
    SELECT t.id AS "orderId", t.finished_at IS NOT NULL AS "isOver", t.currency, t.provider_ref AS "providerRef",
      (CASE WHEN t.status IN ('paid', 'returning', 'returned') THEN t.amount_minor ELSE 0 END)::bigint AS "capturedMinor",
      (coalesce(back.minor, 0) + CASE WHEN t.status = 'returned' THEN t.amount_minor ELSE 0 END)::bigint AS "refundedMinor",
      coalesce(back.moving, false) AS "refundsMoving",
      CASE WHEN t.status <> 'returned' THEN coalesce(back.refs, '{}') END AS "refundRefs"
    FROM top_ups t LEFT JOIN back USING (id) WHERE t.id = ANY(${[...ids]})`.execute(db);
  return rows;
}

/**
 * Of one provider. By order: the payments that it captured or refunded, its later tips among them, and one without a
 * name for an order that took nothing. A top-up stands in an order's place. What the wallet gave of a split payment has
 * the wallet's name for it.
 */
export async function ourPayments(
  db: Db,
  { provider, orderIds }: { readonly provider: string; readonly orderIds: readonly string[] },
): Promise<ReadonlyMap<string, readonly OurPayment[]>> {
  const ids = orderIds.filter((id) => parseId('order', id));
  const topUps = await ourTopUps(
    db,
    orderIds.filter((id) => parseId('topUp', id)),
  );
  const { rows } = await sql<OurPayment>`
    WITH held AS (
      SELECT DISTINCT ON (order_id) order_id, ${holdRef} AS ref FROM ledger_transactions t
      WHERE ${provider}::text = 'wallet' AND order_id = ANY(${ids}) AND ${isSplitHold}
      ORDER BY order_id, split_part(key, ':', 4)::int DESC),
    taken AS (
      SELECT e.order_id, coalesce(held.ref, e.ref) AS ref, sum(l.amount_minor)::bigint AS minor
      FROM (
        SELECT DISTINCT order_id, body->>'providerRef' AS ref, body->>'attempt' AS attempt FROM order_events
        WHERE order_id = ANY(${ids}) AND type IN ('payment.capturing', 'payment.captured')
          AND body->>'providerRef' IS NOT NULL) e
      LEFT JOIN held USING (order_id)
      JOIN ledger_transactions t ON t.key = e.order_id || ':capture:' || e.attempt
      JOIN ledger_entries l ON l.transaction_key = t.key AND l.at = t.at AND l.account = 'provider_clearing'
        AND l.party = ${provider}
      GROUP BY 1, 2),
    tipped AS (
      SELECT p.order_id, p.provider_ref AS ref, sum(l.amount_minor)::bigint AS minor
      FROM tips p
      JOIN ledger_transactions t ON t.key = p.order_id || ':tip_capture:' || p.n
      JOIN ledger_entries l ON l.transaction_key = t.key AND l.at = t.at AND l.account = 'provider_clearing'
        AND l.party = ${provider}
      WHERE p.order_id = ANY(${ids}) GROUP BY 1, 2),
    late AS (
      SELECT split_part(t.key, ':', 3) AS ref, t.order_id, sum(l.amount_minor)::bigint AS minor
      FROM ledger_transactions t
      JOIN ledger_entries l ON l.transaction_key = t.key AND l.at = t.at AND l.account = 'provider_clearing'
      WHERE t.order_id = ANY(${ids}) AND t.kind = 'correction' AND t.key LIKE '%:late:%' GROUP BY 1, 2),
    back AS (
      SELECT order_id, provider_ref AS ref,
        coalesce(sum(amount_minor) FILTER (WHERE status IN ('pending', 'refunded')), 0)::bigint AS minor,
        bool_or(status = 'sending' AND doubt IS NULL) AS moving, array_agg(refund_ref) FILTER (WHERE refund_ref IS NOT NULL) AS refs
      FROM refunds WHERE order_id = ANY(${ids}) AND provider = ${provider} GROUP BY 1, 2)
    SELECT o.id AS "orderId",
      o.is_over AND NOT EXISTS (SELECT FROM tips WHERE tips.order_id = o.id AND finished_at IS NULL) AS "isOver", o.currency,
      coalesce(cap.ref, back.ref) AS "providerRef",
      coalesce(cap.minor, 0)::bigint AS "capturedMinor", coalesce(back.minor, 0)::bigint AS "refundedMinor",
      coalesce(back.moving, false) AS "refundsMoving", coalesce(back.refs, '{}') AS "refundRefs"
    FROM orders o
    LEFT JOIN (
      SELECT order_id, ref, coalesce(known.minor, 0) + coalesce(late.minor, 0) AS minor
      FROM (SELECT * FROM taken UNION ALL SELECT * FROM tipped) known FULL JOIN late USING (order_id, ref)) cap ON cap.order_id = o.id
    LEFT JOIN back ON back.order_id = o.id AND (back.ref = cap.ref OR cap.ref IS NULL)
    WHERE o.id = ANY(${ids})`.execute(db);
  return Map.groupBy([...rows, ...topUps], (row) => row.orderId);
}

type Late = {
  readonly provider: ProviderName;
  readonly difference: Difference;
  readonly now: Date;
};

/**
 * Money that the provider took and we did not know of. What had been written off is recovered; the rest belongs to nobody
 * here, and goes back. Idempotent.
 */
export async function bookLateMoney(db: Db, { provider, difference, now }: Late): Promise<void> {
  const { orderId, providerRef, theirsMinor: amountMinor } = difference;
  await db.transaction().execute(async (trx) => {
    const order = await trx
      .selectFrom('orders')
      .select(['id', 'merchant_id', 'customer_id', 'currency'])
      .where('id', '=', orderId ?? '')
      .executeTakeFirstOrThrow();
    await lockMoney(trx, order.id);
    const recovered = Math.min(amountMinor, await writtenOff(trx, order.id));
    const late = amountMinor - recovered;
    const posted = await postOnce(trx, {
      posting: {
        key: `${order.id}:late:${providerRef}`,
        kind: 'correction',
        entries: [
          { account: 'provider_clearing', party: provider, amountMinor },
          { account: 'bad_debt', party: platformParty, amountMinor: -recovered || 0 },
          { account: 'unidentified_receipts', party: provider, amountMinor: -late || 0 },
        ],
      },
      orderId: order.id,
      currency: order.currency,
      at: now,
    });
    if (posted !== 'posted' || late === 0) return;
    const { id, merchant_id: merchantId, customer_id: customerId, currency } = order;
    await giveBack(trx, {
      order: { id, merchantId, customerId, currency, provider, providerRef },
      amountMinor: late,
      reason: 'late_payment',
      from: { account: 'unidentified_receipts', party: provider },
      now,
    });
  });
}

async function writtenOff(trx: Db, orderId: string): Promise<number> {
  const { rows } = await sql<{ minor: number }>`
    SELECT coalesce(sum(e.amount_minor), 0)::bigint AS minor
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_key = t.key AND e.at = t.at
    WHERE t.order_id = ${orderId} AND e.account = 'bad_debt' AND t.kind IN ('write_off', 'correction')`.execute(
    trx,
  );
  return Math.max(0, rows[0]?.minor ?? 0);
}
