// What the customer's app needs to confirm a payment (3-D Secure). A secret of the payer: served to them only while
// it is needed, never logged, never in a history.

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
