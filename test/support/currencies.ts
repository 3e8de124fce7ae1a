// The currencies in which orders live at random, one of every kind: two decimals, none, three, and what cannot be paid
// to the last fillér.

import { exponentOf } from '../../domain/money.ts';

/** What a euro is worth, about, so that amounts have the size that they have in life. */
const rates = { EUR: 1, JPY: 160, XAF: 656, KWD: 0.33, HUF: 400 } as const;

export type Currency = keyof typeof rates;
export const currencies = Object.keys(rates) as readonly Currency[];

/** Minor units, about the worth of so many euro cents. */
export const worthOf = (euroCents: number, currency: Currency): number =>
  Math.round((euroCents * rates[currency] * 10 ** exponentOf(currency)) / 100);
