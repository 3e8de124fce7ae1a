// Makes up a small day: restaurants in a few clusters, customers around them, two rushes, drivers on
// shifts. Synthetic from its seed alone. Used by `npm start` and by tests.

import { fatedPolicy, fates, type Dealt, type Setting } from './fates.ts';
import { driverMoods, drawOrderMoods, obliging, type MoodRates } from './moods.ts';
import type {
  CityPlan,
  PlannedBranch,
  PlannedDriver,
  PlannedMerchant,
  PlannedOrder,
  Script,
} from './plan.ts';
import type { Spot } from './projection.ts';
import { createRandom, type Random } from './random.ts';

/** PayPal knows no francs of Central Africa, their operators nothing else. */
export const methodsOfDay = ['paypal', 'mobile_money', 'wallet', 'mixed'] as const;
export type Methods = (typeof methodsOfDay)[number];

export type DayOptions = {
  readonly seed: number;
  readonly orders: number;
  readonly drivers: number;
  readonly moods: MoodRates;
  /** Deals one order per fate first; then `orders` must be as many at least. */
  readonly withFates?: boolean;
  /** How orders are paid beside cards; absent: by card alone. */
  readonly methods?: Methods | undefined;
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

const restaurant = (name: string): PlannedMerchant => ({ name, kind: 'restaurant' });
const pharmacy: PlannedMerchant = { name: 'Botica Central', kind: 'pharmacy' };
const store: PlannedMerchant = { name: 'Bodega del Barrio', kind: 'store' };

/** Farther from the city than any driver is asked to go. */
const farAway: Spot = { x: 30_000, y: 5_000 };
const settings: Readonly<Record<Setting, PlannedBranch>> = {
  pharmacy: { name: 'Botica', merchant: pharmacy.name, spot: { x: 4_800, y: 5_200 } },
  store: { name: 'Bodega', merchant: store.name, spot: { x: 5_100, y: 5_600 } },
  far_away: { name: 'Mitad Pantry Far Away', merchant: 'Mitad Pantry', spot: farAway },
  quiet_corner: {
    name: 'La Ronda Foods Quiet Corner',
    merchant: 'La Ronda Foods',
    spot: { x: 4_600, y: 4_700 },
  },
};
/** Fated orders come first, so that what takes long has the evening to end in. */
const fatesFromMinute = 3;
const fatesMinutes = 75;
const dishes: readonly [string, ...string[]] = [
  'Locro',
  'Hornado',
  'Empanadas',
  'Ceviche',
  'Llapingachos',
  'Seco',
];

export function generateDay(options: DayOptions): CityPlan {
  const { seed, orders, drivers, moods, withFates = false, methods } = options;
  const random = createRandom(seed);
  const branches = makeBranches(random.fork('branches'));
  const dealt = withFates ? fates : [];
  return {
    name: `generated day, seed ${seed}`,
    ...(methods === undefined ? {} : { money: moneyOf[methods] }),
    seed,
    startsAt: opensAt - 1,
    metersPerMinute: 320,
    roadFactor: 1.3,
    wholeMinutes: false,
    pickupServiceMinutes: 3,
    dropoffServiceMinutes: 3,
    merchants: [...merchants.map(restaurant), ...(withFates ? [pharmacy, store] : [])],
    policy: withFates ? fatedPolicy : {},
    branches: [...branches, ...(withFates ? Object.values(settings) : [])],
    drivers: Array.from({ length: drivers }, (_, index) =>
      makeDriver({ index, of: drivers, moods, withFates, random: random.fork(`driver ${index}`) }),
    ),
    orders: Array.from({ length: orders }, (_, index) => {
      const making = { index, branches, moods, random: random.fork(`order ${index}`) };
      const fate = dealt[index];
      if (fate !== undefined) return deal(fate, making);
      const order = makeOrder(making);
      return methods === undefined
        ? order
        : paidSomehow(order, { methods, random: making.random.fork('method') });
    }).toSorted((a, b) => a.placedAt - b.placedAt),
  };
}

const anywhere: readonly [Script, ...Script[]] = [
  {},
  { method: 'cash', remits: 'all' },
  { method: 'external' },
];
const ways: Readonly<Record<Methods, readonly [Script, ...Script[]]>> = {
  paypal: [...anywhere, { method: 'paypal' }],
  wallet: [...anywhere, { method: 'wallet' }, { method: 'split' }],
  mixed: [...anywhere, {}, {}, { method: 'paypal' }, { method: 'wallet' }, { method: 'split' }],
  mobile_money: [
    ...anywhere,
    { method: 'mobile_money', operator: 'campay' },
    { method: 'mobile_money', operator: 'noupay' },
  ],
};
/** What happens to what was paid, where it can. */
const turns: readonly [Script, ...Script[]] = [
  {},
  { afterwards: { kind: 'refund', what: 'item' } },
  { afterwards: { kind: 'refund', what: 'all' } },
];
const turnsOfCards: readonly [Script, ...Script[]] = [
  ...turns,
  { afterwards: { kind: 'tip', amountMinor: 200 } },
  { afterwards: { kind: 'dispute', outcome: 'won' } },
  { afterwards: { kind: 'dispute', outcome: 'lost' } },
];

/** Of an order with more than one dish. */
const missing: Script = { substitution: 'remove', shortage: { substitute: false } };

function mixed({ items }: PlannedOrder, random: Random): Script {
  const way = random.pick(ways.mixed);
  if (way.method === 'external' || way.method === 'cash') return way;
  const [first, ...others] = way.method === undefined ? turnsOfCards : turns;
  return { ...way, ...random.pick([first, ...others, ...(items.length > 1 ? [missing] : [])]) };
}

const moneyOf = {
  paypal: { currency: 'USD', providers: ['stripe', 'paypal', 'cash', 'external'] },
  wallet: { currency: 'USD', providers: ['stripe', 'wallet', 'cash', 'external'] },
  mixed: { currency: 'USD', providers: ['stripe', 'paypal', 'wallet', 'cash', 'external'] },
  mobile_money: { currency: 'XAF', providers: ['stripe', 'campay', 'noupay', 'cash', 'external'] },
} as const;
/** Who does something with a card, has one. */
const needsNoCard: ReadonlySet<string> = new Set(['calm', 'impatient']);

const paidSomehow = (
  order: PlannedOrder,
  { methods, random }: { readonly methods: Methods; readonly random: Random },
): PlannedOrder =>
  needsNoCard.has(order.customerMood.kind)
    ? { ...order, script: methods === 'mixed' ? mixed(order, random) : random.pick(ways[methods]) }
    : order;

type MakingOrder = Making<{ readonly branches: readonly PlannedBranch[] }>;

/** An order that nothing happens to but its fate. */
function deal(
  { setting, name, ends, shows, ...scripted }: Dealt,
  making: MakingOrder,
): PlannedOrder {
  const { index, branches, random } = making;
  const at = setting === undefined ? branches : [settings[setting]];
  return {
    ...makeOrder({ ...making, branches: at, moods: obliging }),
    placedAt: opensAt + fatesFromMinute + (fatesMinutes * index) / fates.length,
    items: [
      { name: random.pick(dishes), quantity: 2, unitPriceMinor: 850 },
      { name: 'Lemonade', quantity: 1, unitPriceMinor: 250 },
    ],
    ...scripted,
    fate: { name, ends, shows },
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

type MakingDriver = Making<{ readonly of: number; readonly withFates: boolean }>;

function makeDriver({ index, of, moods, withFates, random }: MakingDriver): PlannedDriver {
  // The first third is there from the beginning, the others come for the rush.
  const early = index < of / 3;
  return {
    name: `driver ${index + 1}`,
    home: near(random.pick(clusters), 2_000, random),
    onAt: early ? opensAt - 1 : Math.round(opensAt + random.between(0, 45)),
    offAt: closesAt,
    // Two of three have a rack for a second and third bag; what befalls a fated order befalls no other with it.
    capacity: withFates || index % 3 === 2 ? 1 : 3,
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

function makeOrder({ index, branches, moods, random }: MakingOrder): PlannedOrder {
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
    script: {},
    tipMinor: random.chance(0.4) ? Math.round(random.between(1, 4)) * 100 : 0,
    ...drawOrderMoods(moods, random.fork('moods')),
  };
}
