// Money as properties, in currencies that differ in exponent, card step and cash step.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cardMinimumOf,
  currencies,
  decimalOf,
  exponentOf,
  formatMoney,
  maxAmountMinor,
  minorOf,
  stepOf,
  sumMinor,
  type Rail,
} from '../../domain/money.ts';
import { commissionOf } from '../../domain/money/commission.ts';
import { roundDownFor, roundFor } from '../../domain/money/rounding.ts';
import { allocateRefund, splitByWeight, type Borne } from '../../domain/money/split.ts';
import { taxLines, taxOf } from '../../domain/money/tax.ts';

const tried = ['EUR', 'JPY', 'XAF', 'KWD', 'HUF'] as const;
const rails: readonly Rail[] = ['card', 'cash', 'payout', 'book'];
const amount = fc.integer({ min: 0, max: maxAmountMinor });
const rate = fc.integer({ min: 0, max: 10_000 });
const shares = fc
  .array(fc.integer({ min: 0, max: maxAmountMinor }), { minLength: 1, maxLength: 8 })
  .map((weights) => weights.map((weight, index) => ({ party: `p${index}`, weight })));
const runs = { seed: 6, numRuns: 500 };

describe('currencies', () => {
  it.each([
    ['EUR', 2, 1, 1, 1],
    ['JPY', 0, 1, 1, 1],
    ['XAF', 0, 1, 5, 1],
    ['KWD', 3, 10, 5, 10],
    ['HUF', 2, 1, 500, 100],
    ['CHF', 2, 1, 5, 1],
  ] as const)('%s has %i digits, moves by %i on cards, %i in cash, %i out', (code, ...facts) => {
    expect([exponentOf(code), ...rails.slice(0, 3).map((rail) => stepOf(code, rail))]).toEqual(
      facts,
    );
  });

  it.each([
    ['EUR', 50],
    ['GBP', 30],
    ['HUF', 17_500],
    ['CZK', 1_500],
    ['JPY', 50],
  ])('%s is taken by cards from %i on', (code, leastMinor) => {
    expect(cardMinimumOf(code)).toBe(leastMinor);
  });

  it('are taken by cards in amounts that cards can move', () => {
    for (const code of currencies) expect(cardMinimumOf(code) % stepOf(code, 'card')).toBe(0);
  });

  it('write every amount exactly, also where a float would not', () => {
    fc.assert(
      fc.property(fc.constantFrom(...tried), fc.maxSafeInteger(), (code, minor) => {
        const text = formatMoney(minor, code).replace(` ${code}`, '');
        const [whole = '', digits = ''] = text.split('.');
        expect(digits).toHaveLength(exponentOf(code));
        expect(Number(`${whole}${digits}`)).toBe(minor);
      }),
      runs,
    );
  });

  it('come back from the decimals that providers write', () => {
    fc.assert(
      fc.property(fc.constantFrom(...tried), fc.maxSafeInteger(), (code, minor) => {
        fc.pre(Math.abs(minor) < 1e15);
        expect(minorOf(decimalOf(minor, code), code)).toBe(minor);
      }),
      runs,
    );
    expect(minorOf('1', 'EUR')).toBe(100);
    expect(minorOf('1.500', 'EUR')).toBe(150);
    for (const text of ['', '1,5', '1.005', '1e3', ' 1', 'NaN', '1'.repeat(17)])
      expect(minorOf(text, 'EUR')).toBeUndefined();
  });

  it.each([[[0.5]], [[Number.MAX_SAFE_INTEGER, 1]], [[Number.NaN]]])(
    'refuse to add %j',
    (parts) => {
      expect(() => sumMinor(parts)).toThrow('whole number');
    },
  );
});

describe('a total', () => {
  it.each([
    ['HUF', 'cash', 123_249, 123_000],
    ['HUF', 'cash', 123_250, 123_500],
    ['CHF', 'cash', 1_002, 1_000],
    ['CHF', 'cash', 1_003, 1_005],
    ['KWD', 'card', 1_234, 1_230],
    ['KWD', 'card', 1_235, 1_240],
    ['JPY', 'card', 1_234, 1_234],
  ] as const)('in %s by %s of %i is %i', (currency, rail, totalMinor, payableMinor) => {
    expect(roundFor(rail, { totalMinor, currency }).payableMinor).toBe(payableMinor);
  });

  it('is rounded to the nearest step, once, and the difference is known', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...tried),
        fc.constantFrom(...rails),
        fc.integer({ min: -maxAmountMinor, max: maxAmountMinor }),
        (currency, rail, totalMinor) => {
          const step = stepOf(currency, rail);
          const { payableMinor, roundingMinor } = roundFor(rail, { totalMinor, currency });
          expect(Math.abs(payableMinor % step)).toBe(0);
          expect(payableMinor - roundingMinor).toBe(totalMinor);
          expect(Math.abs(roundingMinor) * 2).toBeLessThanOrEqual(step === 1 ? 0 : step);
          const again = roundFor(rail, { totalMinor: payableMinor, currency });
          expect(again).toEqual({ payableMinor, roundingMinor: 0 });
          const opposite = roundFor(rail, { totalMinor: -totalMinor, currency });
          expect(opposite.payableMinor + payableMinor).toBe(0);
        },
      ),
      runs,
    );
  });

  it('that is paid out is never more than what is owed', () => {
    fc.assert(
      fc.property(fc.constantFrom(...tried), amount, (currency, totalMinor) => {
        const paid = roundDownFor('payout', { totalMinor, currency });
        expect(paid % stepOf(currency, 'payout')).toBe(0);
        expect(totalMinor - paid).toBeGreaterThanOrEqual(0);
        expect(totalMinor - paid).toBeLessThan(stepOf(currency, 'payout'));
      }),
      runs,
    );
  });
});

describe('a split', () => {
  it('sums exactly, and no part is a whole unit off its exact share', () => {
    fc.assert(
      fc.property(amount, shares, (minor, parties) => {
        const total = parties.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
        fc.pre(total > 0n);
        const parts = splitByWeight(minor, parties);
        expect(sumMinor(parts)).toBe(minor);
        for (const [index, part] of parts.entries()) {
          const exact = BigInt(minor) * BigInt(parties[index]?.weight ?? 0);
          const off = BigInt(part) * total - exact;
          expect(off < total && off > -total).toBe(true);
        }
      }),
      runs,
    );
  });

  it('gives what is left over by party, in whatever order they come', () => {
    const thirds = ['c', 'a', 'b'].map((party) => ({ party, weight: 1 }));
    expect(splitByWeight(100, thirds)).toEqual([33, 34, 33]);
    expect(splitByWeight(-101, thirds)).toEqual([-33, -34, -34]);
    expect(splitByWeight(0, [])).toEqual([]);
    expect(() => splitByWeight(1, [{ party: 'a', weight: 0 }])).toThrow('nobody');
    expect(() => splitByWeight(1, [{ party: 'a', weight: 0.5 }])).toThrow('weight');
  });
});

describe('partial refunds', () => {
  /** Refunds of a payment that some parties bore: each a share of what is then left, the last all of it. */
  const histories = fc.tuple(
    fc.array(fc.integer({ min: 0, max: maxAmountMinor }), { minLength: 1, maxLength: 6 }),
    fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 12 }),
  );

  it('add up to what each party bore, whatever their number and size', () => {
    fc.assert(
      fc.property(histories, ([bore, cuts]) => {
        const total = sumMinor(bore);
        let borne: readonly Borne[] = bore.map((amountMinor, index) => ({
          party: `p${index}`,
          amountMinor,
          refundedMinor: 0,
        }));
        let refunded = 0;
        for (const cut of [...cuts, 10_000]) {
          const refund = Number((BigInt(total - refunded) * BigInt(cut)) / 10_000n);
          const parts = allocateRefund(refund, borne);
          refunded += refund;
          expect(sumMinor(parts)).toBe(refund);
          expect(parts.every((part) => part >= 0)).toBe(true);
          borne = borne.map((each, index) => ({
            ...each,
            refundedMinor: each.refundedMinor + (parts[index] ?? 0),
          }));
          for (const { amountMinor, refundedMinor } of borne) {
            expect(refundedMinor).toBeLessThanOrEqual(amountMinor);
            // Never a whole unit ahead of the exact share of all refunds so far.
            const ahead =
              BigInt(refundedMinor) * BigInt(total) - BigInt(refunded) * BigInt(amountMinor);
            expect(total === 0 || ahead < BigInt(total)).toBe(true);
          }
        }
        expect(borne.map((each) => each.refundedMinor)).toEqual(bore);
      }),
      runs,
    );
  });

  it('of one unit at a time stay close to the shares', () => {
    let borne: readonly Borne[] = [
      { party: 'merchant', amountMinor: 90, refundedMinor: 0 },
      { party: 'platform', amountMinor: 10, refundedMinor: 0 },
    ];
    for (let n = 1; n <= 50; n++) {
      const parts = allocateRefund(1, borne);
      borne = borne.map((b, i) => ({ ...b, refundedMinor: b.refundedMinor + (parts[i] ?? 0) }));
    }
    expect(borne.map((each) => each.refundedMinor)).toEqual([45, 5]);
  });

  it('add up after any history, also one that was not shared', () => {
    const history = fc.array(fc.tuple(amount, rate), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(history, rate, (drawn, cut) => {
        const borne = drawn.map(([amountMinor, given], index) => ({
          party: `p${index}`,
          amountMinor,
          refundedMinor: Number((BigInt(amountMinor) * BigInt(given)) / 10_000n),
        }));
        const left = sumMinor(borne.map((each) => each.amountMinor - each.refundedMinor));
        const refund = Number((BigInt(left) * BigInt(cut)) / 10_000n);
        const parts = allocateRefund(refund, borne);
        expect(sumMinor(parts)).toBe(refund);
        for (const [index, part] of parts.entries()) {
          const { amountMinor = 0, refundedMinor = 0 } = borne[index] ?? {};
          expect(part).toBeGreaterThanOrEqual(0);
          expect(refundedMinor + part).toBeLessThanOrEqual(amountMinor);
        }
      }),
      runs,
    );
  });

  it('refuse more than what is left', () => {
    const borne = [{ party: 'a', amountMinor: 10, refundedMinor: 8 }];
    expect(() => allocateRefund(3, borne)).toThrow('more than what is left');
    expect(() => allocateRefund(-1, borne)).toThrow('more than what is left');
  });
});

describe('taxes', () => {
  it('inside and on top meet: the gross of a net has its tax inside', () => {
    fc.assert(
      fc.property(amount, rate, (netMinor, rateBps) => {
        const { grossMinor, taxMinor } = taxOf('exclusive', { amountMinor: netMinor, rateBps });
        expect(grossMinor - taxMinor).toBe(netMinor);
        const inside = taxOf('inclusive', { amountMinor: grossMinor, rateBps });
        expect(inside.netMinor + inside.taxMinor).toBe(grossMinor);
        expect(Math.abs(inside.netMinor - netMinor)).toBeLessThanOrEqual(1);
      }),
      runs,
    );
  });

  it('of lines sum to the tax of their sum, rate by rate', () => {
    const line = fc.tuple(amount, fc.constantFrom(0, 700, 1_900));
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 10 }),
        fc.constantFrom('inclusive', 'exclusive'),
        (drawn, mode) => {
          const lines = drawn.map(([amountMinor, rateBps], n) => ({
            id: `${n}`,
            amountMinor,
            rateBps,
          }));
          const taxed = taxLines(mode, lines);
          for (const [rateBps, ofRate] of Map.groupBy(taxed, (each) => each.rateBps)) {
            const amountMinor = sumMinor(ofRate.map((each) => each.amountMinor));
            const whole = taxOf(mode, { amountMinor, rateBps });
            expect(sumMinor(ofRate.map((each) => each.taxMinor))).toBe(whole.taxMinor);
            expect(sumMinor(ofRate.map((each) => each.grossMinor))).toBe(whole.grossMinor);
          }
          for (const { netMinor, taxMinor, grossMinor } of taxed)
            expect(netMinor + taxMinor).toBe(grossMinor);
        },
      ),
      runs,
    );
  });

  it.each([
    ['inclusive', 1_190, 1_900, 190],
    ['inclusive', 1_070, 700, 70],
    ['exclusive', 1_000, 1_900, 190],
    ['exclusive', 5, 1_000, 1],
  ] as const)('%s: %i at %i is %i', (mode, amountMinor, rateBps, taxMinor) => {
    expect(taxOf(mode, { amountMinor, rateBps }).taxMinor).toBe(taxMinor);
  });
});

describe('commission', () => {
  it('leaves out tax and the merchant’s own discounts, and carries its own VAT', () => {
    const base = { goodsMinor: 11_900, goodsTaxMinor: 1_740, merchantDiscountMinor: 1_000 };
    expect(commissionOf(base, { commissionBps: 2_000, vatBps: 1_900 })).toEqual({
      baseMinor: 9_160,
      feeMinor: 1_832,
      vatMinor: 348,
    });
  });

  it('never exceeds its base, nor does a discount beyond the goods turn it round', () => {
    fc.assert(
      fc.property(amount, amount, amount, rate, (goods, tax, discount, commissionBps) => {
        const base = { goodsMinor: goods, goodsTaxMinor: tax, merchantDiscountMinor: discount };
        const { baseMinor, feeMinor } = commissionOf(base, { commissionBps, vatBps: 0 });
        expect(baseMinor).toBeGreaterThanOrEqual(0);
        expect(feeMinor).toBeGreaterThanOrEqual(0);
        expect(feeMinor).toBeLessThanOrEqual(baseMinor);
      }),
      runs,
    );
  });
});
