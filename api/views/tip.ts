// A tip as JSON.

import type { Tip } from '../../db/tips.ts';
import type { Scope } from '../../db/scope.ts';
import type { TipStatus } from '../../domain/tip.ts';
import { isPayersSide } from './order.ts';

/** Until it is paid or declined, what we are about to do with the money is our own business. */
const publicStatuses: Readonly<Record<TipStatus, string>> = {
  requested: 'pending',
  sending: 'pending',
  requires_action: 'requires_action',
  authorized: 'pending',
  releasing: 'pending',
  paid: 'paid',
  declined: 'declined',
};

export const tipBody = (row: Tip, viewer: Scope) => ({
  n: row.n,
  order_id: row.order_id,
  status: publicStatuses[row.status],
  amount_minor: row.amount_minor,
  currency: row.currency,
  code: row.status === 'declined' ? row.code : null,
  ...(row.client_secret !== null && isPayersSide(viewer) && { client_secret: row.client_secret }),
  created_at: row.created_at.toISOString(),
  finished_at: row.finished_at?.toISOString() ?? null,
});
