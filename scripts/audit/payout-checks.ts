// Payouts: what the rows say is what the ledger moved, and what the provider's books have.

import { payoutNameOf, type PayoutStatus } from '../../domain/payout.ts';
import { comparePayout } from '../../domain/reconcile.ts';
import {
  findingOf,
  groupBy,
  mustEqual,
  sum,
  type AuditedPayout,
  type Check,
  type LedgerTransaction,
} from './data.ts';

type Step = 'payout_sent' | 'payout_paid' | 'payout_failed';

const sent: readonly Step[] = ['payout_sent'];
const postedIn: Readonly<Record<PayoutStatus, readonly Step[]>> = {
  requested: [],
  held: [],
  skipped: [],
  sending: sent,
  in_transit: sent,
  paid: ['payout_sent', 'payout_paid'],
  failed: ['payout_sent', 'payout_failed'],
};

const isPosted = ({ status, wasPaid }: AuditedPayout, step: Step): boolean =>
  postedIn[status].includes(step) || (step === 'payout_paid' && wasPaid);

const debited = (transaction: LedgerTransaction | undefined): number =>
  sum((transaction?.entries ?? []).filter((e) => e.amountMinor > 0).map((e) => e.amountMinor));

const payoutsArePosted: Check = {
  id: 'payouts-in-ledger',
  item: 1,
  says: 'every payout is posted as its state says: sent once it was begun, paid or given back at its end',
  run: ({ payouts, ledger }) => {
    const keys = new Map(ledger.map((transaction) => [transaction.key, transaction]));
    return findingOf(payouts, (payout) =>
      (['payout_sent', 'payout_paid', 'payout_failed'] as const).flatMap((step) =>
        mustEqual(payout.party, `${step} of ${payout.period}`, {
          expected: isPosted(payout, step) ? (payout.amountMinor ?? 0) : 0,
          actual: debited(keys.get(`${payout.party}:${step}:${payout.period}`)),
        }),
      ),
    );
  },
};

const nothingElseIsInTransit: Check = {
  id: 'payouts-in-transit',
  item: 1,
  says: 'what is in transit by a way of paying out is what its payouts have under way',
  run: ({ payouts, ledger }) => {
    const entries = ledger
      .flatMap((transaction) => transaction.entries)
      .filter(({ account }) => account === 'payouts_in_transit');
    const under = payouts.filter(
      ({ status, wasPaid }) => (status === 'sending' || status === 'in_transit') && !wasPaid,
    );
    const rails = new Set([
      ...entries.map(({ party }) => party),
      ...payouts.map((p) => p.rail ?? ''),
    ]);
    return findingOf([...rails], (rail) =>
      mustEqual(rail, 'in transit', {
        expected: sum(under.filter((p) => p.rail === rail).map((p) => p.amountMinor ?? 0)),
        actual: -sum(entries.filter((e) => e.party === rail).map((e) => e.amountMinor)) || 0,
      }),
    );
  },
};

const payoutsAreInTheBooks: Check = {
  id: 'payouts-in-books',
  item: 3,
  says: 'what has left our balance at the provider is what our payouts sent, once each',
  run: ({ payouts, payoutBooks }) => {
    const theirs = groupBy(payoutBooks, ({ name, providerRef }) => name ?? providerRef);
    const ours = new Map(
      payouts
        .filter(({ rail }) => rail === 'stripe')
        .map((payout) => [
          payoutNameOf(payout),
          {
            ...payout,
            name: payoutNameOf(payout),
            amountMinor: payout.amountMinor ?? undefined,
          },
        ]),
    );
    const names = [...new Set([...theirs.keys(), ...ours.keys()])];
    return findingOf(names, (name) =>
      comparePayout(theirs.get(name) ?? [], ours.get(name)).map(
        ({ kind, oursMinor, theirsMinor }) => ({
          order: name,
          expected: `${oursMinor} left (${kind})`,
          actual: String(theirsMinor),
        }),
      ),
    );
  },
};

export const payoutChecks: readonly Check[] = [
  payoutsArePosted,
  nothingElseIsInTransit,
  payoutsAreInTheBooks,
];
