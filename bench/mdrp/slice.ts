// Some hours of an instance, as the virtual day and the live city both play them, and what an order's delivery takes at
// the least: what is above that floor is the engine's doing.

import { straightM } from '../../sandbox/city/projection.ts';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';
import type { Matching, Policy } from '../../domain/policy.ts';
import { policyFor, minuteMs } from './policy.ts';

/** Only the orders placed from `from` until before `to`; minutes of the day. */
export const sliceOf = (
  instance: InstanceFiles,
  { from, to }: { readonly from: number; readonly to: number },
): InstanceFiles => ({
  ...instance,
  orders: instance.orders.filter(({ placedAt }) => placedAt >= from && placedAt < to),
  couriers: instance.couriers.filter(({ offAt }) => offAt >= from),
});

/** The hours in which most orders are placed. */
export function busiest({ orders }: InstanceFiles, hours: number) {
  const starts = orders.map(({ placedAt }) => placedAt);
  const within = (from: number): number =>
    starts.filter((at) => at >= from && at < from + hours * 60).length;
  const from = starts.reduce((best, at) => (within(at) > within(best) ? at : best), starts[0] ?? 0);
  return { from, to: from + hours * 60 };
}

/** By order: the minutes from click to door with a courier at the counter and nothing else to do. */
function floorsOf({ orders, restaurants, parameters }: InstanceFiles) {
  const spots = new Map(restaurants.map(({ id, spot }) => [id, spot]));
  const { metersPerMinute, pickupServiceMinutes, dropoffServiceMinutes } = parameters;
  return new Map(
    orders.map(({ id, restaurant, dropoff, placedAt, readyAt }) => {
      const counter = spots.get(restaurant) ?? dropoff;
      const drive = Math.ceil(straightM(counter, dropoff) / metersPerMinute);
      const services = pickupServiceMinutes / 2 + dropoffServiceMinutes / 2;
      return [id, readyAt - placedAt + services + drive];
    }),
  );
}

/** By order: the minute of the drop-off. */
export type Delivered = ReadonlyMap<string, number>;

const undeliveredMinutes = 90;

/** Mean minutes above the floor; an order that nobody delivered counts 90. */
export function excessOf(instance: InstanceFiles, delivered: Delivered) {
  const floors = floorsOf(instance);
  const excesses = instance.orders.map(({ id, placedAt }) => {
    const at = delivered.get(id);
    return at === undefined ? undeliveredMinutes : at - placedAt - (floors.get(id) ?? 0);
  });
  return {
    excess: excesses.reduce((sum, each) => sum + each, 0) / Math.max(1, excesses.length),
    undelivered: instance.orders.filter(({ id }) => !delivered.has(id)).length,
  };
}

const dayMs = 24 * 60 * minuteMs;

/** The rules of the virtual day for a live market: its tick, its travel, and patience with whoever is on the way. */
export const liveRules = (
  instance: InstanceFiles,
  speed: number,
  matching: Matching,
): Partial<Policy> => ({
  ...rulesOf(policyFor(instance)),
  matching,
  // A millisecond of ours: the routes of the API know no zero.
  // People are free between two live rounds, on the minute of a virtual one.
  commitAheadMs: policyFor(instance).dispatchTickMs,
  commitSlackMs: Math.ceil(speed),
  detourLimitMs: Math.ceil(speed),
  // Nobody in the virtual day is known to refuse or to have waited.
  reofferDelayMs: Math.ceil(speed),
  fairnessCapMs: Math.ceil(speed),
  rungs: [{ radiusM: 100_000, durationMs: dayMs }],
  // A minute of driving.
  travelStepM: instance.parameters.metersPerMinute,
  // Orders are planned for from the moment they are placed.
  releaseLeadMs: dayMs,
  // Nobody waits longer for a meal.
  searchLimitMs: 120 * minuteMs,
  pickupLateGraceMs: dayMs,
  dropoffLateGraceMs: dayMs,
});

const rulesOf = ({
  version,
  dispatchTickMs,
  bundleLimit,
  candidateDrivers,
  improveSteps,
  lookAheadMs,
  addOnLimitMs,
  rerouteGainMs,
  approachMs,
}: Policy): Partial<Policy> => ({
  version,
  dispatchTickMs,
  bundleLimit,
  candidateDrivers,
  improveSteps,
  lookAheadMs,
  addOnLimitMs,
  rerouteGainMs,
  approachMs,
});
