// The audit of a refund that two persons settled as what the provider had paid: silent when all of it was posted.

import { expect, it } from 'vitest';
import type { LedgerEntry } from '../../domain/ledger.ts';
import { refundEndPosting, refundPostings, type RefundFacts } from '../../domain/refund.ts';
import { settledPosting } from '../../domain/refund-settlement.ts';
import { checks } from '../../scripts/audit/checks.ts';
import type { AuditData, LedgerTransaction } from '../../scripts/audit/data.ts';
import { breaching } from './audit-changes.ts';
import { soundData } from './audit-world.ts';

/** 5.00 were asked for. What happened then: it was settled as another amount, or counted as paid. */
function settled(...steps: readonly (number | 'paid')[]): AuditData {
  const data = soundData();
  const [order] = data.orders;
  const [refund] = data.refunds;
  if (!order || !refund) throw new Error('no refund');
  const { id: orderId, facts: of } = order;
  const { customerId, currency, merchantId } = of;
  const { id: refundId, amountMinor, provider, providerRef } = refund;
  const bearers: readonly LedgerEntry[] = [{ account: 'merchant', party: merchantId, amountMinor }];
  let facts: RefundFacts = { refundId, orderId, customerId, provider, amountMinor, bearers };
  const postings = [...refundPostings(facts)];
  for (const [n, step] of steps.entries()) {
    if (step === 'paid') {
      postings.push(refundEndPosting(facts, 'refunded'));
      continue;
    }
    const wasRefunded = steps.slice(0, n).includes('paid');
    const { bearers: own, posting } = settledPosting({ facts, wasRefunded, n }, step);
    postings.push(posting);
    facts = { ...facts, amountMinor: step, bearers: own };
  }
  const ledger = postings.map((each): LedgerTransaction => ({
    ...each,
    orderId,
    currency,
    entries: each.entries.map((entry) => ({ ...entry, currency })),
  }));
  return {
    ...data,
    refunds: [{ ...refund, amountMinor: facts.amountMinor, askedMinor: 500 }],
    ledger: [...data.ledger.filter(({ kind }) => !kind.startsWith('refund_')), ...ledger],
    books: data.books.map((payment) =>
      payment.providerRef === providerRef
        ? { ...payment, refundedMinor: facts.amountMinor }
        : payment,
    ),
  };
}

it.each([[[499, 'paid'] as const], [['paid', 499] as const], [[499, 'paid', 500] as const]])(
  'finds nothing wrong with it: %s',
  (steps) => {
    expect(checks.map(({ id }) => id)).toContain('refunds-in-ledger');
    expect(breaching(settled(...steps))).toEqual([]);
  },
);

it('sees what was never posted of it', () => {
  const data = settled(499, 'paid');
  const ledger = data.ledger.filter(({ kind }) => kind !== 'refund_settled');
  expect(breaching({ ...data, ledger })).toEqual(['refunds-in-ledger', 'books-in-ledger']);
});

it('expects nothing of one that was never sent, for its payment was disputed meanwhile', () => {
  const data = soundData();
  const [refund] = data.refunds;
  if (!refund) throw new Error('no refund');
  const { orderId, id } = refund;
  const failed = { ...refund, id: `${id}_2`, status: 'failed', wasRefunded: false } as const;
  const beside = (wasSent: boolean): AuditData => ({
    ...data,
    refunds: [...data.refunds, { ...failed, orderId, wasSent }],
  });
  expect(breaching(beside(false))).toEqual([]);
  expect(breaching(beside(true))).toEqual(['refunds-in-ledger']);
});
