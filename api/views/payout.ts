// A payout, and the account it goes to, as JSON. The destination itself is shown to nobody.

import type { PayoutAccount } from '../../db/payout-accounts.ts';
import type { Payout } from '../../db/payouts.ts';

export const payoutBody = (row: Payout) => ({
  id: row.id,
  party: row.party,
  kind: row.kind,
  period: row.period,
  earned_before: row.ends_at.toISOString(),
  status: row.status,
  code: row.code,
  amount_minor: row.amount_minor,
  currency: row.currency,
  rail: row.rail,
  instant: row.instant,
  created_at: row.created_at.toISOString(),
  paid_at: row.paid_at?.toISOString() ?? null,
  finished_at: row.finished_at?.toISOString() ?? null,
});

export const payoutAccountBody = (row: PayoutAccount) => ({
  party: row.party,
  rail: row.rail,
  verified: row.verified,
  held: row.held_by !== null,
  changed_at: row.changed_at.toISOString(),
});
