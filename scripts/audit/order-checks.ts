// Items 2 and 6: every order ended with its money settled once, and its log, its read model and its
// workflow say the same.

import { fold } from '../../domain/evolve.ts';
import { hasEnded, initialState, isOver, type OrderState } from '../../domain/order.ts';
import { rowOf } from '../../domain/view.ts';
import {
  findingOf,
  mustEqual,
  type AuditedOrder,
  type AuditData,
  type Breach,
  type Check,
} from './data.ts';

const settledOnce: Check = {
  id: 'settled-once',
  item: 2,
  says: 'an order that is over settled its money exactly once: captured, released, written off or never held',
  run: ({ orders }) =>
    findingOf(
      orders.filter((order) => order.isOver),
      settlesOnce,
    ),
};

function settlesOnce(order: AuditedOrder): readonly Breach[] {
  const count = (type: string): number =>
    order.events.filter((event) => event.type === type).length;
  // Of a split payment the wallet's part may be there and the card's be lost: what is missing is written off.
  const captured = count('payment.captured');
  const paid =
    captured +
    (captured > 0 ? 0 : count('payment.written_off')) +
    count('payment.collected') +
    count('payment.paid_elsewhere');
  const outcomes = paid + count('payment.voided') + count('payment.refused');
  const held = count('payment.authorized') > 0;
  const wanted = held ? 1 : Math.min(outcomes, 1);
  const wasDelivered = count('delivery.delivered') > 0;
  return [
    ...mustEqual(order.id, 'outcomes of the payment', { expected: wanted, actual: outcomes }),
    ...(count('order.settled') > 1
      ? [{ order: order.id, expected: 'one settlement', actual: String(count('order.settled')) }]
      : []),
    ...(wasDelivered && paid === 0
      ? [
          {
            order: order.id,
            expected: 'a delivered order is paid or written off',
            actual: order.paymentStatus,
          },
        ]
      : []),
    ...(count('payment.written_off') > 0 && order.paymentStatus !== 'written_off'
      ? [{ order: order.id, expected: 'payment written_off', actual: order.paymentStatus }]
      : []),
  ];
}

const foldIsReadModel: Check = {
  id: 'fold-read-model',
  item: 2,
  says: 'the fold of an order’s events is its read model',
  run: ({ orders }) =>
    findingOf(orders, (order) => comparing(order, (state) => sameAsRow(order, state))),
};

/** A log that cannot be folded is a breach of its own. */
function comparing(
  order: AuditedOrder,
  judge: (state: OrderState) => readonly Breach[],
): readonly Breach[] {
  try {
    return judge(fold(initialState(order.facts), order.events));
  } catch (error) {
    return [
      {
        order: order.id,
        expected: 'events that can be folded',
        actual: error instanceof Error ? error.message : String(error),
      },
    ];
  }
}

function sameAsRow(order: AuditedOrder, state: OrderState): readonly Breach[] {
  if (order.sequence === 0) return [];
  const row = rowOf(state);
  return [
    ...mustEqual(order.id, 'sequence', { expected: row.sequence, actual: order.sequence }),
    ...mustEqual(order.id, 'status', { expected: row.status, actual: order.status }),
    ...mustEqual(order.id, 'order', { expected: row.orderStatus, actual: order.orderStatus }),
    ...mustEqual(order.id, 'delivery', {
      expected: row.deliveryStatus,
      actual: order.deliveryStatus,
    }),
    ...mustEqual(order.id, 'payment', { expected: row.paymentStatus, actual: order.paymentStatus }),
    ...mustEqual(order.id, 'end reason', { expected: row.endReason, actual: order.endReason }),
    ...mustEqual(order.id, 'over', { expected: row.isOver, actual: order.isOver }),
  ];
}

const foldIsResult: Check = {
  id: 'fold-workflow',
  item: 2,
  says: 'the fold of an order’s events is its workflow’s result',
  run: ({ orders, workflows }) => {
    const closed = orders.flatMap((order) => {
      const result = workflows.get(order.id)?.result;
      return result === undefined ? [] : [{ order, result }];
    });
    return findingOf(closed, ({ order, result }) =>
      comparing(order, (state) => [
        ...mustEqual(order.id, 'the workflow’s order', {
          expected: order.id,
          actual: result.orderId,
        }),
        ...mustEqual(order.id, 'the workflow’s sequence', {
          expected: state.sequence,
          actual: result.sequence,
        }),
        ...mustEqual(order.id, 'the workflow’s status', {
          expected: state.order.status,
          actual: result.status,
        }),
        ...mustEqual(order.id, 'the workflow’s delivery', {
          expected: state.delivery.status,
          actual: result.delivery,
        }),
        ...mustEqual(order.id, 'the workflow’s payment', {
          expected: state.payment.status,
          actual: result.payment,
        }),
      ]),
    );
  },
};

const sequencesHaveNoGap: Check = {
  id: 'sequence-gapless',
  item: 6,
  says: 'an order’s events are numbered from 1 without a gap, as many as its read model says',
  run: ({ orders }) =>
    findingOf(orders, (order) => {
      const gap = order.events.findIndex((event, index) => event.sequence !== index + 1);
      return [
        ...(gap < 0
          ? []
          : [
              {
                order: order.id,
                expected: `event ${gap + 1}`,
                actual: `event ${order.events[gap]?.sequence ?? 'none'}`,
              },
            ]),
        ...mustEqual(order.id, 'last sequence', {
          expected: order.sequence,
          actual: order.events.length,
        }),
      ];
    }),
};

/** Received by every merchant: each event of each of its orders of that day, once they are over. */
const feedsAreComplete: Check = {
  id: 'feed-complete',
  item: 6,
  says: 'a merchant received every event of its orders by the feed, and none that is not in the log',
  run: (data) => {
    const received = receivedOf(data);
    const orders = data.orders.filter(
      (order) =>
        order.isOver && received.readers.has(order.merchantId) && received.placed.has(order.id),
    );
    return findingOf(orders, (order) => {
      const got = received.sequences.get(order.id) ?? new Set<number>();
      const missing = order.events.filter((event) => !got.has(event.sequence));
      return missing.length === 0 && got.size === order.events.length
        ? []
        : [
            {
              order: order.id,
              expected: `${order.events.length} events received`,
              actual: `${got.size}, missing ${missing.map((event) => event.sequence).join(' ')}`,
            },
          ];
    });
  },
};

function receivedOf({ clientLog }: AuditData) {
  const readers = new Set<string>();
  const placed = new Set<string>();
  const sequences = new Map<string, Set<number>>();
  for (const line of clientLog) {
    if (line.kind === 'day_ended') line.merchantIds.forEach((id) => readers.add(id));
    if (line.kind === 'answer' && line.action === 'place') placed.add(line.orderId);
    if (line.kind === 'event')
      sequences.set(line.orderId, (sequences.get(line.orderId) ?? new Set()).add(line.sequence));
  }
  return { readers, placed, sequences };
}

/** An order that looks over but whose fold is not, or the other way round, is named by the fold check. */
const endedIsOver: Check = {
  id: 'ended-is-over',
  item: 2,
  says: 'an order that has ended has its money settled within two minutes',
  run: ({ orders, now }) =>
    findingOf(
      orders.filter(
        (order) => !order.isOver && order.sequence > 0 && now - order.updatedAt > 120_000,
      ),
      (order) =>
        comparing(order, (state) =>
          hasEnded(state) && !isOver(state) && order.deadlineAt === undefined
            ? [
                {
                  order: order.id,
                  expected: 'settled money',
                  actual: `payment ${state.payment.status}`,
                },
              ]
            : [],
        ),
    ),
};

export const orderChecks: readonly Check[] = [
  settledOnce,
  endedIsOver,
  foldIsReadModel,
  foldIsResult,
  sequencesHaveNoGap,
  feedsAreComplete,
];
