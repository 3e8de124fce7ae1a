// The audit's checks on made-up data: silent when nothing is wrong, and each broken rule is seen by the
// check that is meant to see it.

import { describe, expect, it } from 'vitest';
import { breachesIn, checks, describeVerdicts, runChecks } from '../../scripts/audit/checks.ts';
import type { AuditData, AuditedOrder } from '../../scripts/audit/data.ts';
import { seededBugs } from '../../scripts/audit/seeded-bugs.ts';
import { judge } from '../../scripts/audit/self-check.ts';
import { breaching, byHand, firstId, withFirst } from './audit-changes.ts';
import { soundData } from './audit-world.ts';

const withOffers = (change: Partial<AuditData['offers'][number]>) => (data: AuditData) => ({
  ...data,
  offers: data.offers.map((row) => ({ ...row, ...change })),
});

describe('audit', () => {
  it('finds nothing wrong with a driver whom support has given an order without an offer', () => {
    const data = soundData();
    const offers = data.offers.filter(({ orderId }) => orderId !== firstId(data));
    expect(breaching({ ...data, offers })).toEqual(['assigned-by-offer']);
    const given = withFirst(data, ({ events }) => ({ events: events.map(byHand) }));
    expect(breaching({ ...given, offers })).toEqual([]);
  });

  it('finds nothing wrong with sound data, and has looked at something in every check', () => {
    const verdicts = runChecks(soundData());
    expect(describeVerdicts(verdicts).filter((line) => !line.startsWith('ok'))).toEqual([]);
    expect(breachesIn(verdicts)).toBe(0);
    const tried = verdicts
      .filter(({ finding }) => finding.counted > 0)
      .map(({ check }) => check.id);
    expect(checks.map(({ id }) => id).filter((id) => !tried.includes(id))).toEqual([
      'ended-is-over',
      'promised-has-event',
      'drafts-finished',
      'none-overdue',
    ]);
  });

  it('names order, expected and actual of a breach', () => {
    const data = soundData();
    const broken = withFirst(data, () => ({ paymentStatus: 'authorized' }));
    const lines = describeVerdicts(runChecks(broken));
    expect(lines).toContainEqual(
      expect.stringContaining(`${firstId(data)}: expected payment captured, actual authorized`),
    );
  });

  const cases: readonly (readonly [string, string, (data: AuditData) => AuditData])[] = [
    [
      'an unbalanced transaction',
      'ledger-balanced',
      changeLedger(({ entries, ...rest }) => ({
        ...rest,
        entries: entries.map((entry, index) =>
          index === 0 ? { ...entry, amountMinor: entry.amountMinor + 1 } : entry,
        ),
      })),
    ],
    [
      'an entry in another currency',
      'ledger-balanced',
      changeLedger(({ entries, ...rest }) => ({
        ...rest,
        entries: entries.map((entry, index) =>
          index === 0 ? { ...entry, currency: 'EUR' } : entry,
        ),
      })),
    ],
    [
      'a transaction of no order',
      'ledger-belongs',
      changeLedger((transaction) => ({ ...transaction, orderId: 'ord_none' })),
    ],
    [
      'a lost settlement',
      'payments-meet-settlement',
      (data) => ({ ...data, ledger: data.ledger.filter(({ kind }) => kind !== 'settlement') }),
    ],
    [
      'a lost capture',
      'payments-meet-settlement',
      (data) => ({ ...data, ledger: data.ledger.filter(({ kind }) => kind !== 'capture') }),
    ],
    [
      'a refund that the provider made twice',
      'books-in-ledger',
      changeBooks((payment) => ({ ...payment, refundedMinor: payment.refundedMinor * 2 })),
    ],
    [
      'a refund that nobody bears',
      'refunds-in-ledger',
      (data) => ({ ...data, ledger: data.ledger.filter(({ kind }) => kind !== 'refund_share') }),
    ],
    [
      'a failed refund that was not given back to who bore it',
      'refunds-in-ledger',
      (data) => ({ ...data, refunds: data.refunds.map((each) => ({ ...each, status: 'failed' })) }),
    ],
    [
      'a refund of nothing that was asked for',
      'ledger-belongs',
      (data) => ({ ...data, refunds: [] }),
    ],
    [
      'money taken early and not owed, for which there is no refund',
      'prepaid-goes-back',
      (data) =>
        withFirst(data, ({ events }) => ({
          events: events.map((event) =>
            event.type === 'order.completed'
              ? { ...event, type: 'payment.refund_due', amountMinor: 5, providerRef: 'txn_1' }
              : event,
          ),
        })),
    ],
    ['a tip that nobody gave', 'ledger-belongs', (data) => ({ ...data, tips: [] })],
    [
      'more captured than granted',
      'captured-within-granted',
      changeBooks((payment) => ({ ...payment, capturedMinor: payment.authorizedMinor + 1 })),
    ],
    [
      'more refunded than captured',
      'captured-within-granted',
      changeBooks((payment) => ({ ...payment, refundedMinor: payment.authorizedMinor + 1 })),
    ],
    [
      'two captures of an order',
      'settled-once',
      (data) => withFirst(data, twice('payment.captured')),
    ],
    [
      'a fold that differs from the row',
      'fold-read-model',
      (data) => withFirst(data, () => ({ deliveryStatus: 'picked_up' })),
    ],
    [
      'a log that cannot be folded',
      'fold-read-model',
      (data) => withFirst(data, ({ events }) => ({ events: events.toSpliced(2, 1) })),
    ],
    [
      'a workflow with another end',
      'fold-workflow',
      changeWorkflow((view) => ({
        ...view,
        result: view.result && { ...view.result, payment: 'voided' },
      })),
    ],
    [
      'a gap in the sequence',
      'sequence-gapless',
      (data) => withFirst(data, ({ events }) => ({ events: events.toSpliced(3, 1) })),
    ],
    [
      'an event that no merchant received',
      'feed-complete',
      (data) => ({
        ...data,
        clientLog: data.clientLog.filter((line) => line.kind !== 'event' || line.sequence !== 4),
      }),
    ],
    [
      'a hold left behind',
      'no-hold-left',
      changeBooks((payment) => ({ ...payment, status: 'authorized', capturedMinor: 0 })),
    ],
    ...(['requires_action', 'unconfirmed', 'declined'] as const).map(
      (status) =>
        [
          `a payment left ${status}, which an app could still confirm`,
          'no-hold-left',
          changeBooks((payment) => ({ ...payment, status, capturedMinor: 0 })),
        ] as const,
    ),
    [
      'a second payment',
      'one-payment-per-attempt',
      (data) => ({
        ...data,
        books: data.books.flatMap((payment) => [payment, { ...payment, providerRef: 'pi_again' }]),
      }),
    ],
    [
      'a payment of nobody',
      'books-in-ledger',
      changeBooks((payment) => ({ ...payment, orderId: 'ord_none' })),
    ],
    [
      'a capture that the provider does not know',
      'ledger-in-books',
      (data) => ({ ...data, books: data.books.slice(1) }),
    ],
    [
      'an order without a row',
      'placed-has-row',
      (data) => ({ ...data, orders: data.orders.slice(1) }),
    ],
    [
      'a row that nobody placed',
      'row-was-placed',
      (data) => ({
        ...data,
        clientLog: data.clientLog.filter(
          (line) => line.kind !== 'answer' || line.orderId !== firstId(data),
        ),
      }),
    ],
    [
      'a promise without an event',
      'promised-has-event',
      (data) => ({
        ...data,
        clientLog: [
          ...data.clientLog,
          {
            kind: 'answer',
            at: '2026-11-05T12:00:00Z',
            action: 'abandon',
            status: 200,
            orderId: firstId(data),
            idempotencyKey: 'k',
          },
        ],
      }),
    ],
    [
      'a row without a workflow',
      'row-has-workflow',
      (data) => ({ ...data, workflows: new Map([...data.workflows].slice(1)) }),
    ],
    [
      'a workflow that never ended',
      'row-has-workflow',
      changeWorkflow((view) => ({ ...view, status: 'running', result: undefined })),
    ],
    [
      'a workflow without a row',
      'workflow-has-row',
      (data) => ({ ...data, orders: data.orders.slice(1), books: data.books.slice(1) }),
    ],
    [
      'a failed workflow',
      'no-stuck-task',
      changeWorkflow((view) => ({ ...view, status: 'failed', result: undefined })),
    ],
    [
      'a task that fails again and again',
      'no-stuck-task',
      (data) => ({
        ...data,
        otherWorkflows: [
          { workflowId: 'dispatcher:x', status: 'running', result: undefined, taskAttempt: 9 },
        ],
      }),
    ],
    [
      'a forgotten draft',
      'drafts-finished',
      (data) => withFirst(data, () => ({ sequence: 0, events: [], isOver: false })),
    ],
    [
      'an order past its deadline',
      'none-overdue',
      (data) => withFirst(data, () => ({ isOver: false, deadlineAt: data.now - 121_000 })),
    ],
    [
      'two accepted offers',
      'one-accepted-offer',
      (data) => ({
        ...data,
        offers: data.offers.flatMap((row) => [row, { ...row, offerId: 'off_again' }]),
      }),
    ],
    [
      'an assignment without an accepted offer',
      'assigned-by-offer',
      withOffers({ offerStatus: 'expired' }),
    ],
    ['a driver who was promised more', 'assigned-by-offer', withOffers({ bonusMinor: 1 })],
    [
      'a driver with two deliveries',
      'capacity-kept',
      (data) =>
        withFirst(data, ({ events }) => ({
          events: events.map((event) =>
            event.type === 'delivery.delivered' ? { ...event, at: data.now } : event,
          ),
        })),
    ],
    [
      'a name in a history',
      'no-personal-data',
      (data) => ({
        ...data,
        canaries: { searched: 1, hits: [{ source: 'history', token: 'a name' }] },
      }),
    ],
  ];

  it.each(cases)('sees %s', (_name, id, change) => {
    expect(breaching(change(soundData()))).toContain(id);
  });

  it('is tried by a bug of every kind that it must see, each planted where a check is', () => {
    const known = checks.map(({ id }) => id);
    expect(seededBugs.map(({ seenBy }) => seenBy).filter((id) => !known.includes(id))).toEqual([]);
  });

  it.each(seededBugs.filter((bug) => bug.kind === 'books'))(
    'sees its own planted bug: $name',
    (bug) => {
      const data = soundData();
      const planted = bug.change(data);
      expect(planted && judge(bug, { data, planted })).toBe('seen');
    },
  );
});

function changeLedger(
  change: (transaction: AuditData['ledger'][number]) => AuditData['ledger'][number],
) {
  return (data: AuditData): AuditData => ({
    ...data,
    ledger: data.ledger.map((each, index) => (index === 0 ? change(each) : each)),
  });
}

function changeBooks(change: (payment: AuditData['books'][number]) => AuditData['books'][number]) {
  return (data: AuditData): AuditData => ({
    ...data,
    books: data.books.map((each, index) => (index === 0 ? change(each) : each)),
  });
}

type View = AuditData['workflows'] extends ReadonlyMap<string, infer Each> ? Each : never;

function changeWorkflow(change: (view: View) => View) {
  return (data: AuditData): AuditData => ({
    ...data,
    workflows: new Map(
      [...data.workflows].map(([id, view], index) => [id, index === 0 ? change(view) : view]),
    ),
  });
}

const twice =
  (type: string) =>
  ({ events }: AuditedOrder): Partial<AuditedOrder> => {
    const again = events.find((event) => event.type === type);
    if (again === undefined) throw new Error(`no ${type}`);
    return {
      events: [...events, { ...again, sequence: events.length + 1 }],
      sequence: events.length + 1,
    };
  };
