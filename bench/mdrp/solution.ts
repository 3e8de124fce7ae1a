// The solution files of the Meal Delivery Routing Problem, and the figures that can be read off a solution. The strict
// checker is the judge; these figures are for the table on the screen.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceFiles } from '../../sandbox/city/instance-files.ts';
import type { DoneBundle } from './courier.ts';

export type Solution = {
  readonly instance: InstanceFiles;
  readonly bundles: readonly DoneBundle[];
};

/** Into `folder`, which is made when it is missing. */
export async function writeSolution(folder: string, solution: Solution): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, lines] of Object.entries(filesOf(solution)))
    await writeFile(join(folder, `solution_info_${name}.txt`), `${lines.join('\n')}\n`);
}

function filesOf({ instance, bundles }: Solution): Readonly<Record<string, readonly string[]>> {
  const orders = new Map(instance.orders.map((order) => [order.id, order]));
  const sorted = bundles.toSorted(
    (a, b) => a.pickupAt - b.pickupAt || (a.courier < b.courier ? -1 : 1),
  );
  return {
    assignments: [
      'assignment_time pickup_time courier orders',
      ...sorted.map(({ assignedAt, pickupAt, courier, drops }) =>
        [assignedAt, pickupAt, courier, ...drops.map(({ orderId }) => orderId)].join(' '),
      ),
    ],
    orders: [
      'order placement_time ready_time pickup_time dropoff_time courier',
      ...sorted.flatMap(({ pickupAt, courier, drops }) =>
        drops.map(({ orderId, dropoffAt }) => {
          const order = orders.get(orderId);
          return [orderId, order?.placedAt, order?.readyAt, pickupAt, dropoffAt, courier].join(' ');
        }),
      ),
    ],
    couriers: ['courier departure_time origin destination', ...bundles.flatMap(drivesOf)],
  };
}

function drivesOf({ courier, setOffAt, origin, restaurant, drops }: DoneBundle): readonly string[] {
  const legs = drops.map(({ orderId, departAt }, index) =>
    [courier, departAt, index === 0 ? restaurant : drops[index - 1]?.orderId, orderId].join(' '),
  );
  return [[courier, setOffAt, origin, restaurant].join(' '), ...legs];
}

export type Figures = {
  readonly orders: number;
  readonly undelivered: number;
  readonly clickToDoor: number;
  readonly readyToPickup: number;
  readonly ordersPerBundle: number;
  /** (Σ click-to-door + 90 × undelivered) ÷ orders, in minutes. */
  readonly score: number;
};

const undeliveredMinutes = 90;

export function figuresOf({ instance, bundles }: Solution): Figures {
  const orders = new Map(instance.orders.map((order) => [order.id, order]));
  let clicks = 0;
  let waits = 0;
  let delivered = 0;
  for (const { pickupAt, drops } of bundles)
    for (const { orderId, dropoffAt } of drops) {
      const order = orders.get(orderId);
      if (!order) continue;
      clicks += dropoffAt - order.placedAt;
      waits += pickupAt - order.readyAt;
      delivered += 1;
    }
  const undelivered = orders.size - delivered;
  return {
    orders: orders.size,
    undelivered,
    clickToDoor: clicks / Math.max(1, delivered),
    readyToPickup: waits / Math.max(1, delivered),
    ordersPerBundle: delivered / Math.max(1, bundles.length),
    score: (clicks + undeliveredMinutes * undelivered) / Math.max(1, orders.size),
  };
}
