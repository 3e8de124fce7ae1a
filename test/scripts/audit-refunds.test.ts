// The audit of a refund that two persons settled as what the provider had paid: silent when all of it was posted.

import { expect, it } from 'vitest';
import { refundEndPosting, refundPostings } from '../../domain/refund.ts';
import { settledPosting } from '../../domain/refund-settlement.ts';
import { checks, runChecks } from '../../scripts/audit/checks.ts';
import type { AuditData, LedgerTransaction } from '../../scripts/audit/data.ts';
import { soundData } from './audit-world.ts';

const breaching = (data: AuditData): readonly string[] =>
  runChecks(data)
    .filter(({ finding }) => finding.breaches.length > 0)
    .map(({ check }) => check.id);

/** Of 5.00 that were asked for 4.99 were paid; before or after it had counted as paid. */
function settled(wasRefunded: boolean): AuditData {
  const data = soundData();
  const [order] = data.orders;
  const [refund] = data.refunds;
  if (!order || !refund) throw new Error('no refund');
  const { id: orderId, facts } = order;
  const { customerId, currency, merchantId } = facts;
  const { id: refundId, amountMinor, provider, providerRef } = refund;
  const bearers = [{ account: 'merchant', party: merchantId, amountMinor } as const];
  const asked = { refundId, orderId, customerId, provider, amountMinor, bearers };
  const { bearers: own, posting } = settledPosting({ facts: asked, wasRefunded, n: 0 }, 499);
  const paid = wasRefunded ? asked : { ...asked, amountMinor: 499, bearers: own };
  const postings = [...refundPostings(asked), posting, refundEndPosting(paid, 'refunded')];
  const ledger = postings.map((each): LedgerTransaction => ({
    ...each,
    orderId,
    currency,
    entries: each.entries.map((entry) => ({ ...entry, currency })),
  }));
  return {
    ...data,
    refunds: [{ ...refund, amountMinor: 499, askedMinor: 500 }],
    ledger: [...data.ledger.filter(({ kind }) => !kind.startsWith('refund_')), ...ledger],
    books: data.books.map((payment) =>
      payment.providerRef === providerRef ? { ...payment, refundedMinor: 499 } : payment,
    ),
  };
}

it.each([false, true])('finds nothing wrong with it, settled after it was paid: %s', (wasPaid) => {
  expect(checks.map(({ id }) => id)).toContain('refunds-in-ledger');
  expect(breaching(settled(wasPaid))).toEqual([]);
});

it('sees what was never posted of it', () => {
  const data = settled(false);
  const ledger = data.ledger.filter(({ kind }) => kind !== 'refund_settled');
  expect(breaching({ ...data, ledger })).toEqual(['refunds-in-ledger', 'books-in-ledger']);
});
