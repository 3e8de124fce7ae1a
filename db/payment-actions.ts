// What the customer's app needs to confirm a payment (3-D Secure). A secret of the payer: served to them only while
// it is needed, deleted soon after, never logged, never in a history.

import { sql } from 'kysely';
import { providerOf } from '../domain/payment-methods.ts';
import type { Db } from './connect.ts';

export async function savePaymentAction(
  db: Db,
  {
    orderId,
    providerRef,
    clientSecret,
  }: { readonly orderId: string; readonly providerRef: string; readonly clientSecret: string },
): Promise<void> {
  const row = { provider_ref: providerRef, client_secret: clientSecret };
  await db
    .insertInto('payment_actions')
    .values({ order_id: orderId, ...row })
    .onConflict((conflict) => conflict.column('order_id').doUpdateSet(row))
    .execute();
}

/**
 * Deletes the secrets of payments that wait for nobody any more, at most `limit`. A row is saved shortly before its
 * order says requires_action, so one that still authorizes keeps it.
 */
export async function prunePaymentActions(db: Db, limit = 1_000): Promise<void> {
  // With the reference: a secret that a new attempt puts in place meanwhile stays.
  await sql`
    DELETE FROM payment_actions WHERE (order_id, provider_ref) IN (
      SELECT a.order_id, a.provider_ref FROM payment_actions a JOIN orders o ON o.id = a.order_id
      WHERE o.payment_status NOT IN ('none', 'authorizing', 'requires_action') LIMIT ${limit})`.execute(
    db,
  );
}

/** The provider names another currency than the order's: nothing of it is booked. Once per order. */
export async function reportWrongCurrency(
  db: Db,
  asked: { readonly orderId: string; readonly currency: string; readonly provider: string },
): Promise<void> {
  const { orderId, currency, provider } = asked;
  await db
    .insertInto('incidents')
    .values({
      key: `${orderId}:payment_currency_mismatch`,
      order_id: orderId,
      kind: 'payment_currency_mismatch',
      detail: JSON.stringify({ currency, provider }),
      at: new Date(),
      resolved_at: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

type Awaited = {
  readonly orderId: string;
  readonly provider: string;
  readonly providerRef: string;
};

/** Payments that have waited for their payer since before `since`, any of them at most 50. */
export async function awaitedPayments(db: Db, since: Date): Promise<readonly Awaited[]> {
  const { rows } = await sql<{ id: string; method: string; ref: string }>`
    SELECT id, facts->>'paymentMethod' AS method, provider_ref AS ref FROM orders
    WHERE payment_status = 'requires_action' AND updated_at < ${since} AND provider_ref IS NOT NULL
    ORDER BY random() LIMIT 50`.execute(db);
  return rows.map(({ id, method, ref }) => ({
    orderId: id,
    provider: providerOf(method),
    providerRef: ref,
  }));
}

/** Its order waits for this payment no more and has no use for a hold. */
export async function isLetGo(
  db: Db,
  { orderId, providerRef }: { readonly orderId: string; readonly providerRef: string },
): Promise<boolean> {
  const row = await db
    .selectFrom('orders')
    .select('id')
    .where('id', '=', orderId)
    .where('provider_ref', '=', providerRef)
    .where('payment_status', 'in', ['voiding', 'voided', 'declined', 'written_off'])
    .executeTakeFirst();
  return row !== undefined;
}
