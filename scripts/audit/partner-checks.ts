// Item 3, for the partner fleet: its books against our log and ledger, both ways.

import type { PartnerDelivery } from '../../adapters/delivery-partner.ts';
import {
  findingOf,
  groupBy,
  mustEqual,
  sum,
  type AuditData,
  type AuditedOrder,
  type Breach,
  type Check,
} from './data.ts';

const orderOf = ({ externalId }: PartnerDelivery): string => externalId.split(':')[0] ?? '';

/** Order → what the ledger owes the partner fleet for it. */
function owedByOrder({ ledger }: AuditData): ReadonlyMap<string, number> {
  const transactions = groupBy(ledger, ({ orderId }) => orderId);
  return new Map(
    [...transactions].map(([orderId, all]) => {
      const entries = all.flatMap((transaction) => transaction.entries);
      const partner = entries.filter(({ account }) => account === 'partner_payable');
      return [orderId, -sum(partner.map(({ amountMinor }) => amountMinor)) || 0];
    }),
  );
}

const isStillOut: ReadonlySet<PartnerDelivery['progress']> = new Set(['pending', 'picked_up']);

/** The partner was asked to let go of it and could not, or would not say; or support knew that the customer has it. */
const isExcused = ({ events }: AuditedOrder): boolean =>
  events.some(
    ({ type, actor }) =>
      type === 'delivery.partner_cancel_failed' ||
      (type === 'delivery.delivered' && actor.kind === 'support'),
  );

const partnerBooksAreOurs: Check = {
  id: 'partner-books-in-ledger',
  item: 3,
  says: 'every delivery in the partner fleet’s books is ours, at the price in our ledger, and has ended with its order',
  run: (data) => {
    const orders = new Map(data.orders.map((order) => [order.id, order]));
    const owed = owedByOrder(data);
    const counted = data.partnerBooks.filter((each) => orders.get(orderOf(each))?.isOver !== false);
    return findingOf(counted, (delivery): readonly Breach[] => {
      const { partnerRef, priceMinor, progress } = delivery;
      const order = orders.get(orderOf(delivery));
      if (!order)
        return [
          { order: orderOf(delivery), expected: `an order for ${partnerRef}`, actual: 'none' },
        ];
      return [
        ...mustEqual(order.id, `price of ${partnerRef}`, {
          expected: priceMinor,
          actual: owed.get(order.id) ?? 0,
        }),
        ...(isStillOut.has(progress) && !isExcused(order)
          ? [{ order: order.id, expected: `${partnerRef} ended`, actual: progress }]
          : []),
      ];
    });
  },
};

const oursAreInThePartnerBooks: Check = {
  id: 'ledger-in-partner-books',
  item: 3,
  says: 'every delivery that a partner fleet took by our log is in its books, once',
  run: ({ orders, partnerBooks }) => {
    const books = groupBy(partnerBooks, orderOf);
    const taken = orders.flatMap(({ id, events }) =>
      events.flatMap((event) =>
        event.type === 'delivery.partner_confirmed' ? [{ id, partnerRef: event.partnerRef }] : [],
      ),
    );
    return findingOf(taken, ({ id, partnerRef }) =>
      mustEqual(id, 'deliveries of the partner fleet', {
        expected: partnerRef,
        actual: books
          .get(id)
          ?.map((each) => each.partnerRef)
          .join(' '),
      }),
    );
  },
};

export const partnerChecks: readonly Check[] = [partnerBooksAreOurs, oursAreInThePartnerBooks];
