// Money is whole minor units of one ISO 4217 currency; a float never touches it.

const exponents: Readonly<Record<string, number>> = {
  EUR: 2,
  USD: 2,
  GBP: 2,
  CHF: 2,
  CAD: 2,
  AUD: 2,
  HUF: 2,
  PLN: 2,
  SEK: 2,
  DKK: 2,
  NOK: 2,
  CZK: 2,
  AED: 2,
  SAR: 2,
  JPY: 0,
  XAF: 0,
  XOF: 0,
  KWD: 3,
  BHD: 3,
};

/** The largest amount that an order or any part of it may reach, in minor units (Stripe's eight digits). */
export const maxAmountMinor = 99_999_999;

export const currencies: readonly string[] = Object.keys(exponents);

/** Digits behind the point of an ISO 4217 currency (JPY 0, EUR 2, KWD 3). */
export function exponentOf(currency: string): number {
  const exponent = Object.hasOwn(exponents, currency) ? exponents[currency] : undefined;
  if (exponent === undefined) throw new Error(`unknown currency ${currency}`);
  return exponent;
}

/** `12.50 EUR`: for people, never parsed again. */
export function formatMoney(amountMinor: number, currency: string): string {
  const exponent = exponentOf(currency);
  return `${(amountMinor / 10 ** exponent).toFixed(exponent)} ${currency}`;
}

/** `bps` basis points of an amount, rounded half up to a whole minor unit. Exact below 2^53 / 10,000. */
export const shareOf = (amountMinor: number, bps: number): number =>
  Math.floor((amountMinor * bps + 5_000) / 10_000);
