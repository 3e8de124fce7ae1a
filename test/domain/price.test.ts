// What goods cost: the merchant's discount, taxes inside and on top, who owes them, and what a refund gives back of them;
// in currencies that differ in exponent, card step and cash step.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepOf, sumMinor } from '../../domain/money.ts';
import { priceOf } from '../../domain/money/price.ts';
import { taxModes, taxOf } from '../../domain/money/tax.ts';
import {
  dueMinorOf,
  initialState,
  priceTermsOf,
  taxCollectors,
  type OrderFacts,
} from '../../domain/order.ts';
import { goodsTaxIn, planRefund, type RefundBasis, type RefundWish } from '../../domain/refund.ts';
import { billOf, settle } from '../../domain/settlement.ts';
import { captureBefore, facts, placedAt } from './lives.ts';

const amount = fc.integer({ min: 0, max: 9_999_999 });
const bps = fc.integer({ min: 0, max: 10_000 });
const drawn = fc.record({
  currency: fc.constantFrom('JPY', 'KWD', 'HUF', 'EUR'),
  method: fc.constantFrom('card', 'cash'),
  goodsMinor: amount,
  offBps: bps,
  deliveryFeeMinor: amount,
  tipMinor: amount,
  commissionBps: bps,
  taxes: fc.record({
    goodsBps: bps,
    feeVatBps: bps,
    mode: fc.constantFrom(...taxModes),
    collector: fc.constantFrom(...taxCollectors),
  }),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

function orderOf({ offBps, ...order }: Drawn): OrderFacts {
  const merchantDiscountMinor = Math.floor((order.goodsMinor * offBps) / 10_000);
  const of = { ...facts, ...order, merchantDiscountMinor };
  const { priceMinor } = priceOf(of.goodsMinor, priceTermsOf(of));
  return { ...of, totalMinor: priceMinor + of.deliveryFeeMinor + of.tipMinor };
}

function delivered(of: OrderFacts) {
  const amountMinor = Number.MAX_SAFE_INTEGER;
  const held = {
    status: 'authorized',
    since: placedAt,
    providerRef: 'pi_1',
    captureBefore,
  } as const;
  const state = { ...initialState(of), payment: { ...held, amountMinor } };
  const settled = settle(billOf(state, 'delivered'), ['everything', 'goods', 'pay_and_tip']);
  return { settled, dueMinor: dueMinorOf(state) };
}

const runs = { seed: 6, numRuns: 500 };

describe('the price of goods', () => {
  const onTop = { goodsBps: 825, feeVatBps: 0, mode: 'exclusive' } as const;
  it.each([
    ['plain', 2_000, {}, [0, 0, 2_000]],
    ['less the discount', 2_000, { discount: { offMinor: 500, ofMinor: 2_000 } }, [500, 0, 1_500]],
    ['half of them', 1_000, { discount: { offMinor: 501, ofMinor: 2_000 } }, [250, 0, 750]],
    ['dearer ones', 2_400, { discount: { offMinor: 500, ofMinor: 2_000 } }, [500, 0, 1_900]],
    ['with tax on top', 2_000, { taxes: onTop }, [0, 165, 2_165]],
    [
      'with tax on what is left',
      2_000,
      { taxes: onTop, discount: { offMinor: 500, ofMinor: 2_000 } },
      [500, 124, 1_624],
    ],
  ] as const)('%s', (_name, listMinor, terms, [discountMinor, taxMinor, priceMinor]) => {
    expect(priceOf(listMinor, terms)).toEqual({ discountMinor, taxMinor, priceMinor });
  });

  it('is counted by tax once, and rounded to a payable amount once', () => {
    fc.assert(
      fc.property(drawn, (any) => {
        const of = orderOf(any);
        const { taxes } = any;
        const netMinor = of.goodsMinor - (of.merchantDiscountMinor ?? 0);
        const tax = taxOf(taxes.mode, { amountMinor: netMinor, rateBps: taxes.goodsBps });
        const { settled, dueMinor } = delivered(of);
        const exact = tax.grossMinor + of.deliveryFeeMinor + of.tipMinor;
        const step = stepOf(of.currency, any.method);
        expect(settled.customerMinor).toBe(dueMinor);
        expect(settled.customerMinor - settled.roundingMinor).toBe(exact);
        expect(Math.abs(settled.roundingMinor) * 2).toBeLessThanOrEqual(step === 1 ? 0 : step);
      }),
      runs,
    );
  });

  it('is shared out: the tax to whoever owes it, a commission of what is neither tax nor discount', () => {
    fc.assert(
      fc.property(drawn, (any) => {
        const of = orderOf(any);
        const { taxes, commissionBps } = any;
        const netMinor = of.goodsMinor - (of.merchantDiscountMinor ?? 0);
        const tax = taxOf(taxes.mode, { amountMinor: netMinor, rateBps: taxes.goodsBps });
        const feeMinor = Math.floor((tax.netMinor * commissionBps + 5_000) / 10_000);
        const { settled } = delivered(of);
        const owes = taxes.collector === 'platform';
        expect(settled.goodsTaxMinor ?? 0).toBe(owes ? tax.taxMinor : 0);
        expect(settled.merchantMinor + settled.taxMinor + feeMinor).toBe(
          owes ? tax.netMinor : tax.grossMinor,
        );
        const { merchantMinor, driverMinor, platformMinor, taxMinor, roundingMinor } = settled;
        const shared = [merchantMinor, driverMinor, platformMinor, taxMinor, roundingMinor];
        expect(sumMinor([...shared, settled.goodsTaxMinor ?? 0])).toBe(settled.customerMinor);
      }),
      runs,
    );
  });

  it('owes no tax on goods that nobody is charged for', () => {
    const taxes = { ...onTop, collector: 'platform' } as const;
    const state = initialState({ ...facts, method: 'cash', taxes });
    const shares = ['nothing', 'goods', 'pay'] as const;
    const lost = settle(billOf(state, 'lost'), shares);
    // The merchant has lost the goods, not the tax on them.
    expect(lost).toMatchObject({ customerMinor: 0, merchantMinor: 1_600, platformMinor: -2_100 });
    expect(lost).not.toHaveProperty('goodsTaxMinor');
    const charged = settle(billOf(state, 'lost'), ['goods', 'goods', 'pay']);
    expect(charged).not.toHaveProperty('goodsTaxMinor');
  });
});

const refundOf = (of: OrderFacts, quantity: number): RefundBasis => {
  const { settled } = delivered(of);
  return {
    currency: of.currency,
    rail: 'book',
    isOver: true,
    capturedMinor: settled.customerMinor,
    refundedMinor: 0,
    disputed: false,
    lostMinor: 0,
    items: [{ unitPriceMinor: of.goodsMinor / quantity, quantity, refundedQuantity: 0 }],
    itemsRefunded: { priceMinor: 0, taxMinor: 0 },
    pricing: priceTermsOf(of),
    goodsTax: { earnedMinor: settled.goodsTaxMinor ?? 0, givenBackMinor: 0 },
    deliveryFee: { minor: of.deliveryFeeMinor, refunded: false },
    tip: { minor: of.tipMinor, refunded: false },
  };
};
const oneItem: RefundWish = {
  kind: 'parts',
  items: [{ index: 0, quantity: 1 }],
  deliveryFee: false,
  tip: false,
};

/** The basis after `wish` was refunded, and how much that was. */
function refunded(basis: RefundBasis, wish: RefundWish) {
  const plan = planRefund(basis, wish);
  const amountMinor = plan.kind === 'planned' ? plan.amountMinor : 0;
  const taxMinor = amountMinor === 0 ? 0 : goodsTaxIn(basis, wish, amountMinor);
  const itemsMinor = plan.kind === 'planned' ? plan.itemsMinor : 0;
  const { earnedMinor, givenBackMinor } = basis.goodsTax;
  const before = basis.itemsRefunded;
  const left: RefundBasis = {
    ...basis,
    refundedMinor: basis.refundedMinor + amountMinor,
    goodsTax: { earnedMinor, givenBackMinor: givenBackMinor + taxMinor },
    itemsRefunded: {
      priceMinor: before.priceMinor + itemsMinor,
      taxMinor: before.taxMinor + (itemsMinor > 0 ? taxMinor : 0),
    },
    items: basis.items.map((item) => ({
      ...item,
      refundedQuantity: item.refundedQuantity + (wish.kind === 'parts' ? 1 : 0),
    })),
  };
  return { left, amountMinor, taxMinor };
}

describe('a refund', () => {
  it('of one item after the other gives back what was paid for all of them, and their tax', () => {
    fc.assert(
      fc.property(drawn, fc.integer({ min: 1, max: 7 }), (any, quantity) => {
        const goodsMinor = Math.ceil((any.goodsMinor + 1) / quantity) * quantity;
        const of = { ...orderOf({ ...any, goodsMinor, method: 'card', currency: 'JPY' }) };
        const { priceMinor } = priceOf(goodsMinor, priceTermsOf(of));
        let basis = refundOf(of, quantity);
        for (let n = 0; n < quantity; n += 1) basis = refunded(basis, oneItem).left;
        expect(basis.refundedMinor).toBe(priceMinor);
        expect(basis.goodsTax.givenBackMinor).toBe(basis.goodsTax.earnedMinor);
      }),
      runs,
    );
  });

  it('of amounts gives back a share of the tax, and all of it in the end', () => {
    fc.assert(
      fc.property(drawn, bps, (any, cut) => {
        const basis = refundOf(orderOf({ ...any, goodsMinor: any.goodsMinor + 1 }), 1);
        const amountMinor = Math.floor((basis.capturedMinor * cut) / 10_000);
        const part = refunded(basis, { kind: 'amount', amountMinor });
        const share = (part.amountMinor * basis.goodsTax.earnedMinor) / basis.capturedMinor || 0;
        expect(Math.abs(part.taxMinor - share)).toBeLessThanOrEqual(1);
        const { left } = refunded(part.left, { kind: 'whole' });
        expect(left.refundedMinor).toBe(basis.capturedMinor);
        expect(left.goodsTax.givenBackMinor).toBe(basis.goodsTax.earnedMinor);
      }),
      runs,
    );
  });

  it('of the fee gives back no tax on goods', () => {
    const taxes = {
      goodsBps: 825,
      feeVatBps: 0,
      mode: 'exclusive',
      collector: 'platform',
    } as const;
    const fee: RefundWish = { kind: 'parts', items: [], deliveryFee: true, tip: false };
    expect(refunded(refundOf(orderOf({ ...plain, taxes }), 1), fee)).toMatchObject({
      amountMinor: 350,
      taxMinor: 0,
    });
  });
});

const plain = {
  currency: 'EUR',
  method: 'card',
  goodsMinor: 2_000,
  offBps: 0,
  deliveryFeeMinor: 350,
  tipMinor: 150,
  commissionBps: 2_000,
} as const;
