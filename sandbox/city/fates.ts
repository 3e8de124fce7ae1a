// The whole lifecycle in one day: one order per thing that can happen to an order. Invariant: every end reason
// of the design is the end of at least one of them, whatever the seed. Dealt by generate.ts.

import type { Policy } from '../../domain/policy.ts';
import type { CustomerMood, End, Fate, MerchantMood, Script } from './plan.ts';

/** Where it happens, if not at any restaurant: where nobody drives, or at a counter that is asked for nothing else. */
export type Setting = 'pharmacy' | 'store' | 'far_away' | 'quiet_corner';

export type Dealt = Fate & {
  readonly setting?: Setting;
  readonly merchantMood?: MerchantMood;
  readonly customerMood?: CustomerMood;
  readonly script?: Script;
};

type Scene = Omit<Dealt, 'ends'>;

const hour = 3_600_000;

/**
 * Windows above two hours are cut to two, so that an evening is long enough for all of them. A partner fleet brings what
 * no driver has taken in forty minutes, which is only what is too far away for them.
 */
export const fatedPolicy: Partial<Policy> = {
  authorizeAheadMs: 2 * hour,
  lateProofWindowMs: 2 * hour,
  cashRemitMs: 2 * hour,
  partnerCapMinor: 1_500,
  rungs: [
    { radiusM: 3_000, durationMs: hour / 12 },
    { radiusM: 6_000, durationMs: hour / 12, payBps: 1_500 },
    { radiusM: 10_000, durationMs: hour / 2, payBps: 3_000 },
  ],
};

/** A call that a killed worker was making is made again after 20 s, however fast the city’s clock runs. */
export const troubledPolicy: Partial<Policy> = {
  paymentCheckMs: hour / 2,
  paymentActionTimeoutMs: hour / 2,
};

const called = ['call', 'door'] as const;
const absent = { reason: 'customer_absent', tries: called } as const;

const scenes: Readonly<Record<End, readonly Scene[]>> = {
  failed_to_deliver: [
    {
      name: 'the driver vanishes with the goods',
      shows: ['delivery.picked_up', 'delivery.unconfirmed', 'order.failed'],
      script: { driver: 'vanishes' },
    },
  ],
  delivered: [
    {
      name: 'for much later, the card is held late',
      shows: ['order.scheduled', 'order.released', 'payment.authorized'],
      script: { wantedAfterMinutes: 130 },
    },
    {
      name: 'the cash is never handed in',
      shows: ['payment.collected', 'payment.short'],
      script: { method: 'cash', remits: 'nothing' },
    },
    {
      name: 'no driver for miles, a partner fleet brings it',
      shows: [
        'delivery.partner_requested',
        'delivery.partner_confirmed',
        'delivery.partner_picked_up',
        'delivery.delivered',
      ],
      setting: 'far_away',
    },
    {
      name: 'for later',
      shows: ['payment.authorized', 'order.scheduled', 'order.released'],
      script: { wantedAfterMinutes: 75 },
    },
    {
      name: 'the driver loses his phone, the proof comes late',
      shows: ['delivery.unconfirmed', 'delivery.delivered'],
      script: { driver: 'loses_phone' },
    },
    {
      name: 'the driver never comes',
      shows: ['delivery.driver_pinged', 'delivery.unassigned', 'delivery.picked_up'],
      script: { driver: 'never_comes' },
    },
    {
      name: 'an accident, the goods are made once more',
      shows: ['delivery.problem_reported', 'order.remade', 'order.ready', 'delivery.picked_up'],
      script: { problem: 'accident', support: 'remake' },
    },
    {
      name: 'an accident, a second driver takes the goods over',
      shows: ['delivery.problem_reported', 'delivery.transferred', 'delivery.delivered'],
      script: { problem: 'accident', support: 'transfer' },
    },
    {
      name: 'the customer has moved',
      shows: ['order.accepted', 'order.address_changed', 'delivery.delivered'],
      customerMood: { kind: 'calls_support' },
      script: { support: 'change-address' },
    },
    {
      name: 'the vehicle breaks down, nobody decides',
      shows: ['delivery.problem_reported', 'delivery.unassigned', 'delivery.picked_up'],
      script: { problem: 'vehicle' },
    },
    {
      name: 'a fright on the road, the driver goes on',
      shows: ['delivery.problem_reported', 'delivery.redelivery_started'],
      script: { problem: 'unsafe', support: 'redeliver' },
    },
    {
      name: 'the cash is handed in',
      shows: ['payment.collected', 'payment.remitted'],
      script: { method: 'cash', remits: 'all' },
    },
    {
      name: 'some of the cash is missing',
      shows: ['payment.collected', 'payment.short'],
      script: { method: 'cash', remits: 'part' },
    },
    {
      name: 'nobody opens, left at the door',
      shows: ['delivery.contact_attempted', 'delivery.contact_attempted', 'delivery.delivered'],
      script: { atDoor: absent, undeliverable: 'leave_at_door' },
    },
    {
      name: 'a shortage, the customer takes the substitute',
      shows: ['order.shortage_reported', 'order.shortage_resolved'],
      script: {
        substitution: 'substitute',
        shortage: { substitute: true, answer: 'substitute' },
      },
    },
    {
      name: 'a shortage, the customer is silent: taken off',
      shows: ['order.shortage_reported', 'order.shortage_resolved'],
      script: { substitution: 'remove', shortage: { substitute: false } },
    },
    {
      name: 'the pharmacist approves',
      shows: ['order.prescription_asked', 'order.accepted'],
      setting: 'pharmacy',
      script: { goods: 'prescription', pharmacist: 'approves' },
    },
    {
      name: 'of age',
      shows: ['delivery.delivered'],
      setting: 'store',
      script: { goods: 'age_restricted' },
    },
    {
      name: 'the PIN is misheard, then right',
      shows: ['delivery.delivered'],
      script: { pin: true },
    },
    {
      name: 'paid elsewhere',
      shows: ['payment.external', 'payment.paid_elsewhere'],
      script: { method: 'external' },
    },
    {
      name: 'the merchant forgets to say ready',
      shows: ['order.ready', 'delivery.picked_up'],
      merchantMood: 'forgetful',
    },
  ],
  failed_to_assign: [
    {
      name: 'no driver for miles, and a partner fleet takes no cash',
      shows: ['delivery.created', 'delivery.search_escalated', 'order.failed'],
      setting: 'far_away',
      script: { method: 'cash' },
    },
  ],
  returned: [
    {
      name: 'nobody opens, the driver keeps the goods',
      shows: ['delivery.return_started', 'delivery.return_escalated', 'delivery.returned'],
      script: { atDoor: absent, undeliverable: 'return', backBy: 'nobody' },
    },
    {
      name: 'nobody opens, brought back',
      shows: [
        'delivery.contact_attempted',
        'delivery.return_started',
        'delivery.arrived_at_return',
        'delivery.returned',
      ],
      script: { atDoor: absent, undeliverable: 'return', backBy: 'driver' },
    },
    {
      name: 'a wrong address, the merchant has the goods again',
      shows: ['delivery.return_started', 'delivery.arrived_at_return', 'delivery.returned'],
      script: { atDoor: { reason: 'wrong_address' }, backBy: 'merchant' },
    },
    {
      name: 'too young',
      shows: ['delivery.arrived_at_dropoff', 'delivery.return_started', 'delivery.returned'],
      setting: 'store',
      script: {
        goods: 'age_restricted',
        atDoor: { reason: 'age_check_failed' },
        backBy: 'driver',
      },
    },
    {
      name: 'the customer does not pay in cash',
      shows: ['payment.due', 'delivery.return_started', 'payment.refused'],
      script: { method: 'cash', atDoor: { reason: 'refused' }, backBy: 'driver' },
    },
  ],
  not_collected: [
    {
      name: 'nobody collects',
      shows: ['order.ready', 'order.collection_reminded', 'order.failed'],
      script: { counter: { type: 'pickup', collects: false } },
    },
  ],
  lost: [
    {
      name: 'the goods are lost',
      shows: ['delivery.problem_reported', 'order.failed'],
      script: { problem: 'lost', support: 'mark-lost' },
    },
    {
      name: 'the goods are lost, nobody decides',
      shows: ['delivery.problem_reported', 'order.failed'],
      script: { problem: 'lost' },
    },
  ],
  damaged: [
    {
      name: 'the goods are damaged',
      shows: ['delivery.problem_reported', 'order.failed'],
      script: { problem: 'damaged', support: 'mark-damaged' },
    },
  ],
  discarded: [
    {
      name: 'nobody opens, disposed of',
      shows: ['delivery.contact_attempted', 'delivery.discarded'],
      script: { atDoor: absent, undeliverable: 'discard' },
    },
  ],
  failed_to_pick_up: [
    {
      name: 'closed when the driver comes',
      shows: ['delivery.arrived_at_pickup', 'order.failed'],
      merchantMood: 'closed',
    },
  ],
  merchant_expired: [
    {
      name: 'nobody answers at the counter',
      shows: ['order.reminded', 'order.merchant_called', 'order.expired'],
      setting: 'quiet_corner',
      merchantMood: 'silent',
    },
    {
      name: 'the pharmacist is silent',
      shows: ['order.prescription_asked', 'order.expired'],
      setting: 'pharmacy',
      script: { goods: 'prescription', pharmacist: 'is_silent' },
    },
  ],
  cancelled_by_merchant: [
    {
      name: 'the kitchen breaks down',
      shows: ['order.accepted', 'order.cancelled'],
      merchantMood: 'cancels',
    },
    {
      name: 'a shortage, the silent customer wants all or nothing',
      shows: ['order.shortage_reported', 'order.cancelled'],
      script: { substitution: 'cancel', shortage: { substitute: false } },
    },
    {
      name: 'a shortage, the customer wants nothing else',
      shows: ['order.shortage_reported', 'order.cancelled'],
      script: { substitution: 'remove', shortage: { substitute: true, answer: 'cancel' } },
    },
  ],
  payment_not_completed: [
    {
      name: 'nobody completes 3-D Secure',
      shows: ['payment.requires_action', 'order.cancelled'],
      customerMood: { kind: 'forgets_the_bank' },
    },
  ],
  payment_failed: [
    {
      name: 'every card is declined',
      shows: ['payment.declined', 'payment.declined', 'payment.declined', 'order.cancelled'],
      customerMood: { kind: 'has_no_good_card' },
    },
  ],
  cancelled_by_support: [
    {
      name: 'support cancels',
      shows: ['order.accepted', 'order.cancelled'],
      customerMood: { kind: 'calls_support' },
    },
  ],
  cancelled_by_customer: [
    {
      name: 'the customer cancels',
      shows: ['order.accepted', 'order.cancelled'],
      customerMood: { kind: 'impatient', cancelsAfterMinutes: 4, once: 'order.accepted' },
    },
  ],
  prescription_rejected: [
    {
      name: 'the pharmacist rejects',
      shows: ['order.prescription_asked', 'order.denied'],
      setting: 'pharmacy',
      script: { goods: 'prescription', pharmacist: 'rejects' },
    },
  ],
  merchant_denied: [
    {
      name: 'the kitchen is full',
      shows: ['order.submitted', 'order.denied'],
      merchantMood: 'denies',
    },
  ],
  collected: [
    {
      name: 'collected',
      shows: ['order.ready', 'order.handed_over', 'payment.captured'],
      script: { counter: { type: 'pickup', collects: true } },
    },
    {
      name: 'collected and paid in cash',
      shows: ['order.handed_over', 'payment.collected'],
      script: { counter: { type: 'pickup', collects: true }, method: 'cash' },
    },
    {
      name: 'eaten at the table',
      shows: ['order.handed_over', 'payment.paid_elsewhere'],
      script: { counter: { type: 'dine_in', collects: true }, method: 'external' },
    },
  ],
};

/** What takes longest stands first. */
export const fates: readonly Dealt[] = (Object.keys(scenes) as End[]).flatMap((ends) =>
  scenes[ends].map((scene) => ({ ...scene, ends })),
);

export const ends = Object.keys(scenes) as readonly End[];
