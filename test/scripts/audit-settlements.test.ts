// The audit's checks of settlements, tips and disputes on made-up data: each broken rule is seen.

import { describe, expect, it } from 'vitest';
import type { AuditData } from '../../scripts/audit/data.ts';
import { breaching } from './audit-changes.ts';
import { soundData } from './audit-world.ts';

describe('audit of settlements, tips and disputes', () => {
  const cases: readonly (readonly [string, string, (data: AuditData) => AuditData])[] = [
    [
      'a tip that the driver got twice, at the platform’s cost',
      'settlement-as-table',
      changeLedger(({ entries, ...rest }) => ({
        ...rest,
        entries: entries.map((entry) => ({
          ...entry,
          amountMinor: entry.amountMinor + ({ driver: -100, platform: 100 }[entry.account] ?? 0),
        })),
      })),
    ],
    [
      'money that another driver got',
      'settlement-as-table',
      changeLedger(({ entries, ...rest }) => ({
        ...rest,
        entries: entries.map((entry) =>
          entry.account === 'driver' ? { ...entry, party: 'drv_other' } : entry,
        ),
      })),
    ],
    [
      'a card’s money that is booked with PayPal',
      'settlement-as-table',
      (data) => ({
        ...data,
        ledger: data.ledger.map((transaction) => ({
          ...transaction,
          entries: transaction.entries.map((entry) => ({
            ...entry,
            party: entry.party === 'stripe' ? 'paypal' : entry.party,
          })),
        })),
      }),
    ],
    [
      'a refund by PayPal that nobody here has asked for',
      'objects-in-ledger',
      (data) => ({
        ...data,
        objects: data.objects.map((object) => ({ ...object, refundedMinor: 100 })),
      }),
    ],
    [
      'a dispute that was won and is booked as open',
      'disputes-in-ledger',
      changeDisputes({ status: 'won' }),
    ],
    ['a dispute of another amount', 'disputes-in-ledger', changeDisputes({ amountMinor: 801 })],
    [
      'postings of a dispute that there is not',
      'disputes-in-ledger',
      (data) => ({ ...data, disputes: [] }),
    ],
    [
      'a dispute that was lost without our knowing',
      'disputes-in-books',
      (data) => ({
        ...data,
        disputeBooks: data.disputeBooks.map((each) => ({ ...each, status: 'lost' })),
      }),
    ],
    [
      'a tip that somebody else got',
      'tips-in-ledger',
      (data) => ({ ...data, tips: data.tips.map((tip) => ({ ...tip, driverId: 'drv_other' })) }),
    ],
    [
      'a tip that was declined and taken',
      'tips-in-ledger',
      (data) => ({ ...data, tips: data.tips.map((tip) => ({ ...tip, status: 'declined' })) }),
    ],
  ];

  it.each(cases)('sees %s', (_name, id, change) => {
    expect(breaching(soundData())).toEqual([]);
    expect(breaching(change(soundData()))).toContain(id);
  });
});

function changeLedger(
  change: (transaction: AuditData['ledger'][number]) => AuditData['ledger'][number],
) {
  return (data: AuditData): AuditData => ({
    ...data,
    ledger: data.ledger.map((each, index) => (index === 0 ? change(each) : each)),
  });
}

function changeDisputes(change: Partial<AuditData['disputes'][number]>) {
  return (data: AuditData): AuditData => ({
    ...data,
    disputes: data.disputes.map((each, index) => (index === 0 ? { ...each, ...change } : each)),
  });
}
