// The same days under two policies, side by side. Only what decides who fetches what and when is taken from the other
// policy: how fast people drive and how long a hand-over takes are facts of the days. Called by scripts/what-if.ts.

import type { Policy } from '../../domain/policy.ts';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';
import { playDay } from '../mdrp/day.ts';
import { figuresOf, type Figures, type Solution } from '../mdrp/solution.ts';

export type RecordedDay = {
  readonly name: string;
  readonly instance: InstanceFiles;
  /** What it was, or would have been, planned under. */
  readonly policy: Policy;
};

/**
 * What a field of the other policy does to such a play; a field that is not here does nothing. `noisy_prep`: it counts
 * only while goods may be early or late. `held`: the days have it, or drivers who are told one bundle at a time.
 */
export const effects: Readonly<Partial<Record<keyof Policy, 'always' | 'noisy_prep' | 'held'>>> = {
  rungs: 'always',
  approachMs: 'always',
  matching: 'always',
  bundleLimit: 'always',
  candidateDrivers: 'always',
  lookAheadMs: 'always',
  addOnLimitMs: 'always',
  commitSlackMs: 'always',
  unservedMs: 'always',
  pressurePercent: 'always',
  pressureHorizonMs: 'always',
  standingPercent: 'always',
  solverSteps: 'always',
  improveSteps: 'always',
  uncertaintyPercent: 'noisy_prep',
  pickupServiceMs: 'held',
  dropoffServiceMs: 'held',
  metersPerMinute: 'held',
  roadFactor: 'held',
  dispatchTickMs: 'held',
  commitAheadMs: 'held',
  detourLimitMs: 'held',
};

const effectOf = (name: string) => effects[name as keyof Policy];

/** What of the other policy can be played, and the names of what cannot. */
export function playable(
  policy: Partial<Policy>,
  noisyPrep: boolean,
): {
  readonly overrides: Partial<Policy>;
  readonly held: readonly string[];
  readonly without: readonly string[];
} {
  const isPlayed = (name: string): boolean =>
    effectOf(name) === 'always' || (noisyPrep && effectOf(name) === 'noisy_prep');
  const names = Object.keys(policy);
  return {
    overrides: Object.fromEntries(Object.entries(policy).filter(([name]) => isPlayed(name))),
    held: names.filter((name) => effectOf(name) === 'held'),
    without: names.filter((name) => !isPlayed(name) && effectOf(name) !== 'held'),
  };
}

export type Outcome = Figures & {
  readonly clickToDoorP90: number;
  /** Driving and handing over, of all drivers. */
  readonly busyHours: number;
};

export type Compared = { readonly present: Outcome; readonly other: Outcome };

export function compare(
  { instance, policy }: RecordedDay,
  overrides: Partial<Policy>,
  noisyPrep: boolean,
): Compared {
  const play = (under: Policy): Outcome =>
    outcomeOf(playDay(instance, { noisyPrep, policy: under }));
  return { present: play(policy), other: play({ ...policy, ...overrides }) };
}

function outcomeOf(solution: Solution): Outcome {
  const placedAt = new Map(solution.instance.orders.map((order) => [order.id, order.placedAt]));
  const { dropoffServiceMinutes } = solution.instance.parameters;
  const clicks: number[] = [];
  let busyMinutes = 0;
  for (const { setOffAt, drops } of solution.bundles) {
    for (const { orderId, dropoffAt } of drops)
      clicks.push(dropoffAt - (placedAt.get(orderId) ?? dropoffAt));
    busyMinutes += (drops.at(-1)?.dropoffAt ?? setOffAt) + dropoffServiceMinutes / 2 - setOffAt;
  }
  const sorted = clicks.toSorted((a, b) => a - b);
  return {
    ...figuresOf(solution),
    clickToDoorP90: sorted[Math.floor(0.9 * (sorted.length - 1))] ?? 0,
    busyHours: busyMinutes / 60,
  };
}

const rows: readonly (readonly [string, number, (outcome: Outcome) => number])[] = [
  ['orders', 0, ({ orders }) => orders],
  ['undelivered', 0, ({ undelivered }) => undelivered],
  ['order to door, mean minutes', 1, ({ clickToDoor }) => clickToDoor],
  ['order to door, slowest tenth from', 0, ({ clickToDoorP90 }) => clickToDoorP90],
  ['ready to pickup, mean minutes', 1, ({ readyToPickup }) => readyToPickup],
  ['orders carried at a time', 2, ({ ordersPerBundle }) => ordersPerBundle],
  ['hours that drivers are busy', 1, ({ busyHours }) => busyHours],
  ['score (undelivered count 90 minutes)', 2, ({ score }) => score],
];

const line = (...cells: readonly string[]): string =>
  cells
    .map((cell, at) => (at === 0 ? cell.padEnd(38) : cell.padStart(10)))
    .join('')
    .trimEnd();

export function tableOf(name: string, { present, other }: Compared): string {
  return [
    line(name, 'present', 'other', 'change'),
    ...rows.map(([title, digits, valueOf]) => {
      const [before, after] = [valueOf(present), valueOf(other)];
      const change = (after - before).toFixed(digits);
      const signed = Number(change) > 0 ? `+${change}` : Number(change) === 0 ? '' : change;
      return line(title, before.toFixed(digits), after.toFixed(digits), signed);
    }),
  ].join('\n');
}
