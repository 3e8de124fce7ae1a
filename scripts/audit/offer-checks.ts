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

type Step = {
  readonly at: number;
  /** Units of capacity, below 0 when they leave. */
  readonly change: number;
  readonly isByHand: boolean;
  readonly orderId: string;
  readonly driverId: string;
};

const capacityIsKept: Check = {
  id: 'capacity-kept',
  item: 5,
  says: 'no driver carries more deliveries at once than they can',
  run: (data: AuditData) => {
    const byDriver = groupBy(data.orders.flatMap(stepsOf), (step) => step.driverId);
    return findingOf([...byDriver], ([driverId, steps]) =>
      tooMany(steps, { driverId, capacity: data.driverCapacity.get(driverId) ?? 1 }),
    );
  },
};

/** When the order came to a driver and when it left them. */
function stepsOf({ id: orderId, events, facts }: AuditedOrder): readonly Step[] {
  const { load = 1 } = facts.deliveryTerms ?? {};
  let held: Step | undefined;
  return events.flatMap((event): readonly Step[] => {
    const { at, type } = event;
    const comes = type === 'delivery.assigned' || type === 'delivery.transferred';
    if (!comes && !carriageEnds.has(type)) return [];
    const left = held ? [{ ...held, at, change: -load, isByHand: false }] : [];
    held = comes
      ? { at, change: load, isByHand: isByHand(event), orderId, driverId: event.driverId }
      : undefined;
    return held ? [...left, held] : left;
  });
}

const carriageEnds: ReadonlySet<OrderEvent['type']> = new Set([
  'delivery.unassigned',
  'delivery.delivered',
  'delivery.returned',
  'delivery.discarded',
  'delivery.cancelled',
] as const);

function tooMany(
  steps: readonly Step[],
  { driverId, capacity }: { readonly driverId: string; readonly capacity: number },
): readonly Breach[] {
  let carried = 0;
  // At the same millisecond what leaves comes first.
  const inOrder = steps.toSorted((a, b) => a.at - b.at || a.change - b.change);
  return inOrder.flatMap((step) => {
    carried += step.change;
    return carried <= capacity || step.isByHand
      ? []
      : [
          {
            order: step.orderId,
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
