// What a driver may do, from taking a delivery to the door, and back again with what nobody takes.

import { accepted, ignored, refused, type Decision } from '../decision.ts';
import { directEtas, dropoffEtaFrom, isMoved } from '../eta.ts';
import type { OrderEventBody, Proof, UnassignReason } from '../events.ts';
import type { DriverId } from '../ids.ts';
import type { ExternalCommand } from '../messages.ts';
import { shareOf } from '../money.ts';
import { carrierOf, payMinorOf, type OrderState, type Undeliverable } from '../order.ts';
import type { Carrier, DeliveryPart, DropoffFailure } from '../parts.ts';
import { end, ending, fulfilling, handOverRefused, type HandOver } from './ending.ts';
import { shortageOpen } from './merchant.ts';
import { capped, notYours, wrongState } from './refusals.ts';

type CommandOf<K extends ExternalCommand['kind']> = Extract<ExternalCommand, { kind: K }>;
type Status = DeliveryPart['status'];
type Carried = Extract<DeliveryPart, Carrier>;

/** The driver's own delivery, if it is in one of these states; else the refusal. */
function own(
  state: OrderState,
  driverId: DriverId,
  ...statuses: readonly Status[]
): Carried | Decision {
  const { delivery } = state;
  if (!('driverId' in delivery) || delivery.driverId !== driverId) return notYours(state);
  if (statuses.includes(delivery.status) && 'offerId' in delivery) return delivery;
  const { status, since } = delivery;
  switch (status) {
    case 'delivered':
      return refused('already_delivered', 'the order has been delivered', since);
    case 'confirmed':
    case 'arrived_at_pickup':
      return statuses.some((wanted) => beforePickup.has(wanted))
        ? refused('wrong_state', `the delivery is ${status}`, since)
        : refused('not_picked_up', 'the goods have not been picked up yet', since);
    default:
      return statuses.every((wanted) => beforePickup.has(wanted))
        ? refused('already_picked_up', 'the goods were picked up already', since)
        : refused('wrong_state', `the delivery is ${status}`, since);
  }
}
const beforePickup: ReadonlySet<string> = new Set(['confirmed', 'arrived_at_pickup']);
const isRefusal = (found: Carried | Decision): found is Decision => 'kind' in found;

export function assign(state: OrderState, command: CommandOf<'assign' | 'assignDriver'>): Decision {
  const { delivery } = state;
  if (carrierOf(state)?.offerId === command.offerId) return ignored;
  if (delivery.status !== 'searching') {
    const since = 'since' in delivery ? delivery.since : undefined;
    return refused('not_searching', `the delivery is ${delivery.status}`, since);
  }
  const { offerId, driverId, pickupEtaAt, dropoffEtaAt, rideMs } = command;
  const { bonusMinor = 0 } = command.kind === 'assign' ? command : {};
  const direct = directEtas(state, pickupEtaAt);
  return accepted({
    type: 'delivery.assigned',
    driverId,
    offerId,
    pickupEtaAt,
    dropoffEtaAt: dropoffEtaAt ?? direct.dropoffEtaAt,
    rideMs: rideMs ?? direct.rideMs,
    ...(bonusMinor > 0 ? { bonusMinor } : {}),
  });
}

/** The dispatcher has timed the driver's route anew. What is told already, or nearly, is not told again. */
export function changeEta(
  state: OrderState,
  { pickupEtaAt, dropoffEtaAt, rideMs }: CommandOf<'changeEta'>,
  now: number,
): Decision {
  const { delivery, facts } = state;
  const isExpected =
    delivery.status === 'confirmed' ||
    delivery.status === 'arrived_at_pickup' ||
    delivery.status === 'picked_up';
  if (!isExpected) return wrongState(state, 'delivery');
  const etas = {
    ...(pickupEtaAt === undefined || delivery.status !== 'confirmed'
      ? {}
      : { pickupEtaAt: Math.max(now, pickupEtaAt) }),
    dropoffEtaAt: Math.max(now, dropoffEtaAt),
    ...(rideMs === undefined || delivery.status === 'picked_up' ? {} : { rideMs }),
  };
  if (!isMoved(delivery, etas, facts.policy)) return ignored;
  return capped(state, 'etaChanges') ?? accepted({ type: 'delivery.eta_changed', ...etas });
}

/** Phones tell later what happened: never later than now, never before the state they leave began. */
const arrivalAt = (arrivedAt: number | undefined, part: Carried, now: number): number =>
  Math.min(Math.max(arrivedAt ?? now, part.since), now);

export function arriveAtPickup(
  state: OrderState,
  { driverId, arrivedAt }: CommandOf<'arriveAtPickup' | 'pickUp' | 'arriveAtDropoff'>,
  now: number,
): Decision {
  const part = own(state, driverId, 'confirmed');
  if (isRefusal(part)) return part;
  const at = arrivalAt(arrivedAt, part, now);
  return accepted({ type: 'delivery.arrived_at_pickup', driverId, arrivedAt: at });
}

/** A branch that is closed, or has nothing to hand out when it should. */
export function failPickup(
  state: OrderState,
  { driverId, code }: CommandOf<'failPickup'>,
  now: number,
): Decision {
  const { order, goodsOut } = state;
  const part = own(state, driverId, 'arrived_at_pickup');
  if (isRefusal(part)) return part;
  if (goodsOut) return refused('already_picked_up', 'another driver has the goods');
  const readyAt =
    order.status === 'ready' ? 0 : 'readyEstimateAt' in order ? order.readyEstimateAt : 0;
  if (readyAt > now) return refused('too_early', 'the goods are not expected yet', readyAt);
  return end(state, { status: 'failed', endReason: 'failed_to_pick_up', code });
}

export function pickUp(
  state: OrderState,
  { driverId, arrivedAt }: CommandOf<'arriveAtPickup' | 'pickUp' | 'arriveAtDropoff'>,
  now: number,
): Decision {
  const part = own(state, driverId, 'confirmed', 'arrived_at_pickup');
  if (isRefusal(part)) return part;
  return (
    shortageOpen(state) ??
    accepted(
      ...(state.order.status === 'ready' ? [] : [{ type: 'order.ready', assumed: true } as const]),
      {
        type: 'delivery.picked_up',
        driverId,
        ...(arrivedAt === undefined ? {} : { arrivedAt }),
        dropoffEtaAt: dropoffEtaFrom(state, now, 'rideMs' in part ? part.rideMs : 0),
      },
    )
  );
}

export function arriveAtDropoff(
  state: OrderState,
  { driverId, arrivedAt }: CommandOf<'arriveAtPickup' | 'pickUp' | 'arriveAtDropoff'>,
  now: number,
): Decision {
  const part = own(state, driverId, 'picked_up');
  if (isRefusal(part)) return part;
  const at = arrivalAt(arrivedAt, part, now);
  return accepted({ type: 'delivery.arrived_at_dropoff', driverId, arrivedAt: at });
}

/** As often as is needed to give up, and as often again. */
export function recordContact(
  state: OrderState,
  { driverId, channel }: CommandOf<'recordContact'>,
): Decision {
  const part = own(state, driverId, 'arrived_at_dropoff');
  if (isRefusal(part)) return part;
  const most = 2 * state.facts.policy.minContactAttempts;
  return part.status === 'arrived_at_dropoff' && part.contacts >= most
    ? refused('limit_reached', `no more than ${most} attempts are logged`)
    : accepted({ type: 'delivery.contact_attempted', channel });
}

const handable = ['picked_up', 'arrived_at_dropoff', 'delivery_unconfirmed', 'problem'] as const;

export function deliver(state: OrderState, command: CommandOf<'deliver'>, now: number): Decision {
  const { driverId, arrivedAt, happenedAt } = command;
  const part = own(state, driverId, ...handable);
  if (isRefusal(part)) return part;
  return (
    handOverRefused(state, command) ??
    accepted(
      ...delivered(state, {
        driverId,
        proofs: command.proofs,
        ...(arrivedAt === undefined ? {} : { arrivedAt }),
        ...(happenedAt === undefined ? {} : { happenedAt: Math.min(happenedAt, now) }),
      }),
    )
  );
}

type Delivered = {
  readonly proofs?: HandOver['proofs'] | undefined;
  readonly driverId: DriverId;
  readonly arrivedAt?: number;
  readonly happenedAt?: number;
  readonly leftAtDoor?: true;
};

export function delivered(
  state: OrderState,
  { driverId, proofs, ...when }: Delivered,
): readonly OrderEventBody[] {
  const shown = proofs === undefined || proofs.length === 0 ? {} : { proofs };
  const event = { type: 'delivery.delivered', driverId, ...when, ...shown } as const;
  return fulfilling(state, { event, driverId });
}

export function failDropoff(
  state: OrderState,
  { driverId, reason, proofs = [] }: CommandOf<'failDropoff'>,
  now: number,
): Decision {
  const atTheDoor = reason === 'customer_absent' || reason === 'age_check_failed';
  const part = own(
    state,
    driverId,
    'arrived_at_dropoff',
    ...(atTheDoor ? [] : ['picked_up' as const]),
  );
  if (isRefusal(part)) return part;
  return (
    waitsOn(state, reason, now) ??
    leavingRefused(state, { reason, proofs }) ??
    accepted(...undeliverable(state, { reason, now, proofs }))
  );
}

/** A driver who leaves the goods shows where. */
function leavingRefused(
  state: OrderState,
  { reason, proofs }: { readonly reason: DropoffFailure; readonly proofs: readonly Proof[] },
): Decision | undefined {
  const leaves = actionAtTheDoor(state, reason) === 'leave_at_door';
  return leaves && !proofs.some(({ kind }) => kind === 'photo')
    ? refused('proof_missing', 'without photo nothing is left at the door')
    : undefined;
}

/** An absent customer is waited for and called, before anybody gives up. */
function waitsOn(
  { delivery, facts }: OrderState,
  reason: DropoffFailure,
  now: number,
): Decision | undefined {
  const { maxDropoffWaitMs, minContactAttempts } = facts.policy;
  if (reason !== 'customer_absent' || delivery.status !== 'arrived_at_dropoff') return undefined;
  const until = delivery.since + maxDropoffWaitMs;
  if (until > now) return refused('too_early', 'the customer still has time', until);
  return delivery.contacts < minContactAttempts
    ? refused('too_early', `the customer must be tried ${minContactAttempts} times`)
    : undefined;
}

/** At the door: what nobody watches is never left where it must be checked or paid; what is controlled comes back. */
function actionAtTheDoor({ facts }: OrderState, reason: DropoffFailure): Undeliverable {
  const controlled = facts.ageCheck || facts.prescription || reason === 'age_check_failed';
  const watched = facts.proofs.some((kind) => kind !== 'photo') || facts.method === 'cash';
  const wish = facts.undeliverable;
  if (wish === 'leave_at_door' && (controlled || watched || reason !== 'customer_absent'))
    return 'return';
  return wish === 'discard' && controlled ? 'return' : wish;
}

type Undelivered = {
  readonly reason: DropoffFailure;
  readonly now: number;
  readonly proofs?: readonly Proof[];
};

export function undeliverable(
  state: OrderState,
  { reason, now, proofs }: Undelivered,
): readonly OrderEventBody[] {
  const driverId = carrierOf(state)?.driverId;
  if (driverId === undefined) return [];
  switch (actionAtTheDoor(state, reason)) {
    case 'leave_at_door':
      return delivered(state, { driverId, proofs, leftAtDoor: true });
    case 'discard':
      return ending(state, {
        status: 'failed',
        endReason: 'discarded',
        delivery: { type: 'delivery.discarded', driverId, reason },
      });
    case 'return':
      return returnStarted(state, { driverId, reason, now });
  }
}

export function returnStarted(
  { travelMs, facts }: OrderState,
  { driverId, reason, now }: Pick<Undelivered, 'reason' | 'now'> & { readonly driverId: DriverId },
): readonly OrderEventBody[] {
  const returnEtaAt = Math.round(now + travelMs + facts.policy.dropoffServiceMs);
  return [{ type: 'delivery.return_started', driverId, reason, returnEtaAt }];
}

export function arriveAtReturn(
  state: OrderState,
  { driverId }: CommandOf<'arriveAtReturn'>,
): Decision {
  const part = own(state, driverId, 'enroute_to_return');
  return isRefusal(part) ? part : accepted({ type: 'delivery.arrived_at_return' });
}

export function completeReturn(
  state: OrderState,
  { driverId }: CommandOf<'completeReturn'>,
): Decision {
  if (driverId !== undefined) {
    const part = own(state, driverId, 'enroute_to_return', 'arrived_at_return');
    if (isRefusal(part)) return part;
  }
  const events = returned(state, false);
  return events.length > 0 ? accepted(...events) : wrongState(state, 'delivery');
}

/** The goods are back, or must be by now. */
export function returned(state: OrderState, assumed: boolean): readonly OrderEventBody[] {
  const { delivery } = state;
  if (delivery.status !== 'enroute_to_return' && delivery.status !== 'arrived_at_return') return [];
  const { driverId, reason } = delivery;
  return ending(state, {
    status: 'failed',
    endReason: 'returned',
    code: reason,
    ...(reason === 'age_check_failed' ? { end: 'returned_after_age_check' } : {}),
    delivery: { type: 'delivery.returned', driverId, assumed },
  });
}

export function abandon(state: OrderState, { driverId }: CommandOf<'abandon'>): Decision {
  const part = own(state, driverId, 'confirmed', 'arrived_at_pickup');
  return isRefusal(part) ? part : unassign(state, 'abandoned');
}

export function reportProblem(
  state: OrderState,
  { driverId, problem }: CommandOf<'reportProblem'>,
): Decision {
  const part = own(state, driverId, 'picked_up', 'arrived_at_dropoff', 'enroute_to_return');
  return isRefusal(part)
    ? part
    : accepted({ type: 'delivery.problem_reported', driverId, problem });
}

/** What a driver gets who is let go: half for a wait, all of it once they have had the goods. */
function payFor(state: OrderState, reason: UnassignReason): number {
  if (reason === 'problem') return payMinorOf(state);
  const waited = state.delivery.status === 'arrived_at_pickup' && reason !== 'abandoned';
  return waited ? shareOf(payMinorOf(state), state.facts.policy.waitPayBps) : 0;
}

/** The driver is let go; the pay is theirs whatever becomes of the order. */
export function letGo(state: OrderState, reason: UnassignReason): readonly OrderEventBody[] {
  const carrier = carrierOf(state);
  if (!carrier) return [];
  const { driverId, offerId } = carrier;
  const payMinor = payFor(state, reason);
  const search = state.searches;
  return [{ type: 'delivery.unassigned', driverId, offerId, reason, payMinor, search }];
}

/** Gives the delivery up for another driver, as often as the policy allows. */
export function unassign(state: OrderState, reason: UnassignReason): Decision {
  const left = letGo(state, reason);
  if (left.length === 0) return ignored;
  return state.searches < state.facts.policy.maxDriversPerOrder
    ? accepted(...left, { type: 'delivery.released', search: state.searches + 1 })
    : accepted(...left, ...ending(state, { status: 'failed', endReason: 'failed_to_assign' }));
}
