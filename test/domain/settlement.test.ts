// Every cell of the settlement: end × stage × method, in figures.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { postingOf } from '../../db/ledger.ts';
import type { OrderEventBody } from '../../domain/events.ts';
import { balanced } from '../../domain/ledger.ts';
import { maxAmountMinor, stepOf, sumMinor } from '../../domain/money.ts';
import { roundUpFor } from '../../domain/money/rounding.ts';
import {
  dueMinorOf,
  holdMinorOf,
  initialState,
  paymentMethods,
  type OrderFacts,
  type PaymentMethod,
} from '../../domain/order.ts';
import { endReasons } from '../../domain/parts.ts';
import { refundEndPosting, refundPostings } from '../../domain/refund.ts';
import {
  billOf,
  settle,
  settlementTable,
  sharesOf,
  shareWords,
  stageOf,
  stages,
  type Bill,
  type End,
  type Settlement,
  type Stage,
} from '../../domain/settlement.ts';
import { captureBefore, driver as nthDriver, facts, placedAt } from './lives.ts';
import { situation, situations } from './situations.ts';

const ends = [...endReasons, 'delivered', 'returned_after_age_check'] as const;

/**
 * Customer, merchant, driver: 20.00 goods of which 5.00 can be sold again, 3.50 delivery, 1.50 tip, 5.00 driver pay,
 * 20 % commission; paid elsewhere, so that nothing bounds what the customer owes.
 */
type Shares = readonly [customer: number, merchant: number, driver: number];
const nothing: Shares = [0, 0, 0];
const goodsOnly: Shares = [2_000, 1_600, 0];
const withDriver: Shares = [2_350, 1_600, 500];
const platform: Shares = [0, 1_600, 0];
const platformAll: Shares = [0, 1_600, 500];
const platformBothLegs: Shares = [0, 1_600, 1_000];
const onlyDriver: Shares = [0, 0, 500];
const merchantOwes: Shares = [0, -500, 500];
const early = { before_accept: nothing };

const cells: Readonly<Record<End, Partial<Record<Stage, Shares>>>> = {
  delivered: { delivered: [2_500, 1_600, 650], handed_over: [2_500, 1_750, 0] },
  cancelled_by_customer: {
    ...early,
    accepted: nothing,
    accepted_arrived: onlyDriver,
    preparing: goodsOnly,
    assigned: withDriver,
    arrived: withDriver,
  },
  cancelled_by_merchant: {
    ...early,
    accepted: nothing,
    accepted_arrived: merchantOwes,
    preparing: nothing,
    assigned: nothing,
    arrived: merchantOwes,
  },
  cancelled_by_support: {
    ...early,
    accepted: nothing,
    accepted_arrived: onlyDriver,
    preparing: platform,
    assigned: platformAll,
    arrived: platformAll,
    picked_up: platformAll,
    returning: platformBothLegs,
  },
  merchant_denied: early,
  merchant_expired: early,
  prescription_rejected: early,
  payment_failed: early,
  payment_not_completed: early,
  failed_to_assign: {
    accepted: nothing,
    accepted_arrived: nothing,
    preparing: platform,
    assigned: platform,
    arrived: platform,
    picked_up: platform,
  },
  failed_to_pick_up: { accepted_arrived: merchantOwes, arrived: merchantOwes },
  not_collected: { preparing: goodsOnly },
  failed_to_deliver: { picked_up: platformAll, returning: platformBothLegs },
  lost: { picked_up: platformAll, returning: platformBothLegs },
  damaged: { picked_up: platformAll, returning: platformBothLegs },
  returned: { returning: [2_850, 1_600, 1_000] },
  returned_after_age_check: { returning: [2_200, 1_200, 1_000] },
  discarded: { picked_up: [2_500, 1_600, 500] },
};

/** The hold of 25.00 bounds a card, the total what a channel took; cash is only paid when the goods change hands. */
function charged(method: PaymentMethod, end: End, owedMinor: number): number {
  if (method === 'cash') return end === 'delivered' ? owedMinor : 0;
  return Math.min(owedMinor, 2_500);
}

const everyCell = ends.flatMap((end) =>
  stages.map((stage) => [end, stage, cells[end][stage]] as const),
);
const reachable = everyCell.flatMap(([end, stage, shares]) =>
  shares ? paymentMethods.map((method) => [end, stage, method, shares] as const) : [],
);

/**
 * The merchant's part, and then with 7 % inside the prices and 19 % VAT on the commission. Of 20.00 are 1.31 tax, so 20 %
 * of 18.69 are 3.74, and 0.71 on them; of 15.00 are 0.98, 2.80 and 0.53.
 */
const taxed: Readonly<Record<number, readonly [merchant: number, tax: number]>> = {
  [-500]: [-500, 0],
  0: [0, 0],
  1_200: [1_167, 53],
  1_600: [1_555, 71],
  1_750: [1_705, 71],
};

const isRemote = (method: PaymentMethod): boolean => !['cash', 'external'].includes(method);

/** The plain order, its amounts this many times as large. */
const timesOf = (times: number) => ({
  ...facts,
  goodsMinor: facts.goodsMinor * times,
  deliveryFeeMinor: facts.deliveryFeeMinor * times,
  tipMinor: facts.tipMinor * times,
  totalMinor: facts.totalMinor * times,
  driverPayMinor: facts.driverPayMinor * times,
  restockableMinor: 500 * times,
});

/** How many times as large, in which currency, and what else is another than plain. */
type Size = { readonly times?: number } & Partial<OrderFacts>;

function billFor(method: PaymentMethod, end: End, { times = 1, ...more }: Size = {}): Bill {
  const state = initialState({ ...timesOf(times), method, ...more });
  const held = {
    status: 'authorized',
    since: placedAt,
    providerRef: 'pi_1',
    amountMinor: 2_500 * times,
    captureBefore,
  } as const;
  const taken = { ...held, status: 'captured' } as const;
  const secured = method === 'mobile_money' ? taken : held;
  return billOf(isRemote(method) ? { ...state, payment: secured } : state, end);
}

const sharedOut = ({ customerMinor, merchantMinor, driverMinor, platformMinor }: Settlement) => [
  customerMinor,
  merchantMinor,
  driverMinor,
  platformMinor,
];

/** What the customer pays with, and the account that it lands in. */
const payments = {
  card: [{ type: 'payment.captured', attempt: 1 }, 'provider_clearing'],
  cash: [{ type: 'payment.collected', driverId: nthDriver(1) }, 'cash_in_hand'],
  paypal: [{ type: 'payment.captured', attempt: 1 }, 'provider_clearing'],
  mobile_money: [
    { type: 'payment.captured', attempt: 1, providerRef: 'txn_1' },
    'provider_clearing',
  ],
  wallet: [{ type: 'payment.captured', attempt: 1 }, 'provider_clearing'],
  split: [{ type: 'payment.captured', attempt: 1, walletMinor: 1 }, 'provider_clearing'],
  external: [{ type: 'payment.paid_elsewhere' }, 'channel_clearing'],
} as const satisfies Record<PaymentMethod, readonly [object, string]>;

/** Times the plain amounts: whole units of every exponent. */
const currencies = { EUR: 1, JPY: 2, XAF: 7, KWD: 10, HUF: 400 } as const;

/** The refund of what was taken and is not owed, carried out. */
function entriesOfRest(amountMinor: number) {
  const { orderId, customerId } = facts;
  const bearers = [{ account: 'customer', party: customerId, amountMinor }] as const;
  const refund = {
    refundId: 'rfd_1',
    orderId,
    customerId,
    provider: 'stripe',
    amountMinor,
    bearers,
  };
  const postings = [...refundPostings(refund), refundEndPosting(refund, 'refunded')];
  return postings.flatMap((each) => balanced(each)?.entries ?? []);
}

type Posting = {
  readonly settled: Settlement;
  readonly currency: string;
  readonly times: number;
};

/** What the settlement and its payment leave on each account, credits as amounts in favour. */
function posted(method: PaymentMethod, { settled, currency, times }: Posting) {
  const [payment] = payments[method];
  // Taken before the end: all of it, and the rest is given back.
  const prepaid = method === 'mobile_money' ? 2_500 * times : undefined;
  const paidMinor = prepaid ?? settled.customerMinor;
  const events = [
    { type: 'order.settled', ...settled },
    ...(paidMinor > 0 ? [{ ...payment, amountMinor: paidMinor }] : []),
  ] as readonly OrderEventBody[];
  const entries = events.flatMap((event) => {
    const posting = postingOf({ ...facts, currency, method }, event, nthDriver(1));
    return (posting && balanced(posting)?.entries) ?? [];
  });
  const back = (prepaid ?? 0) - settled.customerMinor;
  const rest = prepaid === undefined || back === 0 ? [] : entriesOfRest(back);
  const left = Map.groupBy([...entries, ...rest], ({ account }) => account);
  return Object.fromEntries(
    [...left]
      .map(([name, moves]) => [name, sumMinor(moves.map((move) => -move.amountMinor))] as const)
      .filter(([, minor]) => minor !== 0),
  );
}

describe('settlement', () => {
  it.each(reachable)('%s at %s, %s › is posted as the table says', (end, stage, method, shares) => {
    for (const [currency, times] of Object.entries(currencies)) {
      const [owed, merchantMinor, driverMinor] = shares;
      const customer = charged(method, end, owed) * times;
      const [merchant, driven] = [merchantMinor * times, driverMinor * times];
      const settled = settle(
        billFor(method, end, { times, currency }),
        sharesOf({}, { end, stage }),
      );
      const expected = {
        merchant,
        driver: driven,
        platform: customer - merchant - driven,
        [payments[method][1]]: -customer,
      };
      expect(posted(method, { settled, currency, times })).toEqual(
        Object.fromEntries(Object.entries(expected).filter(([, minor]) => minor !== 0)),
      );
    }
  });

  it.each(reachable)('%s at %s, %s › shares out %o', (end, stage, method, shares) => {
    const [owed, merchant, driver] = shares;
    const customer = charged(method, end, owed);
    const left = customer - merchant - driver;
    const bill = billFor(method, end);
    const settled = settle(bill, sharesOf({}, { end, stage }));
    expect(sharedOut(settled)).toEqual([customer, merchant, driver, left]);
    const raised = settle({ ...bill, bonusMinor: 75 }, sharesOf({}, { end, stage }));
    const bonus = driver > 0 ? 75 : 0;
    expect(sharedOut(raised)).toEqual([customer, merchant, driver + bonus, left - bonus]);
  });

  it.each(everyCell.filter(([, , shares]) => !shares))('%s at %s › cannot happen', (end, stage) => {
    expect(() => sharesOf({}, { end, stage })).toThrow(`no settlement for ${end} at ${stage}`);
  });

  it.each(reachable)(
    '%s at %s, %s › takes the VAT on the commission',
    (end, stage, method, shares) => {
      const [owed, untaxedMinor, driver] = shares;
      const customer = charged(method, end, owed);
      const [merchant, tax] = taxed[untaxedMinor] ?? [];
      if (merchant === undefined || tax === undefined) throw new Error(`${untaxedMinor} taxed?`);
      const taxes = { goodsBps: 700, feeVatBps: 1_900 };
      const settled = settle(billFor(method, end, { taxes }), sharesOf({}, { end, stage }));
      const expected = {
        merchant,
        driver,
        tax,
        platform: customer - merchant - driver - tax,
        [payments[method][1]]: -customer,
      };
      expect(posted(method, { settled, currency: 'EUR', times: 1 })).toEqual(
        Object.fromEntries(Object.entries(expected).filter(([, minor]) => minor !== 0)),
      );
    },
  );

  it.each([
    // 2,346 + 350 + 150: what was held is enough, and only whole steps move.
    ['KWD', 'card', 2_346, 2_850, 4],
    ['KWD', 'card', 2_344, 2_840, -4],
    ['KWD', 'cash', 2_346, 2_845, -1],
    ['HUF', 'card', 123_456, 123_956, 0],
    ['HUF', 'cash', 123_456, 124_000, 44],
    ['HUF', 'cash', 123_200, 123_500, -200],
    ['HUF', 'external', 123_456, 123_956, 0],
    ['XAF', 'cash', 2_347, 2_845, -2],
    ['XAF', 'mobile_money', 2_347, 2_847, 0],
    ['JPY', 'card', 2_347, 2_847, 0],
    ['EUR', 'cash', 2_347, 2_847, 0],
  ] as const)(
    '%s by %s › %i of goods are paid as %i',
    (currency, method, goods, paid, rounding) => {
      const paymentMethod = method === 'mobile_money' ? 'campay:payer' : facts.paymentMethod;
      const order = { ...facts, currency, method, paymentMethod, goodsMinor: goods };
      const of = { ...order, totalMinor: goods + 500 };
      const held = {
        status: 'authorized',
        since: placedAt,
        providerRef: 'pi_1',
        captureBefore,
      } as const;
      const state = { ...initialState(of), payment: { ...held, amountMinor: holdMinorOf(of) } };
      const settled = settle(billOf(state, 'delivered'), ['everything', 'goods', 'pay_and_tip']);
      expect(settled).toMatchObject({ customerMinor: paid, roundingMinor: rounding });
      expect(dueMinorOf(state)).toBe(paid);
      const posting = postingOf(of, { type: 'order.settled', ...settled }, nthDriver(1));
      const entries = (posting && balanced(posting)?.entries) ?? [];
      const booked = entries.find(({ account }) => account === 'rounding');
      expect(booked?.amountMinor).toBe(-rounding || undefined);
    },
  );

  it('has a row for every end', () => {
    expect(Object.keys(settlementTable).toSorted()).toEqual([...ends].toSorted());
  });

  it('follows what a merchant has agreed on instead, in that cell only', () => {
    const agreed = { 'not_collected.preparing': ['nothing', 'nothing', 'nothing'] } as const;
    const of = (end: End, stage: Stage) =>
      sharedOut(settle(billFor('card', end), sharesOf(agreed, { end, stage })));
    expect(of('not_collected', 'preparing')).toEqual([0, 0, 0, 0]);
    expect(of('cancelled_by_customer', 'preparing')).toEqual([2_000, 1_600, 0, 400]);
  });

  it('sums to zero, in whole minor units, and never asks for more than can be charged', () => {
    const amount = fc.integer({ min: 0, max: maxAmountMinor / 3 });
    const bps = fc.integer({ min: 0, max: 10_000 });
    const bill = fc.record({
      goodsMinor: amount,
      deliveryFeeMinor: amount,
      tipMinor: amount,
      driverPayMinor: amount,
      bonusMinor: amount,
      restockableMinor: amount,
      commissionBps: bps,
      chargeableMinor: amount,
      currency: fc.constantFrom(...Object.keys(currencies)),
      rail: fc.constantFrom('card', 'cash', 'book'),
      taxes: fc.record({ goodsBps: bps, feeVatBps: bps }),
    });
    const words = fc.tuple(
      fc.constantFrom(...shareWords.customer),
      fc.constantFrom(...shareWords.merchant),
      fc.constantFrom(...shareWords.driver),
    );
    fc.assert(
      fc.property(bill, words, (any, shares) => {
        const { currency, rail, chargeableMinor: totalMinor } = any;
        const of = { ...any, chargeableMinor: roundUpFor(rail, { totalMinor, currency }) };
        const { taxMinor, roundingMinor, ...settled } = settle(of, shares);
        const { customerMinor, merchantMinor, driverMinor, platformMinor } = settled;
        const shared = merchantMinor + driverMinor + platformMinor;
        expect(shared + taxMinor + roundingMinor - customerMinor).toBe(0);
        expect(customerMinor % stepOf(currency, rail)).toBe(0);
        expect(Math.abs(roundingMinor)).toBeLessThan(stepOf(currency, rail));
        expect(taxMinor).toBeGreaterThanOrEqual(0);
        expect([customerMinor, merchantMinor, driverMinor].every(Number.isSafeInteger)).toBe(true);
        expect(Math.min(customerMinor, driverMinor)).toBeGreaterThanOrEqual(0);
        expect(customerMinor).toBeLessThanOrEqual(of.chargeableMinor);
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
    ['arrived at pickup', 'arrived'],
    ['at the door', 'picked_up'],
    ['handover, searching', 'picked_up'],
    ['returning', 'returning'],
    ['scheduled', 'before_accept'],
    ['accepted', 'accepted'],
    ['pickup, ready', 'preparing'],
    ['pickup, handed over', 'handed_over'],
  ])('an order that is %s has come as far as %s', (name, stage) => {
    expect(stageOf(situation(name))).toBe(stage);
    expect([...situations.values()].every((state) => stages.includes(stageOf(state)))).toBe(true);
  });
});
