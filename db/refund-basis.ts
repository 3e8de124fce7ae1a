// What a refund is judged on: what the order took, gave back and shared out, from the ledger and the refunds before it.

import { sql } from 'kysely';
import type { OrderEventBody } from '../domain/events.ts';
import { methodTraits, providerOfOrder, type ProviderName } from '../domain/payment-methods.ts';
import {
  earnersOf,
  isOwnRefund,
  isRefundAlive,
  missingItems,
  takenIn,
  type Earner,
  type Move,
  type RefundBasis,
} from '../domain/refund.ts';
import type { Db } from './connect.ts';
import { ordersIn, type Scope } from './scope.ts';

/** The order, as far as a refund needs it. */
export type RefundTarget = {
  readonly id: string;
  readonly merchantId: string;
  readonly customerId: string;
  readonly currency: string;
  readonly provider: ProviderName;
  readonly providerRef: string;
};

/** Undefined when there is no such order in the scope. Without a `providerRef` it was never paid. */
export async function findRefundTarget(
  db: Db,
  { scope, orderId }: { readonly scope: Scope; readonly orderId: string },
): Promise<
  (Omit<RefundTarget, 'providerRef'> & { readonly providerRef: string | undefined }) | undefined
> {
  const row = await db
    .selectFrom('orders as o')
    .select(['o.id', 'o.merchant_id', 'o.customer_id', 'o.currency', 'o.provider_ref'])
    .select(sql<string | null>`o.facts->>'paymentMethod'`.as('payment_method'))
    .select(sql<string | null>`o.facts->>'method'`.as('method'))
    .where('o.id', '=', orderId)
    .where(ordersIn(scope))
    .executeTakeFirst();
  if (!row) return undefined;
  const provider = providerOfOrder({
    method: row.method ?? '',
    paymentMethod: row.payment_method ?? '',
  });
  return {
    id: row.id,
    merchantId: row.merchant_id,
    customerId: row.customer_id,
    currency: row.currency,
    provider,
    // Cash has no name elsewhere: it is the order's.
    providerRef: provider === 'cash' ? row.id : (row.provider_ref ?? undefined),
  };
}

type Known = {
  readonly basis: RefundBasis;
  readonly earners: readonly Earner[];
  readonly approvalAboveMinor: number | undefined;
};

/** Under the order's lock, so that it stays true until the transaction ends. Throws when there is no such order. */
export async function readRefundBasis(
  trx: Db,
  { id, currency, provider }: RefundTarget,
): Promise<Known> {
  const order = await trx
    .selectFrom('orders')
    .innerJoin('markets', 'markets.id', 'orders.market_id')
    .select(['orders.items', 'orders.delivery_fee_minor', 'orders.tip_minor'])
    .select(['orders.is_over', 'orders.order_status'])
    .select('refund_approval_above_minor')
    .where('orders.id', '=', id)
    .executeTakeFirstOrThrow();
  const [moves, refunds, disputed] = [
    await movesOf(trx, id),
    await trx
      .selectFrom('refunds')
      .select(['status', 'amount_minor', 'wish', 'reason'])
      .where('order_id', '=', id)
      .execute(),
    await isDisputed(trx, id),
  ];
  const missing = missingItems(await shortagesOf(trx, id));
  const kept = refunds.filter(({ status }) => isRefundAlive(status));
  const alive = kept.filter(({ reason }) => !isOwnRefund(reason));
  const prepaid = kept.filter(({ reason }) => reason === 'prepaid');
  const sumOf = (rows: typeof refunds): number =>
    rows.reduce((sum, refund) => sum + refund.amount_minor, 0);
  const parts = alive.flatMap(({ wish }) => (wish.kind === 'parts' ? [wish] : []));
  const refundedOf = (index: number): number =>
    parts
      .flatMap(({ items }) => items.filter((item) => item.index === index))
      .reduce((sum, { quantity }) => sum + quantity, 0);
  return {
    basis: {
      currency,
      rail: methodTraits[provider].rail,
      isOver: order.is_over || order.order_status === 'completed',
      // Of what was taken before the end only what the settlement asks for was kept.
      capturedMinor: takenIn(moves) - sumOf(prepaid),
      refundedMinor: sumOf(alive),
      disputed,
      items: order.items.map((item, index) => ({
        unitPriceMinor: item.unit_price_minor,
        quantity: Math.max(0, item.quantity - (missing.get(index) ?? 0)),
        refundedQuantity: refundedOf(index),
      })),
      deliveryFee: {
        minor: order.delivery_fee_minor,
        refunded: parts.some((wish) => wish.deliveryFee),
      },
      tip: { minor: order.tip_minor, refunded: parts.some((wish) => wish.tip) },
    },
    earners: earnersOf(moves),
    approvalAboveMinor: order.refund_approval_above_minor ?? undefined,
  };
}

/** What became of goods that were not there, oldest first. */
async function shortagesOf(trx: Db, orderId: string): Promise<readonly OrderEventBody[]> {
  const rows = await trx
    .selectFrom('order_events')
    .select(['type', 'body'])
    .where('order_id', '=', orderId)
    .where('type', 'in', ['order.shortage_reported', 'order.shortage_resolved'])
    .orderBy('sequence')
    .execute();
  return rows.map(({ type, body }) => ({ ...body, type }) as OrderEventBody);
}

async function movesOf(trx: Db, orderId: string): Promise<readonly Move[]> {
  const { rows } = await sql<Move>`
    SELECT t.kind, e.account, e.party, sum(e.amount_minor)::bigint AS "amountMinor"
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_key = t.key AND e.at = t.at
    WHERE t.order_id = ${orderId} GROUP BY t.kind, e.account, e.party`.execute(trx);
  return rows;
}

async function isDisputed(trx: Db, orderId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('disputes')
    .select('dispute_ref')
    .where('order_id', '=', orderId)
    .where('status', '<>', 'won')
    .executeTakeFirst();
  return row !== undefined;
}
