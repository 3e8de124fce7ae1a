// Item 1: what the ledger says of every refund. What was settled as another amount was first posted as it had been asked for.

import {
  findingOf,
  groupBy,
  mustEqual,
  sum,
  type AuditedRefund,
  type Check,
  type LedgerTransaction,
} from './data.ts';

export const refundsEnd: Check = {
  id: 'refunds-in-ledger',
  item: 1,
  says: 'every refund is posted as its state says: borne and sent once it was begun, settled as what the provider paid, confirmed or reversed at its end',
  run: ({ refunds, ledger }) => {
    const keys = new Map(ledger.map((transaction) => [transaction.key, transaction]));
    const settled = groupBy(
      ledger.filter(({ kind }) => kind === 'refund_settled'),
      ({ key }) => key.split(':').at(-1) ?? '',
    );
    const settledOf = ({ id }: AuditedRefund) => settled.get(id) ?? [];
    return findingOf(refunds, (refund) => [
      ...stepsOf(refund, settledOf(refund)).flatMap(([step, expected]) =>
        mustEqual(refund.orderId, `${step} of ${refund.id}`, {
          expected,
          actual: debits(keys.get(`${refund.orderId}:${step}:${refund.id}`)),
        }),
      ),
      ...mustEqual(refund.orderId, `refund_settled of ${refund.id}`, {
        expected: (refund.askedMinor ?? refund.amountMinor) - refund.amountMinor,
        actual: sum(settledOf(refund).flatMap(givenBackIn)),
      }),
    ]);
  },
};

const debits = (transaction: LedgerTransaction | undefined): number =>
  sum((transaction?.entries ?? []).flatMap((e) => (e.amountMinor > 0 ? [e.amountMinor] : [])));

/** The money of a refund: on its way, or, of what is settled after it was paid, with the provider. */
const refundAccounts: ReadonlySet<string> = new Set(['refunds_in_transit', 'provider_clearing']);

export const givenBackIn = ({ entries }: LedgerTransaction): readonly number[] =>
  entries.filter(({ account }) => refundAccounts.has(account)).map((entry) => entry.amountMinor);

/** What each step must have moved. */
function stepsOf(
  { amountMinor, askedMinor, reason, status, wasSent, wasRefunded }: AuditedRefund,
  settled: readonly LedgerTransaction[],
) {
  const afterwards = settled.flatMap(({ entries }) =>
    entries.flatMap((e) => (e.account === 'provider_clearing' ? [e.amountMinor] : [])),
  );
  const minorOf = {
    refund_share: askedMinor ?? amountMinor,
    refund_sent: askedMinor ?? amountMinor,
    refund_confirmed: amountMinor + sum(afterwards),
    refund_failed: amountMinor,
  };
  // Of a payment that was disputed meanwhile.
  const isNever = status === 'failed' && !wasSent;
  const steps = isNever ? [] : postedIn[status];
  return refundSteps.map((step) => {
    // What was taken early is the customer's own: nobody has to bear it.
    const isPosted =
      (steps.includes(step) && !(reason === 'prepaid' && step === 'refund_share')) ||
      (step === 'refund_confirmed' && wasRefunded);
    return [step, isPosted ? minorOf[step] : 0] as const;
  });
}

const refundSteps = ['refund_share', 'refund_sent', 'refund_confirmed', 'refund_failed'] as const;
type RefundStepName = (typeof refundSteps)[number];
const begun: readonly RefundStepName[] = ['refund_share', 'refund_sent'];
const postedIn: Readonly<Record<AuditedRefund['status'], readonly RefundStepName[]>> = {
  awaiting_approval: [],
  requested: [],
  rejected: [],
  sending: begun,
  pending: begun,
  payable: begun,
  refunded: [...begun, 'refund_confirmed'],
  failed: [...begun, 'refund_failed'],
};
