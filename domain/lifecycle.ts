// The lifecycle table: for every state of the three machines its owner, its deadlines and what the system does by
// itself when one has come. It is the only source of waiting: the workflow sleeps, the API's `deadlines[]` speak and
// the graph test walks through it alone.

import type { ExitKind } from './messages.ts';
import type { DeliveryPart, OrderPart, OrderState, PaymentPart } from './order.ts';
import type { Policy } from './policy.ts';

export type Machine = 'order' | 'delivery' | 'payment';
export type Owner = 'customer' | 'merchant' | 'driver' | 'support' | 'system';

type Step<Part> = {
  readonly exit: ExitKind;
  /** The policy's name of the duration. */
  readonly policy: keyof Policy;
  /** Epoch milliseconds, or undefined while the step does not apply. */
  readonly at: (part: Part, state: OrderState) => number | undefined;
  /** Cannot be taken back: put off once after an outage of the engine. */
  readonly irreversible: boolean;
  /** What happens by itself, in the words of support. */
  readonly says: string;
};

/** A call to the payment provider is under way; its schedule-to-close time-out is the deadline. */
type RunningEffect = {
  readonly kind: 'effect';
  readonly owner: 'system';
  readonly limit: keyof Policy;
  readonly says: string;
};
type Waiting<Part> = {
  readonly kind: 'waits';
  readonly owner: Owner;
  readonly steps: readonly Step<Part>[];
};
/** Nothing to wait for here: the named machine carries the deadline. */
type Resting = { readonly kind: 'rests'; readonly on: readonly Machine[] };
type Final = { readonly kind: 'final' };
export type Row<Part> = Waiting<Part> | RunningEffect | Resting | Final;

type Rows<Part extends { readonly status: string }> = {
  readonly [S in Part['status']]: Row<Extract<Part, { readonly status: S }>>;
};

const orderRows: Rows<OrderPart> = {
  payment_pending: {
    kind: 'waits',
    owner: 'customer',
    steps: [
      {
        exit: 'abandonPayment',
        policy: 'paymentActionTimeoutMs',
        at: (part, { facts, payment }) =>
          payment.status === 'authorizing' || payment.status === 'none'
            ? undefined
            : part.since + facts.policy.paymentActionTimeoutMs,
        irreversible: true,
        says: 'the order is cancelled as not paid',
      },
    ],
  },
  pending: {
    kind: 'waits',
    owner: 'merchant',
    steps: [
      {
        exit: 'remindMerchant',
        policy: 'remindMerchantMs',
        at: (part, { facts }) =>
          part.reminded ? undefined : part.since + facts.policy.remindMerchantMs,
        irreversible: false,
        says: 'the merchant is reminded',
      },
      {
        exit: 'expire',
        policy: 'expireMs',
        at: (part, { facts }) => part.since + facts.policy.expireMs,
        irreversible: true,
        says: 'the order expires and the card is released',
      },
    ],
  },
  preparing: {
    kind: 'waits',
    owner: 'merchant',
    steps: [
      {
        exit: 'assumeReady',
        policy: 'prepGraceMs',
        at: (part, { facts }) => part.readyEstimateAt + facts.policy.prepGraceMs,
        irreversible: false,
        says: 'the order is assumed to be ready',
      },
    ],
  },
  ready: { kind: 'rests', on: ['delivery', 'payment'] },
  completed: { kind: 'final' },
  denied: { kind: 'final' },
  expired: { kind: 'final' },
  cancelled: { kind: 'final' },
  failed: { kind: 'final' },
};

/** When the goods are there to be picked up, as far as is known. */
function goodsReadyAt({ order, facts }: OrderState): number {
  if (order.status === 'preparing') return order.readyEstimateAt + facts.policy.prepGraceMs;
  return order.status === 'ready' ? order.since : 0;
}

const pickupDueAt = (
  part: Extract<DeliveryPart, { status: 'confirmed' }>,
  state: OrderState,
): number => Math.max(part.pickupEtaAt, goodsReadyAt(state)) + state.facts.policy.pickupLateGraceMs;

const deliveryRows: Rows<DeliveryPart> = {
  none: { kind: 'rests', on: ['order'] },
  searching: {
    kind: 'waits',
    owner: 'system',
    steps: [
      {
        exit: 'failSearch',
        policy: 'searchLimitMs',
        at: (part, { facts, searchedMs }) => part.since + facts.policy.searchLimitMs - searchedMs,
        irreversible: true,
        says: 'the order fails for want of a driver; the customer pays nothing',
      },
    ],
  },
  confirmed: {
    kind: 'waits',
    owner: 'driver',
    steps: [
      {
        exit: 'pingDriver',
        policy: 'pickupLateGraceMs',
        at: (part, state) => (part.pinged ? undefined : pickupDueAt(part, state)),
        irreversible: false,
        says: 'the driver is asked where they are',
      },
      {
        exit: 'unassignLate',
        policy: 'pingGraceMs',
        at: (part, state) => pickupDueAt(part, state) + state.facts.policy.pingGraceMs,
        irreversible: true,
        says: 'the driver is released and another one is looked for',
      },
    ],
  },
  picked_up: {
    kind: 'waits',
    owner: 'driver',
    steps: [
      {
        exit: 'pingDriver',
        policy: 'dropoffLateGraceMs',
        at: (part, { facts }) =>
          part.pinged ? undefined : part.dropoffEtaAt + facts.policy.dropoffLateGraceMs,
        irreversible: false,
        says: 'the driver is asked where they are',
      },
      {
        exit: 'unconfirm',
        policy: 'pingGraceMs',
        at: (part, { facts }) =>
          part.dropoffEtaAt + facts.policy.dropoffLateGraceMs + facts.policy.pingGraceMs,
        irreversible: true,
        says: 'the delivery is handed to support as unconfirmed; the hold on the card is kept',
      },
    ],
  },
  delivery_unconfirmed: {
    kind: 'waits',
    owner: 'support',
    steps: [
      {
        exit: 'giveUpProof',
        policy: 'lateProofWindowMs',
        at: (part, { facts, payment }) =>
          Math.min(
            part.since + facts.policy.lateProofWindowMs,
            payment.status === 'authorized'
              ? Math.max(part.since, payment.captureBefore - facts.policy.holdMarginMs)
              : Number.POSITIVE_INFINITY,
          ),
        irreversible: true,
        says: 'the delivery counts as failed, the card is released and the platform bears it',
      },
    ],
  },
  delivered: { kind: 'rests', on: ['payment'] },
  cancelled: { kind: 'rests', on: ['payment'] },
};

const paymentRows: Rows<PaymentPart> = {
  none: { kind: 'rests', on: ['order'] },
  authorizing: {
    kind: 'effect',
    owner: 'system',
    limit: 'paymentActionTimeoutMs',
    says: 'the card is being authorized',
  },
  requires_action: { kind: 'rests', on: ['order'] },
  authorized: { kind: 'rests', on: ['order', 'delivery'] },
  declined: { kind: 'rests', on: ['order'] },
  capturing: {
    kind: 'effect',
    owner: 'system',
    limit: 'moneyLimitMs',
    says: 'the payment is being captured',
  },
  capture_failed: {
    kind: 'waits',
    owner: 'system',
    steps: [
      {
        exit: 'retryCapture',
        policy: 'moneyRetryMs',
        at: (part, { facts }) => part.since + facts.policy.moneyRetryMs,
        irreversible: false,
        says: 'the capture is tried again',
      },
      {
        exit: 'writeOff',
        policy: 'moneyLimitMs',
        at: (part, { facts }) => part.firstFailedAt + facts.policy.moneyLimitMs,
        irreversible: true,
        says: 'the amount is written off and an incident is opened',
      },
    ],
  },
  captured: { kind: 'final' },
  voiding: {
    kind: 'effect',
    owner: 'system',
    limit: 'moneyLimitMs',
    says: 'the hold on the card is being released',
  },
  voided: { kind: 'final' },
  written_off: { kind: 'final' },
};

export const lifecycle = {
  order: orderRows,
  delivery: deliveryRows,
  payment: paymentRows,
} as const;

/** A deadline in force: whose move it is, until when, and what the system then does by itself. */
export type Deadline = {
  readonly machine: Machine;
  readonly status: string;
  readonly owner: Owner;
  readonly policy: keyof Policy;
  readonly exit: ExitKind;
  readonly at: number;
  readonly irreversible: boolean;
  readonly says: string;
  /** Names this one deadline of this one stay in the state. */
  readonly key: string;
};

function deadlinesIn<Part extends { readonly status: string }>(
  machine: Machine,
  row: Row<Part>,
  { part, state }: { readonly part: Part; readonly state: OrderState },
): readonly Deadline[] {
  if (row.kind !== 'waits') return [];
  return row.steps.flatMap((step) => {
    const due = step.at(part, state);
    if (due === undefined) return [];
    const since = 'since' in part ? String(part.since) : '';
    const key = `${machine}.${part.status}.${step.exit}.${since}`;
    return [
      {
        machine,
        status: part.status,
        owner: row.owner,
        policy: step.policy,
        exit: step.exit,
        // Put off, never brought forward: what follows from the state may be later by now.
        at: Math.max(due, state.extended[key] ?? due),
        irreversible: step.irreversible,
        says: step.says,
        key,
      },
    ];
  });
}

/** All deadlines in force, the earliest first. Empty only while a payment call is under way or the order is over. */
export function deadlinesOf(state: OrderState): readonly Deadline[] {
  const { order, delivery, payment } = state;
  const all = [
    ...deadlinesIn('order', lifecycle.order[order.status] as Row<OrderPart>, {
      part: order,
      state,
    }),
    ...deadlinesIn('delivery', lifecycle.delivery[delivery.status] as Row<DeliveryPart>, {
      part: delivery,
      state,
    }),
    ...deadlinesIn('payment', lifecycle.payment[payment.status] as Row<PaymentPart>, {
      part: payment,
      state,
    }),
  ];
  return all.toSorted((a, b) => a.at - b.at);
}

/** The exit that is due at `now`, if any: the earliest. */
export const dueAt = (state: OrderState, now: number): Deadline | undefined => {
  const first = deadlinesOf(state)[0];
  return first && first.at <= now ? first : undefined;
};
