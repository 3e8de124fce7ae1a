// What the platform may take a share of: the goods net of the merchant's own discounts and of tax; never tax, tip or
// delivery. Tax on the fee itself is charged on top of it.

import { shareOf } from '../money.ts';

export type CommissionTerms = {
  readonly commissionBps: number;
  /** VAT that the platform charges on its fee; 0 where it charges none. */
  readonly vatBps: number;
};
export type CommissionBase = {
  /** As sold, before discounts, with the tax that is inside the prices. */
  readonly goodsMinor: number;
  readonly goodsTaxMinor: number;
  /** Discounts that the merchant pays for itself; the platform's own do not make its base smaller. */
  readonly merchantDiscountMinor: number;
};
export type Commission = {
  readonly baseMinor: number;
  readonly feeMinor: number;
  readonly vatMinor: number;
};

/** `goodsTaxMinor` is the tax on the discounted goods. A base below zero counts as none. */
export function commissionOf(base: CommissionBase, terms: CommissionTerms): Commission {
  const { goodsMinor, goodsTaxMinor, merchantDiscountMinor } = base;
  const baseMinor = Math.max(0, goodsMinor - merchantDiscountMinor - goodsTaxMinor);
  const feeMinor = shareOf(baseMinor, terms.commissionBps);
  return { baseMinor, feeMinor, vatMinor: shareOf(feeMinor, terms.vatBps) };
}
