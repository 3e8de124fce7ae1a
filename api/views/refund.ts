// A refund as JSON.

import type { Refund } from '../../db/refunds.ts';
import { waitOf } from '../../domain/refund-wait.ts';

function waitBody(row: Refund) {
  const wait = waitOf(row);
  return wait && { for: wait.what, ends_by: [...wait.endsBy] };
}

export const refundBody = (row: Refund) => ({
  id: row.id,
  order_id: row.order_id,
  to: row.provider === 'wallet' ? 'wallet' : row.provider === 'cash' ? 'cash' : 'payment',
  part_of: row.part_of,
  status: row.status,
  amount_minor: row.amount_minor,
  asked_minor: row.asked_minor,
  currency: row.currency,
  reason: row.reason,
  fault: row.fault,
  borne_by: row.bearers.map(({ account, amountMinor }) => ({ account, amount_minor: amountMinor })),
  settlement: row.settlement && {
    outcome: row.settlement.outcome,
    amount_minor: row.settlement.booked?.amountMinor ?? null,
    asked_at: new Date(row.settlement.at).toISOString(),
    approved: row.settlement.approvedBy !== undefined,
  },
  waits_for: waitBody(row),
  code: row.code,
  reference: row.refund_ref,
  created_at: row.created_at.toISOString(),
  decide_before: row.decide_before?.toISOString() ?? null,
  finished_at: row.finished_at?.toISOString() ?? null,
});
