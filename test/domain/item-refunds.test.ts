// Refunds of items one after the other, some of which come to nothing: what stands is what was paid for its items.

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { priceOf, type PriceTerms } from '../../domain/money/price.ts';
import { goodsTaxIn, planRefund, type RefundBasis, type RefundWish } from '../../domain/refund.ts';

type Items = readonly { readonly unitPriceMinor: number; readonly quantity: number }[];
type Stands = {
  readonly index: number;
  readonly quantity: number;
  readonly priceMinor: number;
  readonly taxMinor: number;
};

const sumOf = <T>(list: readonly T[], of: (each: T) => number): number =>
  list.reduce((sum, each) => sum + of(each), 0);

const listed = (items: Items, quantityOf: (index: number) => number): number =>
  sumOf([...items.entries()], ([index, item]) => item.unitPriceMinor * quantityOf(index));
const refunded = (standing: readonly Stands[], index: number): number =>
  sumOf(standing, (each) => (each.index === index ? each.quantity : 0));

function basisOf(items: Items, pricing: PriceTerms, standing: readonly Stands[]): RefundBasis {
  const { priceMinor, taxMinor } = priceOf(
    listed(items, (index) => items[index]?.quantity ?? 0),
    pricing,
  );
  const given = {
    priceMinor: sumOf(standing, (each) => each.priceMinor),
    taxMinor: sumOf(standing, (each) => each.taxMinor),
  };
  return {
    currency: 'EUR',
    rail: 'card',
    isOver: true,
    capturedMinor: priceMinor,
    refundedMinor: given.priceMinor,
    disputed: false,
    lostMinor: 0,
    items: items.map((item, index) => ({ ...item, refundedQuantity: refunded(standing, index) })),
    itemsRefunded: given,
    pricing,
    goodsTax: { earnedMinor: taxMinor, givenBackMinor: given.taxMinor },
    deliveryFee: { minor: 0, refunded: false },
    tip: { minor: 0, refunded: false },
  };
}

const item = fc.record({
  unitPriceMinor: fc.integer({ min: 1, max: 2_000 }),
  quantity: fc.integer({ min: 1, max: 3 }),
});
const terms = fc.record({
  offBps: fc.integer({ min: 0, max: 9_000 }),
  mode: fc.constantFrom('inclusive', 'exclusive'),
  goodsBps: fc.constantFrom(0, 700, 1_900),
});
const step = fc.record({
  fails: fc.boolean(),
  pick: fc.nat(),
  quantity: fc.integer({ min: 1, max: 3 }),
});

it('add up to the price and the tax of the items that stand refunded, whatever failed between', () => {
  fc.assert(
    fc.property(
      fc.array(item, { minLength: 1, maxLength: 4 }),
      terms,
      fc.array(step, { minLength: 1, maxLength: 12 }),
      (items, { offBps, mode, goodsBps }, steps) => {
        const ofMinor = listed(items, (index) => items[index]?.quantity ?? 0);
        const offMinor = Math.floor((ofMinor * offBps) / 10_000);
        const pricing = {
          discount: { offMinor, ofMinor },
          taxes: { mode, goodsBps, feeVatBps: 0 },
        } as const;
        let standing: readonly Stands[] = [];
        for (const { fails, pick, quantity } of steps) {
          if (fails) {
            standing = standing.filter((_, at) => at !== pick % Math.max(1, standing.length));
            continue;
          }
          const index = pick % items.length;
          const basis = basisOf(items, pricing, standing);
          const left = (items[index]?.quantity ?? 0) - refunded(standing, index);
          if (left === 0) continue;
          const wanted = { index, quantity: Math.min(left, quantity) };
          const due = priceOf(
            listed(items, (at) => refunded(standing, at) + (at === index ? wanted.quantity : 0)),
            pricing,
          );
          const wish: RefundWish = {
            kind: 'parts',
            items: [wanted],
            deliveryFee: false,
            tip: false,
          };
          const plan = planRefund(basis, wish);
          // What stands may be a minor unit ahead, as long as nothing else is refunded.
          const priceMinor = due.priceMinor - basis.refundedMinor;
          expect(plan.kind === 'planned' ? plan.amountMinor : 0).toBe(Math.max(0, priceMinor));
          if (priceMinor <= 0) continue;
          const taxMinor = goodsTaxIn(basis, wish, priceMinor);
          standing = [...standing, { ...wanted, priceMinor, taxMinor }];
          const stands = sumOf(standing, (each) => each.taxMinor);
          expect(Math.abs(stands - due.taxMinor)).toBeLessThanOrEqual(goodsBps === 0 ? 0 : 1);
        }
      },
    ),
    { seed: 6, numRuns: 1_000 },
  );
});
