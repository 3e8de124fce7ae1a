// Disputes at PayPal (developer.paypal.com/docs/api/customer-disputes/v1), from the payer's first complaint on: PayPal
// keeps the amount back until it is resolved. Called by paypal.ts.
import type { ProviderDispute } from '../domain/provider-books.ts';
import { outage } from './outage.ts';
import type { PaymentPort } from './payment-port.ts';
import { inner, list, minorIn, text, type Body, type PaypalApi } from './paypal-api.ts';

/** `RESOLVED_WITH_PAYOUT`: PayPal itself pays the buyer. Without a word of who won it stays open. */
const outcomes: Readonly<Record<string, 'won' | 'lost'>> = {
  RESOLVED_SELLER_FAVOUR: 'won',
  RESOLVED_WITH_PAYOUT: 'won',
  CANCELED_BY_BUYER: 'won',
  DENIED: 'won',
  RESOLVED_BUYER_FAVOUR: 'lost',
  ACCEPTED: 'lost',
};

const timeOf = (value: unknown): number | undefined => {
  const at = Date.parse(text(value));
  return Number.isNaN(at) ? undefined : at;
};

function readDispute(providerRef: string, dispute: Body): ProviderDispute {
  const end = inner(dispute['dispute_outcome']);
  const outcome = outcomes[text(end['outcome_code'])];
  const isResolved = text(dispute['status']) === 'RESOLVED';
  return {
    disputeRef: text(dispute['dispute_id']),
    providerRef,
    amountMinor: minorIn(dispute, 'dispute_amount'),
    feeMinor: 0,
    currency: text(inner(dispute['dispute_amount'])['currency_code']),
    status: (isResolved ? outcome : undefined) ?? 'open',
    lostMinor: 'amount_refunded' in end ? minorIn(end, 'amount_refunded') : undefined,
    reason: text(dispute['reason']).toLowerCase(),
    evidenceDueAt: timeOf(dispute['seller_response_due_date']),
    openedAt: timeOf(dispute['create_time']) ?? 0,
  };
}

/** Nothing is concluded from an answer that says nothing of disputes. */
const unanswered = () => outage({ system: 'paypal', code: 'server_error' });

/** `captureOf`: what was captured by an order; undefined when nothing was. */
export function createPaypalDisputes(
  api: PaypalApi,
  captureOf: (orderId: string) => Promise<string | undefined>,
): PaymentPort['disputes'] {
  return async function disputes({ providerRef }) {
    const capture = await captureOf(providerRef);
    if (capture === undefined) return [];
    const { status, body } = await api.get(
      `/v1/customer/disputes?disputed_transaction_id=${capture}`,
    );
    if (status !== 200) throw unanswered();
    const found: ProviderDispute[] = [];
    for (const each of list(body['items'])) {
      const dispute = await api.get(`/v1/customer/disputes/${text(each['dispute_id'])}`);
      if (dispute.status !== 200) throw unanswered();
      found.push(readDispute(providerRef, dispute.body));
    }
    return found;
  };
}
