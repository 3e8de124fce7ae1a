// The table behind cells.test.ts: situation × command → the events in their order, `!code` of a refusal, or `-` for
// "nothing to do". Written by hand from the lifecycle, apart from the code.

import type { Command, ExitKind, PaymentResult } from '../../domain/messages.ts';
import type { OrderState } from '../../domain/order.ts';
import { assign, captured, driver, hour, placedAt, say } from './lives.ts';
import { situations } from './situations.ts';

/** Later than anything in a situation, earlier than nothing: commands from outside do not depend on it. */
export const later = placedAt + 100 * hour;

const carrier = (state: OrderState) =>
  'driverId' in state.delivery ? state.delivery.driverId : driver(1);
const offerOf = (state: OrderState): Command =>
  'offerId' in state.delivery
    ? {
        kind: 'assign',
        offerId: state.delivery.offerId,
        driverId: carrier(state),
        pickupEtaAt: later,
      }
    : assign(1, later);

export const spoken = {
  accept: () => say.accept,
  deny: () => say.deny,
  markReady: () => say.ready,
  'cancel by customer': () => say.cancel,
  'cancel by merchant': () => ({ kind: 'cancel', by: 'merchant' }),
  'cancel by support': () => ({ kind: 'cancel', by: 'support' }),
  retryPayment: () => say.retry,
  'assign this offer': offerOf,
  'assign another': () => assign(9, later),
  'exhaustSearch this': (state) => ({ kind: 'exhaustSearch', search: state.searches }),
  'exhaustSearch earlier': (state) => ({ kind: 'exhaustSearch', search: state.searches - 1 }),
  'pickUp by this driver': (state) => ({ kind: 'pickUp', driverId: carrier(state) }),
  'pickUp by another': () => ({ kind: 'pickUp', driverId: driver(9) }),
  'deliver by this driver': (state) => ({ kind: 'deliver', driverId: carrier(state) }),
  'deliver by another': () => ({ kind: 'deliver', driverId: driver(9) }),
  'abandon by this driver': (state) => ({ kind: 'abandon', driverId: carrier(state) }),
  'abandon by another': () => ({ kind: 'abandon', driverId: driver(9) }),
} as const satisfies Record<string, (state: OrderState) => Command>;

type Spoken = keyof typeof spoken;
type Row = Readonly<Record<Spoken, string>>;

const nobodyDrives = {
  'pickUp by this driver': '!not_your_delivery',
  'pickUp by another': '!not_your_delivery',
  'deliver by this driver': '!not_your_delivery',
  'deliver by another': '!not_your_delivery',
  'abandon by this driver': '!not_your_delivery',
  'abandon by another': '!not_your_delivery',
};
const neverSearched = {
  'assign this offer': '!not_searching',
  'assign another': '!not_searching',
  'exhaustSearch this': '-',
  'exhaustSearch earlier': '-',
};
const cancelled = (events: string) => ({
  'cancel by customer': events,
  'cancel by merchant': events,
  'cancel by support': events,
});

const unpaid: Row = {
  accept: '!not_pending',
  deny: '!not_pending',
  markReady: '!not_preparing',
  ...cancelled('order.cancelled'),
  retryPayment: '!payment_not_retryable',
  ...neverSearched,
  ...nobodyDrives,
};
const onHold: Row = { ...unpaid, ...cancelled('order.cancelled payment.voiding') };
const pending: Row = {
  ...onHold,
  accept: 'order.accepted delivery.created',
  deny: 'order.denied payment.voiding',
};

const accepted = {
  accept: '!already_accepted',
  deny: '!already_accepted',
  retryPayment: '!payment_not_retryable',
  'cancel by customer': 'order.cancelled delivery.cancelled order.settled payment.capturing',
  'cancel by merchant': 'order.cancelled delivery.cancelled payment.voiding',
  'cancel by support': 'order.cancelled delivery.cancelled order.settled payment.voiding',
};
const failed = 'order.failed delivery.cancelled order.settled payment.voiding';
const searching: Row = {
  ...accepted,
  markReady: 'order.ready',
  'assign this offer': 'delivery.assigned',
  'assign another': 'delivery.assigned',
  'exhaustSearch this': 'delivery.search_escalated',
  'exhaustSearch earlier': '-',
  ...nobodyDrives,
};
const searchAhead: Row = { ...searching, markReady: 'order.ready delivery.released' };
const confirmed: Row = {
  ...accepted,
  markReady: 'order.ready',
  'assign this offer': '-',
  'assign another': '!not_searching',
  'exhaustSearch this': '-',
  'exhaustSearch earlier': '-',
  ...nobodyDrives,
  'pickUp by this driver': 'order.ready delivery.picked_up',
  'deliver by this driver': '!not_picked_up',
  'abandon by this driver': 'delivery.unassigned delivery.released',
};
const known = { markReady: '!already_ready' };
const readyConfirmed: Row = {
  ...confirmed,
  ...known,
  'pickUp by this driver': 'delivery.picked_up',
};
const pickedUp: Row = {
  ...readyConfirmed,
  ...cancelled('!already_picked_up'),
  'pickUp by this driver': '!already_picked_up',
  'deliver by this driver': 'delivery.delivered order.settled payment.capturing',
  'abandon by this driver': '!already_picked_up',
};
const delivered: Row = {
  ...pickedUp,
  ...cancelled('!already_delivered'),
  'assign this offer': '!not_searching',
  'pickUp by this driver': '!already_delivered',
  'deliver by this driver': '!already_delivered',
  'abandon by this driver': '!already_delivered',
};
const endedWith = (refusal: string): Row => ({
  ...(Object.fromEntries(Object.keys(spoken).map((name) => [name, refusal])) as Row),
  'exhaustSearch this': '-',
  'exhaustSearch earlier': '-',
});
const over = endedWith('!already_cancelled');

export const spokenCells: Readonly<Record<string, Row>> = {
  unplaced: unpaid,
  authorizing: unpaid,
  'authorizing, last card': unpaid,
  'requires action': onHold,
  checking: onHold,
  'checking, news came': onHold,
  declined: { ...unpaid, retryPayment: 'payment.authorizing' },
  pending,
  'pending, reminded': pending,
  'pending, called': pending,
  'pending, acknowledged': pending,
  'checking, last': onHold,
  'preparing, asked': searching,
  'preparing, reestimated': searching,
  'preparing, escalated': searching,
  'search ahead': searchAhead,
  searching,
  'searching again': searching,
  confirmed,
  'confirmed, pinged': confirmed,
  'ready, searching': { ...searching, ...known },
  'ready, confirmed': readyConfirmed,
  'ready, confirmed, last driver': {
    ...readyConfirmed,
    'abandon by this driver': `delivery.unassigned ${failed}`,
  },
  'assumed ready, searching': searching,
  'assumed ready, confirmed': { ...confirmed, 'pickUp by this driver': 'delivery.picked_up' },
  'picked up': pickedUp,
  'picked up, pinged': pickedUp,
  'assumed ready, picked up': pickedUp,
  unconfirmed: pickedUp,
  delivered,
  'delivered, given up': delivered,
  'delivered, capture failed': delivered,
  'delivered, capturing again': delivered,
  completed: endedWith('!already_delivered'),
  'completed, written off': endedWith('!already_delivered'),
  'cancelled, authorizing': over,
  'cancelled, declined': over,
  'cancelled, capturing': over,
  'cancelled, capture failed': over,
  'cancelled, captured': over,
  ...Object.fromEntries(
    [
      'cancelled before accepting',
      'cancelled by the merchant',
      'denied',
      'expired',
      'failed',
    ].flatMap((name) =>
      ['voiding', 'voided', 'written off'].map((how) => [`${name}, ${how}`, over]),
    ),
  ),
};

const answers = {
  paymentAuthorized: say.authorized,
  paymentRequiresAction: say.requiresAction,
  paymentDeclined: say.declined,
  paymentUnanswered: say.unanswered,
  paymentNotExecuted: say.notExecuted,
  paymentCaptured: captured(2_000),
  paymentCaptureFailed: say.captureFailed,
  paymentVoided: say.voided,
  paymentVoidFailed: say.voidFailed,
} as const satisfies Record<PaymentResult['kind'], Command>;
export const facted = {
  ...answers,
  'paymentCaptureFailed for ever': say.captureLost,
  'checkPayment of this': say.check,
  'checkPayment of another': { kind: 'checkPayment', providerRef: 'pi_other' },
} as const satisfies Record<string, Command>;

type Facted = keyof typeof facted;
export const deaf = Object.fromEntries(Object.keys(facted).map((name) => [name, '-'])) as Record<
  Facted,
  string
>;
const again = 'payment.requires_action payment.checking';
const givenUp = 'payment.capture_failed payment.voiding';

const authorizing = {
  ...deaf,
  paymentAuthorized: 'payment.authorized order.submitted',
  paymentRequiresAction: 'payment.requires_action',
  paymentDeclined: 'payment.declined',
  paymentUnanswered: 'order.cancelled payment.voiding',
  paymentNotExecuted: 'payment.authorizing',
};
const checking = {
  ...deaf,
  paymentAuthorized: 'payment.authorized order.submitted',
  paymentRequiresAction: 'payment.requires_action',
  paymentDeclined: 'payment.declined',
  paymentUnanswered: 'payment.requires_action',
  'checkPayment of this': 'payment.checking',
};
const capturing = {
  ...deaf,
  paymentNotExecuted: 'payment.capturing',
  paymentCaptured: 'payment.captured',
  paymentCaptureFailed: 'payment.capture_failed',
  'paymentCaptureFailed for ever': givenUp,
};
const capturingDelivered = { ...capturing, paymentCaptured: 'payment.captured order.completed' };
const voiding = {
  ...deaf,
  paymentNotExecuted: 'payment.voiding',
  paymentVoided: 'payment.voided',
  paymentVoidFailed: 'payment.written_off',
};
const losing = {
  ...voiding,
  paymentVoided: 'payment.written_off order.completed',
  paymentVoidFailed: 'payment.written_off order.completed',
};

/** Situations that are not named hear nothing from the provider. */
export const answerCells: Readonly<Record<string, Readonly<Record<Facted, string>>>> = {
  authorizing,
  'authorizing, last card': {
    ...authorizing,
    paymentDeclined: 'payment.declined order.cancelled',
    paymentNotExecuted: 'payment.declined order.cancelled',
  },
  'cancelled, authorizing': {
    ...authorizing,
    paymentAuthorized: 'payment.authorized payment.voiding',
    paymentRequiresAction: 'payment.voiding',
    paymentUnanswered: 'payment.voiding',
    paymentNotExecuted: 'payment.declined',
  },
  'requires action': { ...deaf, 'checkPayment of this': 'payment.checking' },
  checking,
  // The customer's time is up: only a yes keeps the order.
  'checking, last': {
    ...deaf,
    paymentAuthorized: 'payment.authorized order.submitted',
    paymentRequiresAction: 'order.cancelled payment.voiding',
    paymentDeclined: 'payment.declined',
    paymentUnanswered: 'order.cancelled payment.voiding',
  },
  'checking, news came': {
    ...checking,
    paymentRequiresAction: again,
    paymentDeclined: again,
    paymentUnanswered: again,
    'checkPayment of this': '-',
  },
  delivered: capturingDelivered,
  'delivered, capturing again': capturingDelivered,
  'cancelled, capturing': capturing,
  ...Object.fromEntries(
    [...situations].filter(([name]) => name.endsWith(', voiding')).map(([name]) => [name, voiding]),
  ),
  'delivered, given up': losing,
};

const leaves = 'delivery.unassigned delivery.released';
const exitsOf = {
  unpaid: { abandonPayment: 'payment.checking' },
  pending: {
    alertBranch: 'order.unacknowledged',
    callMerchant: 'order.merchant_called',
    expire: 'order.expired payment.voiding',
  },
  searching: { failSearch: failed, escalateSearch: 'delivery.search_escalated' },
  confirmed: { pingDriver: 'delivery.driver_pinged', unassignLate: leaves },
  pickedUp: { pingDriver: 'delivery.driver_pinged', unconfirm: 'delivery.unconfirmed' },
  captureFailed: { retryCapture: 'payment.capturing', writeOff: 'payment.voiding' },
} as const;
const late = { askPreparation: 'order.preparation_asked' };

/** What happens by itself in the end; situations that are not named wait for nothing but an answer. */
export const exitCells: Readonly<Record<string, Partial<Record<ExitKind, string>>>> = {
  'requires action': exitsOf.unpaid,
  checking: exitsOf.unpaid,
  'checking, news came': exitsOf.unpaid,
  declined: { abandonPayment: 'order.cancelled' },
  pending: { remindMerchant: 'order.reminded', ...exitsOf.pending },
  'pending, reminded': exitsOf.pending,
  'pending, called': { expire: exitsOf.pending.expire },
  'pending, acknowledged': {
    remindMerchant: 'order.reminded',
    callMerchant: exitsOf.pending.callMerchant,
    expire: exitsOf.pending.expire,
  },
  'preparing, asked': { ...exitsOf.searching, reestimate: 'order.reestimated' },
  'preparing, reestimated': {
    ...exitsOf.searching,
    escalatePreparation: 'order.preparation_escalated',
  },
  'preparing, escalated': { ...exitsOf.searching, assumeReady: 'order.ready' },
  'search ahead': { ...exitsOf.searching, ...late },
  searching: { ...exitsOf.searching, ...late },
  'searching again': { ...exitsOf.searching, ...late },
  confirmed: { ...exitsOf.confirmed, ...late },
  'confirmed, pinged': { unassignLate: leaves, ...late },
  'ready, searching': exitsOf.searching,
  'ready, confirmed': exitsOf.confirmed,
  'ready, confirmed, last driver': {
    ...exitsOf.confirmed,
    unassignLate: `delivery.unassigned ${failed}`,
  },
  'assumed ready, searching': exitsOf.searching,
  'assumed ready, confirmed': exitsOf.confirmed,
  'picked up': exitsOf.pickedUp,
  'picked up, pinged': { unconfirm: exitsOf.pickedUp.unconfirm },
  'assumed ready, picked up': exitsOf.pickedUp,
  unconfirmed: { giveUpProof: failed },
  'delivered, capture failed': exitsOf.captureFailed,
  'cancelled, capture failed': exitsOf.captureFailed,
};
