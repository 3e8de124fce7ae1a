// Money is whole minor units of one ISO 4217 currency; a float never touches it. Splitting, rounding, taxes and
// commission stand in `money/`.

type Currency = {
  /** Digits behind the point (ISO 4217). */
  readonly exponent: number;
  /** Smallest step that card networks move, in minor units: three-decimal currencies end in 0 (docs.stripe.com/currencies). */
  readonly cardStep: number;
  /** The least that a card takes, in minor units (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). */
  readonly cardMinimum: number;
  /** Smallest coin that is still handed out, in minor units. */
  readonly cashStep: number;
  /** Smallest step of a payout, in minor units: forints leave without fillér (docs.stripe.com/currencies). */
  readonly payoutStep: number;
};

const currency = (exponent: number, steps: Partial<Currency> = {}): Currency => ({
  exponent,
  cardStep: 1,
  // Where none is published: the worth of half a dollar, rounded up.
  cardMinimum: 50,
  cashStep: 1,
  payoutStep: steps.cardStep ?? 1,
  ...steps,
});

const table: Readonly<Record<string, Currency>> = {
  EUR: currency(2),
  USD: currency(2),
  GBP: currency(2, { cardMinimum: 30 }),
  CHF: currency(2, { cashStep: 5 }),
  CAD: currency(2, { cashStep: 5 }),
  AUD: currency(2, { cashStep: 5 }),
  HUF: currency(2, { cardMinimum: 17_500, cashStep: 500, payoutStep: 100 }),
  PLN: currency(2, { cardMinimum: 200 }),
  SEK: currency(2, { cardMinimum: 300, cashStep: 100 }),
  DKK: currency(2, { cardMinimum: 250, cashStep: 50 }),
  NOK: currency(2, { cardMinimum: 300, cashStep: 100 }),
  CZK: currency(2, { cardMinimum: 1_500, cashStep: 100 }),
  AED: currency(2, { cardMinimum: 200, cashStep: 25 }),
  SAR: currency(2, { cardMinimum: 200 }),
  JPY: currency(0),
  XAF: currency(0, { cardMinimum: 350, cashStep: 5 }),
  XOF: currency(0, { cardMinimum: 350, cashStep: 5 }),
  KWD: currency(3, { cardStep: 10, cardMinimum: 200, cashStep: 5 }),
  BHD: currency(3, { cardStep: 10, cardMinimum: 200, cashStep: 5 }),
};

/** The largest amount that an order or any part of it may reach, in minor units (Stripe's eight digits). */
export const maxAmountMinor = 99_999_999;

export const currencies: readonly string[] = Object.keys(table);

function factsOf(code: string): Currency {
  const found = Object.hasOwn(table, code) ? table[code] : undefined;
  if (found === undefined) throw new Error(`unknown currency ${code}`);
  return found;
}

/** Digits behind the point of an ISO 4217 currency (JPY 0, EUR 2, KWD 3). */
export const exponentOf = (code: string): number => factsOf(code).exponent;

export type Rail = 'card' | 'cash' | 'payout' | 'book';

/** The smallest step that can move this way, in minor units; in the books every minor unit counts. */
export function stepOf(code: string, rail: Rail): number {
  const { cardStep, cashStep, payoutStep } = factsOf(code);
  return { card: cardStep, cash: cashStep, payout: payoutStep, book: 1 }[rail];
}

/** The least that a card can be charged, in minor units. */
export const cardMinimumOf = (code: string): number => factsOf(code).cardMinimum;

/** `12.50`: the decimal that providers write in their messages. */
export function decimalOf(amountMinor: number, code: string): string {
  const exponent = exponentOf(code);
  const digits = String(Math.abs(amountMinor)).padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent);
  const sign = amountMinor < 0 ? '-' : '';
  return `${sign}${whole}${exponent === 0 ? '' : `.${digits.slice(-exponent)}`}`;
}

/** The way back, digit by digit. Undefined when it is no such decimal, or finer than the currency. */
export function minorOf(decimal: string, code: string): number | undefined {
  const [, sign, whole = '', fraction = ''] =
    /^(-?)(\d{1,15})(?:\.(\d{1,8}))?$/.exec(decimal) ?? [];
  const exponent = exponentOf(code);
  if (sign === undefined || /[^0]/.test(fraction.slice(exponent))) return undefined;
  const minor = Number(`${whole}${fraction.slice(0, exponent).padEnd(exponent, '0')}`);
  return Number.isSafeInteger(minor) ? (sign === '-' ? -minor : minor) : undefined;
}

/** `12.50 EUR`: for people, never parsed again. */
export const formatMoney = (amountMinor: number, code: string): string =>
  `${decimalOf(amountMinor, code)} ${code}`;

/** `bps` basis points of an amount, rounded half up to a whole minor unit. Exact below 2^53 / 10,000. */
export const shareOf = (amountMinor: number, bps: number): number =>
  Math.floor((amountMinor * bps + 5_000) / 10_000);

/** The sum, refused (a bug) when a part or the sum is no whole number that JavaScript counts exactly. */
export function sumMinor(amounts: readonly number[]): number {
  return amounts.reduce((total, each) => {
    const next = total + each;
    if (!Number.isSafeInteger(each) || !Number.isSafeInteger(next))
      throw new Error('an amount is not a whole number of minor units, or too large');
    return next;
  }, 0);
}
