// A wallet in the audit's made-up data: filled by a card, a part of it withdrawn again.

import type { ProviderPayment } from '../../adapters/card-gateway.ts';
import { newId } from '../../db/new-id.ts';
import { balanced, type Posting } from '../../domain/ledger.ts';
import { topUpPosting } from '../../domain/top-up.ts';
import { withdrawalEndPosting, withdrawalPosting } from '../../domain/withdrawal.ts';
import type { AuditedTopUp, LedgerTransaction } from '../../scripts/audit/data.ts';

const currency = 'USD';
const [filledMinor, withdrawnMinor, lostMinor] = [5_000, 1_000, 200];

export function soundWallet(at: number) {
  const customerId = newId('customer', at);
  const withdrawalId = newId('withdrawal', at);
  const topUp: AuditedTopUp = {
    id: newId('topUp', at),
    customerId,
    currency,
    amountMinor: filledMinor,
    providerRef: 'pi_top_up',
    status: 'paid',
    withdrawn: [
      { withdrawalId, n: 1, amountMinor: withdrawnMinor, status: 'refunded', wasRefunded: true },
      { withdrawalId, n: 2, amountMinor: lostMinor, status: 'failed', wasRefunded: false },
    ],
  };
  const provider = 'stripe';
  const facts = { withdrawalId, customerId };
  const parts = topUp.withdrawn.map(({ amountMinor }) => ({ provider, amountMinor }));
  const postings: readonly Posting[] = [
    topUpPosting({ topUpId: topUp.id, customerId, provider, amountMinor: filledMinor }, 'top_up'),
    withdrawalPosting(facts, parts),
    ...topUp.withdrawn.map(({ n, amountMinor, status }) =>
      withdrawalEndPosting(facts, {
        n,
        provider,
        amountMinor,
        end: status === 'refunded' ? 'refunded' : 'failed',
      }),
    ),
  ];
  const ledger = postings
    .flatMap((each) => balanced(each) ?? [])
    .map((posting): LedgerTransaction => ({
      ...posting,
      orderId: 'none',
      currency,
      entries: posting.entries.map((entry) => ({ ...entry, currency })),
    }));
  const payment: ProviderPayment = {
    providerRef: 'pi_top_up',
    orderId: topUp.id,
    step: 'topup',
    attempt: 1,
    status: 'captured',
    authorizedMinor: filledMinor,
    capturedMinor: filledMinor,
    refundedMinor: withdrawnMinor,
    currency,
    createdAt: at,
  };
  return { topUp, ledger, payment };
}
