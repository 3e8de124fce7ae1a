// What support may do with an order that life has broken. Each is a command like any other: typed refusals, capped.

import { accepted, refused, type Decision } from '../decision.ts';
import { dropoffEtaFrom } from '../eta.ts';
import type { OrderEventBody } from '../events.ts';
import { deadlinesOf } from '../lifecycle.ts';
import type { ExternalCommand } from '../messages.ts';
import { carrierOf, isFulfilled, isWithPartner, payMinorOf, type OrderState } from '../order.ts';
import type { DeliveryPart } from '../parts.ts';
import { cashRefused, end, fulfilling } from './ending.ts';
import { delivered, letGo, returnStarted, unassign } from './driver.ts';
import { markReady } from './merchant.ts';
import { capped, wrongState } from './refusals.ts';
import { stageOf, type Shares } from '../settlement.ts';

type CommandOf<K extends ExternalCommand['kind']> = Extract<ExternalCommand, { kind: K }>;
type Statuses = readonly DeliveryPart['status'][];

/** All deadlines of order and delivery wait, in all no longer than the policy allows. */
export function hold(state: OrderState, { until }: CommandOf<'hold'>, now: number): Decision {
  if (isFulfilled(state)) return wrongState(state, 'payment');
  const latest = (state.held?.since ?? now) + state.facts.policy.maxHoldMs;
  if (until <= now) return refused('limit_reached', 'the time lies in the past');
  if (until > latest) return refused('limit_reached', 'a hold may not last so long', latest);
  return capped(state, 'holds') ?? accepted({ type: 'order.held', until });
}

export function extendDeadline(
  state: OrderState,
  { key, byMs }: CommandOf<'extendDeadline'>,
): Decision {
  const deadline = deadlinesOf(state).find((d) => d.key === key && d.machine !== 'payment');
  if (!deadline) return refused('wrong_state', 'there is no such deadline (any more)');
  const left = state.facts.policy.maxExtensionMs - state.extendedMs;
  if (byMs > left)
    return refused('limit_reached', `deadlines may be put off by ${left} ms more in all`);
  const until = deadline.at + byMs;
  return capped(state, 'extensions') ?? accepted({ type: 'deadline.extended', key, until, byMs });
}

const beforePickup: Statuses = ['confirmed', 'arrived_at_pickup'];
const onTheWay: Statuses = ['picked_up', 'arrived_at_dropoff', 'delivery_unconfirmed'];
const outside: Statuses = [...onTheWay, 'problem'];
const comingBack: Statuses = ['enroute_to_return', 'arrived_at_return'];

const isIn = ({ delivery }: OrderState, ...statuses: Statuses): boolean =>
  statuses.includes(delivery.status);

export function unassignDriver(state: OrderState): Decision {
  if (isIn(state, 'partner_confirmed'))
    return accepted({ type: 'delivery.partner_cancelling', attempt: state.partnerRequests });
  return isIn(state, ...beforePickup) ? unassign(state, 'support') : wrongState(state, 'delivery');
}

export const forceReady = (state: OrderState, now: number): Decision => markReady(state, now);

/** Support has seen the proof; cash must still be recorded. */
export function forceDeliver(state: OrderState, command: CommandOf<'forceDeliver'>): Decision {
  const carrier = carrierOf(state);
  if (isIn(state, 'partner_picked_up', 'partner_unconfirmed'))
    return accepted(...fulfilling(state, { event: { type: 'delivery.delivered' } }));
  if (!carrier || !isIn(state, ...outside)) return wrongState(state, 'delivery');
  const { driverId } = carrier;
  return (
    cashRefused(state, command.collectedMinor) ??
    accepted(...delivered(state, { driverId, proofs: command.proofs }))
  );
}

export function forceFail(state: OrderState, { endReason }: CommandOf<'forceFail'>): Decision {
  const { goodsOut, delivery } = state;
  const fits = endReason === 'failed_to_assign' ? !goodsOut : goodsOut;
  if (delivery.status === 'none' || isFulfilled(state) || !fits || delivery.status === 'cancelled')
    return wrongState(state, 'delivery');
  // A search for a second driver has nobody who could be paid for more.
  return delivery.status === 'searching' || isIn(state, ...beforePickup)
    ? end(state, { status: 'failed', endReason: 'failed_to_assign', code: endReason })
    : end(state, { status: 'failed', endReason });
}

/** Another driver takes the goods over from the one who has them, who is paid. */
export function transferDelivery(
  state: OrderState,
  { driverId, offerId }: CommandOf<'transferDelivery'>,
  now: number,
): Decision {
  const from = carrierOf(state);
  if (!from || !isIn(state, ...outside)) return wrongState(state, 'delivery');
  if (from.driverId === driverId) return refused('wrong_state', 'this driver has the goods');
  const { facts, searches } = state;
  if (searches >= facts.policy.maxDriversPerOrder)
    return refused('limit_reached', `no more than ${searches} drivers for an order`);
  return accepted({
    type: 'delivery.transferred',
    driverId,
    offerId,
    fromDriverId: from.driverId,
    payMinor: payMinorOf(state),
    search: searches + 1,
    dropoffEtaAt: dropoffEtaFrom(state, now),
  });
}

/** The same driver tries again. */
export const redeliver = (state: OrderState, now: number): Decision =>
  isIn(state, ...outside.slice(1), ...comingBack)
    ? (capped(state, 'redeliveries') ??
      accepted({
        type: 'delivery.redelivery_started',
        dropoffEtaAt: dropoffEtaFrom(state, now),
      }))
    : wrongState(state, 'delivery');

/** Whatever the customer has wished for at the door: somebody has decided. */
export function bringBack(
  state: OrderState,
  { reason }: CommandOf<'bringBack'>,
  now: number,
): Decision {
  const carrier = carrierOf(state);
  if (!carrier || !isIn(state, ...onTheWay)) return wrongState(state, 'delivery');
  return accepted(...returnStarted(state, { driverId: carrier.driverId, reason, now }));
}

/** The goods are made once more, and somebody else brings them; who had them is paid. */
export function remake(state: OrderState, now: number): Decision {
  if (!isIn(state, 'problem', 'delivery_unconfirmed', ...comingBack))
    return wrongState(state, 'delivery');
  const { facts, searches } = state;
  if (searches >= facts.policy.maxDriversPerOrder)
    return refused('limit_reached', `no more than ${searches} drivers for an order`);
  const { prepEstimateMs, releaseLeadMs, approachMs } = facts.policy;
  const readyEstimateAt = now + prepEstimateMs;
  const releaseAt = Math.max(now, readyEstimateAt - releaseLeadMs - approachMs);
  return (
    capped(state, 'remakes') ??
    accepted(
      ...letGo(state, 'problem'),
      { type: 'order.remade', readyEstimateAt },
      { type: 'delivery.released', search: searches + 1, releaseAt },
    )
  );
}

/** The customer comes for it; the fee is theirs no more. */
export function convertToPickup(state: OrderState): Decision {
  const { fulfilment, goodsOut, delivery } = state;
  if (fulfilment !== 'delivery') return refused('wrong_state', 'nobody delivers this order');
  if (goodsOut || isWithPartner(state)) return wrongState(state, 'delivery');
  const left = letGo(state, 'converted');
  const dropped: readonly OrderEventBody[] =
    delivery.status === 'searching' ? [{ type: 'delivery.cancelled' }] : left;
  return accepted({ type: 'order.converted_to_pickup' }, ...dropped);
}

export const resendToMerchant = (state: OrderState): Decision =>
  state.order.status === 'pending'
    ? (capped(state, 'resends') ?? accepted({ type: 'order.resubmitted' }))
    : wrongState(state, 'order');

/** The place itself is personal and stands in the database. */
export function changeAddress(
  state: OrderState,
  { travelMs }: CommandOf<'changeAddress'>,
  now: number,
): Decision {
  const isFixed = isFulfilled(state) || isWithPartner(state) || isIn(state, ...comingBack);
  if (state.fulfilment !== 'delivery' || isFixed) return wrongState(state, 'delivery');
  const dropoffEtaAt = dropoffEtaFrom({ ...state, travelMs }, now);
  const changed = { type: 'order.address_changed', travelMs } as const;
  const limit = capped(state, 'changes');
  // At the old door: its wait and its tries to reach the customer count no more.
  if (isIn(state, 'arrived_at_dropoff'))
    return (
      limit ??
      capped(state, 'redeliveries') ??
      accepted(changed, { type: 'delivery.redelivery_started', dropoffEtaAt })
    );
  return limit ?? accepted(isIn(state, 'picked_up') ? { ...changed, dropoffEtaAt } : changed);
}

/** Ends the order wherever it is once it was accepted, with the shares that support names. */
export function cancelWithOutcome(
  state: OrderState,
  { shares: [customer, merchant, driver] }: CommandOf<'cancelWithOutcome'>,
): Decision {
  if (isFulfilled(state)) return refused('already_delivered', 'the order has been delivered');
  if (stageOf(state) === 'before_accept') return wrongState(state, 'order');
  // Without a driver there is nobody to pay.
  const shares: Shares = [customer, merchant, carrierOf(state) ? driver : 'nothing'];
  return end(state, { status: 'cancelled', endReason: 'cancelled_by_support', shares });
}
