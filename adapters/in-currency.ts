// What a provider says of money is believed only in the currency that it was asked for.

import { outage } from './outage.ts';

/**
 * `answer` itself. Throws an Outage for one that names another currency: nothing of it may be recorded, and the object is
 * asked about again. Our own books (wallet) name none.
 */
export function inCurrency<T extends object>(
  answer: T,
  { system, currency }: { readonly system: string; readonly currency: string },
): T {
  const named = 'currency' in answer ? answer.currency : undefined;
  if (named !== undefined && named !== currency.toUpperCase())
    throw outage({ system, code: 'currency_mismatch' });
  return answer;
}
