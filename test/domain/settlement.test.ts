import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maxAmountMinor } from '../../domain/money.ts';
import { endReasons, type OrderFacts } from '../../domain/order.ts';
import { settle, settlementTable, stageOf, stages } from '../../domain/settlement.ts';
import { facts } from './lives.ts';
import { situation, situations } from './situations.ts';

const ends = [...endReasons, 'delivered'] as const;

/** Customer, merchant, driver, platform: 20.00 goods, 3.50 delivery, 1.50 tip, 5.00 driver pay, 20 % commission. */
type Shares = readonly [customer: number, merchant: number, driver: number, platform: number];
const nothing: Shares = [0, 0, 0, 0];

const cells: Readonly<
  Record<(typeof ends)[number], Partial<Record<(typeof stages)[number], Shares>>>
> = {
  delivered: { delivered: [2_500, 1_600, 650, 250] },
  cancelled_by_customer: {
    before_accept: nothing,
    preparing: [2_000, 1_600, 0, 400],
    assigned: [2_350, 1_600, 500, 250],
  },
  cancelled_by_merchant: { before_accept: nothing, preparing: nothing, assigned: nothing },
  cancelled_by_support: {
    before_accept: nothing,
    preparing: [0, 1_600, 0, -1_600],
    assigned: [0, 1_600, 500, -2_100],
  },
  merchant_denied: { before_accept: nothing },
  merchant_expired: { before_accept: nothing },
  payment_failed: { before_accept: nothing },
  payment_not_completed: { before_accept: nothing },
  failed_to_assign: { preparing: [0, 1_600, 0, -1_600], assigned: [0, 1_600, 0, -1_600] },
  failed_to_deliver: { picked_up: [0, 1_600, 500, -2_100] },
};

const everyCell = ends.flatMap((end) =>
  stages.map((stage) => [end, stage, cells[end][stage]] as const),
);

describe('settlement', () => {
  it.each(everyCell.filter(([, , shares]) => shares))(
    '%s at %s › shares out %o',
    (end, stage, shares) => {
      const { customerMinor, merchantMinor, driverMinor, platformMinor } = settle(
        facts,
        end,
        stage,
      );
      expect([customerMinor, merchantMinor, driverMinor, platformMinor]).toEqual(shares);
    },
  );

  it.each(everyCell.filter(([, , shares]) => !shares))('%s at %s › cannot happen', (end, stage) => {
    expect(() => settle(facts, end, stage)).toThrow(`no settlement for ${end} at ${stage}`);
  });

  it('has a row for every end', () => {
    expect(Object.keys(settlementTable).toSorted()).toEqual([...ends].toSorted());
  });

  it('sums to zero, in whole minor units, and never asks for more than was authorized', () => {
    const amount = fc.integer({ min: 0, max: maxAmountMinor / 3 });
    const priced = fc
      .record({
        goodsMinor: amount,
        deliveryFeeMinor: amount,
        tipMinor: amount,
        driverPayMinor: amount,
        commissionBps: fc.integer({ min: 0, max: 10_000 }),
      })
      .map((prices): OrderFacts => {
        const totalMinor = prices.goodsMinor + prices.deliveryFeeMinor + prices.tipMinor;
        return { ...facts, ...prices, totalMinor };
      });
    const reachable = fc.constantFrom(...everyCell.filter(([, , shares]) => shares));
    fc.assert(
      fc.property(priced, reachable, (of, [end, stage]) => {
        const { customerMinor, merchantMinor, driverMinor, platformMinor } = settle(of, end, stage);
        expect(merchantMinor + driverMinor + platformMinor - customerMinor).toBe(0);
        expect(
          [customerMinor, merchantMinor, driverMinor].every(
            (n) => Number.isSafeInteger(n) && n >= 0,
          ),
        ).toBe(true);
        expect(customerMinor).toBeLessThanOrEqual(of.totalMinor);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it.each([
    ['authorizing', 'before_accept'],
    ['pending', 'before_accept'],
    ['search ahead', 'preparing'],
    ['searching', 'preparing'],
    ['ready, searching', 'preparing'],
    ['confirmed', 'assigned'],
    ['picked up', 'picked_up'],
    ['unconfirmed', 'picked_up'],
    ['completed', 'delivered'],
  ])('an order that is %s has come as far as %s', (name, stage) => {
    expect(stageOf(situation(name))).toBe(stage);
    expect([...situations.values()].every((state) => stages.includes(stageOf(state)))).toBe(true);
  });
});
