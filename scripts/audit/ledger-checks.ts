// Item 1: the ledger. Debits are positive, credits negative; an order's customer owes nothing at the end.

import type { OrderEvent } from '../../domain/events.ts';
import { isPaidByHand, isRefundAlive } from '../../domain/refund.ts';
import { takenIn } from '../../domain/refund-shares.ts';
import {
  findingOf,
  groupBy,
  mustEqual,
  sum,
  type AuditedOrder,
  type AuditData,
  type Breach,
  type Check,
  type LedgerTransaction,
} from './data.ts';
import { refundsEnd } from './refund-checks.ts';

/** The ways in which a customer's debt is paid. */
const paidBy = ['capture', 'write_off', 'cash', 'elsewhere'] as const;

const transactionsBalance: Check = {
  id: 'ledger-balanced',
  item: 1,
  says: 'every ledger transaction has entries of one currency that sum to zero',
  run: ({ ledger }) =>
    findingOf(ledger, ({ orderId, key, currency, entries }) => [
      ...mustEqual(orderId, `sum of ${key}`, {
        expected: 0,
        actual: sum(entries.map((e) => e.amountMinor)),
      }),
      ...(entries.length < 2
        ? [{ order: orderId, expected: `entries in ${key}`, actual: String(entries.length) }]
        : []),
      ...entries.flatMap((e) =>
        mustEqual(orderId, `currency of ${key}`, { expected: currency, actual: e.currency }),
      ),
    ]),
};

const capturesWithinGrants: Check = {
  id: 'captured-within-granted',
  item: 1,
  says: 'no payment captured more than was granted, or gave back more than was captured',
  run: ({ books }) =>
    findingOf(books, ({ orderId = 'unknown', providerRef, ...payment }) => [
      ...(payment.capturedMinor > payment.authorizedMinor
        ? [
            {
              order: orderId,
              expected: `${providerRef} captured ≤ ${payment.authorizedMinor}`,
              actual: String(payment.capturedMinor),
            },
          ]
        : []),
      ...(payment.refundedMinor > payment.capturedMinor
        ? [
            {
              order: orderId,
              expected: `${providerRef} refunded ≤ ${payment.capturedMinor}`,
              actual: String(payment.refundedMinor),
            },
          ]
        : []),
    ]),
};

const paymentsMeetSettlements: Check = {
  id: 'payments-meet-settlement',
  item: 1,
  says: 'what an order took, less what it gives back by itself, and wrote off is what its settlement asks of the customer',
  run: (data) => {
    const byOrder = groupBy(data.ledger, (transaction) => transaction.orderId);
    return findingOf(
      data.orders.filter((order) => order.isOver),
      (order) => meetsSettlement(order, byOrder.get(order.id) ?? []),
    );
  },
};

function meetsSettlement(
  order: AuditedOrder,
  transactions: readonly LedgerTransaction[],
): readonly Breach[] {
  const settled = order.events.find((event) => event.type === 'order.settled');
  const owed = settled?.type === 'order.settled' ? settled.customerMinor : 0;
  const dueBack = sum(
    order.events.map((event) => (event.type === 'payment.refund_due' ? event.amountMinor : 0)),
  );
  const moved = (kind: string): number =>
    sum(
      transactions
        .filter((t) => t.kind === kind)
        .flatMap((t) =>
          t.entries.filter((e) => e.account === 'customer').map((e) => e.amountMinor),
        ),
    );
  const count = (kind: string): number => transactions.filter((t) => t.kind === kind).length;
  const movesMoney =
    settled?.type === 'order.settled' && partsOf(settled).some((part) => part !== 0);
  return [
    ...mustEqual(order.id, 'settlements in the ledger', {
      expected: movesMoney ? 1 : 0,
      actual: count('settlement'),
    }),
    ...mustEqual(order.id, 'the customer is charged', {
      expected: owed,
      actual: moved('settlement'),
    }),
    ...mustEqual(order.id, 'captured and written off', {
      expected: owed + dueBack,
      actual: -paidBy.reduce((total, kind) => total + moved(kind), 0) || 0,
    }),
    ...(settled?.type === 'order.settled' ? sharesOut(order.id, settled, transactions) : []),
  ];
}

type Settled = Extract<OrderEvent, { type: 'order.settled' }>;

const partsOf = (settled: Settled): readonly number[] => [
  settled.customerMinor,
  settled.merchantMinor,
  settled.driverMinor,
  settled.platformMinor,
  settled.taxMinor,
  settled.goodsTaxMinor ?? 0,
  settled.roundingMinor,
];

/** The settlement's parts, party by party, are the ledger's. */
function sharesOut(
  orderId: string,
  settled: Settled,
  transactions: readonly LedgerTransaction[],
): readonly Breach[] {
  const entries = transactions.filter((t) => t.kind === 'settlement').flatMap((t) => t.entries);
  const credited = (account: string): number =>
    -sum(entries.filter((e) => e.account === account).map((e) => e.amountMinor)) || 0;
  return [
    ...mustEqual(orderId, 'the merchant is paid', {
      expected: settled.merchantMinor,
      actual: credited('merchant'),
    }),
    ...mustEqual(orderId, 'the driver is paid', {
      expected: settled.driverMinor,
      actual: credited('driver'),
    }),
    ...mustEqual(orderId, 'the platform keeps', {
      expected: settled.platformMinor,
      actual: credited('platform'),
    }),
    ...mustEqual(orderId, 'the tax on the commission', {
      expected: settled.taxMinor,
      actual: credited('tax'),
    }),
    ...mustEqual(orderId, 'the tax on the goods', {
      expected: settled.goodsTaxMinor ?? 0,
      actual: credited('goods_tax'),
    }),
    ...mustEqual(orderId, 'rounding gives', {
      expected: settled.roundingMinor,
      actual: credited('rounding'),
    }),
  ];
}

const transactionsBelong: Check = {
  id: 'ledger-belongs',
  item: 1,
  says: 'every ledger transaction belongs to an order and to an event, a refund or a tip of it, or to a dispute',
  run: (data: AuditData) => {
    const orders = new Map(data.orders.map((order) => [order.id, order]));
    const refunds = new Map(data.refunds.map((refund) => [refund.id, refund]));
    const tips = new Set(data.tips.map(({ orderId, n }) => `${orderId}:${n}`));
    return findingOf(data.ledger, (transaction) => {
      const { key, orderId, kind } = transaction;
      const missing = (expected: string): readonly Breach[] => [
        { order: orderId, expected: `${expected} behind ${key}`, actual: 'none' },
      ];
      if (ownKinds.has(kind)) return [];
      const events = orders.get(orderId)?.events;
      if (events === undefined) return missing('an order');
      if (kind.startsWith('refund_'))
        return refunds.get(key.split(':').at(-1) ?? '')?.orderId === orderId
          ? []
          : missing('a refund');
      if (kind.startsWith('tip_'))
        return tips.has(`${orderId}:${key.split(':').at(-1)}`) ? [] : missing('a tip');
      const causes = causesOf[kind] ?? [];
      const caused = events.some((event) => causes.includes(event.type));
      return caused ? [] : missing(causes.join(' or ') || kind);
    });
  },
};

const causesOf: Readonly<Record<string, readonly string[]>> = {
  settlement: ['order.settled'],
  capture: ['payment.captured'],
  write_off: ['payment.written_off'],
  driver_pay: ['delivery.unassigned', 'delivery.transferred'],
  partner_fleet: [
    'delivery.partner_confirmed',
    'delivery.partner_repriced',
    'delivery.partner_cancelled',
    'delivery.partner_cancel_failed',
  ],
  elsewhere: ['payment.paid_elsewhere'],
  cash: ['payment.collected'],
  remittance: ['payment.remitted', 'payment.short'],
  late_cash: ['payment.short'],
  wallet_hold: ['payment.authorizing'],
  wallet_capture: ['payment.capturing'],
  wallet_release: ['payment.authorizing'],
  wallet_refund: ['payment.captured'],
};

/** What the provider, a payout or support causes, not an order. */
const ownKinds: ReadonlySet<string> = new Set([
  'dispute_opened',
  'dispute_won',
  'dispute_lost',
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
  'top_up',
  'top_up_late',
  'top_up_returned',
  'withdrawal_sent',
  'withdrawal_paid',
  'withdrawal_failed',
]);

const cashGoesBack: Check = {
  id: 'cash-refunds',
  item: 1,
  says: 'what was given back in cash was paid in cash, and nothing else has left the cash desk',
  run: ({ orders, refunds, ledger }) => {
    const byOrder = groupBy(ledger, ({ orderId }) => orderId);
    const inCash = groupBy(
      refunds.filter(({ provider, status }) => isPaidByHand(provider) && isRefundAlive(status)),
      ({ orderId }) => orderId,
    );
    return findingOf(orders, ({ id }) => {
      const own = inCash.get(id) ?? [];
      const moves = (byOrder.get(id) ?? []).flatMap(({ kind, entries }) =>
        entries.map((entry) => ({ ...entry, kind })),
      );
      const owed = sum(own.map(({ amountMinor }) => amountMinor));
      const taken = takenIn(moves.filter(({ kind }) => kind === 'cash'));
      const paidOut = moves.filter(
        ({ kind, account }) => kind === 'refund_confirmed' && account === 'cash_desk',
      );
      return [
        ...(owed > taken
          ? [{ order: id, expected: `cash refunds ≤ ${taken}`, actual: String(owed) }]
          : []),
        ...mustEqual(id, 'paid out of the cash desk', {
          expected: sum(own.filter((e) => e.status === 'refunded').map((e) => e.amountMinor)),
          actual: -sum(paidOut.map(({ amountMinor }) => amountMinor)) || 0,
        }),
      ];
    });
  },
};

const lateCashWasMissing: Check = {
  id: 'late-cash',
  item: 1,
  says: 'no more cash of an order came late than was missing',
  run: ({ orders, ledger }) => {
    const late = groupBy(
      ledger.filter(({ kind }) => kind === 'late_cash'),
      ({ orderId }) => orderId,
    );
    return findingOf(orders, ({ id, events }) => {
      const missing = sum(
        events.map((event) => (event.type === 'payment.short' ? event.missingMinor : 0)),
      );
      const came = sum(
        (late.get(id) ?? [])
          .flatMap(({ entries }) => entries)
          .map(({ account, amountMinor }) => (account === 'cash_desk' ? amountMinor : 0)),
      );
      return came > missing
        ? [{ order: id, expected: `late cash ≤ ${missing}`, actual: String(came) }]
        : [];
    });
  },
};

const tipsEnd: Check = {
  id: 'tips-in-ledger',
  item: 1,
  says: 'every tip after the delivery that was paid is posted whole to its driver, and no other is posted at all',
  run: ({ tips, ledger }) => {
    const keys = new Map(ledger.map((transaction) => [transaction.key, transaction]));
    return findingOf(tips, ({ orderId, n, driverId, amountMinor, status }) => {
      const on = (step: string, account: string): number =>
        sum(
          (keys.get(`${orderId}:${step}:${n}`)?.entries ?? [])
            .filter((e) => e.account === account)
            .filter(({ party }) => account !== 'driver' || party === driverId)
            .map((e) => e.amountMinor),
        );
      const expected = status === 'paid' ? amountMinor : 0;
      return [
        ...mustEqual(orderId, `tip ${n} is the driver’s`, {
          expected,
          actual: -on('tip_share', 'driver') || 0,
        }),
        ...mustEqual(orderId, `tip ${n} is taken`, {
          expected,
          actual: on('tip_capture', 'provider_clearing'),
        }),
      ];
    });
  },
};

const prepaidGoesBack: Check = {
  id: 'prepaid-goes-back',
  item: 2,
  says: 'what an order took before its end and is not owed has one refund, of the same amount',
  run: ({ orders, refunds }) => {
    const own = groupBy(
      refunds.filter(({ reason }) => reason === 'prepaid'),
      ({ orderId }) => orderId,
    );
    return findingOf(orders, ({ id, events }) => {
      const due = events.flatMap((e) => (e.type === 'payment.refund_due' ? [e.amountMinor] : []));
      const made = (own.get(id) ?? []).map(({ amountMinor }) => amountMinor);
      return mustEqual(id, 'refunds of what was prepaid', {
        expected: sum(due),
        actual: sum(made),
      });
    });
  },
};

export const ledgerChecks: readonly Check[] = [
  prepaidGoesBack,
  transactionsBalance,
  transactionsBelong,
  capturesWithinGrants,
  paymentsMeetSettlements,
  refundsEnd,
  cashGoesBack,
  lateCashWasMissing,
  tipsEnd,
];
