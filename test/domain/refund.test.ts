// Refunds as rules: how much, who decides, who bears it, what is posted; and what a dispute moves, in any order of news.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bookDispute, type BookedDispute } from '../../domain/dispute.ts';
import { balanced, type AccountName, type Posting } from '../../domain/ledger.ts';
import type { OrderEventBody } from '../../domain/events.ts';
import { sumMinor } from '../../domain/money.ts';
import {
  missingItems,
  needsApproval,
  planRefund,
  refundEndPosting,
  refundFaults,
  refundPostings,
  type RefundBasis,
  type RefundWish,
} from '../../domain/refund.ts';
import { bearersOf, type Earner } from '../../domain/refund-shares.ts';

const basis: RefundBasis = {
  currency: 'EUR',
  rail: 'card',
  isOver: true,
  capturedMinor: 2_350,
  refundedMinor: 0,
  disputed: false,
  lostMinor: 0,
  items: [
    { unitPriceMinor: 950, quantity: 2, refundedQuantity: 0 },
    { unitPriceMinor: 100, quantity: 1, refundedQuantity: 1 },
  ],
  itemsRefunded: { priceMinor: 100, taxMinor: 0 },
  pricing: {},
  goodsTax: { earnedMinor: 0, givenBackMinor: 0 },
  deliveryFee: { minor: 300, refunded: false },
  tip: { minor: 150, refunded: false },
};
const parts = (extra: object): RefundWish => ({
  kind: 'parts',
  items: [],
  deliveryFee: false,
  tip: false,
  ...extra,
});
const item = (index: number, quantity = 1) => ({ index, quantity });

const asked = (line: number, quantity: number): OrderEventBody => ({
  type: 'order.shortage_reported',
  line,
  quantity,
  missingMinor: 100,
});
const resolved = (outcome: 'removed' | 'substituted'): OrderEventBody => ({
  type: 'order.shortage_resolved',
  outcome,
  goodsMinor: 1_000,
});

describe('goods that were not there', () => {
  it('were not sold, whether they were removed or replaced; what nobody has answered yet was', () => {
    const log = [
      asked(0, 1),
      resolved('removed'),
      asked(0, 1),
      resolved('substituted'),
      asked(1, 1),
    ];
    expect([...missingItems(log)]).toEqual([[0, 2]]);
  });
});

describe('a refund is planned', () => {
  it.each([
    ['whole', { kind: 'whole' }, {}, 2_350],
    ['what is left', { kind: 'whole' }, { refundedMinor: 350 }, 2_000],
    ['an amount', { kind: 'amount', amountMinor: 1 }, {}, 1],
    ['one item', parts({ items: [item(0)] }), {}, 950],
    ['items, fee and tip', parts({ items: [item(0, 2)], deliveryFee: true, tip: true }), {}, 2_350],
  ] as const)('%s', (_name, wish, change, amountMinor) => {
    expect(planRefund({ ...basis, ...change }, wish)).toMatchObject({
      kind: 'planned',
      amountMinor,
    });
  });

  it.each([
    ['KWD', 'card', 1_234, 1_230],
    ['KWD', 'card', 1_235, 1_240],
    ['KWD', 'cash', 1_234, 1_235],
    ['HUF', 'cash', 1_250, 1_500],
    ['EUR', 'cash', 1_234, 1_234],
  ] as const)('%s by %s in what can be paid: %i as %i', (currency, rail, wanted, amountMinor) => {
    const wish = { kind: 'amount', amountMinor: wanted } as const;
    const paid = { ...basis, currency, rail };
    expect(planRefund(paid, wish)).toMatchObject({ kind: 'planned', amountMinor });
  });

  it('that was rounded up before leaves the rest of it, not more', () => {
    const paid = { ...basis, currency: 'HUF', rail: 'cash', capturedMinor: 2_000 } as const;
    const plan = (amountMinor: number, refundedMinor: number) =>
      planRefund({ ...paid, refundedMinor }, { kind: 'amount', amountMinor });
    expect(plan(1_800, 0)).toMatchObject({ kind: 'planned', amountMinor: 2_000 });
    expect(plan(500, 1_500)).toMatchObject({ kind: 'planned', amountMinor: 500 });
    expect(plan(501, 1_500)).toMatchObject({ refusal: { code: 'refund_too_large' } });
    expect(plan(249, 0)).toMatchObject({ refusal: { code: 'refund_too_large' } });
  });

  it.each([
    ['more than was taken', { kind: 'amount', amountMinor: 2_351 }, {}, 'refund_too_large'],
    ['nothing left', { kind: 'whole' }, { refundedMinor: 2_350 }, 'refund_too_large'],
    ['nothing', parts({}), {}, 'refund_too_large'],
    ['more of an item', parts({ items: [item(0, 3)] }), {}, 'refund_too_large'],
    ['an item in two halves', parts({ items: [item(0, 2), item(0, 1)] }), {}, 'refund_too_large'],
    ['an item again', parts({ items: [item(1)] }), {}, 'refund_too_large'],
    ['no such item', parts({ items: [item(2)] }), {}, 'refund_too_large'],
    [
      'the tip again',
      parts({ tip: true }),
      { tip: { minor: 150, refunded: true } },
      'refund_too_large',
    ],
    [
      'the fee again',
      parts({ deliveryFee: true }),
      { deliveryFee: { minor: 300, refunded: true } },
      'refund_too_large',
    ],
    ['while disputed', { kind: 'whole' }, { disputed: true }, 'payment_disputed'],
    ['once its bank has it', { kind: 'whole' }, { lostMinor: 2_350 }, 'payment_disputed'],
    ['the order goes on', { kind: 'whole' }, { isOver: false }, 'refund_too_early'],
    ['nothing taken', { kind: 'whole' }, { capturedMinor: 0 }, 'refund_not_captured'],
  ] as const)('not: %s', (_name, wish, change, code) => {
    expect(planRefund({ ...basis, ...change }, wish)).toMatchObject({
      kind: 'refused',
      refusal: { code },
    });
  });

  it.each([
    [1_175, 0, undefined, false],
    [1_176, 0, undefined, true],
    [500, 676, undefined, true],
    [500, 0, 500, false],
    [501, 0, 500, true],
  ])(
    '%i after %i with the limit %s needs a second person: %s',
    (amountMinor, refundedMinor, approvalAboveMinor, needed) => {
      expect(
        needsApproval({ amountMinor, refundedMinor, capturedMinor: 2_350, approvalAboveMinor }),
      ).toBe(needed);
    },
  );
});

const earner = (account: Earner['account'], earnedMinor: number, givenBackMinor = 0): Earner => ({
  account,
  party: account === 'platform' ? 'platform' : `${account}_1`,
  earnedMinor,
  givenBackMinor,
});

describe('a refund is borne', () => {
  const earners = [earner('merchant', 1_520), earner('driver', 550), earner('platform', 280)];

  it.each(['merchant', 'driver', 'platform'] as const)('by the %s at fault alone', (fault) => {
    expect(bearersOf(2_000, { fault, earners })).toEqual([
      expect.objectContaining({ account: fault, amountMinor: 2_000 }),
    ]);
  });

  it('by the platform when there is no driver to bear it', () => {
    expect(bearersOf(100, { fault: 'driver', earners: [] })).toEqual([
      { account: 'platform', party: 'platform', amountMinor: 100 },
    ]);
  });

  it('by all who earned, and exactly, whatever came before', () => {
    const money = fc.integer({ min: -10_000, max: 10_000 });
    fc.assert(
      fc.property(money, money, money, money, fc.nat(50_000), (m, d, p, back, amountMinor) => {
        const mixed = [earner('merchant', m, back), earner('driver', d), earner('platform', p)];
        for (const fault of refundFaults) {
          const bearers = bearersOf(amountMinor, { fault, earners: mixed });
          expect(sumMinor(bearers.map((each) => each.amountMinor))).toBe(amountMinor);
          expect(bearers.every((each) => each.amountMinor >= 0)).toBe(true);
        }
      }),
      { seed: 6, numRuns: 500 },
    );
  });
});

const net = (postings: readonly Posting[]): Partial<Record<AccountName, number>> => {
  const totals: Partial<Record<AccountName, number>> = {};
  for (const posting of postings)
    for (const { account, amountMinor } of balanced(posting)?.entries ?? [])
      totals[account] = (totals[account] ?? 0) + amountMinor;
  return Object.fromEntries(Object.entries(totals).filter(([, minor]) => minor !== 0));
};

describe('the postings of a refund', () => {
  const facts = {
    refundId: 'rfd_1',
    orderId: 'ord_1',
    customerId: 'cus_1',
    provider: 'stripe',
    amountMinor: 500,
    bearers: [{ account: 'merchant', party: 'mer_1', amountMinor: 500 }],
  } as const;

  it('leave it in transit until the provider has paid it', () => {
    expect(net(refundPostings(facts))).toEqual({ merchant: 500, refunds_in_transit: -500 });
    expect(net([...refundPostings(facts), refundEndPosting(facts, 'refunded')])).toEqual({
      merchant: 500,
      provider_clearing: -500,
    });
  });

  it('leave it owed until somebody has paid it out of the cash desk', () => {
    const cash = { ...facts, provider: 'cash' };
    expect(net(refundPostings(cash))).toEqual({ merchant: 500, refunds_in_transit: -500 });
    expect(net([...refundPostings(cash), refundEndPosting(cash, 'refunded')])).toEqual({
      merchant: 500,
      cash_desk: -500,
    });
    expect(net([...refundPostings(cash), refundEndPosting(cash, 'failed')])).toEqual({});
  });

  it('leave nothing of one that failed, or came back after it had been paid', () => {
    expect(net([...refundPostings(facts), refundEndPosting(facts, 'failed')])).toEqual({});
    const ends = [refundEndPosting(facts, 'refunded'), refundEndPosting(facts, 'returned')];
    expect(net([...refundPostings(facts), ...ends])).toEqual({});
    expect(new Set(ends.map(({ key }) => key)).size).toBe(2);
  });
});

describe('the postings of a dispute', () => {
  const facts = { provider: 'stripe', disputeRef: 'dp_1', amountMinor: 900 };
  const order = ['open', 'lost', 'won'] as const;
  const news = fc.record({
    status: fc.constantFrom(...order),
    feeMinor: fc.constantFrom(0, 20, 35),
  });

  it('end the same whatever news is late, doubled or skipped', () => {
    fc.assert(
      fc.property(
        fc.array(news, { minLength: 1, maxLength: 8 }),
        fc.option(fc.integer({ min: 1, max: 900 }), { nil: undefined }),
        (heard, lostMinor) => {
          const lost = lostMinor ?? 900;
          let known: BookedDispute | undefined;
          const posted = new Map<string, Posting>();
          for (const each of heard) {
            const { booked, postings } = bookDispute({ ...facts, ...each, lostMinor }, known);
            for (const posting of postings) {
              expect(posted.has(posting.key)).toBe(false);
              posted.set(posting.key, posting);
            }
            known = booked;
          }
          const latest = Math.max(...heard.map(({ status }) => order.indexOf(status)));
          const end = heard.findLast(({ status }) => order.indexOf(status) === latest);
          const fee = end?.feeMinor ?? 0;
          const kept = { open: { disputes: 900 }, won: {}, lost: { bad_debt: lost } };
          const gone = { open: 900, won: 0, lost }[end?.status ?? 'open'];
          const accounts = { ...kept[end?.status ?? 'open'], provider_fees: fee };
          expect(net([...posted.values()])).toEqual(
            some({ ...accounts, provider_clearing: -gone - fee }),
          );
        },
      ),
      { seed: 6, numRuns: 500 },
    );
  });
});

const some = (accounts: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(accounts).filter(([, minor]) => minor !== 0));
