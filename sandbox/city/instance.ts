// Reads a folder in the Meal Delivery Routing format (Reyes et al., 2018: tab-separated files `orders`,
// `couriers`, `restaurants`, `instance_parameters`) and makes a day of it: restaurants accept at once and
// keep their ready times, drives take whole minutes, services are the instance's.

import {
  courierCapacity,
  readInstanceFiles,
  type InstanceCourier,
  type InstanceOrder,
  type InstanceRestaurant,
} from './instance-files.ts';
import { driverMoods, drawOrderMoods, type MoodRates } from './moods.ts';
import type { CityPlan, PlannedBranch, PlannedDriver, PlannedOrder } from './plan.ts';
import { createRandom, type Random } from './random.ts';

export type InstanceOptions = {
  readonly folder: string;
  readonly seed: number;
  readonly moods: MoodRates;
  /** Minutes of the day: only orders placed from `from` until before `to`. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
};

/** Few merchants with many branches: each merchant is one reader of the event feed. */
const merchantCount = 4;

/** Throws an error that names the file and line of what cannot be read. */
export async function readInstance(options: InstanceOptions): Promise<CityPlan> {
  const { folder, seed, from = 0, to = Number.POSITIVE_INFINITY } = options;
  const { orders, couriers, restaurants, parameters } = await readInstanceFiles(folder);
  const random = createRandom(seed);
  const branches = restaurants.map(branchOf);
  const planned = orders
    .map((order) => orderOf(order, { options, random }))
    .filter((order) => order.placedAt >= from && order.placedAt < to)
    .toSorted((a, b) => a.placedAt - b.placedAt);
  const first = planned[0];
  if (first === undefined) throw new Error(`no order of ${folder} is placed in the time asked for`);
  const startsAt = Math.min(first.placedAt, from > 0 ? from : first.placedAt) - 1;
  return {
    name: folder.split('/').findLast((part) => part !== '') ?? 'instance',
    seed,
    startsAt,
    metersPerMinute: parameters.metersPerMinute,
    roadFactor: 1,
    wholeMinutes: true,
    pickupServiceMinutes: parameters.pickupServiceMinutes,
    dropoffServiceMinutes: parameters.dropoffServiceMinutes,
    merchants: [...new Set(branches.map((branch) => branch.merchant))].map((name) => ({
      name,
      kind: 'restaurant',
    })),
    policy: {},
    branches,
    drivers: couriers
      .map((courier) => driverOf(courier, options.moods))
      .filter(({ offAt }) => offAt > startsAt),
    orders: planned,
  };
}

const branchOf = ({ id, spot }: InstanceRestaurant, index: number): PlannedBranch => ({
  name: id,
  merchant: `Kitchens ${'ABCD'.charAt(index % merchantCount)}`,
  spot,
});

const driverOf = ({ id, home, onAt, offAt }: InstanceCourier, moods: MoodRates): PlannedDriver => ({
  name: id,
  home,
  onAt,
  offAt,
  capacity: courierCapacity,
  ...driverMoods(moods),
});

type Context = { readonly options: InstanceOptions; readonly random: Random };

function orderOf(
  { id, restaurant, dropoff, placedAt, readyAt }: InstanceOrder,
  { options, random }: Context,
): PlannedOrder {
  const own = random.fork(id);
  return {
    name: id,
    branch: restaurant,
    dropoff,
    placedAt,
    acceptsAfter: 0,
    script: {},
    food: { kind: 'ready_at', minute: readyAt },
    items: [{ name: 'Meal', quantity: 1, unitPriceMinor: Math.round(own.between(900, 2_800)) }],
    tipMinor: own.chance(0.4) ? Math.round(own.between(1, 4)) * 100 : 0,
    ...drawOrderMoods(options.moods, own.fork('moods')),
  };
}

/** The three hours in which most orders are placed, in minutes of the day. */
export function busiestHours(orders: readonly PlannedOrder[]): {
  readonly from: number;
  readonly to: number;
  readonly count: number;
} {
  const windowMinutes = 180;
  const starts = orders.map((order) => Math.floor(order.placedAt));
  const counted = starts.map((from) => ({
    from,
    to: from + windowMinutes,
    count: orders.filter(({ placedAt }) => placedAt >= from && placedAt < from + windowMinutes)
      .length,
  }));
  return counted.reduce((best, each) => (each.count > best.count ? each : best), {
    from: 0,
    to: windowMinutes,
    count: 0,
  });
}
