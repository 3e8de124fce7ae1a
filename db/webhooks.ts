// Webhooks of payment providers and partner fleets: each kept once, then told to the order that waits for it.

import { sql } from 'kysely';
import type { OrderId } from '../domain/ids.ts';
import type { ProviderName } from '../domain/payment-methods.ts';
import type { Db } from './connect.ts';
import { tipsBehind } from './tips.ts';
import { topUpsBehind } from './top-ups.ts';

export const partnerFleet = 'partner_fleet';

export type ProviderWebhook = {
  readonly provider: ProviderName | typeof partnerFleet;
  readonly eventId: string;
  readonly type: string;
  readonly providerRef: string | undefined;
  readonly orderId: OrderId | undefined;
};

/** What to do with a webhook now, by the state of its order's payment. */
export type WebhookVerdict =
  /** The order waits for this payment. */
  | { readonly kind: 'tell'; readonly orderId: OrderId; readonly providerRef: string }
  /** The provider was faster than our own record of its answer, or a tip or top-up waits for it: the housekeeping looks again. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'done' };

/** Idempotent per provider and event. True when it had been dealt with before. */
export async function saveWebhook(db: Db, webhook: ProviderWebhook): Promise<boolean> {
  const { provider, eventId, type, providerRef = null, orderId = null } = webhook;
  const row = await db
    .insertInto('provider_webhooks')
    .values({
      provider,
      event_id: eventId,
      type,
      provider_ref: providerRef,
      order_id: orderId,
      done_at: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['provider', 'event_id'])
        .doUpdateSet({ type: (eb) => eb.ref('excluded.type') }),
    )
    .returning('done_at')
    .executeTakeFirstOrThrow();
  return row.done_at !== null;
}

export async function webhookVerdict(
  db: Db,
  { orderId, providerRef }: ProviderWebhook,
): Promise<WebhookVerdict> {
  if (providerRef === undefined) return { kind: 'done' };
  if (orderId === undefined)
    return (await topUpsBehind(db, { providerRef })).length > 0
      ? { kind: 'wait' }
      : { kind: 'done' };
  const order = await db
    .selectFrom('orders')
    .select(['payment_status', 'provider_ref'])
    .where('id', '=', orderId)
    .executeTakeFirst();
  if (!order) return { kind: 'done' };
  if (order.payment_status === 'none' || order.payment_status === 'authorizing')
    return { kind: 'wait' };
  if (order.payment_status === 'requires_action' && order.provider_ref === providerRef)
    return { kind: 'tell', orderId, providerRef };
  const tips = await tipsBehind(db, { providerRef });
  return tips.length > 0 ? { kind: 'wait' } : { kind: 'done' };
}

type News = Omit<ProviderWebhook, 'eventId' | 'orderId' | 'provider'> & {
  readonly provider: string;
  readonly orderId: string | undefined;
};

const saysTaken: ReadonlySet<string> = new Set([
  'campay.successful',
  'noupay.successful',
  'PAYMENT.CAPTURE.COMPLETED',
]);

const saysGone: ReadonlySet<string> = new Set([
  'PAYMENT.CAPTURE.DECLINED',
  'PAYMENT.CAPTURE.DENIED',
  'PAYMENT.CAPTURE.REVERSED',
]);

const saysReleased: ReadonlySet<string> = new Set([
  'payment_intent.canceled',
  'PAYMENT.AUTHORIZATION.VOIDED',
]);

/**
 * Opens an incident, once per payment, when money was taken that nobody here asked for or waits for any more, or when what
 * was taken, or is held for an order under way, is gone. It ends with the nightly comparison, which finds out what is true. The cards' provider lists its
 * books: nothing of it is missed.
 */
export async function reportUnexpected(db: Db, news: News, now: Date): Promise<void> {
  const { type, providerRef } = news;
  if (providerRef === undefined) return;
  if (saysTaken.has(type)) await reportTaken(db, { ...news, providerRef }, now);
  if (saysGone.has(type)) await reportGone(db, { ...news, providerRef }, now);
  if (saysReleased.has(type)) await reportReleased(db, { ...news, providerRef }, now);
}

type Told = News & { readonly providerRef: string };

async function reportGone(db: Db, { provider, providerRef, orderId }: Told, now: Date) {
  const detail = JSON.stringify({ provider, providerRef, orderId });
  await sql`
    INSERT INTO incidents (key, order_id, kind, detail, at)
    SELECT ${`reconcile:${providerRef}:payment_reversed`}, (SELECT id FROM orders WHERE id = ${orderId ?? null}),
      'reconcile_payment_reversed', ${detail}::jsonb, ${now}
    WHERE EXISTS (SELECT FROM tips WHERE provider_ref = ${providerRef} AND status = 'paid')
      OR EXISTS (SELECT FROM orders WHERE provider_ref = ${providerRef} AND payment_status = 'captured')
    ON CONFLICT DO NOTHING`.execute(db);
}

/** Nobody here let it go: before the capture fails somebody can ask the customer for another card. */
async function reportReleased(db: Db, { provider, providerRef, orderId }: Told, now: Date) {
  const detail = JSON.stringify({ provider, providerRef, orderId });
  await sql`
    INSERT INTO incidents (key, order_id, kind, detail, at)
    SELECT ${`reconcile:${providerRef}:hold_released`}, id, 'reconcile_hold_released', ${detail}::jsonb, ${now}
    FROM orders WHERE id = ${orderId ?? null} AND provider_ref = ${providerRef} AND payment_status = 'authorized'
    ON CONFLICT DO NOTHING`.execute(db);
}

async function reportTaken(db: Db, { provider, providerRef, orderId }: Told, now: Date) {
  const detail = JSON.stringify({ provider, providerRef, orderId });
  // While the order lets go of what was never answered, it finds the payment itself.
  await sql`
    INSERT INTO incidents (key, order_id, kind, detail, at)
    SELECT ${`reconcile:${providerRef}:payment_unexpected`}, (SELECT id FROM orders WHERE id = ${orderId ?? null}),
      'reconcile_payment_unexpected', ${detail}::jsonb, ${now}
    WHERE NOT EXISTS (SELECT FROM tips WHERE provider_ref = ${providerRef})
      AND NOT EXISTS (SELECT FROM top_ups WHERE provider_ref = ${providerRef} AND status <> 'declined')
      AND NOT EXISTS (SELECT FROM orders WHERE id = ${orderId ?? null} AND (payment_status = 'voiding'
        OR provider_ref = ${providerRef} AND payment_status NOT IN ('voided', 'declined', 'written_off')))
    ON CONFLICT DO NOTHING`.execute(db);
}
