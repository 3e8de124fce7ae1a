// Double entry as values: what accounts there are, what a transaction must be, and which movements the steps of money
// make. Debits are positive, credits negative; seen from a party, a credit is in its favour.

import { sumMinor } from './money.ts';

/** Whose account it is: the `party` of an entry is the id of one of these, `platform`, or a provider's name. */
type Holder = 'customer' | 'merchant' | 'driver' | 'party' | 'platform' | 'provider' | 'partner';

type Account = { readonly holder: Holder; readonly says: string };

export const accounts = {
  customer: { holder: 'customer', says: 'what customers owe for orders (debit) and have paid' },
  merchant: { holder: 'merchant', says: 'what merchants have earned (credit) and were paid out' },
  driver: { holder: 'driver', says: 'what drivers have earned (credit) and were paid out' },
  platform: { holder: 'platform', says: 'what the platform earns (credit) or bears' },
  tax: {
    holder: 'platform',
    says: 'tax that the platform has taken and owes to the state (credit)',
  },
  goods_tax: {
    holder: 'platform',
    says: 'tax on goods that the platform has collected and owes to the state (credit)',
  },
  tips: { holder: 'driver', says: 'tips on their way to drivers (credit)' },
  provider_clearing: {
    holder: 'provider',
    says: 'money that a provider has taken for us and still holds (debit)',
  },
  provider_fees: { holder: 'provider', says: 'what providers charge us (debit)' },
  refunds_in_transit: {
    holder: 'provider',
    says: 'refunds that were asked for and are not confirmed (credit)',
  },
  payouts_in_transit: {
    holder: 'provider',
    says: 'payouts that were sent and have not arrived (credit)',
  },
  disputes: { holder: 'provider', says: 'money that a dispute has taken back for now (debit)' },
  receivable: {
    holder: 'party',
    says: 'what merchants and drivers owe us since their balance stayed negative (debit)',
  },
  bad_debt: { holder: 'platform', says: 'losses that were written off (debit)' },
  rounding: { holder: 'platform', says: 'what rounding to payable amounts gave or took' },
  fx: { holder: 'platform', says: 'gains and losses of exchange' },
  cash_in_hand: { holder: 'driver', says: 'our cash in a driver’s pocket (debit)' },
  cash_desk: {
    holder: 'platform',
    says: 'cash that drivers have handed in, less what was given back in cash (debit)',
  },
  channel_clearing: {
    holder: 'merchant',
    says: 'orders that were paid to the merchant’s sales channel or counter (debit)',
  },
  wallet: { holder: 'customer', says: 'customers’ stored balance (credit)' },
  wallet_held: {
    holder: 'customer',
    says: 'stored balance that is set aside for orders under way (credit)',
  },
  promotions: { holder: 'platform', says: 'discounts that the platform pays for (debit)' },
  partner_payable: {
    holder: 'partner',
    says: 'what partner fleets and channels are owed (credit)',
  },
  unidentified_receipts: {
    holder: 'provider',
    says: 'money that came and belongs to nothing that we know (credit)',
  },
} as const satisfies Readonly<Record<string, Account>>;

export type AccountName = keyof typeof accounts;
export const accountNames = Object.keys(accounts) as readonly AccountName[];

export const platformParty = 'platform';
/** There is one. */
export const partnerParty = 'partner_fleet';

/** Minor units ≠ 0, debit positive, credit negative. */
export type LedgerEntry = {
  readonly account: AccountName;
  readonly party: string;
  readonly amountMinor: number;
};

export type Posting = {
  /** Deterministic: the same movement has the same key for ever, so it cannot be posted twice. */
  readonly key: string;
  readonly kind: PostingKind;
  readonly entries: readonly LedgerEntry[];
};

export const postingKinds = [
  'settlement',
  'capture',
  'write_off',
  'driver_pay',
  'partner_fleet',
  'elsewhere',
  'cash',
  'remittance',
  'late_cash',
  'refund_share',
  'refund_sent',
  'refund_confirmed',
  'refund_failed',
  'refund_settled',
  'tip_share',
  'tip_capture',
  'dispute_opened',
  'dispute_won',
  'dispute_lost',
  'wallet_hold',
  'wallet_capture',
  'wallet_release',
  'wallet_refund',
  'top_up',
  'top_up_late',
  'top_up_returned',
  'withdrawal_sent',
  'withdrawal_paid',
  'withdrawal_failed',
  'provider_fee',
  'compensation',
  'correction',
  'payout_sent',
  'payout_paid',
  'payout_failed',
  'payout_netted',
  'receivable',
  'receivable_repaid',
  'receivable_written_off',
] as const;
export type PostingKind = (typeof postingKinds)[number];

/**
 * The posting as it is stored: entries of one account and party are one, none is 0, together they are 0. Undefined when
 * nothing moves. Throws (a bug) when it does not balance or an amount is not whole.
 */
export function balanced(posting: Posting): Posting | undefined {
  const merged = new Map<string, LedgerEntry>();
  for (const entry of posting.entries) {
    const name = `${entry.account}\n${entry.party}`;
    const amountMinor = sumMinor([merged.get(name)?.amountMinor ?? 0, entry.amountMinor]);
    merged.set(name, { ...entry, amountMinor });
  }
  const entries = [...merged.values()].filter((entry) => entry.amountMinor !== 0);
  const sum = sumMinor(entries.map((entry) => entry.amountMinor));
  if (sum !== 0) throw new Error(`ledger transaction ${posting.key} is off by ${sum}`);
  return entries.length === 0 ? undefined : { ...posting, entries };
}

/** Moves an amount from one account to another: the first is credited, the second debited. */
export const moved = (
  amountMinor: number,
  from: Omit<LedgerEntry, 'amountMinor'>,
  to: Omit<LedgerEntry, 'amountMinor'>,
): readonly LedgerEntry[] => [
  { ...from, amountMinor: -amountMinor || 0 },
  { ...to, amountMinor },
];
