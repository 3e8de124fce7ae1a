// decide(state, command, now) → events | refusal. The business rules of an order, pure: what may happen in which
// state, and what follows from it. `evolve` applies the events; effects follow from the state alone.

import type { OrderEventBody } from './events.ts';
import { accepted, ignored, refused, type Decision } from './decision.ts';
import { assertNever } from './errors.ts';
import type { NoteId } from './ids.ts';
import { deadlinesOf } from './lifecycle.ts';
import { exitKinds, type Command, type ExitKind, type ExternalCommand } from './messages.ts';
import { hasEnded, type EndReason, type EndStatus, type OrderState } from './order.ts';
import {
  captureAgain,
  decidePayment,
  isPaymentResult,
  releaseOrCapture,
  writeOff,
} from './payment.ts';
import { settle, stageOf, type Settlement } from './settlement.ts';

/** `now` is epoch milliseconds. Pure; throws only on a bug. */
export function decide(state: OrderState, command: Command, now: number): Decision {
  if (isPaymentResult(command)) return decidePayment(state, command);
  if (isExit(command)) {
    // The order may have moved on between the timer and its turn.
    const due = deadlinesOf(state).some((d) => d.exit === command.kind && d.at <= now);
    return due ? decideExit(state, command.kind) : ignored;
  }
  if (command.kind === 'place') {
    if (state.sequence > 0) return ignored;
    const { totalMinor, currency, itemCount, paymentMethod } = state.facts;
    return accepted(
      { type: 'order.placed', totalMinor, currency, itemCount },
      { type: 'payment.authorizing', attempt: 1, paymentMethod, amountMinor: totalMinor },
    );
  }
  if (command.kind === 'checkPayment') return decidePayment(state, command);
  if (command.kind === 'extendDeadline') {
    return extend(state, command);
  }
  return decideCommand(state, command, now);
}

/** Once per deadline, and only before an exit that cannot be taken back. */
function extend(state: OrderState, { key, until }: ExtendDeadline): Decision {
  const deadline = deadlinesOf(state).find((d) => d.key === key);
  const mayBe = deadline?.irreversible && !(key in state.extended) && until > deadline.at;
  return mayBe ? accepted({ type: 'deadline.extended', key, until }) : ignored;
}

type ExtendDeadline = Extract<Command, { readonly kind: 'extendDeadline' }>;

const isExit = (command: Command): command is { readonly kind: ExitKind } =>
  exitKinds.some((kind) => kind === command.kind);

function decideCommand(state: OrderState, command: ExternalCommand, now: number): Decision {
  switch (command.kind) {
    case 'accept':
      return accept(state, command.prepMs, now);
    case 'deny':
      return state.order.status === 'pending'
        ? end(state, {
            status: 'denied',
            endReason: 'merchant_denied',
            code: command.code,
            ...note(command),
          })
        : notPending(state);
    case 'markReady':
      return markReady(state, now);
    case 'cancel':
      return cancel(state, command);
    case 'retryPayment':
      return retryPayment(state, command.paymentMethod);
    case 'assign':
      return assign(state, command);
    case 'exhaustSearch':
      return state.delivery.status === 'searching' && state.searches === command.search
        ? end(state, { status: 'failed', endReason: 'failed_to_assign' })
        : ignored;
    case 'pickUp':
      return pickUp(state, command, now);
    case 'deliver':
      return deliver(state, command);
    case 'abandon':
      return abandon(state, command.driverId);
    default:
      return assertNever(command);
  }
}

const note = (command: { readonly noteId?: NoteId }): { readonly noteId?: NoteId } =>
  command.noteId === undefined ? {} : { noteId: command.noteId };

function accept(state: OrderState, prepMs: number | undefined, now: number): Decision {
  const { policy } = state.facts;
  if (state.order.status !== 'pending') return notPending(state);
  const readyEstimateAt = now + (prepMs ?? policy.prepEstimateMs);
  const releaseAt = Math.max(now, readyEstimateAt - policy.releaseLeadMs - policy.approachMs);
  return accepted(
    { type: 'order.accepted', readyEstimateAt },
    { type: 'delivery.created', releaseAt },
  );
}

/** The goods are there: a search that was to start later starts now. */
const releaseEarly = ({ delivery, searches }: OrderState, now: number): readonly OrderEventBody[] =>
  delivery.status === 'searching' && delivery.since > now
    ? [{ type: 'delivery.released', search: searches }]
    : [];

function notPending(state: OrderState): Decision {
  const { order } = state;
  if (hasEnded(state)) return alreadyEnded(state);
  if (order.status === 'payment_pending') {
    return refused('not_pending', 'the payment is not authorized yet', order.since);
  }
  return refused('already_accepted', 'the merchant has accepted the order already', order.since);
}

function alreadyEnded({ order }: OrderState): Decision {
  const why =
    'endReason' in order ? `the order ended as ${order.endReason}` : 'the order was completed';
  return refused(
    order.status === 'completed' ? 'already_delivered' : 'already_cancelled',
    why,
    order.since,
  );
}

function markReady(state: OrderState, now: number): Decision {
  const { order, delivery } = state;
  if (hasEnded(state)) return alreadyEnded(state);
  // Assumed is not known: until the goods are gone, the merchant's word corrects the time.
  const waits = delivery.status === 'searching' || delivery.status === 'confirmed';
  if (order.status === 'ready' && order.assumed && waits) {
    return accepted({ type: 'order.ready', assumed: false });
  }
  if (order.status === 'ready')
    return refused('already_ready', 'the order is ready already', order.since);
  if (order.status !== 'preparing')
    return refused('not_preparing', 'the order has not been accepted yet', order.since);
  return accepted({ type: 'order.ready', assumed: false }, ...releaseEarly(state, now));
}

function cancel(
  state: OrderState,
  command: Extract<ExternalCommand, { kind: 'cancel' }>,
): Decision {
  if (hasEnded(state)) return alreadyEnded(state);
  const { delivery } = state;
  if (delivery.status === 'delivered')
    return refused('already_delivered', 'the order has been delivered', delivery.since);
  if (delivery.status === 'picked_up' || delivery.status === 'delivery_unconfirmed') {
    return refused('already_picked_up', 'the driver has the goods', delivery.since);
  }
  return end(state, {
    status: 'cancelled',
    endReason: `cancelled_by_${command.by}`,
    ...note(command),
  });
}

function retryPayment(state: OrderState, paymentMethod: string): Decision {
  if (hasEnded(state)) return alreadyEnded(state);
  if (state.payment.status !== 'declined') {
    return refused('payment_not_retryable', `the payment is ${state.payment.status}`);
  }
  return accepted({
    type: 'payment.authorizing',
    attempt: state.attempts.authorize + 1,
    paymentMethod,
    amountMinor: state.facts.totalMinor,
  });
}

function assign(
  state: OrderState,
  command: Extract<ExternalCommand, { kind: 'assign' }>,
): Decision {
  const { delivery } = state;
  if ('offerId' in delivery && delivery.offerId === command.offerId) return ignored;
  if (hasEnded(state)) return alreadyEnded(state);
  if (delivery.status !== 'searching') {
    return refused(
      'not_searching',
      `the delivery is ${delivery.status}`,
      'since' in delivery ? delivery.since : undefined,
    );
  }
  const { offerId, driverId, pickupEtaAt } = command;
  return accepted({ type: 'delivery.assigned', driverId, offerId, pickupEtaAt });
}

const arrival = (command: { readonly arrivedAt?: number }): { readonly arrivedAt?: number } =>
  command.arrivedAt === undefined ? {} : { arrivedAt: command.arrivedAt };

function pickUp(
  state: OrderState,
  command: Extract<ExternalCommand, { kind: 'pickUp' }>,
  now: number,
): Decision {
  const { delivery, facts, order } = state;
  if (hasEnded(state)) return alreadyEnded(state);
  if (delivery.status !== 'confirmed' || delivery.driverId !== command.driverId) {
    return 'driverId' in delivery && delivery.driverId === command.driverId
      ? refused('already_picked_up', 'the goods were picked up already', delivery.since)
      : refused('not_your_delivery', 'the delivery is not assigned to this driver');
  }
  const { pickupServiceMs, dropoffServiceMs } = facts.policy;
  const dropoffEtaAt = Math.round(now + facts.travelMs + (pickupServiceMs + dropoffServiceMs) / 2);
  return accepted(
    ...(order.status === 'preparing' ? [{ type: 'order.ready', assumed: true } as const] : []),
    { type: 'delivery.picked_up', driverId: command.driverId, ...arrival(command), dropoffEtaAt },
  );
}

function deliver(
  state: OrderState,
  command: Extract<ExternalCommand, { kind: 'deliver' }>,
): Decision {
  const { delivery, facts, payment } = state;
  if (hasEnded(state)) return alreadyEnded(state);
  if (!('driverId' in delivery) || delivery.driverId !== command.driverId) {
    return refused('not_your_delivery', 'the delivery is not with this driver');
  }
  if (delivery.status === 'delivered')
    return refused('already_delivered', 'the order has been delivered', delivery.since);
  if (delivery.status === 'confirmed')
    return refused('not_picked_up', 'the goods have not been picked up yet', delivery.since);
  const settlement = settle(facts, 'delivered', 'delivered');
  return accepted(
    { type: 'delivery.delivered', driverId: command.driverId, ...arrival(command) },
    { type: 'order.settled', ...settlement },
    ...releaseOrCapture(state, payment, settlement.customerMinor),
  );
}

function abandon(state: OrderState, driverId: string): Decision {
  const { delivery } = state;
  if (hasEnded(state)) return alreadyEnded(state);
  if (!('driverId' in delivery) || delivery.driverId !== driverId) {
    return refused('not_your_delivery', 'the delivery is not with this driver');
  }
  if (delivery.status === 'delivered')
    return refused('already_delivered', 'the order has been delivered', delivery.since);
  return delivery.status === 'confirmed'
    ? unassign(state, 'abandoned')
    : refused('already_picked_up', 'the driver has the goods', delivery.since);
}

/** Gives the delivery up for another driver, as often as the policy allows. */
function unassign(state: OrderState, reason: 'abandoned' | 'late'): Decision {
  const { delivery, facts } = state;
  if (delivery.status !== 'confirmed') return ignored;
  const { driverId, offerId } = delivery;
  const left: OrderEventBody = { type: 'delivery.unassigned', driverId, offerId, reason };
  return state.searches < facts.policy.maxDriversPerOrder
    ? accepted(left, { type: 'delivery.released', search: state.searches + 1 })
    : accepted(left, ...ending(state, { status: 'failed', endReason: 'failed_to_assign' }));
}

function decideExit(state: OrderState, exit: ExitKind): Decision {
  const { delivery } = state;
  switch (exit) {
    case 'abandonPayment':
      return end(state, { status: 'cancelled', endReason: 'payment_not_completed' });
    case 'remindMerchant':
      return accepted({ type: 'order.reminded' });
    case 'expire':
      return end(state, { status: 'expired', endReason: 'merchant_expired' });
    case 'assumeReady':
      return accepted({ type: 'order.ready', assumed: true });
    case 'failSearch':
      return end(state, { status: 'failed', endReason: 'failed_to_assign' });
    case 'pingDriver':
      return 'driverId' in delivery
        ? accepted({ type: 'delivery.driver_pinged', driverId: delivery.driverId })
        : ignored;
    case 'unassignLate':
      return unassign(state, 'late');
    case 'unconfirm':
      return 'driverId' in delivery
        ? accepted({ type: 'delivery.unconfirmed', driverId: delivery.driverId })
        : ignored;
    case 'giveUpProof':
      return end(state, { status: 'failed', endReason: 'failed_to_deliver' });
    case 'retryCapture':
      return captureAgain(state);
    case 'writeOff':
      return writeOff(state, 'capture_failed');
    default:
      return assertNever(exit);
  }
}

type Ending = {
  readonly status: EndStatus;
  readonly endReason: EndReason;
  readonly code?: string;
  readonly noteId?: NoteId;
};

const end = (state: OrderState, how: Ending): Decision => accepted(...ending(state, how));

const moves = (settlement: Settlement): boolean =>
  settlement.customerMinor !== 0 || settlement.merchantMinor !== 0 || settlement.driverMinor !== 0;

/** How an order ends early: its end, its delivery's, who pays, and what becomes of the hold on the card. */
export function ending(state: OrderState, how: Ending): readonly OrderEventBody[] {
  const { status, ...why } = how;
  const settlement = settle(state.facts, how.endReason, stageOf(state));
  const active = state.delivery.status !== 'none' && state.delivery.status !== 'cancelled';
  return [
    { type: `order.${status}`, ...why },
    ...(active ? [{ type: 'delivery.cancelled' } as const] : []),
    ...(moves(settlement) ? [{ type: 'order.settled', ...settlement } as const] : []),
    ...releaseOrCapture(state, state.payment, settlement.customerMinor),
  ];
}
