// Reads a folder in the Meal Delivery Routing format (Reyes et al., 2018): tab-separated files `orders`, `couriers`,
// `restaurants`, `instance_parameters`, a heading first. Whatever cannot be right is refused with file and line.
// Used by the city (instance.ts) and by the benchmark.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Spot } from './projection.ts';

/** The problem knows no capacity; more than five meals on one bicycle nobody wants to eat. */
export const courierCapacity = 5;

/** Times in whole minutes of the day, places in metres. */
export type InstanceFiles = {
  readonly orders: readonly InstanceOrder[];
  readonly couriers: readonly InstanceCourier[];
  readonly restaurants: readonly InstanceRestaurant[];
  readonly parameters: InstanceParameters;
};

export type InstanceOrder = {
  readonly id: string;
  readonly dropoff: Spot;
  readonly placedAt: number;
  readonly restaurant: string;
  readonly readyAt: number;
};
export type InstanceCourier = {
  readonly id: string;
  readonly home: Spot;
  readonly onAt: number;
  readonly offAt: number;
};
export type InstanceRestaurant = { readonly id: string; readonly spot: Spot };
export type InstanceParameters = {
  readonly metersPerMinute: number;
  readonly pickupServiceMinutes: number;
  readonly dropoffServiceMinutes: number;
};

/** Throws an error that names the file, the line and the limit. */
export async function readInstanceFiles(folder: string): Promise<InstanceFiles> {
  const restaurants = unique(await readRows(folder, 'restaurants', 3), (row) => ({
    id: row.text(0),
    spot: row.spot(1),
  }));
  const known = new Set(restaurants.map(({ id }) => id));
  const orders = unique(await readRows(folder, 'orders', 6), (row) => {
    const restaurant = row.text(4);
    if (!known.has(restaurant))
      row.fail(5, `names no restaurant of restaurants.txt: "${restaurant}"`);
    const [placedAt, readyAt] = [row.minute(3), row.minute(5)];
    if (readyAt < placedAt) row.fail(6, `is before the placement at ${placedAt}: ${readyAt}`);
    return { id: row.text(0), dropoff: row.spot(1), placedAt, restaurant, readyAt };
  });
  const couriers = unique(await readRows(folder, 'couriers', 5), (row) => {
    const [onAt, offAt] = [row.minute(3), row.minute(4)];
    if (offAt < onAt) row.fail(5, `is before the start of the shift at ${onAt}: ${offAt}`);
    return { id: row.text(0), home: row.spot(1), onAt, offAt };
  });
  const [parameters] = await readRows(folder, 'instance_parameters', 3);
  if (!parameters) throw new Error(`${join(folder, 'instance_parameters.txt')}: line 2 is missing`);
  return { orders, couriers, restaurants, parameters: parametersOf(parameters) };
}

function parametersOf(row: Row): InstanceParameters {
  const metersPerMinute = row.number(0);
  if (metersPerMinute <= 0) row.fail(1, `must be above 0, not ${metersPerMinute}`);
  const [pickup, dropoff] = [row.minute(1), row.minute(2)];
  for (const [column, minutes] of [
    [2, pickup],
    [3, dropoff],
  ] as const)
    if (minutes % 2 !== 0 || minutes < 0)
      row.fail(
        column,
        `must be an even number of minutes, as half a service is a whole minute, not ${minutes}`,
      );
  return { metersPerMinute, pickupServiceMinutes: pickup, dropoffServiceMinutes: dropoff };
}

type Row = ReturnType<typeof rowOf>;

async function readRows(folder: string, name: string, columns: number): Promise<readonly Row[]> {
  const file = join(folder, `${name}.txt`);
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Error(`${folder} is no instance: ${name}.txt cannot be read`);
  });
  const lines = text.split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.slice(1).map((line, index) => rowOf({ file, line: index + 2, columns }, line));
}

type At = { readonly file: string; readonly line: number; readonly columns: number };

function rowOf({ file, line, columns }: At, text: string) {
  const values = text.split('\t').map((value) => value.trim());
  if (values.length < columns)
    throw new Error(
      `${file}:${line}: ${columns} values separated by tabs are needed, not "${text}"`,
    );
  const fail = (column: number, problem: string): never => {
    throw new Error(`${file}:${line}: column ${column} ${problem}`);
  };
  const number = (column: number): number => {
    const value = values[column] ?? '';
    const parsed = Number(value);
    return value !== '' && Number.isFinite(parsed)
      ? parsed
      : fail(column + 1, `must be a number, not "${value}"`);
  };
  return {
    fail,
    number,
    at: `${file}:${line}`,
    text: (column: number): string => values[column] || fail(column + 1, 'must not be empty'),
    minute: (column: number): number =>
      Number.isSafeInteger(number(column))
        ? number(column)
        : fail(column + 1, `must be a whole minute, not "${values[column]}"`),
    spot: (column: number): Spot => ({ x: number(column), y: number(column + 1) }),
  };
}

function unique<T extends { readonly id: string }>(
  rows: readonly Row[],
  parse: (row: Row) => T,
): readonly T[] {
  const seen = new Map<string, string>();
  return rows.map((row) => {
    const parsed = parse(row);
    const before = seen.get(parsed.id);
    if (before !== undefined) row.fail(1, `repeats the id ${parsed.id} of ${before}`);
    seen.set(parsed.id, row.at);
    return parsed;
  });
}
