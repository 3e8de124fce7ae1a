// Asks the providers that have no list of their books for every payment that we have a name for, one by one.

import type { PaymentPort } from '../../adapters/payment-port.ts';
import type { Db } from '../../db/connect.ts';
import { namedPayments, type Named } from '../../db/named-payments.ts';
import type { ProviderObject } from './data.ts';

type Asked = Pick<PaymentPort, 'provider' | 'look'>;

const pageSize = 200;

export async function* loadObjects(
  db: Db,
  { provider, look }: Asked,
): AsyncIterable<ProviderObject> {
  for (let after: Named | undefined; ;) {
    const page = await namedPayments(db, { provider, since: new Date(0), after, limit: pageSize });
    for (const { providerRef, orderId } of page) {
      const truth = await look({ providerRef });
      const { status, refundedMinor } = truth;
      const capturedMinor = truth.status === 'captured' ? truth.amountMinor : 0;
      yield { provider, providerRef, orderId, status, capturedMinor, refundedMinor };
    }
    if (page.length < pageSize) return;
    after = page.at(-1);
  }
}
