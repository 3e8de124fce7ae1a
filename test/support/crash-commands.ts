// The scenarios of every command that an order can be given.

import type { OrderEventType } from '../../domain/events.ts';
import type { UpdateName } from '../../domain/messages.ts';
import * as start from './crash-leads.ts';
import {
  anotherDriver,
  declineOffer,
  driver,
  merchant,
  seen,
  support,
  takeOffer,
  tell,
  after,
  until,
  type Told,
} from './crash-steps.ts';

/** `direct`: no route of the API sends it. */
type Row = Told & { readonly tag: OrderEventType; readonly direct?: true };

const { leads, cancel, deny, deliver, carrying, bringBack } = start;
const completed = 'completed captured';
const failed = 'failed voided';
const returned = 'failed captured';
const isDenied = { finish: [deny], end: 'denied voided' };
const isCancelled = { finish: [cancel], end: 'cancelled voided' };
const isDelivered = { finish: [deliver], end: completed };
const isCarried = { finish: carrying, end: completed };
const isBroughtBack = { finish: [bringBack], end: returned };
const noDriver = true;
const elsewhere = { lat: 52.54, lng: 13.43 };
const pharmacy = { kind: 'pharmacy', noDriver } as const;

const byMerchant = {
  acknowledge: {
    tag: 'order.acknowledged',
    lead: leads.pending,
    act: merchant('acknowledge'),
    ...isDenied,
  },
  accept: {
    tag: 'order.accepted',
    lead: leads.pending,
    act: merchant('accept', { prep_seconds: 1 }),
    ...isCancelled,
  },
  deny: { tag: 'order.denied', lead: leads.pending, act: deny, end: 'denied voided' },
  delayPrep: {
    tag: 'order.delayed',
    noDriver,
    lead: leads.accepted,
    act: merchant('delay', { ready_in_seconds: 600 }),
    ...isCancelled,
  },
  markReady: {
    tag: 'order.ready',
    noDriver,
    lead: leads.accepted,
    act: merchant('ready'),
    ...isCancelled,
  },
  handOver: {
    tag: 'order.handed_over',
    lead: start.readyWith(start.pickup),
    act: merchant('hand-over'),
    end: completed,
  },
  reportShortage: {
    tag: 'order.shortage_reported',
    noDriver,
    lead: leads.accepted,
    act: merchant('shortages', { line: 0, quantity: 1 }),
    ...isCancelled,
  },
  approvePrescription: {
    tag: 'order.accepted',
    ...pharmacy,
    lead: start.acceptedWith(start.onPrescription),
    act: merchant('approve-prescription'),
    ...isCancelled,
  },
  rejectPrescription: {
    tag: 'order.denied',
    ...pharmacy,
    lead: start.acceptedWith(start.onPrescription),
    act: merchant('reject-prescription'),
    end: 'denied voided',
  },
  remitCash: {
    tag: 'payment.remitted',
    lead: after(leads.pickedUpForCash, driver('deliver', { collected_minor: start.cash })),
    act: merchant('remittance', { amount_minor: start.cash }),
    end: 'completed remitted',
  },
} as const satisfies Partial<Record<UpdateName, Row>>;

const byCustomer = {
  cancel: { tag: 'order.cancelled', lead: leads.pending, act: cancel, end: 'cancelled voided' },
  answerShortage: {
    tag: 'order.shortage_resolved',
    noDriver,
    lead: leads.short,
    act: merchant('shortage-answer', { answer: 'remove' }),
    ...isCancelled,
  },
  changeTip: {
    tag: 'order.tip_changed',
    lead: leads.pending,
    act: merchant('tip', { tip_minor: 100 }),
    ...isDenied,
  },
  changeDropoffNotes: {
    tag: 'order.notes_changed',
    lead: leads.pending,
    act: merchant('dropoff-notes', { note: 'ring twice' }),
    ...isDenied,
  },
  retryPayment: {
    tag: 'payment.authorizing',
    lead: leads.declined,
    act: merchant('payment', { token: 'pm_card_visa' }),
    finish: start.denying,
    end: 'denied voided',
  },
  reschedule: {
    tag: 'order.rescheduled',
    lead: after(start.pendingLater, until({ order_status: 'scheduled' })),
    act: merchant('reschedule', start.inTime(4 * start.later)()),
    ...isCancelled,
  },
} as const satisfies Partial<Record<UpdateName, Row>>;

const byDriver = {
  arriveAtPickup: {
    tag: 'delivery.arrived_at_pickup',
    lead: leads.confirmed,
    act: driver('arrive-at-pickup'),
    ...isCarried,
  },
  failPickup: {
    tag: 'order.failed',
    lead: leads.arrived,
    act: driver('fail-pickup', { code: 'closed' }),
    end: failed,
  },
  pickUp: {
    tag: 'delivery.picked_up',
    lead: leads.confirmed,
    act: driver('pick-up'),
    ...isDelivered,
  },
  arriveAtDropoff: {
    tag: 'delivery.arrived_at_dropoff',
    lead: leads.pickedUp,
    act: driver('arrive-at-dropoff'),
    ...isDelivered,
  },
  recordContact: {
    tag: 'delivery.contact_attempted',
    lead: leads.atTheDoor,
    act: driver('contact', { channel: 'call' }),
    ...isDelivered,
  },
  deliver: { tag: 'delivery.delivered', lead: leads.pickedUp, act: deliver, end: completed },
  failDropoff: {
    tag: 'delivery.return_started',
    lead: leads.pickedUp,
    act: driver('fail-dropoff', { reason: 'refused' }),
    ...isBroughtBack,
  },
  arriveAtReturn: {
    tag: 'delivery.arrived_at_return',
    lead: leads.returning,
    act: driver('arrive-at-return'),
    ...isBroughtBack,
  },
  completeReturn: {
    tag: 'delivery.returned',
    lead: leads.returning,
    act: bringBack,
    end: returned,
  },
  abandon: {
    tag: 'delivery.unassigned',
    lead: leads.confirmed,
    act: driver('abandon'),
    ...isCancelled,
  },
  reportProblem: {
    tag: 'delivery.problem_reported',
    lead: leads.pickedUp,
    act: driver('problem', { problem: 'accident' }),
    ...isDelivered,
  },
  assign: { tag: 'delivery.assigned', lead: leads.offered, act: takeOffer, ...isCarried },
} as const satisfies Partial<Record<UpdateName, Row>>;

const bySupport = {
  hold: {
    tag: 'order.held',
    lead: leads.pending,
    act: support('hold', () => ({ until: new Date(Date.now() + start.later).toISOString() })),
    ...isDenied,
  },
  extendDeadline: {
    tag: 'deadline.extended',
    lead: leads.pending,
    act: support('extend', () => ({ seconds: 60 })),
    ...isDenied,
  },
  assignDriver: {
    tag: 'delivery.assigned',
    noDriver,
    lead: leads.ready,
    act: support('assign-driver', ({ shop }) => ({ driver_id: shop.ids.driver })),
    ...isCarried,
  },
  unassignDriver: {
    tag: 'delivery.unassigned',
    lead: leads.confirmed,
    act: support('release-driver'),
    ...isCancelled,
  },
  forceReady: {
    tag: 'order.ready',
    direct: true,
    noDriver,
    lead: leads.accepted,
    act: tell({ kind: 'forceReady' }),
    ...isCancelled,
  },
  forceDeliver: {
    tag: 'delivery.delivered',
    lead: leads.pickedUp,
    act: support('mark-delivered'),
    end: completed,
  },
  forceFail: {
    tag: 'order.failed',
    lead: leads.pickedUp,
    act: support('mark-failed'),
    end: failed,
  },
  transferDelivery: {
    tag: 'delivery.transferred',
    lead: leads.accident,
    act: support('transfer', async (on) => ({ driver_id: await anotherDriver(on) })),
    finish: [support('mark-delivered')],
    end: completed,
  },
  remake: { tag: 'order.remade', lead: leads.lost, act: support('remake'), ...isCancelled },
  redeliver: {
    tag: 'delivery.redelivery_started',
    lead: leads.accident,
    act: support('redeliver'),
    ...isDelivered,
  },
  bringBack: {
    tag: 'delivery.return_started',
    lead: leads.atTheDoor,
    act: support('bring-back', () => ({ because: 'customer_absent' })),
    ...isBroughtBack,
  },
  convertToPickup: {
    tag: 'order.converted_to_pickup',
    noDriver,
    lead: leads.ready,
    act: support('convert-to-pickup'),
    finish: [merchant('hand-over')],
    end: completed,
  },
  resendToMerchant: {
    tag: 'order.resubmitted',
    lead: leads.pending,
    act: support('resend-to-merchant'),
    ...isDenied,
  },
  undoLast: {
    tag: 'order.unheld',
    policy: { undoMs: start.later },
    lead: after(
      leads.pending,
      support('hold', () => ({ until: new Date(Date.now() + start.later).toISOString() })),
    ),
    act: support('undo-last'),
    ...isDenied,
  },
  changeAddress: {
    tag: 'order.address_changed',
    noDriver,
    lead: leads.accepted,
    act: support('change-address', () => ({ location: elsewhere, address: 'Canary Row 8' })),
    ...isCancelled,
  },
  cancelWithOutcome: {
    tag: 'order.cancelled',
    noDriver,
    lead: leads.accepted,
    act: support('cancel-with-outcome', () => ({
      customer_pays: 'goods',
      merchant_gets: 'goods',
      driver_gets: 'nothing',
    })),
    end: 'cancelled captured',
  },
} as const satisfies Partial<Record<UpdateName, Row>>;

const bySystem = {
  changeEta: {
    tag: 'delivery.eta_changed',
    direct: true,
    lead: leads.pickedUp,
    act: tell({ kind: 'changeEta', dropoffEtaAt: Date.now() + start.later }),
    ...isDelivered,
  },
  exhaustSearch: {
    tag: 'delivery.search_escalated',
    direct: true,
    policy: { maxOfferRounds: 1 },
    lead: leads.offered,
    act: declineOffer,
    finish: [seen('delivery.search_escalated'), support('stop-search')],
    end: failed,
  },
} as const satisfies Partial<Record<UpdateName, Row>>;

export const byCommand: { readonly [K in UpdateName]: Row } = {
  ...byMerchant,
  ...byCustomer,
  ...byDriver,
  ...bySupport,
  ...bySystem,
};
