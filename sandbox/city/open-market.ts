// Founds the city through the admin routes: a market with its speed, merchants, branches, drivers, the
// customers that need a key, and everybody's keys.

import { placeOf } from './projection.ts';
import { usesWallet, type CityPlan } from './plan.ts';
import { personOf } from './people.ts';
import { fieldOf, idOf } from './wire.ts';
import type { ApiClient } from './http.ts';

export type Identity = { readonly id: string; readonly secret: string };

export type Market = {
  readonly id: string;
  readonly currency: string;
  /** By name of the plan. */
  readonly merchants: ReadonlyMap<string, Identity>;
  readonly branches: ReadonlyMap<string, { readonly id: string; readonly merchant: string }>;
  readonly drivers: ReadonlyMap<string, Identity>;
  /** By name of the order; only customers who will do something themselves. */
  readonly customers: ReadonlyMap<string, Identity>;
  readonly support: Identity;
};

type Opening = {
  readonly client: ApiClient;
  readonly adminKey: string;
  readonly plan: CityPlan;
  readonly speed: number;
  /** The provider's sandbox, where everybody gets an account to be paid out to. */
  readonly bankUrl: string | undefined;
};
type Post = (path: string, body: object) => Promise<unknown>;

const atOnce = 4;

/** Throws with the API's answer when one of them is refused. */
export async function openMarket(opening: Opening): Promise<Market> {
  const { plan, bankUrl } = opening;
  const post = createPost(opening);
  const id = idOf(await post('/v1/admin/markets', marketOf(opening)));
  const merchants = await each(plan.merchants, async ({ name, kind }) => {
    const merchantId = idOf(
      await post('/v1/admin/merchants', { market_id: id, name, kind, commission_bps: 1_500 }),
    );
    return [
      name,
      await withKey(post, { id: merchantId, role: 'manager', scope: { merchant_id: merchantId } }),
    ] as const;
  });
  const merchantIds = new Map(merchants);
  const branches = await each(plan.branches, async ({ name, merchant, spot }) => {
    const body = {
      merchant_id: merchantIds.get(merchant)?.id,
      name,
      location: placeOf(spot),
      address: `${name}, Market Street 1`,
    };
    return [name, { id: idOf(await post('/v1/admin/branches', body)), merchant }] as const;
  });
  const drivers = await each([...plan.drivers.entries()], async ([index, { name, capacity }]) => {
    const { name: fullName, phone } = personOf(5_000 + index);
    const driverId = idOf(
      await post('/v1/admin/drivers', { market_id: id, name: fullName, phone, capacity }),
    );
    return [
      name,
      await withKey(post, { id: driverId, role: 'driver', scope: { driver_id: driverId } }),
    ] as const;
  });
  const parties = [...merchants, ...drivers].map(([, identity]) => identity);
  if (bankUrl !== undefined) await openAccounts(post, { bankUrl, parties });
  return {
    id,
    currency: currencyOf(plan),
    merchants: merchantIds,
    branches: new Map(branches),
    drivers: new Map(drivers),
    customers: new Map(await openCustomers(post, { plan, merchants: merchantIds })),
    support: await withKey(post, { id, role: 'support', scope: {} }),
  };
}

async function openCustomers(
  post: Post,
  { plan, merchants }: { readonly plan: CityPlan } & Pick<Market, 'merchants'>,
): Promise<readonly (readonly [string, Identity])[]> {
  const active = [...plan.orders.entries()].filter(
    ([, { customerMood, script }]) =>
      customerMood.kind !== 'calm' ||
      script.pin === true ||
      script.shortage?.answer !== undefined ||
      usesWallet({ script }),
  );
  const merchantOf = new Map(plan.branches.map(({ name, merchant }) => [name, merchant]));
  return each(active, async ([index, order]) => {
    const { name } = order;
    const { name: fullName, phone } = personOf(index);
    // A merchant can charge the wallets of its own customers only.
    const merchant = merchants.get(merchantOf.get(order.branch) ?? '');
    const body = {
      name: fullName,
      phone,
      ...(usesWallet(order) && merchant && { merchant_id: merchant.id }),
    };
    const customerId = idOf(await post('/v1/admin/customers', body));
    return [
      name,
      await withKey(post, { id: customerId, role: 'customer', scope: { customer_id: customerId } }),
    ] as const;
  });
}

function createPost({ client, adminKey }: Opening): Post {
  // One city, one prefix: keys of the same admin must differ from one city to the next.
  const city = crypto.randomUUID();
  let number = 0;
  return async (path, body) => {
    number += 1;
    const answer = await client.call({
      method: 'POST',
      path,
      secret: adminKey,
      body,
      idempotencyKey: `${city}-${number}`,
    });
    if (answer.status >= 300)
      throw new Error(`POST ${path}: HTTP ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
}

const currencyOf = ({ money }: CityPlan): string => money?.currency ?? 'USD';

/** In cents of a dollar. */
export const usualFees = { deliveryFeeMinor: 299, driverPayMinor: 450 } as const;

function marketOf({ plan, speed }: Opening): object {
  const minuteMs = 60_000;
  return {
    name: plan.name,
    currency: currencyOf(plan),
    ...(plan.money && { payment_providers: plan.money.providers }),
    time_zone: 'America/Guayaquil',
    delivery_fee_minor: plan.money?.deliveryFeeMinor ?? usualFees.deliveryFeeMinor,
    driver_pay_minor: plan.money?.driverPayMinor ?? usualFees.driverPayMinor,
    speed,
    policy: {
      ...plan.policy,
      metersPerMinute: plan.metersPerMinute,
      roadFactor: plan.roadFactor,
      pickupServiceMs: plan.pickupServiceMinutes * minuteMs,
      dropoffServiceMs: plan.dropoffServiceMinutes * minuteMs,
    },
  };
}

async function withKey(
  post: Post,
  { id, role, scope }: { readonly id: string; readonly role: string; readonly scope: object },
): Promise<Identity> {
  // An answer that is repeated after it was lost does not show the secret again: then another key is made.
  for (let attempt = 1; attempt <= 3; attempt++) {
    const secret = fieldOf(await post('/v1/admin/keys', { role, ...scope }), 'secret');
    if (secret !== undefined) return { id, secret };
  }
  throw new Error('the new key has no secret');
}

/** A few at a time, so that founding a city is quick and no flood. */
async function each<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  for (let start = 0; start < items.length; start += atOnce) {
    results.push(...(await Promise.all(items.slice(start, start + atOnce).map(work))));
  }
  return results;
}

/** Accounts at the sandbox provider for everybody who earns. */
async function openAccounts(
  post: Post,
  { bankUrl, parties }: { readonly bankUrl: string; readonly parties: readonly Identity[] },
): Promise<void> {
  for (const { id: party } of parties) {
    const response = await fetch(`${bankUrl}/sandbox/accounts`, { method: 'POST' });
    const destination = idOf(await response.json());
    await post('/v1/admin/payout-accounts', { party, rail: 'stripe', destination });
  }
}
