// Tips after the delivery: asked for under a lock per order, carried on by their workflow. Every step is one transaction
// with its postings, guarded by the state that it starts from, so that a step that is repeated changes nothing.

import { sql } from 'kysely';
import type { Actor } from '../domain/events.ts';
import type { Refusal } from '../domain/errors.ts';
import { parsePaymentMethod } from '../domain/payment-methods.ts';
import type { SideNews } from '../domain/side-payment.ts';
import { isTipOver, tipPostings, tipRefused, type TipFacts } from '../domain/tip.ts';
import type { Db } from './connect.ts';
import { postOnce } from './ledger.ts';
import { lockMoney } from './refunds.ts';
import { ordersIn, type Scope } from './scope.ts';
import { changeBy } from './side-payments.ts';

const selectTips = (db: Db) => db.selectFrom('tips').selectAll();
export type Tip = Awaited<ReturnType<ReturnType<typeof selectTips>['executeTakeFirstOrThrow']>>;
export type TipName = { readonly orderId: string; readonly n: number };

export type NewTip = {
  readonly scope: Scope;
  readonly orderId: string;
  readonly amountMinor: number;
  /** The provider’s token. */
  readonly paymentMethod: string;
  readonly actor: Actor;
  readonly now: Date;
};

export type TipRequested =
  | { readonly kind: 'requested'; readonly tip: Tip }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'no_order' };

/** Call inside a transaction. */
export async function requestTip(trx: Db, input: NewTip): Promise<TipRequested> {
  const { orderId, amountMinor, paymentMethod, now } = input;
  await lockMoney(trx, orderId);
  const order = await trx
    .selectFrom('orders as o')
    .select(['o.customer_id', 'o.currency', 'o.order_status', 'o.driver_id'])
    .where('o.id', '=', orderId)
    .where(ordersIn(input.scope))
    .executeTakeFirst();
  if (!order) return { kind: 'no_order' };
  const { customer_id, currency, driver_id: driverId } = order;
  const before = await tipsOfOrder(trx, orderId);
  const refusal = tipRefused(
    {
      orderStatus: order.order_status,
      driverId: driverId ?? undefined,
      currency,
      statuses: before.map(({ status }) => status),
    },
    amountMinor,
  );
  if (refusal) return { kind: 'refused', refusal };
  const tip = await trx
    .insertInto('tips')
    .values({
      order_id: orderId,
      n: before.length + 1,
      customer_id,
      driver_id: driverId ?? '',
      currency,
      amount_minor: amountMinor,
      status: 'requested',
      provider: parsePaymentMethod(paymentMethod)?.provider ?? 'stripe',
      payment_method: paymentMethod,
      provider_ref: null,
      client_secret: null,
      code: null,
      requested_by: JSON.stringify(input.actor),
      created_at: now,
      first_sent_at: null,
      finished_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return { kind: 'requested', tip };
}

export const tipsOfOrder = (db: Db, orderId: string): Promise<readonly Tip[]> =>
  selectTips(db).where('order_id', '=', orderId).orderBy('n').execute();

export const findTip = (db: Db, { orderId, n }: TipName): Promise<Tip | undefined> =>
  selectTips(db).where('order_id', '=', orderId).where('n', '=', n).executeTakeFirst();

/** Tips that are not over: their workflow must run. */
export async function openTips(db: Db): Promise<readonly TipName[]> {
  const rows = await db
    .selectFrom('tips')
    .select(['order_id', 'n'])
    .where('finished_at', 'is', null)
    // Should there be more than one look can take, none of them is always left out.
    .orderBy(sql`random()`)
    .limit(200)
    .execute();
  return rows.map(({ order_id: orderId, n }) => ({ orderId, n }));
}

/** Open tips that the provider calls so. */
export async function tipsBehind(
  db: Db,
  { providerRef }: { readonly providerRef: string },
): Promise<readonly TipName[]> {
  const rows = await db
    .selectFrom('tips')
    .select(['order_id', 'n'])
    .where('provider_ref', '=', providerRef)
    .where('finished_at', 'is', null)
    .execute();
  return rows.map(({ order_id: orderId, n }) => ({ orderId, n }));
}

type Answered = { readonly row: Tip; readonly news: SideNews; readonly now: Date };

/** Of the state and attempt that `row` is in. Repeated or outdated, it changes nothing. */
export async function recordTipNews(db: Db, { row, news, now }: Answered): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const change = changeBy(row, news, now);
    const { numUpdatedRows } = await trx
      .updateTable('tips')
      .set({ attempt: 1, client_secret: null, ...change })
      .set(isTipOver(change.status) ? { finished_at: now } : {})
      .where('order_id', '=', row.order_id)
      .where('n', '=', row.n)
      .where('status', '=', row.status)
      .where('attempt', '=', row.attempt)
      .executeTakeFirst();
    if (numUpdatedRows !== 1n || news.kind !== 'paid') return;
    const { order_id: orderId, currency } = row;
    for (const posting of tipPostings(factsOf(row, news.amountMinor)))
      await postOnce(trx, { posting, orderId, currency, at: now });
  });
}

const factsOf = (row: Tip, amountMinor: number): TipFacts => ({
  orderId: row.order_id,
  n: row.n,
  customerId: row.customer_id,
  driverId: row.driver_id,
  provider: row.provider,
  amountMinor,
});

/** Nobody answers whether a tip’s hold is let go: once per tip. */
export async function reportUnansweredTip(
  db: Db,
  { row, code, now }: { readonly row: Tip; readonly code: string; readonly now: Date },
): Promise<void> {
  await db
    .insertInto('incidents')
    .values({
      key: `${row.order_id}:tip_unanswered:${row.n}`,
      order_id: row.order_id,
      kind: 'tip_unanswered',
      detail: JSON.stringify({ n: row.n, amount_minor: row.amount_minor, code }),
      at: now,
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
