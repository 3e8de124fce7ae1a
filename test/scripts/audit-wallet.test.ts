// What the audit sees of wallets: one bug after the other in data that is otherwise sound.

import { expect, it } from 'vitest';
import { breachesIn, runChecks } from '../../scripts/audit/checks.ts';
import type { AuditData } from '../../scripts/audit/data.ts';
import { breaching } from './audit-changes.ts';
import { soundData } from './audit-world.ts';

const withoutKind =
  (gone: string) =>
  (data: AuditData): AuditData => ({
    ...data,
    ledger: data.ledger.filter(({ kind }) => kind !== gone),
  });

const withHeld = (data: AuditData): AuditData => ({
  ...data,
  ledger: data.ledger.map((transaction, index) =>
    index === 0
      ? {
          ...transaction,
          entries: [
            ...transaction.entries,
            { account: 'wallet_held', party: 'cus_1', amountMinor: -5, currency: 'USD' },
          ],
        }
      : transaction,
  ),
});

const withTopUps =
  (change: Partial<AuditData['topUps'][number]>) =>
  (data: AuditData): AuditData => ({
    ...data,
    topUps: data.topUps.map((topUp) => ({ ...topUp, ...change })),
  });

it('finds nothing wrong with a sound wallet', () => {
  expect(breachesIn(runChecks(soundData()))).toBe(0);
});

it.each([
  ['a top-up that is in no wallet', 'top-ups-in-ledger', withoutKind('top_up')],
  [
    'a top-up that was declined and is in the wallet',
    'top-ups-in-ledger',
    withTopUps({ status: 'declined' }),
  ],
  ['more withdrawn than was filled', 'top-ups-in-ledger', withTopUps({ amountMinor: 900 })],
  ['a top-up that nobody here knows', 'books-in-ledger', withTopUps({ id: 'top_other' })],
  ['a withdrawal that left no wallet', 'withdrawals-in-ledger', withoutKind('withdrawal_sent')],
  ['a withdrawal that nobody was paid', 'withdrawals-in-ledger', withoutKind('withdrawal_paid')],
  ['a part that failed and is gone', 'withdrawals-in-ledger', withoutKind('withdrawal_failed')],
  ['a wallet below zero', 'wallets-not-negative', withoutKind('top_up')],
  ['a hold that was never let go', 'wallet-holds-end', withHeld],
] as const)('sees %s', (_name, id, change) => {
  expect(breaching(change(soundData()))).toContain(id);
});
