// What is paid out: never more than was earned, never the same twice, whatever happens in which order.

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { balanced, type Posting } from '../../domain/ledger.ts';
import { maxAmountMinor, stepOf } from '../../domain/money.ts';
import {
  payoutEndPosting,
  payoutHolds,
  payoutSentPosting,
  planPayout,
  planPostings,
  receivableAfterMs,
  writeOffAfterMs,
  type PartyKind,
  type PayoutBasis,
  type PayoutFacts,
} from '../../domain/payout.ts';

const tried = ['EUR', 'JPY', 'XAF', 'KWD', 'HUF'] as const;
const runs = { seed: 40, numRuns: 500 };
const now = Date.UTC(2026, 4, 4);

const basis = (change: Partial<PayoutBasis> = {}): PayoutBasis => ({
  currency: 'EUR',
  dueMinor: 10_000,
  balanceMinor: 10_000,
  disputedMinor: 0,
  cashInHandMinor: 0,
  receivableMinor: 0,
  negativeSince: undefined,
  receivableSince: undefined,
  minimumMinor: 0,
  hold: undefined,
  now,
  ...change,
});

const minor = fc.integer({ min: -maxAmountMinor, max: maxAmountMinor });
const owed = fc.integer({ min: 0, max: maxAmountMinor });
const since = fc.option(fc.integer({ min: now - 2 * writeOffAfterMs, max: now }), {
  nil: undefined,
});
const bases: fc.Arbitrary<PayoutBasis> = fc.record({
  currency: fc.constantFrom(...tried),
  dueMinor: minor,
  balanceMinor: minor,
  disputedMinor: fc.oneof(fc.constant(0), owed),
  cashInHandMinor: fc.oneof(fc.constant(0), owed),
  receivableMinor: fc.oneof(fc.constant(0), owed),
  negativeSince: since,
  receivableSince: since,
  minimumMinor: fc.oneof(fc.constant(0), owed),
  hold: fc.option(fc.constantFrom(...payoutHolds), { nil: undefined }),
  now: fc.constant(now),
});

describe('the amount of a payout', () => {
  it('is what was earned and not paid yet, whole steps of the currency, the rest stays owed', () => {
    fc.assert(
      fc.property(bases, (facts) => {
        const plan = planPayout(facts);
        if (plan.kind !== 'pay') return;
        const { amountMinor, repaidMinor } = plan;
        const available = Math.min(facts.dueMinor, facts.balanceMinor);
        expect(amountMinor).toBeGreaterThan(0);
        expect(amountMinor % stepOf(facts.currency, 'payout')).toBe(0);
        expect(amountMinor).toBeGreaterThanOrEqual(facts.minimumMinor);
        expect(facts.hold).toBeUndefined();
        const left = available - repaidMinor - facts.disputedMinor - amountMinor;
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left).toBeLessThan(stepOf(facts.currency, 'payout'));
      }),
      runs,
    );
  });

  it.each([
    ['all of it', {}, { kind: 'pay', amountMinor: 10_000 }],
    ['forints without fillér', { currency: 'HUF', dueMinor: 9_999 }, { amountMinor: 9_900 }],
    ['dinars by ten fils', { currency: 'KWD', dueMinor: 9_999 }, { amountMinor: 9_990 }],
    ['every yen', { currency: 'JPY', dueMinor: 9_999 }, { amountMinor: 9_999 }],
    ['not what was taken back since', { balanceMinor: 4_000 }, { amountMinor: 4_000 }],
    ['not what came later', { dueMinor: 4_000 }, { amountMinor: 4_000 }],
    ['nothing', { dueMinor: 0 }, { kind: 'skip', code: 'nothing_due' }],
    ['a minimum', { minimumMinor: 10_000 }, { kind: 'pay', amountMinor: 10_000 }],
    ['too little', { minimumMinor: 10_001 }, { kind: 'skip', code: 'below_minimum' }],
    ['what is not disputed', { disputedMinor: 2_500 }, { kind: 'pay', amountMinor: 7_500 }],
    ['all disputed', { disputedMinor: 20_000 }, { kind: 'skip', code: 'disputed' }],
    [
      'a debt first',
      { receivableMinor: 2_500 },
      { kind: 'pay', amountMinor: 7_500, repaidMinor: 2_500 },
    ],
    ['only a debt', { receivableMinor: 99_000 }, { kind: 'skip', repaidMinor: 10_000 }],
    ['kept back', { hold: 'account_unverified' }, { kind: 'hold', code: 'account_unverified' }],
    ['nothing to keep back', { dueMinor: 0, hold: 'account_missing' }, { kind: 'skip' }],
    ['less than nothing', { balanceMinor: -1 }, { kind: 'skip', code: 'owes', receivableMinor: 0 }],
  ] as const)('%s', (_name, change, plan) => {
    expect(planPayout(basis(change))).toMatchObject(plan);
  });
});

describe('a negative balance', () => {
  const negative = { dueMinor: -700, balanceMinor: -700 };

  it('is a debt once it is old, and a loss once that is old', () => {
    const negativeSince = now - receivableAfterMs;
    const young = { ...negative, negativeSince: negativeSince + 1 };
    expect(planPayout(basis(young))).toMatchObject({ receivableMinor: 0 });
    const old = { ...negative, negativeSince };
    expect(planPayout(basis(old))).toMatchObject({ receivableMinor: 700, writtenOffMinor: 0 });
    const debt = { dueMinor: 200, balanceMinor: 200, receivableMinor: 700 };
    const receivableSince = now - writeOffAfterMs;
    expect(planPayout(basis({ ...debt, receivableSince: receivableSince + 1 }))).toMatchObject({
      repaidMinor: 200,
      writtenOffMinor: 0,
    });
    expect(planPayout(basis({ ...debt, receivableSince }))).toMatchObject({
      repaidMinor: 200,
      writtenOffMinor: 500,
    });
  });

  it('of a driver with our cash: it is his pay as far as that goes', () => {
    // Earned 50, holds 80; earned 120, holds 80.
    const short = { dueMinor: -30, balanceMinor: -30, cashInHandMinor: 80 };
    expect(planPayout(basis(short))).toMatchObject({ kind: 'skip', nettedMinor: 50 });
    const rich = { dueMinor: 40, balanceMinor: 40, cashInHandMinor: 80 };
    expect(planPayout(basis(rich))).toMatchObject({ amountMinor: 40, nettedMinor: 80 });
    const handedInTwice = { cashInHandMinor: -80 };
    expect(planPayout(basis(handedInTwice))).toMatchObject({ nettedMinor: 0 });
  });
});

const facts = (change: Partial<PayoutFacts> = {}): PayoutFacts => ({
  party: 'mer_1',
  period: '2026-05-04',
  kind: 'merchant',
  rail: 'stripe',
  amountMinor: 900,
  ...change,
});

const sumOf = (postings: readonly Posting[], account: string): number =>
  postings
    .flatMap(({ entries }) => entries)
    .filter((entry) => entry.account === account)
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0);

describe('the postings', () => {
  const kinds = fc.constantFrom<PartyKind[]>('merchant', 'driver');

  it('balance, have keys of the party, and leave nothing in transit at the end', () => {
    fc.assert(
      fc.property(bases, kinds, fc.integer({ min: 1 }), fc.boolean(), (start, kind, n, wasPaid) => {
        const amountMinor = (n % maxAmountMinor) + 1;
        const payout = facts({ kind, amountMinor });
        const before = planPostings(payout, planPayout(start));
        const sent = payoutSentPosting(payout);
        const paid = payoutEndPosting(payout, { kind: 'paid' });
        const failed = payoutEndPosting(payout, { kind: 'failed', wasPaid });
        for (const posting of [...before, sent, paid, failed]) {
          balanced(posting);
          expect(posting.key).toMatch(/^mer_1:\w+:2026-05-04$/);
        }
        expect(sumOf([sent, paid], 'payouts_in_transit')).toBe(0);
        expect(sumOf([sent, paid], kind)).toBe(amountMinor);
        expect(sumOf([sent, paid], 'provider_clearing')).toBe(-amountMinor);
        const givenBack = wasPaid ? [sent, paid, failed] : [sent, failed];
        for (const account of ['payouts_in_transit', kind, 'provider_clearing'])
          expect(sumOf(givenBack, account)).toBe(0);
      }),
      runs,
    );
  });

  it('move a debt and cash in hand, and leave what the party is owed in all as it is', () => {
    fc.assert(
      fc.property(bases, kinds, (start, kind) => {
        const plan = planPayout(start);
        const postings = planPostings(facts({ kind }), plan);
        expect(sumOf(postings, 'receivable')).toBe(
          plan.receivableMinor - plan.repaidMinor - plan.writtenOffMinor,
        );
        expect(sumOf(postings, 'cash_in_hand')).toBe(-plan.nettedMinor || 0);
        expect(sumOf(postings, 'bad_debt')).toBe(plan.writtenOffMinor);
      }),
      runs,
    );
  });
});

type Entry = { readonly at: number; readonly bookedAt: number; readonly minor: number };
const total = (some: readonly Entry[]): number => some.reduce((sum, entry) => sum + entry.minor, 0);

describe('many periods', () => {
  const entries: fc.Arbitrary<readonly Entry[]> = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 99 }),
      // Some are booked late: a period that is over already does not have them.
      bookedAt: fc.integer({ min: 0, max: 20 }),
      minor: fc.integer({ min: -20_000, max: 40_000 }),
    }),
    { maxLength: 40 },
  );
  const looks = fc.array(
    fc.record({
      endsAt: fc.integer({ min: 0, max: 100 }),
      late: fc.integer({ min: 0, max: 30 }),
      fails: fc.boolean(),
    }),
    { maxLength: 20 },
  );

  it('pay every entry once: together what was earned, however late or failed each of them is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...tried), entries, looks, (currency, earned, periods) => {
        let paidOut = 0;
        const pay = (endsAt: number, at: number, fails: boolean): void => {
          const booked = earned.filter((entry) => entry.at + entry.bookedAt < at);
          const ofPeriod = booked.filter((entry) => entry.at < endsAt);
          const plan = planPayout(
            basis({
              currency,
              dueMinor: total(ofPeriod) - paidOut,
              balanceMinor: total(booked) - paidOut,
            }),
          );
          if (plan.kind !== 'pay' || fails) return;
          paidOut += plan.amountMinor;
          expect(paidOut).toBeLessThanOrEqual(total(ofPeriod));
          expect(paidOut).toBeLessThanOrEqual(total(booked));
        };
        for (const { endsAt, late, fails } of periods) pay(endsAt, endsAt + late, fails);
        pay(100, 200, false);
        expect(total(earned) - paidOut).toBeLessThan(stepOf(currency, 'payout'));
      }),
      runs,
    );
  });
});
