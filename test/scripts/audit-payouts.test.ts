// The audit's checks of payouts on made-up data: each broken rule is seen by the check that is meant to see it.

import { expect, it } from 'vitest';
import { runChecks } from '../../scripts/audit/checks.ts';
import type { AuditData } from '../../scripts/audit/data.ts';
import { soundData } from './audit-world.ts';

const cases: readonly (readonly [string, string, (data: AuditData) => AuditData])[] = [
  [
    'a payout that was never taken off',
    'payouts-in-ledger',
    (data) => ({ ...data, ledger: data.ledger.filter(({ kind }) => kind !== 'payout_sent') }),
  ],
  [
    'a payout that failed and was not given back',
    'payouts-in-ledger',
    (data) => ({ ...data, payouts: data.payouts.map((each) => ({ ...each, status: 'failed' })) }),
  ],
  [
    'money in transit that no payout sent',
    'payouts-in-transit',
    (data) => ({ ...data, ledger: data.ledger.filter(({ kind }) => kind !== 'payout_paid') }),
  ],
  [
    'a payout that the provider does not know',
    'payouts-in-books',
    (data) => ({ ...data, payoutBooks: [] }),
  ],
  [
    'a payout that came back and is paid here',
    'payouts-in-books',
    (data) => ({
      ...data,
      payoutBooks: data.payoutBooks.map((each) => ({ ...each, returned: true })),
    }),
  ],
  [
    'a payout of another amount',
    'payouts-in-books',
    (data) => ({
      ...data,
      payoutBooks: data.payoutBooks.map((each) => ({ ...each, amountMinor: 1 })),
    }),
  ],
  ['a payout of nobody', 'payouts-in-books', (data) => ({ ...data, payouts: [] })],
];

it.each(cases)('sees %s', (_name, id, change) => {
  const found = runChecks(change(soundData())).find(({ check }) => check.id === id);
  expect(found?.finding.breaches).not.toEqual([]);
});
