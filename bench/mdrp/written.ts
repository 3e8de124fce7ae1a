// The solution files of the Meal Delivery Routing Problem as anybody may have written them, read strictly: what cannot be
// right is refused with file and line. Called by check.ts.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';

/** Whole minutes throughout. */
export type Assignment = {
  readonly courier: string;
  readonly assignedAt: number;
  readonly pickupAt: number;
  /** In the order of delivery. */
  readonly orders: readonly string[];
};

/** What the file of the orders says of one. */
export type Stated = {
  readonly orderId: string;
  readonly placedAt: number;
  readonly readyAt: number;
  readonly pickupAt: number;
  readonly dropoffAt: number;
  readonly courier: string;
};

export type Drive = {
  readonly courier: string;
  readonly departAt: number;
  /** '0': where the courier comes on duty; else a restaurant or an order. */
  readonly origin: string;
  readonly destination: string;
};

export type Written = {
  readonly assignments: readonly Assignment[];
  readonly deliveries: readonly Stated[];
  readonly drives: readonly Drive[];
};

/** Throws an error that names the file and the line. */
export async function readSolution(folder: string, instance: InstanceFiles): Promise<Written> {
  const ids = idsOf(instance);
  const assignments = await readLines(folder, 'assignments', (line) => ({
    assignedAt: line.minute(0),
    pickupAt: line.minute(1),
    courier: line.one(2, ids.couriers),
    orders: line.values.slice(3).map((_, index) => line.one(index + 3, ids.orders)),
  }));
  const seen = new Set<string>();
  const deliveries = await readLines(folder, 'orders', (line) => ({
    orderId: line.first(line.one(0, ids.orders), seen),
    placedAt: line.minute(1),
    readyAt: line.minute(2),
    pickupAt: line.minute(3),
    dropoffAt: line.minute(4),
    courier: line.one(5, ids.couriers),
  }));
  const finished = new Set<string>();
  let last = '';
  const drives = await readLines(folder, 'couriers', (line) => {
    const courier = line.one(0, ids.couriers);
    if (courier !== last) line.first(courier, finished);
    last = courier;
    const origin = line.values[2] === '0' ? '0' : line.one(2, ids.stops);
    return { courier, departAt: line.minute(1), origin, destination: line.one(3, ids.stops) };
  });
  return { assignments, deliveries, drives };
}

type Ids = { readonly kind: string; readonly known: ReadonlySet<string> };

const ids = (kind: string, items: readonly { readonly id: string }[]): Ids => ({
  kind,
  known: new Set(items.map(({ id }) => id)),
});

function idsOf({ orders, couriers, restaurants }: InstanceFiles) {
  const stops = ids('a restaurant or order', [...restaurants, ...orders]);
  if (stops.known.size < restaurants.length + orders.length)
    throw new Error('a restaurant and an order have the same id, so drives cannot be told apart');
  return { orders: ids('an order', orders), couriers: ids('a courier', couriers), stops };
}

const headings = {
  assignments: 'assignment_time pickup_time courier orders',
  orders: 'order placement_time ready_time pickup_time dropoff_time courier',
  couriers: 'courier departure_time origin destination',
} as const;

async function readLines<T>(
  folder: string,
  name: keyof typeof headings,
  parse: (line: Line) => T,
): Promise<readonly T[]> {
  const file = join(folder, `solution_info_${name}.txt`);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decoded = readFile(file).then((bytes) => decoder.decode(bytes));
  const text = await decoded.catch(() => {
    throw new Error(`${file} cannot be read as UTF-8 text`);
  });
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const heading = headings[name];
  if (lines[0] !== heading) throw new Error(`${file}:1: the first line must be "${heading}"`);
  const columns = { least: heading.split(' ').length, isOpen: name === 'assignments' };
  return lines.slice(1).map((line, index) => parse(lineOf(line, `${file}:${index + 2}`, columns)));
}

type Line = ReturnType<typeof lineOf>;
type Columns = { readonly least: number; readonly isOpen: boolean };

function lineOf(text: string, at: string, { least, isOpen }: Columns) {
  const values = text.split(' ');
  if (values.includes('') || values.length < least || (values.length > least && !isOpen))
    throw new Error(
      `${at}: ${least}${isOpen ? ' or more' : ''} values separated by one space are needed, not "${text}"`,
    );
  const fail = (column: number, problem: string): never => {
    throw new Error(`${at}: column ${column + 1} ${problem}, not "${values[column]}"`);
  };
  return {
    values,
    minute: (column: number): number =>
      /^\d{1,6}$/.test(values[column] ?? '')
        ? Number(values[column])
        : fail(column, 'must be a whole number of minutes'),
    one: (column: number, { kind, known }: Ids): string => {
      const value = values[column] ?? '';
      return known.has(value) ? value : fail(column, `must name ${kind} of the instance`);
    },
    /** Throws when it has been seen before. */
    first: (id: string, seen: Set<string>): string => {
      if (seen.has(id)) throw new Error(`${at}: there are lines of ${id} further up`);
      seen.add(id);
      return id;
    },
  };
}
