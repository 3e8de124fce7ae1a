// The scenarios of everything that the system does by itself when a deadline has come.

import type { ExitKind } from '../../domain/messages.ts';
import type { Policy } from '../../domain/policy.ts';
import * as start from './crash-leads.ts';
import {
  deafenPartner,
  declineCaptures,
  driver,
  merchant,
  placed,
  seen,
  support,
  after,
  until,
  type Told,
} from './crash-steps.ts';

const { leads, cancel, deny, deliver, carrying, bringBack, exitMs, later, near } = start;
const soon = 500;
const noDriver = true;
const isDenied = { finish: [deny], end: 'denied voided' };
const isCancelled = { finish: [cancel], end: 'cancelled voided' };
const completed = 'completed captured';
const failed = 'failed voided';

const aboutOrders = {
  abandonPayment: {
    policy: { paymentActionTimeoutMs: exitMs },
    lead: leads.declined,
    end: 'cancelled declined',
  },
  releaseScheduled: {
    policy: { ...near, prepEstimateMs: 100, scheduleMarginMs: 100 },
    lead: after(placed(start.inTime(exitMs)), until({ order_status: 'scheduled' })),
    finish: start.denying,
    end: 'denied voided',
  },
  remindMerchant: { policy: { remindMerchantMs: exitMs }, lead: leads.pending, ...isDenied },
  alertBranch: { policy: { acknowledgeMs: exitMs }, lead: leads.pending, ...isDenied },
  callMerchant: { policy: { callMerchantMs: exitMs }, lead: leads.pending, ...isDenied },
  expire: { policy: { expireMs: exitMs }, lead: leads.pending, end: 'expired voided' },
  expirePrescription: {
    kind: 'pharmacy',
    policy: { prescriptionMs: exitMs },
    lead: start.acceptedWith(start.onPrescription),
    end: 'expired voided',
  },
  startPreparing: {
    noDriver,
    policy: { ...near, prepEstimateMs: 1_000, scheduleMarginMs: later },
    lead: start.acceptedWith(start.inTime(exitMs)),
    ...isCancelled,
  },
  askPreparation: {
    noDriver,
    policy: { prepGraceMs: exitMs },
    lead: leads.accepted,
    ...isCancelled,
  },
  reestimate: {
    noDriver,
    policy: { prepGraceMs: soon, prepAskMs: exitMs },
    lead: after(leads.accepted, seen('order.preparation_asked')),
    ...isCancelled,
  },
  escalatePreparation: {
    noDriver,
    policy: { prepGraceMs: soon, prepAskMs: soon, prepReestimateMs: exitMs },
    lead: after(leads.accepted, seen('order.reestimated')),
    ...isCancelled,
  },
  assumeReady: {
    noDriver,
    policy: { prepGraceMs: soon, prepAskMs: soon, prepReestimateMs: soon, prepSupportMs: exitMs },
    lead: after(leads.accepted, seen('order.preparation_escalated')),
    ...isCancelled,
  },
  settleShortage: {
    noDriver,
    policy: { shortageMs: exitMs },
    lead: leads.short,
    ...isCancelled,
  },
  remindCollection: {
    policy: { collectRemindMs: exitMs },
    lead: start.readyWith(start.pickup),
    finish: [merchant('hand-over')],
    end: completed,
  },
  giveUpCollection: {
    policy: { collectMs: exitMs },
    lead: start.readyWith(start.pickup),
    end: 'failed captured',
  },
} as const satisfies Partial<Record<ExitKind, Told>>;

/** A market with a partner fleet, which is asked at once unless told later. */
const asksFleet = (durationMs = soon): Partial<Policy> => ({
  partnerCapMinor: 2_000,
  rungs: [{ radiusM: 3_000, durationMs }],
  pickupLateGraceMs: later,
  pingGraceMs: soon,
});

const aboutPartners = {
  askPartner: { noDriver, policy: asksFleet(exitMs), lead: leads.ready, end: completed },
  pollPartner: {
    noDriver,
    policy: { ...asksFleet(), partnerPollMs: exitMs },
    lead: after(start.readyWith(start.partnerThat('stays')), seen('delivery.partner_confirmed')),
    ...isCancelled,
  },
  dropPartner: {
    noDriver,
    policy: { ...asksFleet(), pickupLateGraceMs: exitMs },
    lead: after(start.readyWith(start.partnerThat('stays')), seen('delivery.partner_confirmed')),
    ...isCancelled,
  },
  unconfirmPartner: {
    noDriver,
    policy: { ...asksFleet(), dropoffLateGraceMs: exitMs },
    lead: after(start.readyWith(start.partnerThat('keeps')), seen('delivery.partner_picked_up')),
    finish: [support('mark-delivered')],
    end: completed,
  },
  giveUpPartner: {
    noDriver,
    policy: { ...asksFleet(), partnerCancelMs: exitMs, pingGraceMs: later },
    lead: after(
      start.readyWith(start.partnerThat('stays')),
      seen('delivery.partner_confirmed'),
      deafenPartner,
      cancel,
    ),
    end: 'cancelled voided',
  },
} as const satisfies Partial<Record<ExitKind, Told>>;

const aboutDeliveries = {
  escalateSearch: {
    noDriver,
    policy: { rungs: [{ radiusM: 3_000, durationMs: exitMs }] },
    lead: leads.ready,
    ...isCancelled,
  },
  failSearch: { noDriver, policy: { searchLimitMs: exitMs }, lead: leads.ready, end: failed },
  pingDriver: {
    policy: { ...near, pickupLateGraceMs: exitMs, pingGraceMs: later },
    lead: leads.confirmed,
    finish: carrying,
    end: completed,
  },
  unassignLate: {
    policy: { ...near, pickupLateGraceMs: soon, pingGraceMs: exitMs },
    lead: after(leads.confirmed, seen('delivery.driver_pinged')),
    ...isCancelled,
  },
  warnMerchant: {
    policy: { maxPickupWaitMs: exitMs },
    lead: leads.arrived,
    finish: carrying,
    end: completed,
  },
  releaseDriver: {
    policy: { maxPickupWaitMs: soon, pickupWarnMs: exitMs },
    lead: after(leads.arrived, seen('delivery.merchant_warned')),
    ...isCancelled,
  },
  unconfirm: {
    policy: { ...near, dropoffLateGraceMs: soon, pingGraceMs: exitMs },
    lead: after(leads.pickedUp, seen('delivery.driver_pinged')),
    finish: [deliver],
    end: completed,
  },
  giveUpDropoff: {
    policy: { maxDropoffWaitMs: exitMs },
    lead: after(
      leads.atTheDoor,
      driver('contact', { channel: 'call' }, '1'),
      driver('contact', { channel: 'call' }, '2'),
    ),
    finish: [bringBack],
    end: 'failed captured',
  },
  giveUpProof: {
    policy: { ...near, dropoffLateGraceMs: soon, pingGraceMs: soon, lateProofWindowMs: exitMs },
    lead: after(leads.pickedUp, seen('delivery.unconfirmed')),
    end: failed,
  },
  resolveProblem: { policy: { problemMs: exitMs }, lead: leads.lost, end: failed },
  escalateReturn: {
    policy: { ...near, dropoffLateGraceMs: exitMs },
    lead: leads.returning,
    finish: [bringBack],
    end: 'failed captured',
  },
  assumeReturned: {
    policy: { returnWaitMs: exitMs },
    lead: after(leads.returning, driver('arrive-at-return')),
    end: 'failed captured',
  },
} as const satisfies Partial<Record<ExitKind, Told>>;

const declines = (times: number) =>
  after(leads.pickedUp, declineCaptures(times), deliver, seen('payment.capture_failed'));

const dayMs = 86_400_000;
/** The provider holds for a week. */
const renewing = {
  renewHoldMs: 7 * dayMs - exitMs,
  orderLifeMs: 14 * dayMs,
  maxHoldRenewals: 1,
} as const;

const aboutMoney = {
  renewHold: { policy: renewing, lead: leads.pending, ...isDenied },
  retryCapture: { policy: { moneyRetryMs: exitMs }, lead: declines(1), end: completed },
  writeOff: {
    policy: { moneyRetryMs: later, moneyLimitMs: exitMs },
    lead: declines(1_000),
    end: 'completed written_off',
  },
  fallShort: {
    policy: { cashRemitMs: exitMs },
    lead: after(leads.pickedUpForCash, driver('deliver', { collected_minor: start.cash })),
    end: 'completed short',
  },
} as const satisfies Partial<Record<ExitKind, Told>>;

export const byExit: { readonly [K in ExitKind]: Told } = {
  ...aboutOrders,
  ...aboutDeliveries,
  ...aboutPartners,
  ...aboutMoney,
};
