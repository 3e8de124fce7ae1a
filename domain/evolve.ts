// evolve(state, event) → state. The only place where an order changes; `decide` alone says which events may come.

import { assertNever } from './errors.ts';
import type { OrderEvent } from './events.ts';
import type { Machine } from './lifecycle.ts';
import type { Carrier, DeliveryPart, OrderState, PaymentPart } from './order.ts';

/** Folds one event into the state. Throws (a bug) on an event that cannot follow. */
export function evolve(state: OrderState, event: OrderEvent): OrderState {
  if (event.sequence !== state.sequence + 1) {
    throw new Error(`event ${event.sequence} cannot follow ${state.sequence}`);
  }
  const next = { ...state, sequence: event.sequence };
  if (isOf('order', event)) return evolveOrder(next, event);
  if (isOf('delivery', event)) return evolveDelivery(next, event);
  if (isOf('payment', event)) return evolvePayment(next, event);
  if (event.type === 'deadline.extended') {
    return { ...next, extended: { ...next.extended, [event.key]: event.until } };
  }
  return assertNever(event);
}

type EventOf<M extends Machine> = Extract<OrderEvent, { readonly type: `${M}.${string}` }>;

const isOf = <M extends Machine>(machine: M, event: OrderEvent): event is EventOf<M> =>
  event.type.startsWith(`${machine}.`);

/** The fold of a whole log. */
export const fold = (initial: OrderState, events: readonly OrderEvent[]): OrderState =>
  events.reduce(evolve, initial);

function evolveOrder(state: OrderState, event: EventOf<'order'>): OrderState {
  const since = event.at;
  switch (event.type) {
    case 'order.submitted':
      return { ...state, order: { status: 'pending', since, reminded: false } };
    case 'order.reminded':
      return state.order.status === 'pending'
        ? { ...state, order: { ...state.order, reminded: true } }
        : state;
    case 'order.accepted':
      return {
        ...state,
        order: { status: 'preparing', since, readyEstimateAt: event.readyEstimateAt },
      };
    case 'order.ready':
      return { ...state, order: { status: 'ready', since, assumed: event.assumed } };
    case 'order.completed':
      return { ...state, order: { status: 'completed', since } };
    case 'order.denied':
      return { ...state, order: { status: 'denied', since, endReason: event.endReason } };
    case 'order.expired':
      return { ...state, order: { status: 'expired', since, endReason: event.endReason } };
    case 'order.cancelled':
      return { ...state, order: { status: 'cancelled', since, endReason: event.endReason } };
    case 'order.failed':
      return { ...state, order: { status: 'failed', since, endReason: event.endReason } };
    case 'order.placed':
    case 'order.settled':
      return state;
    default:
      return assertNever(event);
  }
}

const carrierOf = (part: DeliveryPart): Carrier | undefined =>
  'offerId' in part ? { driverId: part.driverId, offerId: part.offerId, pinged: false } : undefined;

function evolveDelivery(state: OrderState, event: EventOf<'delivery'>): OrderState {
  const since = event.at;
  const carrier = carrierOf(state.delivery);
  const become = (delivery: DeliveryPart): OrderState => ({ ...state, delivery });
  switch (event.type) {
    case 'delivery.created':
      return { ...become({ status: 'searching', since: event.releaseAt }), searches: 1 };
    case 'delivery.released':
      return { ...become({ status: 'searching', since }), searches: event.search };
    case 'delivery.assigned': {
      const { driverId, offerId, pickupEtaAt } = event;
      const searched =
        state.delivery.status === 'searching' ? Math.max(0, since - state.delivery.since) : 0;
      return {
        ...become({ status: 'confirmed', since, driverId, offerId, pickupEtaAt, pinged: false }),
        searchedMs: state.searchedMs + searched,
      };
    }
    case 'delivery.driver_pinged':
      return 'pinged' in state.delivery ? become({ ...state.delivery, pinged: true }) : state;
    case 'delivery.picked_up':
      return carrier
        ? become({ status: 'picked_up', since, dropoffEtaAt: event.dropoffEtaAt, ...carrier })
        : state;
    case 'delivery.unconfirmed':
      return carrier ? become({ status: 'delivery_unconfirmed', since, ...carrier }) : state;
    case 'delivery.delivered':
      return become({ status: 'delivered', since, driverId: event.driverId });
    case 'delivery.cancelled':
      return become({ status: 'cancelled', since });
    // What follows says what becomes of it: a new search or the end.
    case 'delivery.unassigned':
      return state;
    default:
      return assertNever(event);
  }
}

type PaymentIn<S extends PaymentPart['status']> = Extract<PaymentPart, { readonly status: S }>;

const checked = (
  payment: PaymentIn<'requires_action'>,
  sequence: number,
): PaymentIn<'requires_action'> =>
  payment.checking
    ? { ...payment, checkAgain: true }
    : { ...payment, checking: true, check: sequence };

/** The patience with failed captures counts from the first failure, however often it is tried. */
const capturing = (
  payment: PaymentPart,
  { at: since, providerRef, amountMinor }: Extract<OrderEvent, { type: 'payment.capturing' }>,
): PaymentIn<'capturing'> => ({
  status: 'capturing',
  since,
  providerRef,
  amountMinor,
  firstFailedAt: 'firstFailedAt' in payment ? payment.firstFailedAt : undefined,
});

const captureFailed = (
  { providerRef, amountMinor, firstFailedAt }: PaymentIn<'capturing'>,
  since: number,
): PaymentIn<'capture_failed'> => ({
  status: 'capture_failed',
  since,
  providerRef,
  amountMinor,
  firstFailedAt: firstFailedAt ?? since,
});

function evolvePayment(state: OrderState, event: EventOf<'payment'>): OrderState {
  const since = event.at;
  const { payment, attempts } = state;
  switch (event.type) {
    case 'payment.authorizing':
      return {
        ...state,
        payment: { status: 'authorizing', since, paymentMethod: event.paymentMethod },
        attempts: { ...attempts, authorize: event.attempt },
      };
    case 'payment.requires_action':
      return {
        ...state,
        payment: {
          status: 'requires_action',
          since,
          providerRef: event.providerRef,
          checking: false,
          checkAgain: false,
          check: 0,
        },
      };
    case 'payment.checking':
      return payment.status === 'requires_action'
        ? { ...state, payment: checked(payment, event.sequence) }
        : state;
    case 'payment.authorized': {
      const { providerRef, amountMinor, captureBefore } = event;
      return {
        ...state,
        payment: { status: 'authorized', since, providerRef, amountMinor, captureBefore },
      };
    }
    case 'payment.declined':
      return { ...state, payment: { status: 'declined', since, code: event.code } };
    case 'payment.capturing':
      return {
        ...state,
        payment: capturing(payment, event),
        attempts: { ...attempts, capture: event.attempt },
      };
    case 'payment.capture_failed':
      return payment.status === 'capturing'
        ? { ...state, payment: captureFailed(payment, since) }
        : state;
    case 'payment.captured':
      return { ...state, payment: { status: 'captured', since, amountMinor: event.amountMinor } };
    case 'payment.voiding':
      return {
        ...state,
        payment: { status: 'voiding', since, providerRef: event.providerRef },
        attempts: { ...attempts, void: event.attempt },
      };
    case 'payment.voided':
      return { ...state, payment: { status: 'voided', since } };
    case 'payment.written_off':
      return {
        ...state,
        payment: { status: 'written_off', since, amountMinor: event.amountMinor },
      };
    default:
      return assertNever(event);
  }
}
