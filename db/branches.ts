// What a branch's own silence or attention does to it: its tablet is seen, two orders in a row that nobody answered
// pause it. Called by `record`, in the order's transaction.

import type { Transaction } from 'kysely';
import type { BranchId } from '../domain/ids.ts';
import type { OrderFacts } from '../domain/order.ts';
import type { Database } from './schema.ts';

/** Never backwards: acknowledgements may be recorded in another order. */
export async function tabletSeen(
  trx: Transaction<Database>,
  { branchId, at }: { readonly branchId: BranchId; readonly at: number },
): Promise<void> {
  const seen = new Date(at);
  await trx
    .updateTable('branches')
    .set({ acknowledged_at: seen })
    .where('id', '=', branchId)
    .where((eb) => eb.or([eb('acknowledged_at', 'is', null), eb('acknowledged_at', '<', seen)]))
    .execute();
}

/** The order that the branch was asked about before this one had expired too: no more orders for a while. */
export async function pauseIfSilent(
  trx: Transaction<Database>,
  { facts, at }: { readonly facts: OrderFacts; readonly at: number },
): Promise<void> {
  const before = await trx
    .selectFrom('orders')
    .select('end_reason')
    .where('branch_id', '=', facts.branchId)
    .where('id', '<>', facts.orderId)
    .where('order_status', 'not in', ['payment_pending', 'scheduled', 'pending'])
    .where((eb) =>
      eb.or([
        eb('end_reason', 'is', null),
        eb('end_reason', 'not in', ['payment_failed', 'payment_not_completed']),
      ]),
    )
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (before?.end_reason !== 'merchant_expired') return;
  await trx
    .updateTable('branches')
    .set({ paused_until: new Date(at + facts.policy.branchPauseMs) })
    .where('id', '=', facts.branchId)
    .execute();
}
