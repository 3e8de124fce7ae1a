// Items 1 and 3: disputes. What the rows say is what the ledger moved, and what the providers' books have.

import {
  findingOf,
  groupBy,
  mustEqual,
  type AuditedDispute,
  type Check,
  type LedgerTransaction,
} from './data.ts';

const nameOf = ({ provider, disputeRef }: Pick<AuditedDispute, 'provider' | 'disputeRef'>) =>
  `${provider}:${disputeRef}`;

/** `stripe:dp_1:opened` is about `stripe:dp_1`. */
const disputeOf = ({ key }: LedgerTransaction): string => key.split(':').slice(0, 2).join(':');

/** What a payment costs names the currency, too: `stripe:pi_1:fee:EUR:1`. */
const disputeFee = /^[^:]+:[^:]+:fee:\d+$/;

const isOfDispute = ({ kind, key }: LedgerTransaction): boolean =>
  kind.startsWith('dispute_') || (kind === 'provider_fee' && disputeFee.test(key));

const accounts = ['disputes', 'bad_debt', 'provider_fees', 'provider_clearing'] as const;

/** Where the money of a dispute is: with the bank for now, lost, or back; debit positive. */
function expectedOf(dispute: AuditedDispute): Readonly<Record<(typeof accounts)[number], number>> {
  const { status, amountMinor, lostMinor, feeMinor } = dispute;
  const away = { open: amountMinor, won: 0, lost: 0 }[status];
  const lost = status === 'lost' ? lostMinor : 0;
  return {
    disputes: away,
    bad_debt: lost,
    provider_fees: feeMinor,
    provider_clearing: -(away + lost + feeMinor) || 0,
  };
}

const disputesArePosted: Check = {
  id: 'disputes-in-ledger',
  item: 1,
  says: 'the money of every dispute is where its state says: with the bank, lost, or back, its fee paid',
  run: ({ disputes, ledger }) => {
    const known = new Map(disputes.map((dispute) => [nameOf(dispute), dispute]));
    const posted = groupBy(ledger.filter(isOfDispute), disputeOf);
    const names = [...new Set([...known.keys(), ...posted.keys()])];
    return findingOf(names, (name) => {
      const dispute = known.get(name);
      const transactions = posted.get(name) ?? [];
      const order = dispute?.orderId ?? transactions[0]?.orderId ?? name;
      if (!dispute) return [{ order, expected: `a dispute ${name}`, actual: 'none' }];
      const expected = expectedOf(dispute);
      const entries = transactions.flatMap((transaction) => transaction.entries);
      return accounts.flatMap((account) =>
        mustEqual(order, `${account} of ${name}, ${dispute.status},`, {
          expected: expected[account],
          actual: entries
            .filter((entry) => entry.account === account)
            .reduce((total, { amountMinor }) => total + amountMinor, 0),
        }),
      );
    });
  },
};

const disputesAreInTheBooks: Check = {
  id: 'disputes-in-books',
  item: 3,
  says: 'every dispute that a provider lists is known, with its state, amount and fee',
  run: ({ disputes, disputeBooks }) => {
    const known = new Map(disputes.map((dispute) => [nameOf(dispute), dispute]));
    return findingOf(disputeBooks, (listed) => {
      const ours = known.get(nameOf(listed));
      const order = ours?.orderId ?? listed.providerRef;
      const inWords = (of: AuditedDispute | typeof listed | undefined): string =>
        of ? `${of.status} ${of.amountMinor} ${of.currency}, fee ${of.feeMinor}` : 'none';
      return mustEqual(order, `dispute ${listed.disputeRef}`, {
        expected: inWords(listed),
        actual: inWords(ours),
      });
    });
  },
};

export const disputeChecks: readonly Check[] = [disputesArePosted, disputesAreInTheBooks];
