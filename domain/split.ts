// An order that is paid out of a wallet and by a card for the rest: one order, two payments. The token names the wallet's
// owner, the most that the wallet is asked for, and the card. Why the wallet gives first: docs/decisions/0025.

import { idPattern } from './ids.ts';
import { cardMinimumOf, stepOf } from './money.ts';

export type SplitMethod = {
  readonly customerId: string;
  /** Exactly so much; undefined: whatever the wallet has. */
  readonly walletMinor: number | undefined;
  /** The provider's token. */
  readonly card: string;
};

/** Of the wallet's holds, one per attempt to pay. */
export const walletStep = 'wallet';

export const splitToken = ({ customerId, walletMinor, card }: SplitMethod): string =>
  `split:${customerId}_${walletMinor ?? 'all'}_${card}`;

const customer = idPattern('customer').slice(1, -1);
const form = new RegExp(`^split:(${customer})_(all|\\d{1,9})_(pm_\\w{1,200})$`);

export function parseSplitToken(token: string): SplitMethod | undefined {
  const [, customerId, most, card] = form.exec(token) ?? [];
  if (customerId === undefined || card === undefined) return undefined;
  return { customerId, walletMinor: most === 'all' ? undefined : Number(most), card };
}

/** The same wallet, another card. */
export function withCard(token: string, card: string): string {
  const method = parseSplitToken(token);
  return method ? splitToken({ ...method, card }) : card;
}

/** What the wallet may give of an amount: all of it, or what leaves the card something that it can move. */
export function walletShare(
  amountMinor: number,
  { currency, mostMinor }: { readonly currency: string; readonly mostMinor: number },
): number {
  if (mostMinor >= amountMinor) return amountMinor;
  const most = Math.max(0, Math.min(mostMinor, amountMinor - cardMinimumOf(currency)));
  return most - (most % stepOf(currency, 'card'));
}
