// What operations and support read in the Temporal UI: the card, and the two search attributes worth an upsert.

import { defineSearchAttributeKey } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { hasEnded, type OrderState } from '../domain/order.ts';
import { detailsOf } from '../domain/view.ts';

const stageKey = defineSearchAttributeKey('Stage', 'KEYWORD');
const stuckKey = defineSearchAttributeKey('StuckReason', 'KEYWORD');

/** An upsert costs an action and an index write, hence three coarse stages; PostgreSQL knows the rest. */
function stageOf({ delivery, order }: OrderState): string {
  if (beforeAccepting.has(order.status)) return 'waiting_for_merchant';
  return delivery.status === 'searching' ? 'finding_driver' : 'delivering';
}
const beforeAccepting: ReadonlySet<string> = new Set([
  'payment_pending',
  'scheduled',
  'pending',
  'awaiting_prescription',
]);

const stuckReason = ({ delivery, payment }: OrderState): string | undefined => {
  if (delivery.status === 'delivery_unconfirmed' || delivery.status === 'problem')
    return delivery.status;
  if (delivery.status === 'partner_unconfirmed') return 'delivery_unconfirmed';
  if (delivery.status === 'searching' && delivery.escalated) return 'no_driver_found';
  return payment.status === 'capture_failed' ? 'capture_failed' : undefined;
};

export function showOrder(state: OrderState): void {
  setCurrentDetails(detailsOf(state));
  const { typedSearchAttributes: shown } = workflowInfo();
  const stage = hasEnded(state) ? shown.get(stageKey) : stageOf(state);
  const stuck = stuckReason(state);
  const updates = [
    ...(stage !== undefined && stage !== shown.get(stageKey)
      ? [{ key: stageKey, value: stage }]
      : []),
    ...(stuck === shown.get(stuckKey) ? [] : [{ key: stuckKey, value: stuck ?? null }]),
  ];
  if (updates.length > 0) upsertSearchAttributes(updates);
}
