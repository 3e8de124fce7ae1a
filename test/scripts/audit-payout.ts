// A payout as row, ledger and the provider have it.

import { payoutEndPosting, payoutNameOf, payoutSentPosting } from '../../domain/payout.ts';
import type { ProviderPayout } from '../../domain/provider-books.ts';
import type { AuditedPayout, LedgerTransaction } from '../../scripts/audit/data.ts';

type Of = { readonly merchantId: string; readonly currency: string };

const payoutMinor = 1_500;

/** Paid to a merchant, and arrived. */
export function payoutOf({ merchantId, currency }: Of) {
  const payout: AuditedPayout = {
    party: merchantId,
    period: '2026-11-05',
    kind: 'merchant',
    rail: 'stripe',
    amountMinor: payoutMinor,
    currency,
    status: 'paid',
    wasPaid: true,
  };
  const facts = { ...payout, rail: 'stripe', amountMinor: payoutMinor } as const;
  const postings = [payoutSentPosting(facts), payoutEndPosting(facts, { kind: 'paid' })];
  const ledger = postings.map((posting): LedgerTransaction => ({
    ...posting,
    orderId: 'none',
    currency,
    entries: posting.entries.map((entry) => ({ ...entry, currency })),
  }));
  const left: ProviderPayout = {
    providerRef: 'tr_1',
    name: payoutNameOf(payout),
    amountMinor: payoutMinor,
    currency,
    returned: false,
  };
  return { payout, ledger, left };
}
