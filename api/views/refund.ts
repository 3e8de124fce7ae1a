// A refund as JSON.

import type { Refund } from '../../db/refunds.ts';

export const refundBody = (row: Refund) => ({
  id: row.id,
  order_id: row.order_id,
  to: row.provider === 'wallet' ? 'wallet' : row.provider === 'cash' ? 'cash' : 'payment',
  part_of: row.part_of,
  status: row.status,
  amount_minor: row.amount_minor,
  currency: row.currency,
  reason: row.reason,
  fault: row.fault,
  borne_by: row.bearers.map(({ account, amountMinor }) => ({ account, amount_minor: amountMinor })),
  code: row.code,
  reference: row.refund_ref,
  created_at: row.created_at.toISOString(),
  decide_before: row.decide_before?.toISOString() ?? null,
  finished_at: row.finished_at?.toISOString() ?? null,
});
