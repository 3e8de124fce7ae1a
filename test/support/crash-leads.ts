// Where the scenarios of the crash matrix begin: an order in the state that the doing needs.

import type { Policy } from '../../domain/policy.ts';
import type { Mood } from '../../sandbox/partner-fleet/fleet.ts';
import {
  declined,
  driver,
  merchant,
  offered,
  placed,
  seen,
  takeOffer,
  after,
  toConfirm,
  until,
  type Lead,
  type Step,
} from './crash-steps.ts';
import { customerAt } from './shop.ts';

/** Longer than the slowest lead takes: no deadline may come before the process is armed. */
export const exitMs = 20_000;
/** Never, in a test. */
export const later = 3_600_000;

/** Roads without length: a driver is late as soon as the patience is used up. */
export const near: Partial<Policy> = {
  metersPerMinute: 1_000_000,
  pickupServiceMs: 1,
  dropoffServiceMs: 1,
};

export const pickup = (): object => ({ type: 'pickup', dropoff: undefined });
const inCash = (): object => ({ payment: { method: 'cash' } });
export const onPrescription = (): object => ({
  items: [{ name: 'Antibiotic', quantity: 1, unit_price_minor: 1_900, prescription: true }],
});
export const inTime = (ms: number) => (): object => ({
  scheduled_for: new Date(Date.now() + ms).toISOString(),
});

/** The fake fleet goes by the address. */
export const partnerThat = (mood: Mood) => (): object => ({
  dropoff: { location: customerAt, address: `Canary Row 7, ${mood}` },
});

const isPending = until({ order_status: 'pending' });
export const cash = 2_350;
const accept = merchant('accept', { prep_seconds: 1 });
const ready = merchant('ready');
const pickUp = driver('pick-up');
export const deliver = driver('deliver');
export const denying: readonly Step[] = [isPending, merchant('deny', { code: 'capacity' })];
export const deny = merchant('deny', { code: 'capacity' });
export const cancel = merchant('cancel');
export const carrying: readonly Step[] = [pickUp, deliver];
export const bringBack = driver('complete-return');

const pendingWith = (extra?: () => object): Lead => after(placed(extra), isPending);
export const acceptedWith = (extra?: () => object): Lead => after(pendingWith(extra), accept);
export const readyWith = (extra?: () => object): Lead => after(acceptedWith(extra), ready);

/** Asked for in two hours. */
export const pendingLater: Lead = placed(inTime(2 * later));

export const leads = {
  declined: after(declined, seen('payment.declined')),
  toConfirm: after(toConfirm, until({ payment_status: 'requires_action' })),
  pending: pendingWith(),
  accepted: acceptedWith(),
  /** A driver is looked for only when the goods are ready. */
  slow: after(pendingWith(), merchant('accept', { prep_seconds: 7_200 })),
  ready: readyWith(),
  short: after(acceptedWith(), merchant('shortages', { line: 0, quantity: 1 })),
  offered: after(readyWith(), offered),
  confirmed: after(readyWith(), takeOffer),
  arrived: after(readyWith(), takeOffer, driver('arrive-at-pickup')),
  pickedUp: after(readyWith(), takeOffer, pickUp),
  pickedUpForCash: after(readyWith(inCash), takeOffer, pickUp),
  atTheDoor: after(readyWith(), takeOffer, pickUp, driver('arrive-at-dropoff')),
  returning: after(readyWith(), takeOffer, pickUp, driver('fail-dropoff', { reason: 'refused' })),
  accident: after(readyWith(), takeOffer, pickUp, driver('problem', { problem: 'accident' })),
  lost: after(readyWith(), takeOffer, pickUp, driver('problem', { problem: 'lost' })),
} as const satisfies Readonly<Record<string, Lead>>;
