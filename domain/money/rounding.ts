// Totals are rounded once, at the very end, to what the way of paying can move; the difference is booked to the
// rounding account and never disappears.

import { stepOf, type Rail } from '../money.ts';

export type Rounded = {
  /** A multiple of the step. */
  readonly payableMinor: number;
  /** payable − total; positive when the payer gives more. Smaller than one step. */
  readonly roundingMinor: number;
};

/** To the nearest step, halves away from zero, so that a charge and its refund round alike. */
export function roundFor(
  rail: Rail,
  { totalMinor, currency }: { readonly totalMinor: number; readonly currency: string },
): Rounded {
  const step = stepOf(currency, rail);
  const size = Math.abs(totalMinor);
  const left = size % step;
  const rounded = left * 2 >= step ? size - left + step : size - left;
  const payableMinor = step === 1 ? totalMinor : Math.sign(totalMinor) * rounded || 0;
  return { payableMinor, roundingMinor: payableMinor - totalMinor };
}

/** The smallest amount that can be held and is not less than `totalMinor` (≥ 0). For holds. */
export function roundUpFor(
  rail: Rail,
  { totalMinor, currency }: { readonly totalMinor: number; readonly currency: string },
): number {
  const step = stepOf(currency, rail);
  return Math.ceil(totalMinor / step) * step;
}

/** The largest payable amount that does not exceed `totalMinor` (≥ 0); the rest stays owed. For payouts. */
export function roundDownFor(
  rail: Rail,
  { totalMinor, currency }: { readonly totalMinor: number; readonly currency: string },
): number {
  return totalMinor - (totalMinor % stepOf(currency, rail));
}
