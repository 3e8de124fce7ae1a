// Disputes as rows, ledger and the providers' lists have them: one that is open, one that was lost in part.

import { bookDispute } from '../../domain/dispute.ts';
import type { AuditedDispute, LedgerTransaction, ListedDispute } from '../../scripts/audit/data.ts';

type Of = { readonly orderId: string; readonly currency: string; readonly openedAt: number };

export function disputesOf({ orderId, currency, openedAt }: Of) {
  const about = { orderId, currency, amountMinor: 800 } as const;
  const disputes: readonly AuditedDispute[] = [
    {
      ...about,
      provider: 'stripe',
      disputeRef: 'dp_1',
      status: 'open',
      lostMinor: 0,
      feeMinor: 20,
    },
    {
      ...about,
      provider: 'paypal',
      disputeRef: 'PP-1',
      status: 'lost',
      lostMinor: 700,
      feeMinor: 0,
    },
  ];
  const postings = disputes.flatMap((dispute) => bookDispute(dispute, undefined).postings);
  const ledger = postings.map((posting): LedgerTransaction => ({
    ...posting,
    orderId,
    currency,
    entries: posting.entries.map((entry) => ({ ...entry, currency })),
  }));
  const listed = disputes.map((dispute): ListedDispute => ({
    ...dispute,
    providerRef: 'pi_disputed',
    reason: 'fraudulent',
    evidenceDueAt: undefined,
    openedAt,
  }));
  return { disputes, ledger, listed };
}
