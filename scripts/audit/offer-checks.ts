// Item 5: one driver per delivery, and no driver with more than they can carry.

import type { OrderEvent } from '../../domain/events.ts';
import {
  findingOf,
  groupBy,
  type AuditedOrder,
  type AuditData,
  type Breach,
  type Check,
} from './data.ts';
import { replay } from './replay-rounds.ts';

const taken: ReadonlySet<string> = new Set(['accepted', 'assigned']);

const oneAcceptedOffer: Check = {
  id: 'one-accepted-offer',
  item: 5,
  says: 'each search for a driver ended in one accepted offer at most',
  run: ({ offers }) => {
    const searches = groupBy(offers, ({ orderId, search }) => `${orderId}/${search}`);
    return findingOf([...searches.values()], (rows) => {
      const accepted = rows.filter((row) => taken.has(row.status));
      return accepted.length <= 1
        ? []
        : [
            {
              order: accepted[0]?.orderId ?? '',
              expected: 'one accepted offer',
              actual: accepted.map((row) => `${row.offerId} (${row.driverId})`).join(' '),
            },
          ];
    });
  },
};

/** Support gives orders to drivers whom no offer was made, and may load one beyond their capacity. */
const isByHand = ({ actor }: OrderEvent): boolean => actor.kind === 'support';

const assignedByOffer: Check = {
  id: 'assigned-by-offer',
  item: 5,
  says: 'every driver that an order was given, not by support, accepted the offer that names it, for what it offers',
  run: ({ orders, offers }) => {
    const known = new Map(offers.map((row) => [`${row.offerId}/${row.orderId}`, row]));
    const assignments = orders.flatMap(({ id, events }) =>
      events.flatMap((event) =>
        event.type === 'delivery.assigned' && !isByHand(event) ? [{ id, event }] : [],
      ),
    );
    return findingOf(assignments, ({ id, event }) => {
      const row = known.get(`${event.offerId}/${id}`);
      const right =
        row?.driverId === event.driverId &&
        row.offerStatus === 'accepted' &&
        row.status === 'assigned' &&
        row.bonusMinor === (event.bonusMinor ?? 0);
      return right
        ? []
        : [
            {
              order: id,
              expected: `offer ${event.offerId} accepted by ${event.driverId}, ${event.bonusMinor ?? 0} more`,
              actual:
                row === undefined
                  ? 'no such offer'
                  : `${row.offerStatus}/${row.status} by ${row.driverId}, ${row.bonusMinor} more`,
            },
          ];
    });
  },
};

type Carriage = {
  readonly orderId: string;
  readonly driverId: string;
  readonly load: number;
  readonly isByHand: boolean;
  /** When the offer was made that it came by; what has none is promised as it comes. */
  readonly promisedAt: number;
  readonly at: number;
  readonly until: number;
};

const capacityIsKept: Check = {
  id: 'capacity-kept',
  item: 5,
  says: 'no driver was offered, or took over, more than they can carry with what they had then and kept',
  run: (data: AuditData) => {
    const madeAt = new Map(data.offers.map((row) => [`${row.offerId}/${row.orderId}`, row.madeAt]));
    const carriages = data.orders.flatMap((order) => carriagesOf(order, madeAt));
    return findingOf([...groupBy(carriages, ({ driverId }) => driverId)], ([driverId, all]) =>
      tooMany(all, { driverId, capacity: data.driverCapacity.get(driverId) ?? 1 }),
    );
  },
};

/** From when the order came to a driver until it left them, each time. */
function carriagesOf(
  { id: orderId, events, facts }: AuditedOrder,
  madeAt: ReadonlyMap<string, Date>,
): readonly Carriage[] {
  const { load = 1 } = facts.deliveryTerms ?? {};
  const turns = events.filter(({ type }) => carriageBegins.has(type) || carriageEnds.has(type));
  return turns.flatMap((event, n) => {
    if (event.type !== 'delivery.assigned' && event.type !== 'delivery.transferred') return [];
    const { at, driverId } = event;
    const offered = 'offerId' in event ? madeAt.get(`${event.offerId}/${orderId}`) : undefined;
    return [
      {
        orderId,
        driverId,
        load,
        isByHand: isByHand(event),
        promisedAt: offered?.getTime() ?? at,
        at,
        until: turns[n + 1]?.at ?? Infinity,
      },
    ];
  });
}

const carriageBegins: ReadonlySet<OrderEvent['type']> = new Set([
  'delivery.assigned',
  'delivery.transferred',
] as const);

const carriageEnds: ReadonlySet<OrderEvent['type']> = new Set([
  'delivery.unassigned',
  'delivery.delivered',
  'delivery.returned',
  'delivery.discarded',
  'delivery.cancelled',
] as const);

function tooMany(
  all: readonly Carriage[],
  { driverId, capacity }: { readonly driverId: string; readonly capacity: number },
): readonly Breach[] {
  return all.flatMap((it) => {
    const beside = all.filter(
      ({ promisedAt, until }) => promisedAt <= it.promisedAt && until > it.at,
    );
    const carried = beside.reduce((sum, { load }) => sum + load, 0);
    return carried <= capacity || it.isByHand
      ? []
      : [
          {
            order: it.orderId,
            expected: `${driverId} carries at most ${capacity}`,
            actual: String(carried),
          },
        ];
  });
}

const roundsReplay: Check = {
  id: 'rounds-replay',
  item: 5,
  says: 'a stored dispatch round, planned again, gives the identical plan',
  run: ({ rounds }) => findingOf(rounds, replay),
};

export const offerChecks: readonly Check[] = [
  oneAcceptedOffer,
  assignedByOffer,
  capacityIsKept,
  roundsReplay,
];
