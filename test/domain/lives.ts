// Orders for the tests of domain/: facts with round figures, and the smallest loop around decide and evolve.

import { decide } from '../../domain/decide.ts';
import type { Refusal } from '../../domain/errors.ts';
import type { OrderEvent, OrderEventBody } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import type {
  BranchId,
  CustomerId,
  DriverId,
  MarketId,
  MerchantId,
  OfferId,
  OrderId,
} from '../../domain/ids.ts';
import type { Command, PartnerTruth } from '../../domain/messages.ts';
import type { PartnerProgress } from '../../domain/parts.ts';
import { initialState, type OrderFacts, type OrderState } from '../../domain/order.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { plainDelivery } from '../support/facts.ts';

const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;

/** Epoch milliseconds at which every test order is placed. */
export const placedAt = Date.UTC(2026, 10, 21, 12);

const id = (prefix: string, n: number): string => `${prefix}_${n.toString(16).padStart(32, '0')}`;
export const driver = (n: number): DriverId => id('drv', n) as DriverId;
export const offer = (n: number): OfferId => id('off', n) as OfferId;

/** 20.00 goods + 3.50 delivery + 1.50 tip = 25.00; the merchant keeps 16.00 of the goods, a driver earns 5.00. */
export const facts: OrderFacts = {
  ...plainDelivery,
  orderId: id('ord', 1) as OrderId,
  number: '1042',
  merchantId: id('mer', 1) as MerchantId,
  branchId: id('brn', 1) as BranchId,
  marketId: id('mkt', 1) as MarketId,
  customerId: id('cus', 1) as CustomerId,
  placedAt,
  currency: 'EUR',
  itemCount: 2,
  goodsMinor: 2_000,
  deliveryFeeMinor: 350,
  tipMinor: 150,
  totalMinor: 2_500,
  driverPayMinor: 500,
  commissionBps: 2_000,
  paymentMethod: 'pm_card_visa',
  travelMs: 10 * minute,
  policy: defaultPolicy,
};

export const captureBefore = placedAt + 7 * 24 * hour;

/** What a run draws its luck from: a number from 0 to n − 1. */
export type Draw = (n: number) => number;

export const must = (holds: boolean, text: string): void => {
  if (!holds) throw new Error(text);
};

/** 7.90 and the tip. */
const partnerTruth = {
  partnerRef: 'del_1',
  priceMinor: 940,
  pickupEtaAt: placedAt + 35 * minute,
  dropoffEtaAt: placedAt + 60 * minute,
  customerFault: false,
} as const;

export const seenAs = (progress: PartnerProgress, more: Partial<PartnerTruth> = {}): Command => ({
  kind: 'partnerSeen',
  progress,
  ...partnerTruth,
  ...more,
});
export const tooLate = (
  progress: 'picked_up' | 'delivered' | 'returned',
  more: Partial<PartnerTruth> = {},
): Command => ({
  kind: 'partnerTooLate',
  progress,
  ...partnerTruth,
  ...more,
});

/** Commands in short, as the tests say them. */
export const say = {
  place: { kind: 'place' },
  authorized: {
    kind: 'paymentAuthorized',
    providerRef: 'pi_1',
    amountMinor: facts.totalMinor,
    captureBefore,
  },
  /** Where there is no hold: the payer has confirmed, and the money is there. */
  taken: { kind: 'paymentCaptured', providerRef: 'pi_1', amountMinor: facts.totalMinor },
  requiresAction: { kind: 'paymentRequiresAction', providerRef: 'pi_1' },
  declined: { kind: 'paymentDeclined', code: 'card_declined' },
  unanswered: { kind: 'paymentUnanswered' },
  notExecuted: { kind: 'paymentNotExecuted' },
  captureFailed: { kind: 'paymentCaptureFailed', code: 'capture_declined', final: false },
  captureLost: { kind: 'paymentCaptureFailed', code: 'hold_expired', final: true },
  voided: { kind: 'paymentVoided' },
  voidFailed: { kind: 'paymentVoidFailed', code: 'void_unanswered' },
  check: { kind: 'checkPayment', providerRef: 'pi_1' },
  accept: { kind: 'accept' },
  deny: { kind: 'deny', code: 'store_closed' },
  ready: { kind: 'markReady' },
  cancel: { kind: 'cancel', by: 'customer' },
  retryOwn: { kind: 'retryPayment' },
  retry: { kind: 'retryPayment', paymentMethod: 'pm_card_other' },
  pickUp: { kind: 'pickUp', driverId: driver(1) },
  deliver: { kind: 'deliver', driverId: driver(1) },
  abandon: { kind: 'abandon', driverId: driver(1) },
  acknowledge: { kind: 'acknowledge' },
  approve: { kind: 'approvePrescription' },
  reject: { kind: 'rejectPrescription' },
  handOver: { kind: 'handOver', collectedMinor: facts.totalMinor },
  delay: { kind: 'delayPrep', readyInMs: 20 * minute },
  /** 5.00 of the goods are missing; the substitute costs 6.00. */
  shortage: {
    kind: 'reportShortage',
    line: 0,
    quantity: 1,
    missingMinor: 500,
    substituteMinor: 600,
  },
  atPickup: { kind: 'arriveAtPickup', driverId: driver(1) },
  closed: { kind: 'failPickup', driverId: driver(1), code: 'closed' },
  atDropoff: { kind: 'arriveAtDropoff', driverId: driver(1) },
  contact: { kind: 'recordContact', driverId: driver(1), channel: 'call' },
  refused: { kind: 'failDropoff', driverId: driver(1), reason: 'refused' },
  atReturn: { kind: 'arriveAtReturn', driverId: driver(1) },
  back: { kind: 'completeReturn', driverId: driver(1) },
  accident: { kind: 'reportProblem', driverId: driver(1), problem: 'accident' },
  lost: { kind: 'reportProblem', driverId: driver(1), problem: 'lost' },
  quoted: { kind: 'partnerQuoted', quoteRef: 'dqt_1', priceMinor: 790 },
  tooDear: { kind: 'partnerQuoted', quoteRef: 'dqt_1', priceMinor: 2_000 },
  notBrought: { kind: 'partnerRefused', code: 'couriers_busy' },
  fleetTakes: { kind: 'partnerConfirmed', ...partnerTruth },
  partnerSilent: { kind: 'partnerUnanswered' },
  partnerOff: { kind: 'partnerCancelled', chargedMinor: 0 },
  partnerNews: { kind: 'checkPartner', partnerRef: 'del_1' },
  paysCash: { kind: 'deliver', driverId: driver(1), collectedMinor: facts.totalMinor },
} as const satisfies Record<string, Command>;

export const captured = (amountMinor: number): Command => ({
  kind: 'paymentCaptured',
  amountMinor,
});

export const assign = (n: number, pickupEtaAt: number): Command => ({
  kind: 'assign',
  offerId: offer(n),
  driverId: driver(n),
  pickupEtaAt,
});

export type Heard = {
  readonly state: OrderState;
  readonly events: readonly OrderEvent[];
  readonly refusal: Refusal | undefined;
};

/** One turn of the loop: decides, stamps, evolves. */
export function hear(state: OrderState, command: Command, at: number): Heard {
  const decision = decide(state, command, at);
  if (decision.kind === 'refused') return { state, events: [], refusal: decision.refusal };
  const events = stamp(decision.events, { sequence: state.sequence, at, commandId: command.kind });
  return { state: events.reduce(evolve, state), events, refusal: undefined };
}

export const stamp = (
  events: readonly OrderEventBody[],
  { sequence, at, commandId }: { sequence: number; at: number; commandId: string },
): readonly OrderEvent[] =>
  events.map((event, i) => ({
    ...event,
    sequence: sequence + 1 + i,
    at,
    actor: { kind: 'system' },
    commandId,
  }));

export type Saying = readonly [afterMs: number, command: Command];

/** The state after these commands, each `afterMs` from the placing. Throws when one is refused or does nothing. */
export function after(sayings: readonly Saying[], of: OrderFacts = facts): OrderState {
  return sayings.reduce((state, [afterMs, command]) => {
    const heard = hear(state, command, of.placedAt + afterMs);
    if (heard.refusal) throw new Error(`${command.kind}: ${heard.refusal.reason}`);
    if (heard.events.length === 0) throw new Error(`${command.kind} did nothing`);
    return heard.state;
  }, initialState(of));
}

/** `-`, `!code`, or the types of the events, in their order. */
export const inShort = ({ events, refusal }: Heard): string =>
  refusal ? `!${refusal.code}` : events.map((event) => event.type).join(' ') || '-';

/** order × delivery × payment. */
export const combinationOf = ({ order, delivery, payment }: OrderState): string =>
  `${order.status} × ${delivery.status} × ${payment.status}`;
