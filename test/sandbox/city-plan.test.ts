// What a day in the city is made of: map, chance, clock, instances, generated days, figures.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { distanceM } from '../../domain/geo.ts';
import { createClock } from '../../sandbox/city/clock.ts';
import { figuresOf, spreadOf } from '../../sandbox/city/figures.ts';
import { generateDay } from '../../sandbox/city/generate.ts';
import { busiestHours, readInstance } from '../../sandbox/city/instance.ts';
import { difficult, obliging } from '../../sandbox/city/moods.ts';
import { formatMinute, type PlannedOrder } from '../../sandbox/city/plan.ts';
import { placeOf, spotOf, straightM, type Spot } from '../../sandbox/city/projection.ts';
import { createRandom } from '../../sandbox/city/random.ts';
import { createWorld, driveMinutes, type OrderLife } from '../../sandbox/city/world.ts';

describe('map', () => {
  const random = createRandom(7);
  const spots: readonly Spot[] = Array.from({ length: 200 }, () => ({
    x: Math.round(random.between(-1_000, 30_000)),
    y: Math.round(random.between(-1_000, 30_000)),
  }));

  it('agrees with the earth to less than 0.1 % over a whole city', () => {
    const errors = spots.slice(1).map((spot, index) => {
      const from = spots[index] ?? spot;
      const metres = straightM(from, spot);
      return Math.abs(distanceM(placeOf(from), placeOf(spot)) - metres) / metres;
    });
    expect(Math.max(...errors)).toBeLessThan(0.001);
  });

  it('gives every whole metre back, also from places that went through JSON', () => {
    const back = spots.map((spot) => spotOf(JSON.parse(JSON.stringify(placeOf(spot)))));
    expect(back).toEqual(spots);
  });
});

describe('drives', () => {
  const benchmark = { metersPerMinute: 314, roadFactor: 1, wholeMinutes: true };

  it('take whole minutes, rounded up, and are exact where a hypotenuse is not', () => {
    // Math.hypot says 6 here; see the notes of the benchmark.
    expect(driveMinutes(benchmark, { from: { x: 0, y: 0 }, to: { x: 112, y: 1_566 } })).toBe(5);
    expect(driveMinutes(benchmark, { from: { x: 0, y: 0 }, to: { x: 315, y: 0 } })).toBe(2);
    expect(driveMinutes(benchmark, { from: { x: 5, y: 5 }, to: { x: 5, y: 5 } })).toBe(0);
  });

  it('follow the roads in a city that is no benchmark', () => {
    const city = { metersPerMinute: 300, roadFactor: 1.5, wholeMinutes: false };
    expect(driveMinutes(city, { from: { x: 0, y: 0 }, to: { x: 1_000, y: 0 } })).toBe(5);
  });
});

describe('chance', () => {
  it('repeats itself for a seed, and streams do not disturb one another', () => {
    const [one, other] = [createRandom(3), createRandom(3)];
    one.fork('a').next();
    expect(one.next()).toBe(other.next());
    expect(one.fork('b').next()).toBe(other.fork('b').next());
    expect(one.fork('b').next()).not.toBe(one.fork('c').next());
    expect(createRandom(4).next()).not.toBe(createRandom(3).next());
  });
});

describe('clock', () => {
  it('shows minutes of the city and waits for them', async () => {
    const clock = createClock({ speed: 600, startMinute: 100, startedAt: 1_000_000 });
    expect(clock.realAt(101)).toBe(1_000_100);
    expect(clock.minuteAt(1_000_250)).toBe(102.5);
    const running = createClock({ speed: 6_000, startMinute: 0, startedAt: Date.now() });
    await expect(running.waitUntil(3)).resolves.toBe(true);
    expect(running.minute()).toBeGreaterThanOrEqual(3);
    await expect(running.waitUntil(1e6, AbortSignal.timeout(20))).resolves.toBe(false);
  });

  it('stands still while it is paused, and whoever waits on it waits on', async () => {
    const clock = createClock({ speed: 60_000, startMinute: 0, startedAt: Date.now() });
    clock.pause();
    const shown = clock.minute();
    let passed = false;
    const waiting = clock.waitUntil(shown + 20).then(() => void (passed = true));
    await expect(clock.waitUntil(shown + 1, AbortSignal.timeout(60))).resolves.toBe(false);
    expect([clock.minute(), passed]).toEqual([shown, false]);
    clock.resume();
    await waiting;
    expect(clock.minute()).toBeGreaterThanOrEqual(shown + 20);
    expect(clock.minute()).toBeLessThan(shown + 1_000);
  });
});

const heading = 'a\tb\tc\td\te\tf\tg';
const files: Readonly<Record<string, readonly string[]>> = {
  orders: [
    'o1\t300\t400\t100\tr1\t115',
    'o2\t10\t20\t90\tr2\t99',
    'o3\t10\t20\t400\tr1\t420',
    'o4\t10\t20\t401\tr1\t420',
  ],
  couriers: ['c1\t0\t500\t80\t200', 'c2\t9\t9\t380\t500'],
  restaurants: ['r1\t0\t0', 'r2\t1000\t0'],
  instance_parameters: ['320\t4\t6\t40\t90\t10\t15'],
};

describe('an instance', () => {
  let folder: string;
  const read = (more: { readonly from?: number; readonly to?: number } = {}) =>
    readInstance({ folder, seed: 1, moods: obliging, ...more });
  const write = (name: string, lines: readonly string[]) =>
    writeFile(join(folder, `${name}.txt`), `${[heading, ...lines].join('\n')}\n`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-instance-'));
    for (const [name, lines] of Object.entries(files)) await write(name, lines);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('becomes a day: orders by placement, true ready times, its speed and services', async () => {
    const plan = await read();
    expect(plan.orders.map(({ name, placedAt, food }) => [name, placedAt, food])).toEqual([
      ['o2', 90, { kind: 'ready_at', minute: 99 }],
      ['o1', 100, { kind: 'ready_at', minute: 115 }],
      ['o3', 400, { kind: 'ready_at', minute: 420 }],
      ['o4', 401, { kind: 'ready_at', minute: 420 }],
    ]);
    expect(plan).toMatchObject({
      metersPerMinute: 320,
      roadFactor: 1,
      wholeMinutes: true,
      pickupServiceMinutes: 4,
      dropoffServiceMinutes: 6,
      startsAt: 89,
    });
    expect(plan.drivers.map(({ name, home, onAt, offAt }) => [name, home, onAt, offAt])).toEqual([
      ['c1', { x: 0, y: 500 }, 80, 200],
      ['c2', { x: 9, y: 9 }, 380, 500],
    ]);
    expect(
      plan.orders.every(
        ({ merchantMood, customerMood }) =>
          merchantMood === 'prompt' && customerMood.kind === 'calm',
      ),
    ).toBe(true);
  });

  it('is cut by placement time, and couriers who have gone home stay there', async () => {
    const plan = await read({ from: 300, to: 401 });
    expect(plan.orders.map(({ name }) => name)).toEqual(['o3']);
    expect(plan.drivers.map(({ name }) => name)).toEqual(['c2']);
    await expect(read({ from: 500 })).rejects.toThrow('no order');
  });

  it('says which three hours are the busiest', async () => {
    const plan = await read();
    expect(busiestHours(plan.orders)).toEqual({ from: 90, to: 270, count: 2 });
  });

  it('names file, line and column of what it cannot read', async () => {
    await write('restaurants', ['r1\tzero\t0', 'r2\t1000\t0']);
    await expect(read()).rejects.toThrow(
      /restaurants\.txt:2: column 2 must be a number, not "zero"/,
    );
    await write('restaurants', ['r1\t0\t0']);
    await expect(read()).rejects.toThrow('names no restaurant of restaurants.txt: "r2"');
    await expect(readInstance({ folder: '/nowhere', seed: 1, moods: obliging })).rejects.toThrow(
      '/nowhere is no instance',
    );
  });
});

const day = (seed: number) => generateDay({ seed, orders: 80, drivers: 20, moods: difficult });

describe('a generated day', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(day(1)).toEqual(day(1));
    expect(day(1).orders).not.toEqual(day(2).orders);
  });

  it('has what was asked for, in order of time, at branches that exist', () => {
    const plan = day(3);
    const names = new Set(plan.branches.map(({ name }) => name));
    expect([plan.orders.length, plan.drivers.length]).toEqual([80, 20]);
    expect(plan.orders.every(({ branch }) => names.has(branch))).toBe(true);
    expect(plan.orders.map(({ placedAt }) => placedAt)).toEqual(
      plan.orders.map(({ placedAt }) => placedAt).toSorted((a, b) => a - b),
    );
  });

  it.each([
    ['paypal', 'USD', ['paypal']],
    ['mobile_money', 'XAF', ['campay', 'noupay']],
    ['wallet', 'USD', ['wallet', 'split']],
    ['mixed', 'USD', ['paypal', 'wallet', 'split']],
  ] as const)(
    'is paid by %s too when that is asked for, cards by who acts with one',
    (...asked) => {
      const [methods, currency, others] = asked;
      const made = { seed: 1, orders: 300, drivers: 1, moods: difficult };
      const { orders, money } = generateDay({ ...made, methods });
      const ways = orders.map(({ script: { method = 'card', operator } }) => operator ?? method);
      expect(new Set(ways)).toEqual(new Set(['card', 'cash', 'external', ...others]));
      const acts = orders.filter(({ customerMood: { kind } }) => kind === 'second_card');
      expect(acts.every(({ script: { method } }) => method === undefined)).toBe(true);
      expect(money?.currency).toBe(currency);
      expect(generateDay(made).money).toBeUndefined();
    },
  );

  it('has goods missing, tips, refunds and disputes when everything is mixed', () => {
    const made = { seed: 1, orders: 300, drivers: 1, moods: obliging, methods: 'mixed' } as const;
    const scripts = generateDay(made).orders.map(({ script }) => script);
    const kinds = new Set(scripts.map(({ afterwards }) => afterwards?.kind));
    expect(kinds).toEqual(new Set([undefined, 'tip', 'refund', 'dispute']));
    expect(scripts.some(({ shortage }) => shortage !== undefined)).toBe(true);
    const disputed = scripts.filter(({ afterwards }) => afterwards?.kind === 'dispute');
    expect(disputed.every(({ method }) => method === undefined)).toBe(true);
  });

  it('has every mood on a difficult day', () => {
    const orders = generateDay({ seed: 1, orders: 300, drivers: 1, moods: difficult }).orders;
    expect(new Set(orders.map(({ merchantMood }) => merchantMood))).toEqual(
      new Set(['prompt', 'late', 'silent']),
    );
    expect(new Set(orders.map(({ customerMood }) => customerMood.kind))).toEqual(
      new Set(['calm', 'second_card', 'gives_up', 'authenticates', 'impatient']),
    );
  });
});

describe('goods that stand on the road', () => {
  it('are fetched by the nearest driver who has nothing to do, and by nobody else', () => {
    const clock = createClock({ speed: 1, startMinute: 0, startedAt: Date.now() });
    const world = createWorld(day(1), clock);
    const came: string[] = [];
    let near: Spot | undefined;
    const standBy = (name: string, idleAt: () => Spot | undefined): void =>
      world.standBy({
        idleAt,
        come: (orderId, { x }) => void came.push(`${name} ${orderId} ${x}`),
      });
    standBy('far', () => ({ x: 9_000, y: 0 }));
    standBy('near', () => near);
    world.sendHelp('nowhere');
    world.breakDown('a', { x: 1_000, y: 0 });
    world.breakDown('b', { x: 2_000, y: 0 });
    world.sendHelp('a');
    near = { x: 1_500, y: 0 };
    world.sendHelp('b');
    world.sendHelp('b');
    expect(came).toEqual(['far a 1000', 'near b 2000']);
  });
});

const life = (part: Partial<OrderLife>): OrderLife => ({
  plan: { name: 'o' } as PlannedOrder,
  orderId: 'ord',
  stage: 'delivered',
  endReason: undefined,
  placedAt: 0,
  deliveredAt: 30,
  ...part,
});

describe('figures', () => {
  it('count what was delivered, what was late, and why the rest was not', () => {
    const figures = figuresOf([
      life({}),
      life({ deliveredAt: 41 }),
      life({ stage: 'ended early', deliveredAt: undefined, endReason: 'merchant_expired' }),
      life({ stage: 'preparing', deliveredAt: undefined }),
    ]);
    expect(figures).toMatchObject({ orders: 4, delivered: 2, collected: 0, unfinished: 1 });
    expect(figures.late).toBe(1);
    expect([...figures.endReasons]).toEqual([
      ['merchant_expired', 1],
      ['still preparing', 1],
    ]);
    expect(figures.clickToDoor).toEqual({ mean: 35.5, median: 35.5, p90: 39.9, max: 41 });
  });

  it('interpolate percentiles, and show minutes as a clock does', () => {
    expect(spreadOf([4, 1, 3, 2])).toMatchObject({ mean: 2.5, median: 2.5, max: 4 });
    expect([formatMinute(0), formatMinute(75.9)]).toEqual(['00:00', '01:15']);
  });
});
