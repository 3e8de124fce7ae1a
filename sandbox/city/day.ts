// Plays a planned day: founds the city, sets the clock going, lets every robot live its part, and waits
// until the last order has ended and its money has settled. Robots meet the system through its public
// API only. Called by `npm start` and by tests.

import { setTimeout as delay } from 'node:timers/promises';
import { openClientLog } from './client-log.ts';
import { createClock } from './clock.ts';
import { orderMeal } from './customer.ts';
import { createDriver } from './driver.ts';
import { figuresOf, type DayFigures } from './figures.ts';
import { createApiClient, type ApiClient } from './http.ts';
import { createMerchant } from './merchant.ts';
import { openMarket, type Market } from './open-market.ts';
import { payEverybody, type PayDay } from './pay-day.ts';
import type { CityPlan } from './plan.ts';
import { createRandom } from './random.ts';
import type { City } from './robot.ts';
import { workTheQueue } from './support.ts';
import { createWorld, hasEnded, type OrderLife, type World } from './world.ts';
import { lengthOf } from './wire.ts';

export type DayOptions = {
  readonly plan: CityPlan;
  readonly speed: number;
  readonly apiUrl: string;
  readonly adminKey: string;
  /** The provider's sandbox. */
  readonly bankUrl: string | undefined;
  /** Where payers of PayPal and mobile money say yes. */
  readonly payersUrl?: string | undefined;
  readonly clientLogFile: string;
  /** How long the engine will be away in the middle of the day. */
  readonly awayMs?: number;
  /** Stops the day. */
  readonly signal?: AbortSignal | undefined;
  /** Called once the city is founded and its clock runs. */
  readonly onOpen?: (view: DayView) => void;
};

export type DayView = {
  readonly world: World;
  readonly market: Market;
  readonly retries: () => ReadonlyMap<string, number>;
};

export type Day = {
  readonly market: Market;
  readonly lives: readonly OrderLife[];
  readonly figures: DayFigures;
  /** Of the orders that the system still calls open. */
  readonly openAtEnd: number;
  /** Undefined: nobody was paid out. */
  readonly payDay: PayDay | undefined;
  readonly oddities: ReadonlyMap<string, number>;
  readonly retries: ReadonlyMap<string, number>;
  readonly realSeconds: number;
};

/** A robot asks for the same thing this long before it gives up, beyond the outage that it must survive. */
const giveUpMs = 600_000;
/** After the last order was placed every order must end by itself in this time, of the city and at least of ours. */
const endMinutes = 240;
const endMs = 300_000;
/** After the last order has ended: for its money, beyond the time in which cash must be handed in. */
const settleMs = 60_000;
const lookEveryMs = 250;

export async function playDay(options: DayOptions): Promise<Day> {
  const { plan, speed, apiUrl, adminKey, awayMs = 0 } = options;
  const founding = createApiClient({ baseUrl: apiUrl, giveUpMs, signal: options.signal });
  const market = await openMarket({
    client: founding,
    adminKey,
    plan,
    speed,
    bankUrl: options.bankUrl,
  });
  const over = new AbortController();
  const signal = AbortSignal.any([
    over.signal,
    ...(options.signal === undefined ? [] : [options.signal]),
  ]);
  const startedAt = Date.now();
  const clock = createClock({ speed, startMinute: plan.startsAt, startedAt });
  const client = createApiClient({ baseUrl: apiUrl, giveUpMs: giveUpMs + awayMs, signal });
  const log = openClientLog(options.clientLogFile);
  const world = createWorld(plan, clock);
  const merchantIds = [...market.merchants.values()].map(({ id }) => id);
  log.write({ kind: 'day', at: new Date().toISOString(), marketId: market.id, merchantIds });
  const { bankUrl, payersUrl } = options;
  const ends = { bankUrl, payersUrl, awayMs, signal };
  const city: City = { world, clock, client, log, market, adminKey, ...ends };
  options.onOpen?.({ world, market, retries: client.retries });
  const merchants = [...market.merchants.values()].map((identity) =>
    createMerchant(city, identity),
  );
  const living = [
    ...merchants.map((merchant) => merchant.run().catch(ignore)),
    ...driversOf(city),
    workTheQueue(city).catch(ignore),
  ];
  await Promise.all(plan.orders.map((order, index) => orderMeal(city, order, index)));
  await allEnded(city);
  const openAtEnd = await settle(city);
  over.abort();
  await Promise.all(living);
  await Promise.all(merchants.map((merchant) => merchant.drain(founding)));
  if (options.signal?.aborted !== true) log.write({ kind: 'day_ended', merchantIds });
  await sendHome(city, founding);
  const payDay =
    bankUrl === undefined || options.signal?.aborted === true
      ? undefined
      : await payEverybody({ client: founding, adminKey, market, signal: options.signal });
  await log.close();
  const realSeconds = (Date.now() - startedAt) / 1_000;
  const retries = client.retries();
  client.close();
  founding.close();
  return {
    market,
    lives: world.lives(),
    figures: figuresOf(world.lives()),
    openAtEnd,
    payDay,
    oddities: world.oddities(),
    retries,
    realSeconds,
  };
}

const ignore = (): void => undefined;

function driversOf(city: City): readonly Promise<void>[] {
  const random = createRandom(city.world.plan.seed);
  return city.world.plan.drivers.flatMap((plan) => {
    const identity = city.market.drivers.get(plan.name);
    return identity === undefined
      ? []
      : [createDriver({ city, identity, plan, random: random.fork(plan.name) }).run()];
  });
}

const isUnderWay = (life: OrderLife): boolean => life.orderId !== undefined && !hasEnded(life);

/** Everything that was placed was delivered or has ended early, as the merchants heard it. */
async function allEnded({ world, clock, awayMs, signal }: City): Promise<void> {
  const lastPlacedAt = world.plan.orders.at(-1)?.placedAt ?? 0;
  // What was put off after an outage ends as much later.
  const deadline = Math.max(clock.realAt(lastPlacedAt + endMinutes), Date.now() + endMs) + awayMs;
  while (!signal.aborted && Date.now() < deadline && world.lives().some(isUnderWay))
    await delay(lookEveryMs);
}

/** How many orders the system still calls open when their money has had time. */
async function settle(city: City): Promise<number> {
  const cashMs = (city.world.plan.policy.cashRemitMs ?? 0) / city.clock.speed;
  const deadline = Date.now() + settleMs + cashMs + city.awayMs;
  for (;;) {
    const open = await countOpen(city).catch(() => undefined);
    if (open === 0 || city.signal.aborted || Date.now() > deadline) return open ?? Number.NaN;
    await delay(lookEveryMs);
  }
}

async function countOpen({ client, market }: City): Promise<number> {
  const lists = await Promise.all(
    [...market.merchants.values()].map(({ secret }) =>
      client.call({ method: 'GET', path: '/v1/orders?open=true&limit=100', secret }),
    ),
  );
  return lists.reduce((total, { body }) => total + lengthOf(body), 0);
}

/** Nobody who has stopped playing is left online. Refused for those who went already. */
async function sendHome({ market }: City, client: ApiClient): Promise<void> {
  for (const { id, secret } of market.drivers.values()) {
    await client.call({
      method: 'POST',
      path: '/v1/driver/offline',
      secret,
      body: {},
      idempotencyKey: `home-${id}`,
    });
  }
}
