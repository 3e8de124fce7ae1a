// Reads a folder in the Meal Delivery Routing format (Reyes et al., 2018: tab-separated files `orders`,
// `couriers`, `restaurants`, `instance_parameters`) and makes a day of it: restaurants accept at once and
// keep their ready times, drives take whole minutes, services are the instance's.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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

type Row = (column: number) => { readonly text: string; readonly number: number };

async function readRows(folder: string, name: string): Promise<readonly Row[]> {
  const file = join(folder, `${name}.txt`);
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`${folder} is no instance: ${name}.txt cannot be read`);
  });
  const lines = text
    .split(/\r?\n/)
    .slice(1)
    .filter((line) => line.trim() !== '');
  return lines.map((line, index) => (column) => {
    const value = line.split('\t')[column]?.trim() ?? '';
    const number = Number(value);
    return {
      text: value,
      get number() {
        if (value !== '' && Number.isFinite(number)) return number;
        throw new Error(
          `${file}:${index + 2}: column ${column + 1} must be a number, not "${value}"`,
        );
      },
    };
  });
}

/** Throws an error that names the file and line of what cannot be read. */
export async function readInstance(options: InstanceOptions): Promise<CityPlan> {
  const { folder, seed, from = 0, to = Number.POSITIVE_INFINITY } = options;
  const [orders, couriers, restaurants, parameters] = await Promise.all(
    ['orders', 'couriers', 'restaurants', 'instance_parameters'].map((name) =>
      readRows(folder, name),
    ),
  );
  const parameter = parameters?.[0];
  if (!orders || !couriers || !restaurants || !parameter) {
    throw new Error(`${folder} is no instance: instance_parameters.txt has no values`);
  }
  const random = createRandom(seed);
  const branches = restaurants.map(branchOf);
  const known = new Set(branches.map((branch) => branch.name));
  const planned = orders
    .map((row) => orderOf(row, { options, random, known }))
    .filter((order) => order.placedAt >= from && order.placedAt < to)
    .toSorted((a, b) => a.placedAt - b.placedAt);
  const first = planned[0];
  if (first === undefined) throw new Error(`no order of ${folder} is placed in the time asked for`);
  const startsAt = Math.min(first.placedAt, from > 0 ? from : first.placedAt) - 1;
  return {
    name: folder.split('/').findLast((part) => part !== '') ?? 'instance',
    seed,
    startsAt,
    metersPerMinute: parameter(0).number,
    roadFactor: 1,
    wholeMinutes: true,
    pickupServiceMinutes: parameter(1).number,
    dropoffServiceMinutes: parameter(2).number,
    merchants: [...new Set(branches.map((branch) => branch.merchant))],
    branches,
    drivers: couriers
      .map((row) => driverOf(row, options.moods))
      .filter(({ offAt }) => offAt > startsAt),
    orders: planned,
  };
}

const branchOf = (row: Row, index: number): PlannedBranch => ({
  name: row(0).text,
  merchant: `Kitchens ${'ABCD'.charAt(index % merchantCount)}`,
  spot: { x: row(1).number, y: row(2).number },
});

const driverOf = (row: Row, moods: MoodRates): PlannedDriver => ({
  name: row(0).text,
  home: { x: row(1).number, y: row(2).number },
  onAt: row(3).number,
  offAt: row(4).number,
  ...driverMoods(moods),
});

type Context = {
  readonly options: InstanceOptions;
  readonly random: Random;
  readonly known: ReadonlySet<string>;
};

function orderOf(row: Row, { options, random, known }: Context): PlannedOrder {
  const name = row(0).text;
  const branch = row(4).text;
  if (!known.has(branch)) throw new Error(`order ${name} names an unknown restaurant ${branch}`);
  const own = random.fork(name);
  return {
    name,
    branch,
    dropoff: { x: row(1).number, y: row(2).number },
    placedAt: row(3).number,
    acceptsAfter: 0,
    food: { kind: 'ready_at', minute: row(5).number },
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
