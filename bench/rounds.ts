// One dispatch round at full size, on made-up markets: how long plan() takes, from snapshot to explained decisions.
// Every round has another seed, so nothing can be remembered from one to the next.

import { plan } from '../dispatch/plan.ts';
import type { OnlineDriver, SearchingOrder, Snapshot } from '../dispatch/snapshot.ts';
import type { DriverId, OrderId } from '../domain/ids.ts';
import { defaultPolicy, type Policy } from '../domain/policy.ts';
import { placeOf, type Spot } from '../sandbox/city/projection.ts';
import { createRandom, type Random } from '../sandbox/city/random.ts';

export type RoundSize = {
  readonly orders: number;
  readonly drivers: number;
  /** Gates, in milliseconds. */
  readonly medianMs: number;
  readonly p99Ms?: number;
};

export const roundSizes: readonly RoundSize[] = [
  { orders: 1_000, drivers: 2_000, medianMs: 100 },
  { orders: 3_000, drivers: 6_000, medianMs: 400 },
  { orders: 1_000, drivers: 600, medianMs: 250 },
  { orders: 1_000, drivers: 1_000, medianMs: 250, p99Ms: 450 },
];

export type Measured = {
  readonly size: RoundSize;
  readonly medianMs: number;
  readonly p99Ms: number;
  /** Of the thread alone: what the round would take if nobody else used the machine. */
  readonly medianCpuMs: number;
  readonly offered: number;
  readonly fallbacks: number;
};

const minuteMs = 60_000;
const policy: Policy = { ...defaultPolicy, rungs: [{ radiusM: 6_000, durationMs: 5 * minuteMs }] };

export function measureRounds(size: RoundSize, rounds: number): Measured {
  const warmUp = 3;
  const times: number[] = [];
  const cpuTimes: number[] = [];
  let offered = 0;
  let fallbacks = 0;
  for (let round = 0; round < warmUp + rounds; round += 1) {
    const snapshot = marketOf(size, createRandom(1_000 + round));
    const cpuBefore = process.threadCpuUsage();
    const startedAt = performance.now();
    const answer = plan({ snapshot, policy, seed: round });
    const took = performance.now() - startedAt;
    const { user, system } = process.threadCpuUsage(cpuBefore);
    if (round < warmUp) continue;
    cpuTimes.push((user + system) / 1_000);
    times.push(took);
    offered += answer.offers.length / rounds;
    if (answer.offers[0]?.decisions[0]?.decision.solver === 'regret_greedy') fallbacks += 1;
  }
  return {
    size,
    medianMs: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    medianCpuMs: quantile(cpuTimes, 0.5),
    offered: Math.round(offered),
    fallbacks,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
}

const now = Date.UTC(2026, 4, 4, 18);

/** Five orders to a counter on average; a city whose area grows with its drivers; half of them busy. */
export function marketOf(
  { orders, drivers }: Pick<RoundSize, 'orders' | 'drivers'>,
  random: Random,
): Snapshot {
  const side = 12_000 * Math.sqrt(Math.max(orders, drivers) / 1_000);
  const spot = (): Spot => ({ x: random.between(0, side), y: random.between(0, side) });
  const counters = Array.from({ length: Math.ceil(orders / 5) }, spot);
  const near = ({ x, y }: Spot): Spot => ({
    x: random.around(x, 4_000),
    y: random.around(y, 4_000),
  });
  const counterOf = (): Spot => counters[Math.floor(random.next() * counters.length)] ?? spot();
  return {
    now,
    orders: Array.from({ length: orders }, (_, index) =>
      orderOf(index, { counter: counterOf(), near, random }),
    ),
    drivers: Array.from({ length: drivers }, (_, index) =>
      driverOf(index, { from: counterOf(), near, random }),
    ),
    demand: counters.slice(0, 200).map((each) => ({ place: placeOf(each), weight: 1 })),
  };
}

type Making = { readonly near: (spot: Spot) => Spot; readonly random: Random };

function orderOf(
  index: number,
  { counter, near, random }: Making & { readonly counter: Spot },
): SearchingOrder {
  const readyAt = now + Math.round(random.between(-5, 15)) * minuteMs;
  return {
    orderId: `ord_${String(index).padStart(5, '0')}` as OrderId,
    search: 1,
    rung: 0,
    searchSince: now - Math.round(random.between(0, 10 * minuteMs)),
    pickup: placeOf(counter),
    dropoff: placeOf(near(counter)),
    ready: { earlyAt: readyAt - 2 * minuteMs, expectedAt: readyAt, lateAt: readyAt + 4 * minuteMs },
    needs: random.chance(0.1) ? ['age_check'] : undefined,
    earlier: [],
  };
}

function driverOf(
  index: number,
  { from, near, random }: Making & { readonly from: Spot },
): OnlineDriver {
  const orderId = `held_${index}` as OrderId;
  return {
    driverId: `drv_${String(index).padStart(5, '0')}` as DriverId,
    capacity: 3,
    place: placeOf(near(from)),
    shiftEndsAt: now + Math.round(random.between(30, 240)) * minuteMs,
    hasOpenOffer: false,
    route: random.chance(0.5) ? [{ kind: 'dropoff', orderId, place: placeOf(near(from)) }] : [],
    skills: random.chance(0.7) ? ['age_check'] : [],
    acceptance: random.between(0.6, 1),
    rating: random.between(4, 5),
    idleSince: now - Math.round(random.between(0, 60)) * minuteMs,
  };
}
