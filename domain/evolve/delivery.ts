// What the delivery's events mean.

import { assertNever } from '../errors.ts';
import type { DriverId } from '../ids.ts';
import type { OrderState } from '../order.ts';
import type { Carrier, DeliveryPart, Ride } from '../parts.ts';
import { evolvePartner, type PartnerEvent } from './partner.ts';
import { counted, type EventOf } from './part.ts';

type DeliveryEvent = Exclude<EventOf<'delivery'>, PartnerEvent>;

const isOfPartner = (event: EventOf<'delivery'>): event is PartnerEvent =>
  event.type.startsWith('delivery.partner_');

export function evolveDelivery(state: OrderState, event: EventOf<'delivery'>): OrderState {
  return isOfPartner(event) ? evolvePartner(state, event) : evolveOwn(state, event);
}

/** By whom, when it was a driver of ours. */
const by = ({ driverId }: { readonly driverId?: DriverId }) =>
  driverId === undefined ? {} : { driverId };

function evolveOwn(state: OrderState, event: DeliveryEvent): OrderState {
  const since = event.at;
  const { delivery } = state;
  const become = (part: DeliveryPart): OrderState => ({ ...state, delivery: part });
  switch (event.type) {
    case 'delivery.created':
      return {
        ...become(searchFrom(event.releaseAt, since)),
        searches: 1,
      };
    case 'delivery.released':
      return {
        ...become(searchFrom(event.releaseAt ?? since, since)),
        searches: event.search,
      };
    case 'delivery.assigned':
      return assigned(state, event);
    // What follows says what becomes of it: a new search or the end. A driver who left is nobody's carrier.
    case 'delivery.unassigned':
      return become({ status: 'cancelled', since });
    case 'delivery.delivered':
      return become({ status: 'delivered', since, ...by(event) });
    case 'delivery.returned':
      return become({ status: 'returned', since, ...by(event) });
    case 'delivery.discarded':
      return become({ status: 'discarded', since, driverId: event.driverId });
    case 'delivery.cancelled':
      return become({ status: 'cancelled', since });
    case 'delivery.search_escalated':
      return delivery.status === 'searching' ? become({ ...delivery, escalated: true }) : state;
    case 'delivery.eta_changed':
      return counted(etaChanged(state, event), 'etaChanges');
    case 'delivery.driver_pinged':
      return 'pinged' in delivery ? become({ ...delivery, pinged: true }) : state;
    case 'delivery.merchant_warned':
      return delivery.status === 'arrived_at_pickup'
        ? become({ ...delivery, warned: true })
        : state;
    case 'delivery.contact_attempted':
      return delivery.status === 'arrived_at_dropoff'
        ? become({ ...delivery, contacts: delivery.contacts + 1 })
        : state;
    case 'delivery.return_escalated':
      return delivery.status === 'enroute_to_return'
        ? become({ ...delivery, escalated: true })
        : state;
    default:
      return carried(state, event);
  }
}

const searchFrom = (since: number, plannedAt: number): DeliveryPart => ({
  status: 'searching',
  since,
  plannedAt,
  escalated: false,
});

function assigned(
  state: OrderState,
  event: Extract<DeliveryEvent, { type: 'delivery.assigned' }>,
): OrderState {
  const { at: since, driverId, offerId, bonusMinor = 0 } = event;
  const { pickupEtaAt, dropoffEtaAt, rideMs } = event;
  const carrier = { driverId, offerId, bonusMinor, pinged: false };
  const { delivery } = state;
  const searched = delivery.status === 'searching' ? Math.max(0, since - delivery.since) : 0;
  const latestEtaAt = followedFrom(state, pickupEtaAt);
  const times = { since, pickupEtaAt, dropoffEtaAt, rideMs, latestEtaAt };
  return {
    ...state,
    delivery: { status: 'confirmed', ...carrier, ...times },
    searchedMs: state.searchedMs + searched,
  };
}

/** However often it is put off. */
const followedFrom = ({ facts }: OrderState, etaAt: number): number =>
  etaAt + facts.policy.maxEtaSlipMs;

/** On the way to the door: where the estimate starts from which its deadlines go. */
export const expectedAtDoor = (state: OrderState, dropoffEtaAt: number) => ({
  dropoffEtaAt,
  latestEtaAt: followedFrom(state, dropoffEtaAt),
});

function etaChanged(
  state: OrderState,
  event: Extract<DeliveryEvent, { type: 'delivery.eta_changed' }>,
): OrderState {
  const { delivery } = state;
  const { dropoffEtaAt } = event;
  if (delivery.status === 'picked_up') return { ...state, delivery: { ...delivery, dropoffEtaAt } };
  if (!('rideMs' in delivery)) return state;
  const { rideMs = delivery.rideMs } = event;
  if (delivery.status === 'arrived_at_pickup')
    return { ...state, delivery: { ...delivery, dropoffEtaAt, rideMs } };
  const { pickupEtaAt = delivery.pickupEtaAt } = event;
  return { ...state, delivery: { ...delivery, pickupEtaAt, dropoffEtaAt, rideMs } };
}

type CarriedEvent = Extract<
  DeliveryEvent,
  {
    readonly type:
      | 'delivery.arrived_at_pickup'
      | 'delivery.picked_up'
      | 'delivery.arrived_at_dropoff'
      | 'delivery.unconfirmed'
      | 'delivery.problem_reported'
      | 'delivery.transferred'
      | 'delivery.redelivery_started'
      | 'delivery.return_started'
      | 'delivery.arrived_at_return';
  }
>;

/** Each step of a driver; in each state they may be pinged anew. */
function carried(state: OrderState, event: CarriedEvent): OrderState {
  const since = event.at;
  const carrier = carrierFrom(state, event);
  const become = (part: DeliveryPart): OrderState => ({ ...state, delivery: part });
  switch (event.type) {
    case 'delivery.arrived_at_pickup':
      return become({
        status: 'arrived_at_pickup',
        since: event.arrivedAt,
        warned: false,
        ...rideOf(state, event),
        ...carrier,
      });
    case 'delivery.picked_up': {
      const expected = expectedAtDoor(state, event.dropoffEtaAt);
      return {
        ...become({ status: 'picked_up', since, ...expected, ...carrier }),
        goodsOut: true,
      };
    }
    case 'delivery.arrived_at_dropoff':
      return become({
        status: 'arrived_at_dropoff',
        since: event.arrivedAt,
        contacts: 0,
        ...carrier,
      });
    case 'delivery.unconfirmed':
      return become({ status: 'delivery_unconfirmed', since, ...carrier });
    case 'delivery.problem_reported':
      return become({ status: 'problem', since, problem: event.problem, ...carrier });
    case 'delivery.transferred': {
      const { driverId, offerId } = event;
      const next = { driverId, offerId, bonusMinor: 0, pinged: false };
      const expected = expectedAtDoor(state, event.dropoffEtaAt);
      return {
        ...become({ status: 'picked_up', since, ...expected, ...next }),
        searches: event.search,
      };
    }
    case 'delivery.redelivery_started': {
      const expected = expectedAtDoor(state, event.dropoffEtaAt);
      const next = become({ status: 'picked_up', since, ...expected, ...carrier });
      return counted(next, 'redeliveries');
    }
    case 'delivery.return_started': {
      const { reason, returnEtaAt } = event;
      return become({
        status: 'enroute_to_return',
        since,
        reason,
        returnEtaAt,
        escalated: false,
        ...carrier,
      });
    }
    case 'delivery.arrived_at_return':
      return state.delivery.status === 'enroute_to_return'
        ? become({ status: 'arrived_at_return', since, reason: state.delivery.reason, ...carrier })
        : state;
    default:
      return assertNever(event);
  }
}

/** Only `decide` brings about what needs a driver, and only where there is one. */
function carrierFrom({ delivery }: OrderState, event: CarriedEvent): Carrier {
  if (!('offerId' in delivery)) throw new Error(`unexpected ${event.type} without a driver`);
  const { driverId, offerId, bonusMinor } = delivery;
  return { driverId, offerId, bonusMinor, pinged: false };
}

function rideOf({ delivery }: OrderState, event: CarriedEvent): Ride {
  if (!('rideMs' in delivery)) throw new Error(`unexpected ${event.type} without a ride`);
  const { dropoffEtaAt, rideMs } = delivery;
  return { dropoffEtaAt, rideMs };
}
