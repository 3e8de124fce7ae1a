// The small parts that the sentences of words.ts and why-words.ts are made of.

import type { DriverId, OrderId } from '../domain/ids.ts';

export type Naming = {
  readonly driver: (driverId: DriverId) => string;
  readonly order: (orderId: OrderId) => string;
  /** Of epoch milliseconds, in the reader's time zone. */
  readonly time: (at: number) => string;
  /** To the second. */
  readonly exactTime: (at: number) => string;
};

/** Ids as they are, times in UTC. */
export const plainNaming: Naming = {
  driver: (driverId) => driverId,
  order: (orderId) => orderId,
  time: (at) => `${new Date(at).toISOString().slice(11, 16)} UTC`,
  exactTime: (at) => `${new Date(at).toISOString().slice(11, 19)} UTC`,
};

/** Whole from ten on, else to a tenth. */
export const amount = (value: number): number =>
  value >= 10 ? Math.round(value) : Math.round(value * 10) / 10;

export const minutes = (value: number): string =>
  amount(value) === 1 ? '1 minute' : `${amount(value)} minutes`;

/** Of a cost: below 0 when there is more in favour than against. */
export const price = (cost: number): string =>
  cost < 0 ? `minus ${minutes(-cost)}` : minutes(cost);

export const kilometres = (meters: number): string => `${Math.round(meters / 100) / 10} km`;

export const ordinal = (place: number): string =>
  ['first', 'second', 'third', 'fourth', 'fifth'][place - 1] ?? `number ${place}`;

export function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

type ToldStop = {
  readonly kind: 'pickup' | 'dropoff';
  readonly orderId: OrderId;
  /** Taken over at the counter, handed over at the door. */
  readonly at: number;
};

/** `12:05 pickup of this order, 12:15 delivery of …`; what is fetched at one time is fetched in one stop. */
export function stopByStop(orderId: OrderId, all: readonly ToldStop[], naming: Naming): string {
  const nameOf = (id: OrderId): string => (id === orderId ? 'this order' : naming.order(id));
  const told = all.flatMap(({ kind, at: time, orderId: id }, index) => {
    const isSame = (stop: ToldStop | undefined): boolean =>
      kind === 'pickup' && stop?.kind === 'pickup' && stop.at === time;
    if (isSame(all[index - 1])) return [];
    const here = kind === 'pickup' ? all.filter(isSame).map((stop) => stop.orderId) : [id];
    const what = named(here, { ...naming, order: nameOf });
    return [`${naming.time(time)} ${kind === 'pickup' ? 'pickup' : 'delivery'} of ${what}`];
  });
  return told.join(', ');
}

/** Several that the reader cannot tell apart are counted. */
export function named(orders: readonly OrderId[], naming: Naming): string {
  const counts = new Map<string, number>();
  for (const each of orders) {
    const name = naming.order(each);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return listed([...counts].map(([name, count]) => (count === 1 ? name : `${name} (${count})`)));
}
