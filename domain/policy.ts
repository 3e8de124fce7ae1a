// Policy: every duration, limit and weight that rules an order. A market has one, versioned; an order carries
// a copy from its first event to its last, so a change touches new orders only.

import { shareOf } from './money.ts';
import type { Shares } from './settlement.ts';
import type { Vehicle } from './vehicles.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** One rung of the search for a driver: who is asked, for how long before the next rung, and for how much more pay. */
export type Rung = {
  readonly radiusM: number;
  readonly durationMs: number;
  /** Basis points of the delivery's pay, on top of it; absent: none. */
  readonly payBps?: number;
};

/** Index of the rung that is in force `searchedMs` after the search began; the last one lasts. */
export function rungAt({ rungs }: Pick<Policy, 'rungs'>, searchedMs: number): number {
  let index = 0;
  let endsAt = 0;
  for (const { durationMs } of rungs.slice(0, -1)) {
    endsAt += durationMs;
    if (searchedMs >= endsAt) index += 1;
  }
  return index;
}

/** What an offer on this rung brings its driver beyond the delivery's pay: whole minor units, paid by the platform. */
export function bonusAt(
  { rungs, bonusCapMinor }: Pick<Policy, 'rungs' | 'bonusCapMinor'>,
  { rung, payMinor }: { readonly rung: number; readonly payMinor: number },
): number {
  const { payBps = 0 } = rungs[Math.min(rung, rungs.length - 1)] ?? {};
  return Math.min(shareOf(payMinor, payBps), bonusCapMinor);
}

/** `rolling`: all orders and drivers weighed together, again and again. `nearest`: its yardstick, not for earnest. */
export const matchings = ['rolling', 'nearest'] as const;
export type Matching = (typeof matchings)[number];

export const isMatching = (value: unknown): value is Matching =>
  matchings.some((name) => name === value);

export type Policy = {
  readonly version: string;
  /** Payment: how long the customer may take to complete it, and how many cards may be tried. */
  readonly paymentActionTimeoutMs: number;
  readonly maxPaymentAttempts: number;
  /** How long the provider may take to say whether the customer has confirmed. */
  readonly paymentCheckMs: number;
  /** Scheduled: how much earlier than strictly needed the merchant is asked; farther ahead the card waits too. */
  readonly scheduleMarginMs: number;
  readonly authorizeAheadMs: number;
  /** Merchant: silence before each nudge and before the order expires; how long a tablet counts as seen. */
  readonly remindMerchantMs: number;
  readonly acknowledgeMs: number;
  readonly callMerchantMs: number;
  readonly expireMs: number;
  readonly autoAcceptMs: number;
  /** Two expired orders in a row pause the branch for so long. */
  readonly branchPauseMs: number;
  readonly prescriptionMs: number;
  /** Preparation: the estimate when the merchant gives none, the patience beyond it, then beyond each step. */
  readonly prepEstimateMs: number;
  readonly prepGraceMs: number;
  readonly prepAskMs: number;
  readonly prepReestimateMs: number;
  readonly prepSupportMs: number;
  /** Missing goods: how long the customer is asked; the share held beyond the goods for dearer substitutes. */
  readonly shortageMs: number;
  readonly substitutionBufferBps: number;
  /** Goods that the customer collects. */
  readonly collectRemindMs: number;
  readonly collectMs: number;
  /** Caps of everything that people may do again and again. */
  readonly maxChanges: number;
  readonly maxShortages: number;
  readonly maxDelays: number;
  readonly maxHolds: number;
  readonly maxHoldMs: number;
  readonly maxExtensions: number;
  readonly maxExtensionMs: number;
  readonly maxRedeliveries: number;
  readonly maxRemakes: number;
  readonly maxResends: number;
  readonly maxUndos: number;
  readonly undoMs: number;
  /** Search for a driver. */
  /** A driver is looked for this long before the goods are ready, plus the usual approach to the branch. */
  readonly releaseLeadMs: number;
  readonly approachMs: number;
  readonly rungs: readonly Rung[];
  /** The most that a rung may add to the pay of one delivery, minor units; 0: nothing. */
  readonly bonusCapMinor: number;
  readonly maxOfferRounds: number;
  readonly searchLimitMs: number;
  readonly maxDriversPerOrder: number;
  /** A partner fleet, asked behind the last rung: the most that it may charge without the tip, minor units; 0: never. */
  readonly partnerCapMinor: number;
  readonly maxPartnerRequests: number;
  /** Its time to take an order or not; how often it is asked how far it is; how long a cancellation is tried. */
  readonly partnerAnswerMs: number;
  readonly partnerPollMs: number;
  readonly partnerCancelMs: number;
  /** Of an order for later: so long before the time that it is for, and never earlier, it may be at the door. */
  readonly promiseWindowMs: number;
  readonly offerTtlMs: number;
  readonly dispatchTickMs: number;
  readonly matching: Matching;
  /** Of the rolling one; docs/dispatch.md says what each does. */
  readonly bundleLimit: number;
  readonly candidateDrivers: number;
  readonly lookAheadMs: number;
  readonly commitAheadMs: number;
  readonly commitSlackMs: number;
  readonly detourLimitMs: number;
  readonly addOnLimitMs: number;
  readonly rerouteGainMs: number;
  readonly unservedMs: number;
  readonly reofferDelayMs: number;
  readonly fairnessCapMs: number;
  readonly fairnessFullMs: number;
  readonly starMs: number;
  readonly pressurePercent: number;
  readonly pressureHorizonMs: number;
  readonly standingPercent: number;
  readonly uncertaintyPercent: number;
  readonly overduePercent: number;
  /** Work, not time, so that every machine gives up at the same point. */
  readonly solverSteps: number;
  readonly improveSteps: number;
  /** Asleep: real time, never scaled; a released delivery wakes it. */
  readonly dispatchIdleMs: number;
  /** A driver who has not been heard of for so long is asked no more: real time, never scaled. */
  readonly positionMaxAgeMs: number;
  /** Driver on the way: patience beyond the estimate, then beyond the ping. */
  readonly pickupLateGraceMs: number;
  readonly dropoffLateGraceMs: number;
  readonly pingGraceMs: number;
  /** A driver who waits at the branch: patience, then after the merchant was warned; their pay for nothing. */
  readonly maxPickupWaitMs: number;
  readonly pickupWarnMs: number;
  readonly waitPayBps: number;
  /** A driver who waits at the door, and how often they must have tried to reach the customer. */
  readonly maxDropoffWaitMs: number;
  readonly minContactAttempts: number;
  /** Wrong PINs at the hand-over before support has to look. */
  readonly maxPinAttempts: number;
  readonly problemMs: number;
  readonly returnWaitMs: number;
  readonly lateProofWindowMs: number;
  /** A card is let go this long before its hold would lapse by itself. */
  readonly holdMarginMs: number;
  /** A hold on a card that may lapse before the capture is renewed this long before; each hold in so many tries at most. */
  readonly renewHoldMs: number;
  readonly maxHoldRenewals: number;
  /** An order may live so long beyond its promised time, or its payment's hold. */
  readonly orderLifeMs: number;
  /** The routes under way are timed so often; people are told of what has moved by more, and so often per order. */
  readonly etaTickMs: number;
  readonly etaChangeMs: number;
  readonly maxEtaChanges: number;
  /** A late driver's deadlines follow the estimate so far beyond the first one. */
  readonly maxEtaSlipMs: number;
  readonly pickupServiceMs: number;
  readonly dropoffServiceMs: number;
  readonly metersPerMinute: number;
  readonly roadFactor: number;
  /** Speed against `metersPerMinute`: of each vehicle, and in each hour of the market's clocks, from midnight on. */
  readonly vehiclePercent: Readonly<Record<Vehicle, number>>;
  readonly hourPercent: readonly number[];
  /** Ways are planned as whole multiples of so many metres, rounded up. */
  readonly travelStepM: number;
  /** Money that a provider will not move at once. */
  readonly moneyRetryMs: number;
  readonly moneyLimitMs: number;
  /** A remedy of support that costs the platform more needs a second person; minor units. */
  readonly secondApprovalMinor: number;
  /** Cash in a driver's hands. */
  readonly cashRemitMs: number;
  /** A driver with so much of it, and what is still to be collected, gets no cash offers; minor units. */
  readonly cashLimitMinor: number;
  /** What this merchant has agreed on instead of the settlement table's cells: `end.stage` → shares. */
  readonly settlement: Readonly<Record<string, Shares>>;
  /** After an outage of the engine: real time, never scaled. */
  readonly overdueGraceMs: number;
  readonly overdueExtensionMs: number;
};

export const defaultPolicy: Policy = {
  version: 'default-1',
  paymentActionTimeoutMs: 15 * minute,
  maxPaymentAttempts: 3,
  paymentCheckMs: 2 * minute,
  scheduleMarginMs: 20 * minute,
  authorizeAheadMs: 5 * 24 * hour,
  remindMerchantMs: 90 * second,
  acknowledgeMs: 3 * minute,
  callMerchantMs: 4 * minute,
  expireMs: 11.5 * minute,
  autoAcceptMs: 10 * minute,
  branchPauseMs: 30 * minute,
  prescriptionMs: 30 * minute,
  prepEstimateMs: 15 * minute,
  prepGraceMs: 10 * minute,
  prepAskMs: 5 * minute,
  prepReestimateMs: 10 * minute,
  prepSupportMs: 10 * minute,
  shortageMs: 10 * minute,
  substitutionBufferBps: 2_000,
  collectRemindMs: 15 * minute,
  collectMs: 60 * minute,
  maxChanges: 10,
  maxShortages: 5,
  maxDelays: 3,
  maxHolds: 3,
  maxHoldMs: 2 * hour,
  maxExtensions: 3,
  maxExtensionMs: 2 * hour,
  maxRedeliveries: 2,
  maxRemakes: 1,
  maxResends: 1,
  maxUndos: 3,
  undoMs: 1 * minute,
  releaseLeadMs: 5 * minute,
  approachMs: 5 * minute,
  rungs: [
    { radiusM: 3_000, durationMs: 5 * minute, payBps: 0 },
    { radiusM: 6_000, durationMs: 5 * minute, payBps: 1_500 },
    { radiusM: 10_000, durationMs: 5 * minute, payBps: 3_000 },
  ],
  bonusCapMinor: 1_000,
  maxOfferRounds: 20,
  searchLimitMs: 90 * minute,
  maxDriversPerOrder: 5,
  partnerCapMinor: 0,
  maxPartnerRequests: 1,
  partnerAnswerMs: 5 * minute,
  partnerPollMs: 5 * minute,
  partnerCancelMs: 1 * hour,
  promiseWindowMs: 10 * minute,
  offerTtlMs: 45 * second,
  dispatchTickMs: 10 * second,
  matching: 'rolling',
  bundleLimit: 3,
  candidateDrivers: 25,
  lookAheadMs: 15 * minute,
  commitAheadMs: 10 * minute,
  commitSlackMs: 2 * minute,
  detourLimitMs: 5 * minute,
  addOnLimitMs: 10 * minute,
  rerouteGainMs: 5 * minute,
  unservedMs: 90 * minute,
  reofferDelayMs: 1 * minute,
  fairnessCapMs: 1 * minute,
  fairnessFullMs: 30 * minute,
  starMs: 20 * second,
  pressurePercent: 100,
  /** About two deliveries. */
  pressureHorizonMs: 40 * minute,
  standingPercent: 20,
  uncertaintyPercent: 50,
  overduePercent: 100,
  solverSteps: 20_000_000,
  improveSteps: 10_000,
  dispatchIdleMs: 30 * second,
  positionMaxAgeMs: 15 * minute,
  pickupLateGraceMs: 10 * minute,
  dropoffLateGraceMs: 15 * minute,
  pingGraceMs: 5 * minute,
  maxPickupWaitMs: 10 * minute,
  pickupWarnMs: 5 * minute,
  waitPayBps: 5_000,
  maxDropoffWaitMs: 8 * minute,
  minContactAttempts: 2,
  maxPinAttempts: 5,
  problemMs: 30 * minute,
  returnWaitMs: 30 * minute,
  lateProofWindowMs: 24 * hour,
  holdMarginMs: 12 * hour,
  renewHoldMs: 18 * hour,
  maxHoldRenewals: 5,
  orderLifeMs: 96 * hour,
  etaTickMs: 1 * minute,
  etaChangeMs: 5 * minute,
  maxEtaChanges: 10,
  maxEtaSlipMs: 10 * minute,
  pickupServiceMs: 4 * minute,
  dropoffServiceMs: 4 * minute,
  metersPerMinute: 320,
  roadFactor: 1.3,
  vehiclePercent: { foot: 25, bicycle: 75, scooter: 100, car: 100, van: 90 },
  hourPercent: Array.from({ length: 24 }, () => 100),
  travelStepM: 1,
  moneyRetryMs: 1 * hour,
  moneyLimitMs: 72 * hour,
  secondApprovalMinor: 10_000,
  cashRemitMs: 24 * hour,
  cashLimitMinor: 20_000,
  settlement: {},
  overdueGraceMs: 5 * second,
  overdueExtensionMs: 5 * minute,
};

const unscaled: ReadonlySet<string> = new Set([
  'overdueGraceMs',
  'overdueExtensionMs',
  'dispatchIdleMs',
  'positionMaxAgeMs',
]);

/**
 * The same policy in a city whose clock runs `speed` times faster: durations shrink, speeds grow, limits stay.
 * Used by the simulator and by tests, which scale time instead of sleeping.
 */
export function scalePolicy(policy: Policy, speed: number): Policy {
  const scaled = Object.fromEntries(
    Object.entries(policy).map(([name, value]) =>
      typeof value === 'number' && name.endsWith('Ms') && !unscaled.has(name)
        ? [name, Math.round(value / speed)]
        : [name, value],
    ),
  ) as Policy;
  return {
    ...scaled,
    version: speed === 1 ? policy.version : `${policy.version}@${speed}x`,
    metersPerMinute: policy.metersPerMinute * speed,
    rungs: policy.rungs.map((rung) => ({
      ...rung,
      durationMs: Math.round(rung.durationMs / speed),
    })),
  };
}

/** A policy that was stored before it had all of its fields: those are as by default, at its speed. */
export function completePolicy(stored: Policy): Policy {
  return { ...scalePolicy(defaultPolicy, speedOf(stored)), ...stored };
}

/** How many times faster than ours its clock runs. */
export const speedOf = ({ version }: Pick<Policy, 'version'>): number =>
  Number(/@([\d.]+)x$/.exec(version)?.[1] ?? 1);
