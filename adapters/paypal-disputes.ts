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

/** A dispute names the capture alone, which knows its order. Undefined: no payment that was made here. */
export async function paymentOfCapture(
  api: PaypalApi,
  capture: string,
): Promise<{ readonly providerRef: string; readonly orderId: string | undefined } | undefined> {
  const { body } = await api.get(`/v2/payments/captures/${encodeURIComponent(capture)}`);
  const related = inner(inner(body['supplementary_data'])['related_ids']);
  const providerRef = text(related['order_id']);
  const [orderId] = text(body['custom_id']).split(':');
  return providerRef === '' ? undefined : { providerRef, orderId: orderId || undefined };
}

/** A page of what the query finds, in full: a list shows little of each. */
async function readPage(api: PaypalApi, query: string): Promise<readonly Body[]> {
  const { status, body } = await api.get(`/v1/customer/disputes?${query}`);
  if (status !== 200) throw unanswered();
  const found: Body[] = [];
  for (const each of list(body['items'])) {
    const dispute = await api.get(`/v1/customer/disputes/${text(each['dispute_id'])}`);
    if (dispute.status !== 200) throw unanswered();
    found.push(dispute.body);
  }
  return found;
}

/** `captureOf`: what was captured by an order; undefined when nothing was. */
export function createPaypalDisputes(
  api: PaypalApi,
  captureOf: (orderId: string) => Promise<string | undefined>,
): PaymentPort['disputes'] {
  return async function disputes({ providerRef }) {
    const capture = await captureOf(providerRef);
    if (capture === undefined) return [];
    const found = await readPage(api, `disputed_transaction_id=${capture}`);
    return found.map((dispute) => readDispute(providerRef, dispute));
  };
}

/** PayPal's limits of a page and of their number. */
const pageSize = 50;
const mostPages = 50;

/** PayPal lists what has changed within 180 days. */
export const createPaypalDisputeList = (api: PaypalApi): NonNullable<PaymentPort['listDisputes']> =>
  async function* listDisputes({ changedAfter }) {
    const since = encodeURIComponent(new Date(changedAfter).toISOString());
    for (let page = 1; page <= mostPages; page++) {
      const query = `update_time_after=${since}&page_size=${pageSize}&page=${page}`;
      const found = await readPage(api, query);
      for (const dispute of found) {
        const [transaction] = list(dispute['disputed_transactions']);
        const payment = await paymentOfCapture(api, text(transaction?.['seller_transaction_id']));
        if (payment) yield readDispute(payment.providerRef, dispute);
      }
      if (found.length < pageSize) return;
    }
  };
