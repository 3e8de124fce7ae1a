// How an order is to be paid, from what its market offers: the method, the token that its provider understands, and the
// payer's phone where that is who is asked.

import type { DraftNote } from '../../db/drafts.ts';
import { newId } from '../../db/new-id.ts';
import type { BranchFacts } from '../../db/tenants.ts';
import type { OrderFacts } from '../../domain/order.ts';
import { cardMinimumOf } from '../../domain/money.ts';
import { methodsFor, type ProviderName } from '../../domain/payment-methods.ts';
import { splitToken } from '../../domain/split.ts';
import { badField, problem } from '../problems.ts';
import type { NewOrder } from '../schemas/orders.ts';

type Payment = NewOrder['payment'];
type Terms = Pick<OrderFacts, 'method' | 'paymentMethod'> & {
  readonly payer: DraftNote | undefined;
};

const providers = {
  card: 'stripe',
  paypal: 'paypal',
  wallet: 'wallet',
  split: 'split',
  cash: 'cash',
  external: 'external',
} as const;

const providerOfPayment = (payment: Payment): ProviderName =>
  payment.method === 'mobile_money' ? payment.provider : providers[payment.method];

/** Throws payment_method_unavailable, invalid_request. */
export function paymentTerms(
  { payment, customer }: Pick<NewOrder, 'payment' | 'customer'>,
  { branch, now, promisedAt = now }: Placing,
): Terms {
  const market = { providers: branch.paymentProviders, currency: branch.currency };
  const order = { paidElsewhere: payment.method === 'external', aheadMs: promisedAt - now };
  const provider = providerOfPayment(payment);
  const offered = methodsFor(market, order);
  const needed: readonly ProviderName[] = provider === 'split' ? ['wallet', 'stripe'] : [provider];
  if (!needed.every((each) => offered.includes(each)))
    throw problem('payment_method_unavailable', `the market does not take ${provider} for this`, {
      errors: [
        {
          field: 'payment.method',
          problem: 'is not offered here, or not so far ahead',
        },
      ],
    });
  const { method } = payment;
  switch (method) {
    case 'card':
      return { method, paymentMethod: payment.token, payer: undefined };
    case 'paypal':
      return { method, paymentMethod: 'paypal', payer: undefined };
    case 'wallet':
      return { method, paymentMethod: `wallet:${ownerOf(customer)}`, payer: undefined };
    case 'split': {
      const { wallet_minor: walletMinor, token: card } = payment;
      const customerId = ownerOf(customer);
      return {
        method,
        paymentMethod: splitToken({ customerId, walletMinor, card }),
        payer: undefined,
      };
    }
    case 'mobile_money': {
      // A phone number is never a part of a payment method: the reference names the sealed note that holds it.
      const payer = { id: newId('note', now), text: payment.phone };
      return { method, paymentMethod: `${provider}:${payer.id}`, payer };
    }
    case 'cash':
    case 'external':
      return { method, paymentMethod: '', payer: undefined };
  }
}

/** Throws invalid_request when a named share of the wallet leaves the card less than any card takes. */
export function assertCardTakes(
  payment: Payment,
  { heldMinor, currency }: { readonly heldMinor: number; readonly currency: string },
): void {
  if (payment.method !== 'split' || payment.wallet_minor === undefined) return;
  const restMinor = heldMinor - payment.wallet_minor;
  const leastMinor = cardMinimumOf(currency);
  if (restMinor > 0 && restMinor < leastMinor)
    throw badField(
      'payment.wallet_minor',
      `leaves the card ${restMinor} of ${heldMinor}, less than a card takes`,
      leastMinor,
    );
}

function ownerOf(customer: NewOrder['customer']): string {
  if ('id' in customer) return customer.id;
  throw badField('customer.id', 'is required: a guest has no wallet');
}

type Placing = {
  readonly branch: Pick<BranchFacts, 'paymentProviders' | 'currency'>;
  readonly now: number;
  readonly promisedAt?: number | undefined;
};
