// The audit of what is given back in cash: silent about a refund of the desk, and no way around it stays unseen.

import { describe, expect, it } from 'vitest';
import { postingOf } from '../../db/ledger.ts';
import { refundEndPosting, refundPostings } from '../../domain/refund.ts';
import { ledgerChecks } from '../../scripts/audit/ledger-checks.ts';
import type { AuditData, LedgerTransaction } from '../../scripts/audit/data.ts';
import { soundData } from './audit-world.ts';

const breachesOf = (data: AuditData): readonly string[] => {
  const check = ledgerChecks.find(({ id }) => id === 'cash-refunds');
  return (
    check?.run(data).breaches.map(({ expected, actual }) => `${expected}, not ${actual}`) ?? []
  );
};

/** The refund of the first order is of cash, which its driver got. */
function inCash(collectedMinor: number): AuditData {
  const data = soundData();
  const [order] = data.orders;
  const [refund] = data.refunds;
  if (!order || !refund) throw new Error('no refund');
  const { id: orderId, facts } = order;
  const { customerId, currency } = facts;
  const { id: refundId, amountMinor } = refund;
  const bearers = [{ account: 'merchant', party: facts.merchantId, amountMinor } as const];
  const posted = { refundId, orderId, customerId, provider: 'cash', amountMinor, bearers };
  const collected = { type: 'payment.collected', amountMinor: collectedMinor } as const;
  const cash = postingOf(facts, collected, 'drv_1');
  const postings = [
    ...(cash ? [cash] : []),
    ...refundPostings(posted),
    refundEndPosting(posted, 'refunded'),
  ];
  const ledger = postings.map((posting): LedgerTransaction => ({
    ...posting,
    orderId,
    currency,
    entries: posting.entries.map((entry) => ({ ...entry, currency })),
  }));
  const others = data.ledger.filter(({ kind }) => !kind.startsWith('refund_'));
  return {
    ...data,
    refunds: [{ ...refund, provider: 'cash' }],
    ledger: [...others, ...ledger],
  };
}

describe('the audit of cash refunds', () => {
  it('finds nothing wrong with one that the desk has paid, nor with those of cards', () => {
    expect(breachesOf(inCash(2_400))).toEqual([]);
    expect(breachesOf(soundData())).toEqual([]);
  });

  it('sees more given back in cash than was paid in cash', () => {
    expect(breachesOf(inCash(499))).toEqual(['cash refunds ≤ 499, not 500']);
  });

  it('sees money leave the desk for nobody’s refund, and a refund that never left it', () => {
    const data = inCash(2_400);
    expect(breachesOf({ ...data, refunds: [] })).toEqual(['paid out of the cash desk 0, not 500']);
    const ledger = data.ledger.filter(({ kind }) => kind !== 'refund_confirmed');
    expect(breachesOf({ ...data, ledger })).toEqual(['paid out of the cash desk 500, not 0']);
  });
});
