// What the order's events mean.

import { assertNever } from '../errors.ts';
import type { OrderPart, Preparation } from '../parts.ts';
import type { OrderState } from '../order.ts';
import { expectedAtDoor } from './delivery.ts';
import { counted, type EventOf } from './part.ts';

const preparation = (readyEstimateAt: number, since: number): Preparation => ({
  readyEstimateAt,
  late: 0,
  lateSince: since,
  shortage: undefined,
});

export function evolveOrder(state: OrderState, event: EventOf<'order'>): OrderState {
  const since = event.at;
  const become = (order: OrderPart): OrderState => ({ ...state, order });
  switch (event.type) {
    case 'order.placed':
    case 'order.settled':
      return state;
    case 'order.scheduled':
    case 'order.rescheduled': {
      const { releaseAt, promisedAt } = event;
      const next = { ...become({ status: 'scheduled', since, releaseAt }), promisedAt };
      return event.type === 'order.rescheduled' ? counted(next, 'changes') : next;
    }
    case 'order.released':
      return become({ status: 'payment_pending', since });
    case 'order.submitted':
      return become({ status: 'pending', since, nudges: 0, acknowledged: false });
    case 'order.resubmitted':
      return counted(
        become({ status: 'pending', since, nudges: 0, acknowledged: false }),
        'resends',
      );
    case 'order.prescription_asked':
      return become({ status: 'awaiting_prescription', since, prepMs: event.prepMs });
    case 'order.accepted': {
      const { readyEstimateAt, prepStartAt } = event;
      return prepStartAt === undefined
        ? become({ status: 'preparing', since, ...preparation(readyEstimateAt, since) })
        : become({ status: 'accepted', since, readyEstimateAt, prepStartAt });
    }
    case 'order.ready':
      return become({
        status: 'ready',
        since,
        assumed: event.assumed,
        reminded: false,
        readyEstimateAt: 'readyEstimateAt' in state.order ? state.order.readyEstimateAt : since,
      });
    case 'order.remade': {
      const next = become({
        status: 'preparing',
        since,
        ...preparation(event.readyEstimateAt, since),
      });
      return counted({ ...next, goodsOut: false }, 'remakes');
    }
    case 'order.handed_over':
      return become({ status: 'handed_over', since });
    case 'order.completed':
      return become({ status: 'completed', since });
    case 'order.denied':
      return become({ status: 'denied', since, endReason: event.endReason });
    case 'order.expired':
      return become({ status: 'expired', since, endReason: event.endReason });
    case 'order.cancelled':
      return become({ status: 'cancelled', since, endReason: event.endReason });
    case 'order.failed':
      return become({ status: 'failed', since, endReason: event.endReason });
    default:
      return evolveWithin(state, event);
  }
}

type Moving =
  | 'placed'
  | 'settled'
  | 'scheduled'
  | 'rescheduled'
  | 'released'
  | 'submitted'
  | 'resubmitted'
  | 'prescription_asked'
  | 'accepted'
  | 'ready'
  | 'remade'
  | 'handed_over'
  | 'completed'
  | 'denied'
  | 'expired'
  | 'cancelled'
  | 'failed';
type WithinEvent = Exclude<EventOf<'order'>, { readonly type: `order.${Moving}` }>;

/** Events that change something about a state without leaving it, or for a state that was left before. */
function evolveWithin(state: OrderState, event: WithinEvent): OrderState {
  const since = event.at;
  const { order } = state;
  switch (event.type) {
    case 'order.acknowledged':
      return ifPending(state, { acknowledged: true });
    case 'order.reminded':
      return ifPending(state, { nudges: 1 });
    case 'order.unacknowledged':
      return ifPending(state, { nudges: 2 });
    case 'order.merchant_called':
      return ifPending(state, { nudges: 3 });
    case 'order.preparation_started':
      return order.status === 'accepted'
        ? {
            ...state,
            order: { status: 'preparing', since, ...preparation(order.readyEstimateAt, since) },
          }
        : state;
    case 'order.delayed':
      return counted(delayed(state, event.readyEstimateAt, since), event.undo ? 'undos' : 'delays');
    case 'order.preparation_asked':
      return ifPreparing(state, { late: 1, lateSince: since });
    case 'order.reestimated':
      return ifPreparing(state, {
        late: 2,
        lateSince: since,
        readyEstimateAt: event.readyEstimateAt,
      });
    case 'order.preparation_escalated':
      return ifPreparing(state, { late: 3, lateSince: since });
    case 'order.shortage_reported': {
      const { line, quantity, missingMinor, substituteMinor } = event;
      const offered = substituteMinor === undefined ? {} : { substituteMinor };
      const shortage = { line, quantity, missingMinor, ...offered, askedAt: since };
      return counted(ifPreparing(state, { shortage }), 'shortages');
    }
    case 'order.shortage_resolved':
      return {
        ...ifPreparing(state, { shortage: undefined }),
        goodsMinor: event.goodsMinor,
      };
    case 'order.unready':
      return order.status === 'ready'
        ? counted(
            {
              ...state,
              order: { status: 'preparing', since, ...preparation(order.readyEstimateAt, since) },
            },
            'undos',
          )
        : state;
    case 'order.collection_reminded':
      return order.status === 'ready' ? { ...state, order: { ...order, reminded: true } } : state;
    default:
      return evolveAround(state, event);
  }
}

type AroundEvent = Extract<
  WithinEvent,
  {
    readonly type: `order.${
      | 'tip_changed'
      | 'notes_changed'
      | 'address_changed'
      | 'converted_to_pickup'
      | 'held'
      | 'unheld'}`;
  }
>;

/** Events about what surrounds the goods: the tip, the place, the clock. */
function evolveAround(state: OrderState, event: AroundEvent): OrderState {
  const since = event.at;
  const { order } = state;
  switch (event.type) {
    case 'order.tip_changed':
      return counted({ ...state, tipMinor: event.tipMinor }, 'changes');
    case 'order.notes_changed':
      return counted(state, 'changes');
    case 'order.address_changed':
      return counted(addressChanged(state, event), 'changes');
    case 'order.converted_to_pickup':
      return {
        ...state,
        fulfilment: 'pickup',
        // The customer's time to collect starts with their knowing of it.
        order: order.status === 'ready' ? { ...order, since } : order,
      };
    case 'order.held': {
      const from = state.held?.since ?? since;
      return counted({ ...state, held: { since: from, until: event.until } }, 'holds');
    }
    case 'order.unheld':
      return counted(
        { ...state, held: state.held && { since: state.held.since, until: since } },
        'undos',
      );
    default:
      return assertNever(event);
  }
}

type In<S extends OrderPart['status']> = Extract<OrderPart, { readonly status: S }>;

const ifPending = (state: OrderState, change: Partial<In<'pending'>>): OrderState =>
  state.order.status === 'pending' ? { ...state, order: { ...state.order, ...change } } : state;

const ifPreparing = (state: OrderState, change: Partial<Preparation>): OrderState =>
  state.order.status === 'preparing' ? { ...state, order: { ...state.order, ...change } } : state;

/** An answer to the question when the goods will be ready; the patience starts anew. */
function delayed(state: OrderState, readyEstimateAt: number, since: number): OrderState {
  return state.order.status === 'accepted'
    ? { ...state, order: { ...state.order, readyEstimateAt } }
    : ifPreparing(state, { readyEstimateAt, late: 0, lateSince: since });
}

function addressChanged(
  state: OrderState,
  { travelMs, dropoffEtaAt }: Extract<EventOf<'order'>, { type: 'order.address_changed' }>,
): OrderState {
  const { delivery } = state;
  return {
    ...state,
    travelMs,
    delivery:
      delivery.status === 'picked_up' && dropoffEtaAt !== undefined
        ? { ...delivery, ...expectedAtDoor(state, dropoffEtaAt) }
        : redirected(delivery, travelMs - state.travelMs),
  };
}

/** The door of goods that are still to be fetched is so much farther. */
const redirected = (delivery: OrderState['delivery'], byMs: number): OrderState['delivery'] =>
  'rideMs' in delivery
    ? {
        ...delivery,
        dropoffEtaAt: delivery.dropoffEtaAt + byMs,
        rideMs: Math.max(0, delivery.rideMs + byMs),
      }
    : delivery;
