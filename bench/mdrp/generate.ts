// Makes up a day in the Meal Delivery Routing format: restaurants in clusters, customers around them, a lunch and a
// dinner rush, shifts that follow the demand as far as the staffing allows. Synthetic from its seed alone.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  InstanceCourier,
  InstanceFiles,
  InstanceOrder,
  InstanceRestaurant,
} from '../../sandbox/city/instance-files.ts';
import type { Spot } from '../../sandbox/city/projection.ts';
import { createRandom, type Random } from '../../sandbox/city/random.ts';

export type DayWish = {
  readonly seed: number;
  readonly orders: number;
  readonly restaurants: number;
  readonly clusters: number;
  /** Share of the courier hours that would serve everybody well: below 1 the day is understaffed. */
  readonly staffing: number;
};

const openMinutes = 14 * 60;
const lunch = { middle: 3.5 * 60, spread: 75 };
const dinner = { middle: 9.5 * 60, spread: 120 };
const citySideM = 10_000;
/** What a courier manages in an hour without hurry. */
const ordersPerHour = 1.9;
/** One courier in so many stays until the last order is out. */
const closersEvery = 8;
const shifts: readonly [number, ...number[]] = [90, 120, 180, 240];

export function generateInstance(wish: DayWish): InstanceFiles {
  const random = createRandom(wish.seed);
  const restaurants = restaurantsOf(wish, random.fork('restaurants'));
  const orders = ordersOf(wish, restaurants, random.fork('orders'));
  return {
    restaurants,
    orders,
    couriers: couriersOf(wish, { orders, restaurants }, random.fork('couriers')),
    parameters: { metersPerMinute: 320, pickupServiceMinutes: 4, dropoffServiceMinutes: 4 },
  };
}

const near = ({ x, y }: Spot, spreadM: number, random: Random): Spot => ({
  x: Math.max(0, Math.round(random.around(x, spreadM))),
  y: Math.max(0, Math.round(random.around(y, spreadM))),
});

function restaurantsOf(
  { restaurants, clusters }: DayWish,
  random: Random,
): readonly InstanceRestaurant[] {
  const inCity = (): Spot => ({
    x: random.between(0.15, 0.85) * citySideM,
    y: random.between(0.15, 0.85) * citySideM,
  });
  const centres = Array.from({ length: clusters }, inCity);
  return Array.from({ length: restaurants }, (_, index) => {
    const centre = centres[Math.floor(random.next() * centres.length)] ?? inCity();
    // One in five stands on its own.
    const spot = random.chance(0.2) ? near(inCity(), 500, random) : near(centre, 1_500, random);
    return { id: `r${index + 1}`, spot };
  });
}

/** A few restaurants get most of the orders, and every kitchen has its own pace. */
function ordersOf(
  { orders }: DayWish,
  restaurants: readonly InstanceRestaurant[],
  random: Random,
): readonly InstanceOrder[] {
  const paces = restaurants.map(({ id }) => random.fork(`pace ${id}`).between(8, 26));
  const made = Array.from({ length: orders }, (_, index) => {
    const own = random.fork(`order ${index}`);
    const at = Math.floor(own.next() ** 1.8 * restaurants.length);
    const { id, spot } = restaurants[at] ?? { id: 'r1', spot: { x: 0, y: 0 } };
    const placedAt = placementOf(own);
    const preparation = Math.max(2, Math.round(own.around(paces[at] ?? 15, 14)));
    const dropoff = near(spot, 4_200, own);
    return { id: '', restaurant: id, dropoff, placedAt, readyAt: placedAt + preparation };
  });
  return made
    .toSorted((a, b) => a.placedAt - b.placedAt)
    .map((order, index) => ({ ...order, id: `o${index + 1}` }));
}

function placementOf(random: Random): number {
  const draw = random.next();
  const rush = draw < 0.55 ? lunch : dinner;
  const minute =
    draw < 0.2 ? random.between(0, openMinutes) : random.around(rush.middle, rush.spread);
  return Math.round(Math.min(openMinutes - 45, Math.max(5, minute)));
}

type Town = Pick<InstanceFiles, 'orders' | 'restaurants'>;

/** Shifts begin in time for an order that is drawn, so they lie where the demand is. */
function couriersOf(
  { orders: count, staffing }: DayWish,
  { orders, restaurants }: Town,
  random: Random,
): readonly InstanceCourier[] {
  const minutesWanted = (count / ordersPerHour) * 60 * staffing;
  const couriers: InstanceCourier[] = [];
  for (let minutes = 0; minutes < minutesWanted;) {
    const own = random.fork(`courier ${couriers.length}`);
    const shift = own.pick(shifts);
    const order = orders[Math.floor(own.next() * orders.length)];
    const restaurant = restaurants[Math.floor(own.next() * restaurants.length)];
    const middle = order?.placedAt ?? openMinutes / 2;
    const isCloser = couriers.length % closersEvery === 0;
    const begin = isCloser ? openMinutes + 60 - shift : middle - own.next() * shift;
    const onAt = Math.max(0, Math.round(begin / 15) * 15);
    couriers.push({
      id: `c${couriers.length + 1}`,
      home: near(restaurant?.spot ?? { x: 0, y: 0 }, 2_500, own),
      onAt,
      offAt: Math.min(openMinutes + 60, onAt + shift),
    });
    minutes += shift;
  }
  return couriers;
}

/** Into `folder`, which is made when it is missing. */
export async function writeInstance(folder: string, day: InstanceFiles): Promise<void> {
  const { metersPerMinute, pickupServiceMinutes, dropoffServiceMinutes } = day.parameters;
  const tables: Readonly<Record<string, readonly (readonly (string | number)[])[]>> = {
    restaurants: [
      ['restaurant', 'x', 'y'],
      ...day.restaurants.map(({ id, spot }) => [id, spot.x, spot.y]),
    ],
    couriers: [
      ['courier', 'x', 'y', 'on_time', 'off_time'],
      ...day.couriers.map(({ id, home, onAt, offAt }) => [id, home.x, home.y, onAt, offAt]),
    ],
    orders: [
      ['order', 'x', 'y', 'placement_time', 'restaurant', 'ready_time'],
      ...day.orders.map(({ id, dropoff, placedAt, restaurant, readyAt }) => [
        id,
        dropoff.x,
        dropoff.y,
        placedAt,
        restaurant,
        readyAt,
      ]),
    ],
    instance_parameters: [
      [
        'meters_per_minute',
        'pickup service minutes',
        'dropoff service minutes',
        'target click-to-door',
        'maximum click-to-door',
        'pay per order',
        'guaranteed pay per hour',
      ],
      [metersPerMinute, pickupServiceMinutes, dropoffServiceMinutes, 40, 90, 10, 15],
    ],
  };
  await mkdir(folder, { recursive: true });
  for (const [name, rows] of Object.entries(tables)) {
    const lines = rows.map((row) => row.join('\t'));
    await writeFile(join(folder, `${name}.txt`), `${lines.join('\n')}\n`);
  }
}
