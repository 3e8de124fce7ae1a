// A dispute as JSON, and what would be said about it.

import type { DisputeRow } from '../../db/disputes.ts';
import type { Judged } from '../actions/dispute-evidence.ts';

export const disputeBody = (row: DisputeRow) => ({
  dispute_id: row.dispute_ref,
  order_id: row.order_id,
  provider: row.provider,
  status: row.status,
  reason: row.reason,
  amount_minor: row.amount_minor,
  currency: row.currency,
  opened_at: row.opened_at.toISOString(),
  evidence_due_at: row.evidence_due_at?.toISOString() ?? null,
  evidence_sent_at: row.evidence_sent_at?.toISOString() ?? null,
  closed_at: row.closed_at?.toISOString() ?? null,
});

export const evidencePreview = ({ dispute, evidence, refused }: Judged) => ({
  dispute: disputeBody(dispute),
  allowed: refused === undefined,
  refusal: refused ? { code: refused.code, reason: refused.reason } : null,
  sends: Object.entries(evidence).map(([field, text]) => ({ field, text })),
});
