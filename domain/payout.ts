// Paying out what merchants and drivers have earned: how much, why not, and what it moves in the ledger. Pure; the
// database brings the facts (db/payouts.ts), the workflow `payout:<party>:<period>` carries it out.

import {
  moved,
  platformParty,
  type AccountName,
  type LedgerEntry,
  type Posting,
} from './ledger.ts';
import { roundDownFor } from './money/rounding.ts';

export const partyKinds = ['merchant', 'driver'] as const;
export type PartyKind = (typeof partyKinds)[number];

/** Ways to pay somebody out. */
export const payoutRails = ['stripe', 'campay', 'noupay', 'bank'] as const;
export type PayoutRail = (typeof payoutRails)[number];

/** Asked for · kept back for now · intent recorded, being sent · on its way · arrived · given back · nothing to pay. */
export const payoutStatuses = [
  'requested',
  'held',
  'sending',
  'in_transit',
  'paid',
  'failed',
  'skipped',
] as const;
export type PayoutStatus = (typeof payoutStatuses)[number];

export const isPayoutOver = (status: PayoutStatus): boolean =>
  status === 'paid' || status === 'failed' || status === 'skipped';

/** How often a market pays out by itself, at its local midnight; a week begins on Monday. */
export const payoutEvery = ['day', 'week', 'never'] as const;
export type PayoutEvery = (typeof payoutEvery)[number];

/** What makes up a party's balance; what a driver holds of our cash is taken off it. */
export const payoutAccounts: Readonly<Record<PartyKind, readonly AccountName[]>> = {
  merchant: ['merchant'],
  driver: ['driver', 'tips', 'cash_in_hand'],
};

export const payoutHolds = ['account_missing', 'account_unverified', 'held_by_support'] as const;
export type PayoutHold = (typeof payoutHolds)[number];

const dayMs = 86_400_000;
/** A balance that stays negative so long is a debt: later earnings do not hide it any more, they repay it. */
export const receivableAfterMs = 28 * dayMs;
/** A debt that is so old is written off. */
export const writeOffAfterMs = 180 * dayMs;

/** Amounts in minor units, as seen by the party: positive is in its favour. */
export type PayoutBasis = {
  readonly currency: string;
  /** Everything earned before the period's end, less all that was ever paid out. */
  readonly dueMinor: number;
  /** The same of everything until now: what was taken back since the end is not paid out. */
  readonly balanceMinor: number;
  /** Earned by orders whose payment is disputed now. */
  readonly disputedMinor: number;
  /** Our cash in a driver's pocket, taken off the balance already. */
  readonly cashInHandMinor: number;
  /** Owed to us from before. */
  readonly receivableMinor: number;
  /** Epoch milliseconds; undefined while it is not so. */
  readonly negativeSince: number | undefined;
  readonly receivableSince: number | undefined;
  readonly minimumMinor: number;
  readonly hold: PayoutHold | undefined;
  readonly now: number;
};

/** What a run moves beside the payout itself; each ≥ 0. */
export type PayoutMoves = {
  /** The driver keeps so much of our cash as pay. */
  readonly nettedMinor: number;
  /** Of an old debt, out of what was earned since. */
  readonly repaidMinor: number;
  /** Becomes a debt. */
  readonly receivableMinor: number;
  readonly writtenOffMinor: number;
};

export type SkipCode = 'nothing_due' | 'below_minimum' | 'disputed' | 'owes';
export type PayoutPlan = PayoutMoves &
  (
    | { readonly kind: 'pay'; readonly amountMinor: number }
    /** Money is due, and waits. */
    | { readonly kind: 'hold'; readonly code: PayoutHold }
    | { readonly kind: 'skip'; readonly code: SkipCode }
  );

const isOlder = (since: number | undefined, { now }: PayoutBasis, than: number): boolean =>
  since !== undefined && now - since >= than;

const atLeast0 = (minor: number): number => Math.max(0, minor);

export function planPayout(basis: PayoutBasis): PayoutPlan {
  const { balanceMinor, cashInHandMinor } = basis;
  const availableMinor = Math.min(basis.dueMinor, balanceMinor);
  const repaidMinor = atLeast0(Math.min(availableMinor, basis.receivableMinor));
  const debtIsOld = balanceMinor < 0 && isOlder(basis.negativeSince, basis, receivableAfterMs);
  const lossIsOld = isOlder(basis.receivableSince, basis, writeOffAfterMs);
  const moves: PayoutMoves = {
    nettedMinor: atLeast0(Math.min(cashInHandMinor, balanceMinor + cashInHandMinor)),
    repaidMinor,
    receivableMinor: debtIsOld ? -balanceMinor : 0,
    writtenOffMinor: lossIsOld ? basis.receivableMinor - repaidMinor : 0,
  };
  if (availableMinor < 0) return { ...moves, kind: 'skip', code: 'owes' };
  const freeMinor = availableMinor - repaidMinor;
  const payableMinor = payable(freeMinor, basis);
  if (payableMinor === 0) return { ...moves, kind: 'skip', code: 'nothing_due' };
  const amountMinor = payable(freeMinor - atLeast0(basis.disputedMinor), basis);
  if (amountMinor === 0) return { ...moves, kind: 'skip', code: 'disputed' };
  if (amountMinor < basis.minimumMinor) return { ...moves, kind: 'skip', code: 'below_minimum' };
  return basis.hold === undefined
    ? { ...moves, kind: 'pay', amountMinor }
    : { ...moves, kind: 'hold', code: basis.hold };
}

const payable = (totalMinor: number, { currency }: PayoutBasis): number =>
  roundDownFor('payout', { totalMinor: atLeast0(totalMinor), currency });

/** How a payout is known, here and at the provider. */
export type PayoutName = { readonly party: string; readonly period: string };

export const payoutNameOf = ({ party, period }: PayoutName): string => `${party}:${period}`;

/** Undefined when it is no such name. Says nothing about existence. */
export function parsePayoutName(name: string): PayoutName | undefined {
  const [, party, period] = /^((?:mer|drv)_[0-9a-f]{32}):([a-z0-9-]{1,60})$/.exec(name) ?? [];
  return party === undefined || period === undefined ? undefined : { party, period };
}

/** The key at the provider; `n` advances only after a definitive answer. */
export const payoutKey = ({ party, period }: PayoutName, n: number): string =>
  `${party}:payout:${period}:${n}`;

/** The payout that a key at the provider is of. */
export function payoutNameOfKey(key: string): string | undefined {
  const [, party, period] = /^([^:]+):payout:([^:]+):\d+$/.exec(key) ?? [];
  return party === undefined || period === undefined ? undefined : payoutNameOf({ party, period });
}

export type PayoutFacts = PayoutName & {
  readonly kind: PartyKind;
  readonly rail: PayoutRail;
  readonly amountMinor: number;
};

/** All that payouts move of a party's own accounts has a key that begins with the party. */
const keyOf = ({ party, period }: PayoutName, step: string): string => `${party}:${step}:${period}`;

/** What a run moves before anybody is asked. */
export function planPostings(
  { party, period, kind }: Omit<PayoutFacts, 'rail' | 'amountMinor'>,
  moves: PayoutMoves,
): readonly Posting[] {
  const own = { account: kind, party } as const;
  const debt = { account: 'receivable', party } as const;
  const loss = { account: 'bad_debt', party: platformParty } as const;
  const cash = { account: 'cash_in_hand', party } as const;
  const posting = (step: Posting['kind'], entries: readonly LedgerEntry[]): Posting => ({
    key: keyOf({ party, period }, step),
    kind: step,
    entries,
  });
  return [
    posting('payout_netted', moved(moves.nettedMinor, cash, own)),
    posting('receivable_repaid', moved(moves.repaidMinor, debt, own)),
    posting('receivable', moved(moves.receivableMinor, own, debt)),
    posting('receivable_written_off', moved(moves.writtenOffMinor, debt, loss)),
  ];
}

/** Intent before effect: taken off the party's balance, and on its way. */
export function payoutSentPosting({ kind, party, rail, ...facts }: PayoutFacts): Posting {
  return {
    key: keyOf({ ...facts, party }, 'payout_sent'),
    kind: 'payout_sent',
    entries: moved(
      facts.amountMinor,
      { account: 'payouts_in_transit', party: rail },
      { account: kind, party },
    ),
  };
}

/**
 * Arrived, out of what the provider holds for us; or it never will, and is the party's again. `wasPaid`: a bank may send
 * back what had been confirmed.
 */
export function payoutEndPosting(
  { kind, party, rail, ...facts }: PayoutFacts,
  end: { readonly kind: 'paid' } | { readonly kind: 'failed'; readonly wasPaid: boolean },
): Posting {
  const transit = { account: 'payouts_in_transit', party: rail } as const;
  const clearing = { account: 'provider_clearing', party: rail } as const;
  const own = { account: kind, party } as const;
  const step = `payout_${end.kind}` as const;
  const entries =
    end.kind === 'paid'
      ? moved(facts.amountMinor, clearing, transit)
      : moved(facts.amountMinor, own, end.wasPaid ? clearing : transit);
  return { key: keyOf({ ...facts, party }, step), kind: step, entries };
}
