// The circles of people around an order, for the walks: what each may say in a state.

import { deadlinesOf } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import { carrierOf, type OrderState } from '../../domain/order.ts';
import { assign, driver, hour, minute, offer, say } from './lives.ts';
import type { Speak } from './walk.ts';

const carrierIn = (state: OrderState) => carrierOf(state)?.driverId ?? driver(1);

const payers = [say.cancel, say.retry, say.retryOwn, say.check] as const;

/** Nobody but the customer. */
export const byTheCustomer: Speak = () => payers;

/** Who says the usual things: the customer pays and cancels, the merchant answers, drivers drive. */
export const everyday: Speak = (state, now) => {
  const driverId = carrierIn(state);
  return [
    ...payers,
    say.accept,
    say.deny,
    say.ready,
    { kind: 'cancel', by: 'merchant' },
    assign(state.searches, now + 5 * minute),
    { kind: 'exhaustSearch', search: state.searches },
    { kind: 'pickUp', driverId },
    { kind: 'deliver', driverId, collectedMinor: state.facts.totalMinor },
    { kind: 'abandon', driverId },
  ];
};

/** What else drivers meet: closed branches, empty doors, accidents, ways back. */
export const onTheRoad: Speak = (state, now) => {
  const driverId = carrierIn(state);
  return [
    say.accept,
    say.ready,
    say.cancel,
    assign(state.searches, now + 5 * minute),
    { kind: 'arriveAtPickup', driverId },
    { kind: 'failPickup', driverId, code: 'closed' },
    { kind: 'pickUp', driverId },
    { kind: 'arriveAtDropoff', driverId },
    { kind: 'recordContact', driverId, channel: 'call' },
    { kind: 'failDropoff', driverId, reason: 'customer_absent', proofs: [{ kind: 'photo' }] },
    { kind: 'failDropoff', driverId, reason: 'age_check_failed' },
    { kind: 'arriveAtReturn', driverId },
    { kind: 'completeReturn', driverId },
    { kind: 'reportProblem', driverId, problem: 'accident' },
    { kind: 'reportProblem', driverId, problem: 'lost' },
    { kind: 'deliver', driverId, collectedMinor: state.facts.totalMinor },
    { kind: 'remitCash', amountMinor: 1_000 },
    { kind: 'remitCash', amountMinor: state.facts.totalMinor },
  ];
};

/** The dispatcher times the driver's route: late, much later, and early again. */
export const onTime: Speak = (state, now) => {
  const driverId = carrierIn(state);
  return [
    say.accept,
    assign(state.searches, now + 5 * minute),
    { kind: 'changeEta', pickupEtaAt: now + 30 * minute, dropoffEtaAt: now + hour, rideMs: hour },
    { kind: 'changeEta', pickupEtaAt: now + 20 * hour, dropoffEtaAt: now + 20 * hour },
    { kind: 'changeEta', dropoffEtaAt: now },
    { kind: 'arriveAtPickup', driverId },
    { kind: 'pickUp', driverId },
    { kind: 'deliver', driverId },
  ];
};

/** Kitchen, counter and pharmacy. */
export const atTheBranch: Speak = (state, now) => [
  ...payers,
  say.acknowledge,
  say.accept,
  say.deny,
  say.approve,
  say.reject,
  say.delay,
  say.ready,
  say.shortage,
  ...(['remove', 'substitute', 'cancel'] as const).map(
    (answer) => ({ kind: 'answerShortage', answer }) as const,
  ),
  { kind: 'changeTip', tipMinor: 100 },
  { kind: 'changeDropoffNotes' },
  { kind: 'changeAddress', travelMs: 20 * minute },
  { kind: 'reschedule', promisedAt: now + 5 * hour },
  { kind: 'handOver', collectedMinor: state.facts.totalMinor },
];

/** Support moves people and goods, with just enough of an order around it. */
export const atTheDesk: Speak = (state, now) => {
  const driverId = carrierIn(state);
  const nth = state.searches + 1;
  return [
    say.accept,
    { ...assign(state.searches, now + 5 * minute), kind: 'assignDriver' } as Command,
    { kind: 'unassignDriver' },
    { kind: 'forceReady' },
    { kind: 'forceDeliver' },
    { kind: 'forceFail', endReason: 'failed_to_assign' },
    { kind: 'forceFail', endReason: 'lost' },
    { kind: 'transferDelivery', driverId: driver(nth), offerId: offer(nth) },
    { kind: 'remake' },
    { kind: 'redeliver' },
    { kind: 'bringBack', reason: 'customer_absent' },
    { kind: 'convertToPickup' },
    { kind: 'cancelWithOutcome', shares: ['goods', 'goods', 'pay'] },
    { kind: 'pickUp', driverId },
    { kind: 'failDropoff', driverId, reason: 'refused' },
    { kind: 'reportProblem', driverId, problem: 'accident' },
    { kind: 'handOver', collectedMinor: state.facts.totalMinor },
  ];
};

/** Nobody drives; a partner fleet does, or does not. */
export const byAPartner: Speak = (state) => [
  say.accept,
  say.ready,
  say.cancel,
  say.partnerNews,
  { kind: 'exhaustSearch', search: state.searches },
  { kind: 'unassignDriver' },
  { kind: 'forceDeliver' },
  { kind: 'forceFail', endReason: 'lost' },
];

/** What else may happen to an order that a partner fleet is asked for. */
export const besideAPartner: Speak = (state, now) => [
  say.accept,
  say.shortage,
  say.cancel,
  { kind: 'exhaustSearch', search: state.searches, byHand: true },
  assign(state.searches, now + 5 * minute),
  { kind: 'pickUp', driverId: carrierIn(state) },
  { kind: 'changeTip', tipMinor: 100 },
  { kind: 'changeAddress', travelMs: 20 * minute },
  { kind: 'convertToPickup' },
  { kind: 'handOver' },
];

/** Support buys time, and takes back. */
export const byTheClock: Speak = (state, now) => {
  const [first] = deadlinesOf(state);
  return [
    say.accept,
    say.delay,
    say.ready,
    { kind: 'hold', until: now + hour },
    { kind: 'hold', until: now + 3 * hour },
    { kind: 'extendDeadline', key: first?.key ?? '', byMs: 10 * minute },
    { kind: 'extendDeadline', key: first?.key ?? '', byMs: 3 * hour },
    { kind: 'undoLast' },
    { kind: 'resendToMerchant' },
  ];
};
