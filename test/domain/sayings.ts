// What people say in random lives: anything at any time, usual things more often.

import type { DriverId } from '../../domain/ids.ts';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import { forcedFailures, type Command } from '../../domain/messages.ts';
import { amountsOf, substitutions } from '../../domain/order.ts';
import { dropoffFailures, problems } from '../../domain/parts.ts';
import { bonusAt } from '../../domain/policy.ts';
import { shareWords } from '../../domain/settlement.ts';
import { driver, hour, minute, offer, type Draw } from './lives.ts';
import type { World } from './world.ts';

export type Mouth = { readonly world: World; readonly nth: number; readonly driverId: DriverId };
type Saying = (mouth: Mouth) => Command;

const oneOf = <T>(draw: Draw, all: readonly T[]): T => all[draw(all.length)] as T;
const assigns: Saying = ({ world, nth }) => ({
  kind: 'assign',
  offerId: offer(nth),
  driverId: driver(nth),
  pickupEtaAt: world.now + world.draw(30) * minute,
  ...(world.draw(3) === 0 ? {} : { bonusMinor: bonusOf(world) }),
});
/** A part of an amount, in percent: amounts have the size of their order. */
const partOf = (amountMinor: number, percent: number): number =>
  Math.floor((amountMinor * percent) / 100);
const bonusOf = ({ facts, draw }: World): number =>
  bonusAt(facts.policy, { rung: draw(4), payMinor: facts.driverPayMinor });
const cashOf = ({ state, draw }: World): number =>
  amountsOf(state).totalMinor - (draw(4) === 0 ? 1 : 0);
const proofsOf = ({ facts, draw }: World) =>
  draw(4) === 0 ? [] : facts.proofs.map((kind) => ({ kind }));

const usual: readonly Saying[] = [
  ({ world: { draw } }) =>
    draw(4) === 0 ? { kind: 'accept', prepMs: draw(40) * minute } : { kind: 'accept' },
  () => ({ kind: 'accept' }),
  ({ world: { draw } }) =>
    draw(6) === 0 ? { kind: 'deny', code: 'capacity' } : { kind: 'markReady' },
  () => ({ kind: 'markReady' }),
  ({ world: { draw }, driverId }) =>
    draw(6) === 0
      ? { kind: 'cancel', by: oneOf(draw, ['customer', 'merchant', 'support']) }
      : { kind: 'pickUp', driverId },
  ({ world: { draw, facts } }) =>
    facts.method === 'card'
      ? { kind: 'retryPayment', paymentMethod: `pm_${draw(9)}` }
      : { kind: 'retryPayment' },
  assigns,
  assigns,
  assigns,
  ({ driverId }) => ({ kind: 'pickUp', driverId }),
  ({ driverId }) => ({ kind: 'pickUp', driverId }),
  ({ world, driverId }) => ({
    kind: 'deliver',
    driverId,
    proofs: proofsOf(world),
    collectedMinor: cashOf(world),
  }),
  ({ world }) => ({ kind: 'handOver', proofs: proofsOf(world), collectedMinor: cashOf(world) }),
  ({ world: { draw } }) => ({ kind: draw(5) === 0 ? 'rejectPrescription' : 'approvePrescription' }),
  ({ driverId }) => ({ kind: 'arriveAtPickup', driverId }),
  ({ driverId }) => ({ kind: 'arriveAtDropoff', driverId }),
  ({ driverId }) => ({ kind: 'recordContact', driverId, channel: 'call' }),
];
const unusual: readonly Saying[] = [
  ({ world: { draw } }) => ({ kind: 'exhaustSearch', search: draw(4) }),
  ({ driverId }) => ({ kind: 'abandon', driverId }),
  ({ world: { draw } }) => ({ kind: 'checkPayment', providerRef: `pi_${draw(4)}` }),
  ({ world: { draw, now } }) => ({
    kind: 'changeEta',
    ...(draw(2) === 0 ? {} : { pickupEtaAt: now + draw(40) * minute }),
    dropoffEtaAt: now + draw(90) * minute,
    ...(draw(2) === 0 ? {} : { rideMs: draw(40) * minute }),
  }),
  () => ({ kind: 'place' }),
  () => ({ kind: 'acknowledge' }),
  ({ world: { draw } }) => ({ kind: 'delayPrep', readyInMs: draw(40) * minute }),
  ({ world: { draw, facts } }) => ({
    kind: 'reportShortage',
    line: 0,
    quantity: 1,
    missingMinor: partOf(facts.goodsMinor, draw(101)),
    ...(draw(2) === 0 ? {} : { substituteMinor: partOf(facts.goodsMinor, draw(125)) }),
  }),
  ({ world: { draw } }) => ({ kind: 'answerShortage', answer: oneOf(draw, substitutions) }),
  ({ world: { draw, facts } }) => ({
    kind: 'changeTip',
    tipMinor: partOf(facts.goodsMinor, draw(20)),
  }),
  () => ({ kind: 'changeDropoffNotes' }),
  ({ world: { draw, now } }) => ({ kind: 'reschedule', promisedAt: now + draw(300) * hour }),
  ({ driverId }) => ({ kind: 'failPickup', driverId, code: 'closed' }),
  ({ world: { draw }, driverId }) => ({
    kind: 'failDropoff',
    driverId,
    reason: oneOf(draw, dropoffFailures),
    ...(draw(2) === 0 ? {} : { proofs: [{ kind: 'photo' }] }),
  }),
  ({ driverId }) => ({ kind: 'arriveAtReturn', driverId }),
  ({ world: { draw }, driverId }) => ({
    kind: 'completeReturn',
    ...(draw(2) === 0 ? {} : { driverId }),
  }),
  ({ world: { draw }, driverId }) => ({
    kind: 'reportProblem',
    driverId,
    problem: oneOf(draw, problems),
  }),
  ({ world: { draw, facts } }) => ({
    kind: 'remitCash',
    amountMinor: partOf(facts.totalMinor, 40 + draw(80)),
  }),
];
const bySupport: readonly Saying[] = [
  ({ world: { draw, now } }) => ({ kind: 'hold', until: now + draw(150) * minute }),
  ({ world: { draw, state } }) => ({
    kind: 'extendDeadline',
    key: oneOf(draw, deadlinesOf(state))?.key ?? 'none',
    byMs: draw(90) * minute,
  }),
  (mouth) => ({ ...assigns(mouth), kind: 'assignDriver' }) as Command,
  ({ world }) => ({ kind: 'forceDeliver', collectedMinor: cashOf(world) }),
  ({ world: { draw } }) => ({ kind: 'forceFail', endReason: oneOf(draw, forcedFailures) }),
  ({ world: { state } }) => ({
    kind: 'transferDelivery',
    offerId: offer(state.searches + 1),
    driverId: driver(state.searches + 1),
  }),
  ({ world: { draw } }) => ({ kind: 'bringBack', reason: oneOf(draw, dropoffFailures) }),
  ({ world: { draw } }) => ({ kind: 'changeAddress', travelMs: draw(60) * minute }),
  ({ world: { draw } }) => ({
    kind: 'cancelWithOutcome',
    shares: [
      oneOf(draw, shareWords.customer),
      oneOf(draw, shareWords.merchant),
      oneOf(draw, shareWords.driver),
    ],
  }),
  ({ world: { draw } }) => ({
    kind: oneOf(draw, [
      'unassignDriver',
      'forceReady',
      'remake',
      'redeliver',
      'convertToPickup',
      'resendToMerchant',
      'undoLast',
    ] as const),
  }),
];
/** Usual things more often. */
export const sayings = [...usual, ...usual, ...usual, ...unusual, ...unusual, ...bySupport];
