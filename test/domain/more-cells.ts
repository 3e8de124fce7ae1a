// What is heard beyond the everyday cells: further commands in every situation, and every command in the situations
// that only some orders can be in. Listed is what does something, with its events; all else must be refused.

import type { Command } from '../../domain/messages.ts';
import { carrierOf, type OrderState } from '../../domain/order.ts';
import { later } from './cells.ts';
import { driver, hour, minute, offer, say } from './lives.ts';
import { deadlinesOf } from '../../domain/lifecycle.ts';

const own = (state: OrderState) => carrierOf(state)?.driverId ?? driver(1);

const cashOf = ({ payment }: OrderState): number =>
  payment.status === 'collected' ? payment.amountMinor : 2_500;

export const further = {
  acknowledge: () => say.acknowledge,
  delayPrep: () => say.delay,
  handOver: () => say.handOver,
  'handOver without the cash': () => ({ kind: 'handOver' }),
  reportShortage: () => say.shortage,
  'answerShortage remove': () => ({ kind: 'answerShortage', answer: 'remove' }),
  'answerShortage substitute': () => ({ kind: 'answerShortage', answer: 'substitute' }),
  'answerShortage cancel': () => ({ kind: 'answerShortage', answer: 'cancel' }),
  approvePrescription: () => say.approve,
  rejectPrescription: () => say.reject,
  'remitCash all': (state) => ({ kind: 'remitCash', amountMinor: cashOf(state) }),
  'remitCash more': (state) => ({ kind: 'remitCash', amountMinor: cashOf(state) + 1 }),
  'remitCash less': () => ({ kind: 'remitCash', amountMinor: 2_000 }),
  'changeTip less': () => ({ kind: 'changeTip', tipMinor: 100 }),
  'changeTip above the hold': () => ({ kind: 'changeTip', tipMinor: 9_000 }),
  changeDropoffNotes: () => ({ kind: 'changeDropoffNotes' }),
  reschedule: () => ({ kind: 'reschedule', promisedAt: later + 8 * hour }),
  arriveAtPickup: (state) => ({ kind: 'arriveAtPickup', driverId: own(state) }),
  failPickup: (state) => ({ kind: 'failPickup', driverId: own(state), code: 'closed' }),
  arriveAtDropoff: (state) => ({ kind: 'arriveAtDropoff', driverId: own(state) }),
  recordContact: (state) => ({ kind: 'recordContact', driverId: own(state), channel: 'call' }),
  'failDropoff absent': (state) => ({
    kind: 'failDropoff',
    driverId: own(state),
    reason: 'customer_absent',
  }),
  'failDropoff refused': (state) => ({
    kind: 'failDropoff',
    driverId: own(state),
    reason: 'refused',
  }),
  arriveAtReturn: (state) => ({ kind: 'arriveAtReturn', driverId: own(state) }),
  'completeReturn by the driver': (state) => ({ kind: 'completeReturn', driverId: own(state) }),
  'completeReturn by the merchant': () => ({ kind: 'completeReturn' }),
  reportProblem: (state) => ({ kind: 'reportProblem', driverId: own(state), problem: 'vehicle' }),
  hold: () => ({ kind: 'hold', until: later + hour }),
  'hold too long': () => ({ kind: 'hold', until: later + 3 * hour }),
  'extendDeadline first': (state) => ({
    kind: 'extendDeadline',
    key: deadlinesOf(state)[0]?.key ?? 'none',
    byMs: 10 * minute,
  }),
  changeEta: () => ({
    kind: 'changeEta',
    pickupEtaAt: later + hour,
    dropoffEtaAt: later + 2 * hour,
  }),
  assignDriver: () => ({
    kind: 'assignDriver',
    offerId: offer(9),
    driverId: driver(9),
    pickupEtaAt: later,
  }),
  unassignDriver: () => ({ kind: 'unassignDriver' }),
  forceReady: () => ({ kind: 'forceReady' }),
  forceDeliver: () => ({ kind: 'forceDeliver', collectedMinor: 2_500 }),
  'forceFail before pickup': () => ({ kind: 'forceFail', endReason: 'failed_to_assign' }),
  'forceFail lost': () => ({ kind: 'forceFail', endReason: 'lost' }),
  transferDelivery: () => ({ kind: 'transferDelivery', offerId: offer(9), driverId: driver(9) }),
  remake: () => ({ kind: 'remake' }),
  redeliver: () => ({ kind: 'redeliver' }),
  bringBack: () => ({ kind: 'bringBack', reason: 'customer_absent' }),
  convertToPickup: () => ({ kind: 'convertToPickup' }),
  resendToMerchant: () => ({ kind: 'resendToMerchant' }),
  changeAddress: () => ({ kind: 'changeAddress', travelMs: 20 * minute }),
  cancelWithOutcome: () => ({ kind: 'cancelWithOutcome', shares: ['goods', 'goods', 'pay'] }),
  undoLast: () => ({ kind: 'undoLast' }),
} as const satisfies Record<string, (state: OrderState) => Command>;

export type Heard = Readonly<Record<string, string>>;
