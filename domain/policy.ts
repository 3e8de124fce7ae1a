// Policy: every duration, limit and weight that rules an order. A market has one, versioned; an order carries
// a copy from its first event to its last, so a change touches new orders only.

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** One rung of the search for a driver: who is asked, and for how long before the next rung. */
export type Rung = { readonly radiusM: number; readonly durationMs: number };

export type Policy = {
  readonly version: string;
  /** Payment: how long the customer may take to complete it, and how many cards may be tried. */
  readonly paymentActionTimeoutMs: number;
  readonly maxPaymentAttempts: number;
  /** Merchant: silence before the reminder and before the order expires. */
  readonly remindMerchantMs: number;
  readonly expireMs: number;
  /** Preparation: the estimate when the merchant gives none, and the patience beyond it. */
  readonly prepEstimateMs: number;
  readonly prepGraceMs: number;
  /** Search for a driver. */
  /** A driver is looked for this long before the goods are ready, plus the usual approach to the branch. */
  readonly releaseLeadMs: number;
  readonly approachMs: number;
  readonly rungs: readonly Rung[];
  readonly maxOfferRounds: number;
  readonly searchLimitMs: number;
  readonly maxDriversPerOrder: number;
  readonly offerTtlMs: number;
  readonly dispatchTickMs: number;
  /** The matching engine; docs/dispatch.md says what each one does. */
  readonly bundleLimit: number;
  readonly candidateDrivers: number;
  readonly lookAheadMs: number;
  readonly commitAheadMs: number;
  readonly commitSlackMs: number;
  readonly detourLimitMs: number;
  readonly unservedMs: number;
  readonly reofferDelayMs: number;
  readonly fairnessCapMs: number;
  readonly fairnessFullMs: number;
  readonly starMs: number;
  readonly pressurePercent: number;
  readonly standingPercent: number;
  readonly uncertaintyPercent: number;
  readonly overduePercent: number;
  /** Work, not time, so that every machine gives up at the same point. */
  readonly solverSteps: number;
  readonly improveSteps: number;
  /** Asleep: real time, never scaled; a released delivery wakes it. */
  readonly dispatchIdleMs: number;
  /** Driver on the way: patience beyond the estimate, then beyond the ping. */
  readonly pickupLateGraceMs: number;
  readonly dropoffLateGraceMs: number;
  readonly pingGraceMs: number;
  readonly lateProofWindowMs: number;
  /** A card is let go this long before its hold would lapse by itself. */
  readonly holdMarginMs: number;
  readonly pickupServiceMs: number;
  readonly dropoffServiceMs: number;
  readonly metersPerMinute: number;
  readonly roadFactor: number;
  /** Money that a provider will not move at once. */
  readonly moneyRetryMs: number;
  readonly moneyLimitMs: number;
  /** After an outage of the engine: real time, never scaled. */
  readonly overdueGraceMs: number;
  readonly overdueExtensionMs: number;
};

export const defaultPolicy: Policy = {
  version: 'default-1',
  paymentActionTimeoutMs: 15 * minute,
  maxPaymentAttempts: 3,
  remindMerchantMs: 90 * second,
  expireMs: 11.5 * minute,
  prepEstimateMs: 15 * minute,
  prepGraceMs: 10 * minute,
  releaseLeadMs: 5 * minute,
  approachMs: 5 * minute,
  rungs: [
    { radiusM: 3_000, durationMs: 5 * minute },
    { radiusM: 6_000, durationMs: 5 * minute },
    { radiusM: 10_000, durationMs: 5 * minute },
  ],
  maxOfferRounds: 20,
  searchLimitMs: 90 * minute,
  maxDriversPerOrder: 5,
  offerTtlMs: 45 * second,
  dispatchTickMs: 10 * second,
  bundleLimit: 3,
  candidateDrivers: 25,
  lookAheadMs: 15 * minute,
  commitAheadMs: 10 * minute,
  commitSlackMs: 2 * minute,
  detourLimitMs: 5 * minute,
  unservedMs: 90 * minute,
  reofferDelayMs: 1 * minute,
  fairnessCapMs: 1 * minute,
  fairnessFullMs: 30 * minute,
  starMs: 20 * second,
  pressurePercent: 100,
  standingPercent: 20,
  uncertaintyPercent: 50,
  overduePercent: 100,
  solverSteps: 20_000_000,
  improveSteps: 10_000,
  dispatchIdleMs: 30 * second,
  pickupLateGraceMs: 10 * minute,
  dropoffLateGraceMs: 15 * minute,
  pingGraceMs: 5 * minute,
  lateProofWindowMs: 24 * hour,
  holdMarginMs: 12 * hour,
  pickupServiceMs: 4 * minute,
  dropoffServiceMs: 4 * minute,
  metersPerMinute: 320,
  roadFactor: 1.3,
  moneyRetryMs: 1 * hour,
  moneyLimitMs: 72 * hour,
  overdueGraceMs: 5 * second,
  overdueExtensionMs: 5 * minute,
};

const unscaled: ReadonlySet<string> = new Set([
  'overdueGraceMs',
  'overdueExtensionMs',
  'dispatchIdleMs',
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
