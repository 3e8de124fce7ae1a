// What a refund is judged on: what the order took, gave back and shared out, from the ledger and the refunds before it.

import { sql, type Selectable } from 'kysely';
import type { OrderEventBody } from '../domain/events.ts';
import type { LedgerEntry } from '../domain/ledger.ts';
import { sumMinor } from '../domain/money.ts';
import { priceTermsOf } from '../domain/order.ts';
import { methodTraits, providerOfOrder, type ProviderName } from '../domain/payment-methods.ts';
import {
  isOwnRefund,
  isRefundAlive,
  missingItems,
  type RefundBasis,
  type RefundWish,
} from '../domain/refund.ts';
import {
  earnersOf,
  earnersOfTip,
  goodsTaxOf,
  takenIn,
  type Earner,
  type Move,
} from '../domain/refund-shares.ts';
import type { Db } from './connect.ts';
import type { MoneyTables } from './schema-money.ts';
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

/** The order's tip `n` after the delivery, which has a payment of its own. Undefined: there is none, or nothing was taken. */
export async function findTipTarget(
  db: Db,
  order: Omit<RefundTarget, 'providerRef'>,
  n: number,
): Promise<RefundTarget | undefined> {
  const tip = await paidTip(db, order.id, n);
  return tip?.provider_ref
    ? { ...order, provider: tip.provider as ProviderName, providerRef: tip.provider_ref }
    : undefined;
}

const paidTip = (db: Db, orderId: string, n: number) =>
  db
    .selectFrom('tips')
    .select(['amount_minor', 'driver_id', 'provider', 'provider_ref'])
    .where('order_id', '=', orderId)
    .where('n', '=', n)
    .where('status', '=', 'paid')
    .executeTakeFirst();

type Taken = Pick<RefundBasis, 'capturedMinor' | 'refundedMinor'>;
type Known = {
  readonly basis: RefundBasis;
  readonly earners: readonly Earner[];
  /** By the order and its later tips: what one person may give back is measured by it. */
  readonly inAll: Taken;
  readonly approvalAboveMinor: number | undefined;
};

/** Under the order's lock, so that it stays true until the transaction ends. Throws when there is no such order. */
export async function readRefundBasis(
  trx: Db,
  target: RefundTarget,
  wish: RefundWish,
): Promise<Known> {
  const known = await readOrderBasis(trx, target);
  if (wish.kind !== 'later_tip') return known;
  const tip = await paidTip(trx, target.id, wish.n);
  const { rows } = await sql<{ minor: number }>`
    SELECT coalesce(sum(amount_minor), 0)::bigint AS minor FROM refunds
    WHERE order_id = ${target.id} AND provider_ref = ${target.providerRef}
      AND status NOT IN ('failed', 'rejected')`.execute(trx);
  const refundedMinor = rows[0]?.minor ?? 0;
  const capturedMinor = tip?.amount_minor ?? 0;
  const { basis, earners, inAll, approvalAboveMinor } = known;
  const ofTip = { driverId: tip?.driver_id ?? '', paidMinor: capturedMinor, refundedMinor };
  return {
    basis: { ...basis, isOver: true, capturedMinor, refundedMinor },
    earners: earnersOfTip(earners, ofTip),
    inAll,
    approvalAboveMinor,
  };
}

const amountsOf = (refunds: readonly { readonly amount_minor: number }[]): number =>
  sumMinor(refunds.map((refund) => refund.amount_minor));

const refundsOf = (trx: Db, orderId: string) =>
  trx
    .selectFrom('refunds')
    .select(['id', 'part_of', 'status', 'amount_minor', 'items_minor', 'wish', 'reason', 'bearers'])
    .where('order_id', '=', orderId)
    .execute();

async function readOrderBasis(
  trx: Db,
  { id, currency, provider, providerRef }: RefundTarget,
): Promise<Known> {
  const order = await trx
    .selectFrom('orders')
    .innerJoin('markets', 'markets.id', 'orders.market_id')
    .select(['orders.items', 'orders.facts', 'orders.delivery_fee_minor', 'orders.tip_minor'])
    .select(['orders.is_over', 'orders.order_status'])
    .select('refund_approval_above_minor')
    .where('orders.id', '=', id)
    .executeTakeFirstOrThrow();
  const [moves, missing, refunds, disputes] = [
    await movesOf(trx, id),
    missingItems(await shortagesOf(trx, id)),
    await refundsOf(trx, id),
    await disputesOf(trx, { id, providerRef }),
  ];
  const kept = refunds.filter(({ status }) => isRefundAlive(status));
  const alive = kept.filter(
    ({ reason, wish }) => !isOwnRefund(reason) && wish.kind !== 'later_tip',
  );
  const prepaid = kept.filter(({ reason }) => reason === 'prepaid');
  const parts = partsIn(alive);
  // Of what was taken before the end only what the settlement asks for was kept.
  const taken: Taken = {
    capturedMinor: takenIn(moves) - amountsOf(prepaid),
    refundedMinor: amountsOf(alive),
  };
  return {
    inAll: {
      capturedMinor: taken.capturedMinor + (await paidTipsMinor(trx, id)),
      refundedMinor: amountsOf(kept.filter(({ reason }) => !isOwnRefund(reason))),
    },
    basis: {
      ...taken,
      currency,
      rail: methodTraits[provider].rail,
      isOver: order.is_over || order.order_status === 'completed',
      disputed: disputes.some(({ status }) => status === 'open'),
      lostMinor: disputes.reduce((sum, { lost_minor: lost }) => sum + lost, 0),
      items: order.items.map((item, index) => ({
        unitPriceMinor: item.unit_price_minor,
        quantity: Math.max(0, item.quantity - (missing.get(index) ?? 0)),
        refundedQuantity: parts.quantityOf(index),
      })),
      itemsRefunded: parts.items,
      pricing: priceTermsOf(order.facts),
      goodsTax: { earnedMinor: goodsTaxOf(moves), givenBackMinor: taxIn(alive) },
      deliveryFee: {
        minor: order.delivery_fee_minor,
        refunded: parts.deliveryFee,
      },
      tip: { minor: order.tip_minor, refunded: parts.tip },
    },
    earners: earnersOf(moves),
    approvalAboveMinor: order.refund_approval_above_minor ?? undefined,
  };
}

type Alive = Pick<
  Selectable<MoneyTables['refunds']>,
  'id' | 'part_of' | 'items_minor' | 'wish' | 'bearers'
>;

/** What refunds that are alive were asked for part by part. */
function partsIn(alive: readonly Alive[]) {
  const wishes = alive.flatMap(({ wish }) => (wish.kind === 'parts' ? [wish] : []));
  const ofItems = new Set(
    alive.flatMap(({ id, wish }) => (wish.kind === 'parts' && wish.items.length > 0 ? [id] : [])),
  );
  return {
    items: {
      priceMinor: sumMinor(alive.map((refund) => refund.items_minor)),
      taxMinor: taxIn(alive.filter(({ id, part_of: whole }) => ofItems.has(whole ?? id))),
    },
    quantityOf: (index: number): number =>
      sumMinor(
        wishes
          .flatMap(({ items }) => items.filter((item) => item.index === index))
          .map(({ quantity }) => quantity),
      ),
    deliveryFee: wishes.some((wish) => wish.deliveryFee),
    tip: wishes.some((wish) => wish.tip),
  };
}

/** Also of those that are not posted yet. */
const taxIn = (refunds: readonly { readonly bearers: readonly LedgerEntry[] }[]): number =>
  sumMinor(
    refunds
      .flatMap(({ bearers }) => bearers)
      .filter(({ account }) => account === 'goods_tax')
      .map(({ amountMinor }) => amountMinor),
  );

async function paidTipsMinor(trx: Db, orderId: string): Promise<number> {
  const { minor } = await trx
    .selectFrom('tips')
    .select(({ fn }) => fn.sum<string | null>('amount_minor').as('minor'))
    .where('order_id', '=', orderId)
    .where('status', '=', 'paid')
    .executeTakeFirstOrThrow();
  return Number(minor);
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

/** Without what was given back of later tips: it takes nothing away from what was earned by the order. */
async function movesOf(trx: Db, orderId: string): Promise<readonly Move[]> {
  const { rows } = await sql<Move>`
    SELECT t.kind, e.account, e.party, sum(e.amount_minor)::bigint AS "amountMinor"
    FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_key = t.key AND e.at = t.at
    WHERE t.order_id = ${orderId} AND NOT EXISTS (
      SELECT FROM refunds r WHERE r.order_id = ${orderId} AND r.wish->>'kind' = 'later_tip'
        AND r.id = split_part(t.key, ':', 3))
    GROUP BY t.kind, e.account, e.party`.execute(trx);
  return rows;
}

type Payment = Pick<RefundTarget, 'id' | 'providerRef'>;

const disputesOf = (trx: Db, { id, providerRef }: Payment) =>
  trx
    .selectFrom('disputes')
    .select(['status', 'lost_minor', 'closed_at'])
    .where('order_id', '=', id)
    .where('provider_ref', '=', providerRef)
    .execute();

/** The payer's bank is taking it back, or has since then. */
export async function isDisputedSince(trx: Db, payment: Payment, since: Date): Promise<boolean> {
  return (await disputesOf(trx, payment)).some(
    ({ status, closed_at: at }) =>
      status === 'open' || (status === 'lost' && (at ?? since) >= since),
  );
}
