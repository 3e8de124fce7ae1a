// An order that is over and whose ledger took money, without its workflow.

import { postOnce } from '../../db/ledger.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { ProviderName } from '../../domain/payment-methods.ts';
import type { Market } from '../db/market.ts';

type Taken = { readonly provider: ProviderName; readonly amountMinor: number };
export type Paid = {
  readonly orderId: OrderId;
  readonly customerId: string;
  readonly providerRef: string;
};

/** The ledger took this by one payment, or by the parts of one. */
export async function bookTaken(
  { db, setOrder, addEvents }: Pick<Market, 'db' | 'setOrder' | 'addEvents'>,
  { orderId, providerRef, customerId }: Paid,
  { method, currency, taken }: { method: string; currency: string; taken: readonly Taken[] },
): Promise<void> {
  const facts = JSON.stringify({ paymentMethod: method });
  await setOrder(orderId, { provider_ref: providerRef, facts, currency });
  await addEvents(orderId, [{ type: 'payment.captured', body: { attempt: 1, providerRef } }]);
  const amountMinor = taken.reduce((sum, each) => sum + each.amountMinor, 0);
  await postOnce(db, {
    orderId,
    currency,
    at: new Date(),
    posting: {
      key: `${orderId}:capture:1`,
      kind: 'capture',
      entries: [
        ...taken.map(({ provider: party, ...part }) => ({
          account: 'provider_clearing' as const,
          party,
          ...part,
        })),
        { account: 'customer', party: customerId, amountMinor: -amountMinor },
      ],
    },
  });
}

export async function endedOrder({
  db,
  addOrder,
}: Pick<Market, 'db' | 'addOrder'>): Promise<Omit<Paid, 'providerRef'>> {
  const orderId = await addOrder({ is_over: true, order_status: 'completed' });
  const { customer_id: customerId } = await db
    .selectFrom('orders')
    .select('customer_id')
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();
  return { orderId, customerId };
}
