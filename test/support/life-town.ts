// Five markets on one stack, one per currency, in which orders live at random: what is paid with there, who sells and
// drives, two agents of support, and drivers who take the offers. Called by life.ts.

import { createApiClient, type ApiClient } from '../../sandbox/city/http.ts';
import type { ClientLog } from '../../sandbox/city/client-log.ts';
import type { Random } from '../../sandbox/city/random.ts';
import type { GoodsKind } from '../../domain/order.ts';
import type { Policy } from '../../domain/policy.ts';
import { currencies, worthOf, type Currency } from './currencies.ts';
import { branchAt, openShop, type Shop } from './shop.ts';
import type { Stack } from './stack.ts';

const everywhere = ['card', 'wallet', 'split', 'cash', 'external'] as const;
/** How an order is paid; mobile money by its operator. */
export type Way = (typeof everywhere)[number] | 'paypal' | 'campay' | 'noupay';

/** The payer is asked on the phone. */
export const isPhone = (way: Way): way is 'campay' | 'noupay' =>
  way === 'campay' || way === 'noupay';

const ways: Readonly<Record<Currency, readonly Way[]>> = {
  EUR: [...everywhere, 'paypal'],
  JPY: [...everywhere, 'paypal'],
  XAF: [...everywhere, 'campay', 'noupay'],
  KWD: everywhere,
  HUF: everywhere,
};
const kinds: Readonly<Record<Currency, GoodsKind>> = {
  EUR: 'restaurant',
  JPY: 'store',
  XAF: 'pharmacy',
  KWD: 'restaurant',
  HUF: 'store',
};
const driversPerMarket = 3;

const second = 1_000;
const minute = 60 * second;
/** A minute of the market is a second of ours, so that silence ends an order in seconds. */
const speed = 60;
/** Windows of hours are cut to half an hour; what waits for a provider gets the time that one takes. */
const policy: Partial<Policy> = {
  paymentActionTimeoutMs: 30 * minute,
  paymentCheckMs: 30 * minute,
  authorizeAheadMs: 30 * minute,
  branchPauseMs: second,
  collectMs: 20 * minute,
  searchLimitMs: 40 * minute,
  offerTtlMs: 3 * minute,
  dispatchTickMs: minute,
  dispatchIdleMs: second,
  returnWaitMs: 15 * minute,
  lateProofWindowMs: 30 * minute,
  moneyRetryMs: 5 * minute,
  moneyLimitMs: 90 * minute,
  cashRemitMs: 30 * minute,
  cashLimitMinor: 99_999_999,
};

export type Person = 'merchant' | 'customer' | 'driver' | 'agent';
export type Town = Awaited<ReturnType<typeof openTown>>;
export type Market = {
  readonly currency: Currency;
  readonly kind: GoodsKind;
  readonly ways: readonly Way[];
  readonly shop: Shop;
  /** Keys by id. */
  readonly drivers: ReadonlyMap<string, string>;
};

export type Life = {
  readonly n: number;
  readonly seed: number;
  readonly town: Town;
  readonly market: Market;
  readonly way: Way;
  readonly random: Random;
  readonly customer: { readonly id: string; readonly secret: string };
  readonly note: (line: string) => void;
  readonly log: ClientLog;
  /** Empty before the placing. */
  readonly orderId: string;
};

const providersOf = (all: readonly Way[]): readonly string[] => [
  'stripe',
  ...all.filter((way) => way !== 'card' && way !== 'split'),
];

/** Where and how the order of a life is paid: every way of a currency as often as the others. */
export function placeOf(
  { markets }: Pick<Town, 'markets'>,
  n: number,
): { readonly market: Market; readonly way: Way } {
  const market = markets.get(currencies[n % currencies.length] ?? 'EUR');
  if (!market) throw new Error('the town is not open');
  const way = market.ways[Math.floor(n / currencies.length) % market.ways.length] ?? 'card';
  return { market, way };
}

/** Drivers work until `close`. */
export async function openTown(stack: Stack, random: Random) {
  const over = new AbortController();
  const client = createApiClient({ baseUrl: stack.apiUrl, giveUpMs: 120_000 });
  const markets = new Map<Currency, Market>();
  for (const currency of currencies) markets.set(currency, await openMarket(stack, currency));
  const [agent = '', secondAgent = ''] = await Promise.all(
    [1, 2].map(() => keyFor(stack, client, { role: 'support' })),
  );
  const working = [...markets.values()].flatMap(({ drivers }) =>
    [...drivers].map(([id, secret]) =>
      drive({ client, secret, random: random.fork(id), signal: over.signal }),
    ),
  );
  return {
    stack,
    client,
    markets,
    agent,
    secondAgent,
    async close(): Promise<void> {
      over.abort();
      await Promise.all(working);
      client.close();
    },
  };
}

let keys = 0;
/** Never the same twice. */
export const freshKey = (): string => `life-${process.pid}-${(keys += 1)}`;

async function create(
  { adminKey }: Stack,
  client: ApiClient,
  { path, body }: { readonly path: string; readonly body: object },
): Promise<Readonly<Record<string, unknown>>> {
  const answer = await client.call({
    method: 'POST',
    path: `/v1/admin/${path}`,
    secret: adminKey,
    body,
    idempotencyKey: freshKey(),
  });
  if (answer.status !== 201) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  return answer.body as Readonly<Record<string, unknown>>;
}

const keyFor = async (stack: Stack, client: ApiClient, body: object): Promise<string> =>
  String((await create(stack, client, { path: 'keys', body }))['secret']);

export async function newCustomer(
  { stack, client }: Pick<Town, 'stack' | 'client'>,
  { shop }: Market,
): Promise<{ readonly id: string; readonly secret: string }> {
  const body = { name: 'Carla Canary', phone: '+4915100000002', merchant_id: shop.ids.merchant };
  const id = String((await create(stack, client, { path: 'customers', body }))['id']);
  return { id, secret: await keyFor(stack, client, { role: 'customer', customer_id: id }) };
}

async function openMarket(stack: Stack, currency: Currency): Promise<Market> {
  const kind = kinds[currency];
  const shop = await openShop(stack, {
    policy,
    speed,
    currency,
    kind,
    payment_providers: providersOf(ways[currency]),
    capacity: 10,
    driver_pay_minor: worthOf(400, currency),
    delivery_fee_minor: worthOf(300, currency),
  });
  const drivers = new Map([[shop.ids.driver, shop.driverKey]]);
  const client = createApiClient({ baseUrl: stack.apiUrl, giveUpMs: 60_000 });
  for (let n = 2; n <= driversPerMarket; n += 1) {
    const phone = `+491510000010${n}`;
    const body = { market_id: shop.ids.market, name: 'Dana Driver', phone, capacity: 10 };
    const id = String((await create(stack, client, { path: 'drivers', body }))['id']);
    drivers.set(id, await keyFor(stack, client, { role: 'driver', driver_id: id }));
  }
  client.close();
  return { currency, kind, ways: ways[currency], shop, drivers };
}

type Driving = {
  readonly client: ApiClient;
  readonly secret: string;
  readonly random: Random;
  readonly signal: AbortSignal;
};

/** Stands at the branch and answers offers, most of them with yes. */
async function drive({ client, secret, random, signal }: Driving): Promise<void> {
  const say = (path: string, body: object = {}) =>
    client.call({ method: 'POST', path, secret, body, idempotencyKey: freshKey() });
  await say('/v1/driver/online', { location: branchAt });
  while (!signal.aborted) {
    const at = new Date().toISOString();
    await say('/v1/positions', { positions: [{ at, ...branchAt }] });
    const { body } = await client.call({ method: 'GET', path: '/v1/offers?wait=5', secret });
    const offers = (body as { readonly data?: readonly { id: string; status: string }[] }).data;
    for (const { id, status } of offers ?? [])
      if (status === 'open')
        await say(`/v1/offers/${id}/${random.chance(0.9) ? 'accept' : 'decline'}`);
  }
}
