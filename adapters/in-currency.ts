// What a provider says of money is believed only in the currency that it was asked for, and of a refund only its amount.

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

/** As `inCurrency`, and throws for another amount: what is given back is all that was asked for, or nothing. */
export function asAsked<T extends object>(
  answer: T,
  {
    amountMinor,
    ...asked
  }: { readonly system: string; readonly currency: string; readonly amountMinor: number },
): T {
  if ('amountMinor' in answer && answer.amountMinor !== amountMinor)
    throw outage({ system: asked.system, code: 'amount_mismatch' });
  return inCurrency(answer, asked);
}

/** Of an answer that was not believed: somebody must look at it now. */
export const isLie = (code: string): boolean =>
  code === 'amount_mismatch' || code === 'currency_mismatch';
