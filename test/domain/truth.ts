// What happens by itself must be true: an end reason describes the order that it ends, a driver is let go for what they
// did, and every remedy and warning before is used up. Written from what the words mean, apart from the lifecycle table;
// walks and random lives hold every exit to it.

import type { OrderEventBody, UnassignReason } from '../../domain/events.ts';
import type { OrderState } from '../../domain/order.ts';
import type { EndReason, Problem } from '../../domain/parts.ts';
import { combinationOf } from './lives.ts';

type Describes = (state: OrderState, now: number) => boolean;

const nobodyIsLeft: Describes = ({ searches, facts }) =>
  searches >= facts.policy.maxDriversPerOrder;
const longSearched: Describes = ({ delivery, searchedMs, facts }, now) =>
  delivery.status === 'searching' &&
  searchedMs + now - delivery.since >= facts.policy.searchLimitMs;
const isReported =
  (what: Problem): Describes =>
  ({ delivery }) =>
    delivery.status === 'problem' && delivery.problem === what;
const standsAtTheDoor: Describes = ({ delivery, facts }) =>
  delivery.status === 'arrived_at_dropoff' && delivery.contacts >= facts.policy.minContactAttempts;

/** Support may have put a warning off beyond what it warns of. */
const isWarned = (warned: boolean, { extendedMs }: OrderState): boolean => warned || extendedMs > 0;

/** The reasons by which an order may end without anybody's word. */
const describes: Partial<Readonly<Record<EndReason, Describes>>> = {
  payment_not_completed: ({ order, renewal, spare }) =>
    order.status === 'payment_pending' ||
    (order.status === 'scheduled' && (renewal ?? spare) !== undefined),
  merchant_expired: (state) =>
    state.order.status === 'awaiting_prescription' ||
    (state.order.status === 'pending' && isWarned(state.order.nudges === 3, state)),
  cancelled_by_merchant: ({ order }) =>
    order.status === 'preparing' && order.shortage !== undefined,
  failed_to_assign: (state, now) => nobodyIsLeft(state, now) || longSearched(state, now),
  not_collected: ({ order, fulfilment }) => order.status === 'ready' && fulfilment !== 'delivery',
  failed_to_deliver: (state, now) =>
    state.delivery.status === 'delivery_unconfirmed' ||
    state.delivery.status === 'partner_unconfirmed' ||
    (state.delivery.status === 'problem' && nobodyIsLeft(state, now)),
  returned: ({ delivery }) =>
    delivery.status === 'enroute_to_return' || delivery.status === 'arrived_at_return',
  discarded: standsAtTheDoor,
  lost: isReported('lost'),
  damaged: isReported('damaged'),
};

/** Why a driver may be let go without anybody's word, after the warning that belongs to it. */
function letGoAs(state: OrderState): UnassignReason | undefined {
  const { delivery } = state;
  switch (delivery.status) {
    case 'confirmed':
      return isWarned(delivery.pinged, state) ? 'late' : undefined;
    case 'arrived_at_pickup':
      return isWarned(delivery.warned, state) ? 'waited' : undefined;
    case 'problem':
      return isGone(delivery.problem) ? undefined : 'problem';
    default:
      return undefined;
  }
}
const isGone = (what: Problem): boolean => what === 'lost' || what === 'damaged';

const isClimbed: Describes = ({ delivery, facts }, now) =>
  delivery.status === 'searching' &&
  !delivery.escalated &&
  now - delivery.since >= facts.policy.rungs.reduce((sum, { durationMs }) => sum + durationMs, 0);

/** What an exit may have made of a delivery or an order that goes on. */
const becomes: Readonly<Record<string, Describes>> = {
  'delivery.delivered': standsAtTheDoor,
  'delivery.return_started': standsAtTheDoor,
  'delivery.unconfirmed': (state) =>
    (state.delivery.status === 'picked_up' || state.delivery.status === 'arrived_at_dropoff') &&
    isWarned(state.delivery.pinged, state),
  'delivery.search_escalated': isClimbed,
  'delivery.partner_requested': ({ delivery }) => delivery.status === 'searching',
  'delivery.partner_cancelling': ({ delivery }) => delivery.status !== 'partner_picked_up',
  'delivery.partner_unconfirmed': ({ delivery }) => delivery.status === 'partner_picked_up',
  'order.released': ({ order }, now) => order.status === 'scheduled' && now >= order.releaseAt,
  'order.ready': ({ order }) => order.status === 'preparing' && order.late >= 3,
};

/** What is untrue of what an exit says of an order at `now`. */
export function untruths(
  before: OrderState,
  events: readonly OrderEventBody[],
  now: number,
): readonly string[] {
  const where = combinationOf(before);
  return events.flatMap((event) => {
    const { type } = event;
    if ('endReason' in event)
      return describes[event.endReason]?.(before, now)
        ? []
        : [`${where} ends by itself as ${event.endReason}`];
    const isTrue =
      event.type === 'delivery.unassigned'
        ? event.reason === letGoAs(before)
        : (becomes[type]?.(before, now) ?? true);
    return isTrue ? [] : [`${where} comes by itself to ${type}`];
  });
}
