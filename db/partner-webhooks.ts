// Webhooks of a partner fleet: each kept once.

import type { OrderId } from '../domain/ids.ts';
import type { Db } from './connect.ts';

export type PartnerWebhook = {
  readonly eventId: string;
  readonly type: string;
  readonly partnerRef: string | undefined;
  readonly orderId: OrderId | undefined;
};

const provider = 'partner_fleet';

/** Idempotent. True when it had been dealt with before. */
export async function savePartnerWebhook(
  db: Db,
  { eventId, type, partnerRef, orderId }: PartnerWebhook,
): Promise<boolean> {
  const row = await db
    .insertInto('provider_webhooks')
    .values({
      provider,
      event_id: eventId,
      type,
      provider_ref: partnerRef ?? null,
      order_id: orderId ?? null,
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

export async function partnerWebhookDone(
  db: Db,
  { eventId, now }: { readonly eventId: string; readonly now: Date },
): Promise<void> {
  await db
    .updateTable('provider_webhooks')
    .set({ done_at: now })
    .where('provider', '=', provider)
    .where('event_id', '=', eventId)
    .execute();
}
