// What a customer pays for goods: their listed price less the merchant's own discount, and the tax that is inside it or
// comes on top.

import type { Taxes } from '../order.ts';
import { taxOf } from './tax.ts';

/** What was agreed on for all the goods of an order; a part of them costs its share. */
export type PriceTerms = {
  /** `offMinor` off goods of `ofMinor`: fewer goods have as much less of it, more have no more. */
  readonly discount?: { readonly offMinor: number; readonly ofMinor: number } | undefined;
  readonly taxes?: Taxes | undefined;
};

/** price = listed − discount, and + tax where it comes on top. */
export type Price = {
  readonly discountMinor: number;
  readonly taxMinor: number;
  readonly priceMinor: number;
};

/** Of goods listed at `listMinor` (≥ 0). */
export function priceOf(listMinor: number, { discount, taxes }: PriceTerms): Price {
  const discountMinor = discount ? discountOf(listMinor, discount) : 0;
  const { taxMinor, grossMinor } = taxOf(taxes?.mode ?? 'inclusive', {
    amountMinor: listMinor - discountMinor,
    rateBps: taxes?.goodsBps ?? 0,
  });
  return { discountMinor, taxMinor, priceMinor: grossMinor };
}

const discountOf = (
  listMinor: number,
  { offMinor, ofMinor }: NonNullable<PriceTerms['discount']>,
): number =>
  listMinor >= ofMinor
    ? offMinor
    : Number((BigInt(offMinor) * BigInt(listMinor)) / BigInt(ofMinor));
