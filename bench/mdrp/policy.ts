// The policy under which the engine plays the Meal Delivery Routing Problem: a round a minute, no offers that could be
// declined, commitment at the last minute. Everything that is not a rule of the problem is the default.

import { defaultPolicy, type Policy } from '../../domain/policy.ts';
import { courierCapacity, type InstanceFiles } from '../../sandbox/city/instance-files.ts';

export const minuteMs = 60_000;

export const policyFor = ({ parameters }: Pick<InstanceFiles, 'parameters'>): Policy => ({
  ...defaultPolicy,
  version: 'mdrp-1',
  pickupServiceMs: parameters.pickupServiceMinutes * minuteMs,
  dropoffServiceMs: parameters.dropoffServiceMinutes * minuteMs,
  rungs: [{ radiusM: 1e9, durationMs: 24 * 60 * minuteMs }],
  dispatchTickMs: minuteMs,
  bundleLimit: courierCapacity,
  // A round a minute leaves time to look at everything.
  candidateDrivers: 40,
  improveSteps: 400_000,
  lookAheadMs: 24 * 60 * minuteMs,
  commitAheadMs: 0,
  commitSlackMs: 0,
  detourLimitMs: 0,
  // Nobody is promised a time: what counts is the sum.
  addOnLimitMs: 24 * 60 * minuteMs,
  // What a courier was told stays in its order.
  rerouteGainMs: 24 * 60 * minuteMs,
  approachMs: 4 * minuteMs,
});
