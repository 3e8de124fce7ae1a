// Whether a day is played without foresight: played again without the orders placed after a moment, everything that the
// engine said and couriers did up to it must be the same.

import { createRandom } from '../../sandbox/city/random.ts';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';
import { playDay } from './day.ts';
import { minuteMs } from './policy.ts';

export type Foresight = {
  /** The last minute whose orders are known. */
  readonly until: number;
  /** The first thing that only one of the two days has. */
  readonly difference: string;
};

type Trying = {
  readonly noisyPrep: boolean;
  /** How many moments, drawn from the seed. */
  readonly times: number;
  readonly seed: number;
};

/** One for every moment at which later orders have changed something; empty as it should be. */
export function foresightIn(
  instance: InstanceFiles,
  { noisyPrep, times, seed }: Trying,
): readonly Foresight[] {
  const whole = deedsOf(instance, { noisyPrep, history: instance.orders });
  const placed = instance.orders.map(({ placedAt }) => placedAt);
  const [first, last] = [Math.min(...placed), Math.max(...placed)];
  const random = createRandom(seed);
  return Array.from({ length: times }, () => Math.floor(random.between(first, last))).flatMap(
    (until) => {
      const orders = instance.orders.filter(({ placedAt }) => placedAt <= until);
      const cut = deedsOf({ ...instance, orders }, { noisyPrep, history: instance.orders });
      const difference = firstDifference(upTo(until, whole), upTo(until, cut));
      return difference === undefined ? [] : [{ until, difference }];
    },
  );
}

type Deed = { readonly at: number; readonly text: string };

/** Every instruction, every drive begun, every bundle picked up with the minute of its final instruction. */
function deedsOf(
  instance: InstanceFiles,
  {
    noisyPrep,
    history,
  }: { readonly noisyPrep: boolean; readonly history: InstanceFiles['orders'] },
): readonly Deed[] {
  const deeds: Deed[] = [];
  const { bundles } = playDay(instance, {
    noisyPrep,
    history,
    watch({ now }, offers) {
      const at = now / minuteMs;
      for (const { driverId, route } of offers) {
        const stops = route.map(({ kind, orderId }) => `${kind} ${orderId}`).join(', ');
        deeds.push({ at, text: `${at}: ${driverId} is told ${stops}` });
      }
    },
  });
  for (const { courier, setOffAt, restaurant, assignedAt, pickupAt, drops } of bundles) {
    const orders = drops.map(({ orderId }) => orderId).join(', ');
    deeds.push(
      { at: setOffAt, text: `${setOffAt}: ${courier} leaves for ${restaurant}` },
      { at: pickupAt, text: `${pickupAt}: ${courier} takes ${orders}, as told at ${assignedAt}` },
      ...drops.map(({ departAt: at, orderId }) => ({
        at,
        text: `${at}: ${courier} leaves for ${orderId}`,
      })),
    );
  }
  return deeds;
}

const upTo = (until: number, deeds: readonly Deed[]): readonly string[] =>
  deeds
    .filter(({ at }) => at <= until)
    .toSorted((a, b) => a.at - b.at)
    .map(({ text }) => text);

function firstDifference(a: readonly string[], b: readonly string[]): string | undefined {
  const [inA, inB] = [new Set(a), new Set(b)];
  return a.find((text) => !inB.has(text)) ?? b.find((text) => !inA.has(text));
}
