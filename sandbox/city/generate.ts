// Makes up a small day: restaurants in a few clusters, customers around them, two rushes, drivers on
// shifts. Synthetic from its seed alone. Used by `npm start` and by tests.

import { driverMoods, drawOrderMoods, type MoodRates } from './moods.ts';
import type { CityPlan, PlannedBranch, PlannedDriver, PlannedOrder } from './plan.ts';
import type { Spot } from './projection.ts';
import { createRandom, type Random } from './random.ts';

export type DayOptions = {
  readonly seed: number;
  readonly orders: number;
  readonly drivers: number;
  readonly moods: MoodRates;
};

/** The evening of the city: from 17:00, orders for three hours and a quarter, the last ones home by 21:00. */
const opensAt = 17 * 60;
const orderingMinutes = 195;
const closesAt = opensAt + 300;

const clusters: readonly [Spot, ...Spot[]] = [
  { x: 3_600, y: 3_900 },
  { x: 6_100, y: 5_200 },
  { x: 4_900, y: 6_900 },
];
const merchants = [
  'Panecillo Kitchens',
  'La Ronda Foods',
  'Carolina Street Eats',
  'Mitad Pantry',
] as const;
const branchesPerMerchant = 5;
const dishes: readonly [string, ...string[]] = [
  'Locro',
  'Hornado',
  'Empanadas',
  'Ceviche',
  'Llapingachos',
  'Seco',
];

export function generateDay({ seed, orders, drivers, moods }: DayOptions): CityPlan {
  const random = createRandom(seed);
  const branches = makeBranches(random.fork('branches'));
  return {
    name: `generated day, seed ${seed}`,
    seed,
    startsAt: opensAt - 1,
    metersPerMinute: 320,
    roadFactor: 1.3,
    wholeMinutes: false,
    pickupServiceMinutes: 3,
    dropoffServiceMinutes: 3,
    merchants,
    branches,
    drivers: Array.from({ length: drivers }, (_, index) =>
      makeDriver({ index, of: drivers, moods, random: random.fork(`driver ${index}`) }),
    ),
    orders: Array.from({ length: orders }, (_, index) =>
      makeOrder({ index, branches, moods, random: random.fork(`order ${index}`) }),
    ).toSorted((a, b) => a.placedAt - b.placedAt),
  };
}

const near = (centre: Spot, spreadM: number, random: Random): Spot => ({
  x: Math.round(random.around(centre.x, spreadM)),
  y: Math.round(random.around(centre.y, spreadM)),
});

const makeBranches = (random: Random): readonly PlannedBranch[] =>
  merchants.flatMap((merchant) =>
    Array.from({ length: branchesPerMerchant }, (_, index) => ({
      name: `${merchant} ${index + 1}`,
      merchant,
      spot: near(random.pick(clusters), 900, random),
    })),
  );

type Making<More> = More & {
  readonly index: number;
  readonly moods: MoodRates;
  readonly random: Random;
};

function makeDriver({ index, of, moods, random }: Making<{ readonly of: number }>): PlannedDriver {
  // The first third is there from the beginning, the others come for the rush.
  const early = index < of / 3;
  return {
    name: `driver ${index + 1}`,
    home: near(random.pick(clusters), 2_000, random),
    onAt: early ? opensAt - 1 : Math.round(opensAt + random.between(0, 45)),
    offAt: closesAt,
    ...driverMoods(moods),
  };
}

/** Two rushes, an early and a late one, over an even ground. */
function drawPlacement(random: Random): number {
  const draw = random.next();
  if (draw < 0.35) return random.between(0, orderingMinutes);
  const rush = draw < 0.6 ? 45 : 135;
  return Math.min(orderingMinutes, Math.max(0, random.around(rush, 45)));
}

function makeOrder(making: Making<{ readonly branches: readonly PlannedBranch[] }>): PlannedOrder {
  const { index, branches, moods, random } = making;
  const [first, ...rest] = branches;
  if (first === undefined) throw new Error('a day needs branches');
  const branch = random.pick([first, ...rest]);
  return {
    name: `o${index + 1}`,
    branch: branch.name,
    dropoff: near(branch.spot, 3_200, random),
    placedAt: opensAt + drawPlacement(random),
    acceptsAfter: random.between(0.2, 1.2),
    food: { kind: 'takes', minutes: random.between(8, 18) },
    items: [
      {
        name: random.pick(dishes),
        quantity: 1 + Math.floor(random.between(0, 2)),
        unitPriceMinor: Math.round(random.between(700, 1_900)),
      },
      ...(random.chance(0.5) ? [{ name: 'Lemonade', quantity: 1, unitPriceMinor: 250 }] : []),
    ],
    tipMinor: random.chance(0.4) ? Math.round(random.between(1, 4)) * 100 : 0,
    ...drawOrderMoods(moods, random.fork('moods')),
  };
}
