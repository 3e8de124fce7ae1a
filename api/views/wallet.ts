// Wallets, top-ups and withdrawals as JSON.

import type { Scope } from '../../db/scope.ts';
import type { TopUp } from '../../db/top-ups.ts';
import type { Withdrawal } from '../../db/withdrawals.ts';
import type { TopUpStatus } from '../../domain/top-up.ts';
import { isPayersSide } from './order.ts';

/** Until it is decided, what we are about to do with the money is our own business. */
const publicStatuses: Readonly<Record<TopUpStatus, string>> = {
  requested: 'pending',
  sending: 'pending',
  requires_action: 'requires_action',
  authorized: 'pending',
  releasing: 'pending',
  paid: 'paid',
  declined: 'declined',
  returning: 'pending',
  returned: 'returned',
};

export const topUpBody = (row: TopUp, viewer: Scope) => ({
  id: row.id,
  customer_id: row.customer_id,
  status: publicStatuses[row.status],
  amount_minor: row.amount_minor,
  currency: row.currency,
  code: row.finished_at === null ? null : row.code,
  ...(row.client_secret !== null && isPayersSide(viewer) && { client_secret: row.client_secret }),
  created_at: row.created_at.toISOString(),
  finished_at: row.finished_at?.toISOString() ?? null,
});

export const withdrawalBody = (row: Withdrawal) => ({
  id: row.id,
  customer_id: row.customer_id,
  status: row.status,
  amount_minor: row.amount_minor,
  currency: row.currency,
  created_at: row.created_at.toISOString(),
  finished_at: row.finished_at?.toISOString() ?? null,
});
