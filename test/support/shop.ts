// A market with one merchant, a branch, a driver and their keys, made through the public API; and the calls that
// people make.

import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { GoodsKind } from '../../domain/order.ts';
import type { Stack } from './stack.ts';

export type Reply = {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly id: string };
};
type Ask = {
  readonly secret: string;
  readonly path: string;
  readonly body?: object;
  readonly key?: string;
};

/** A step that a killed worker had taken is given to another one after 10 to 30 seconds. */
const patienceMs = 60_000;

function createCaller(apiUrl: string) {
  async function call(
    method: string,
    { secret, path, body, key = randomUUID() }: Ask,
  ): Promise<Reply> {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(method === 'POST'
          ? { 'idempotency-key': key, 'content-type': 'application/json' }
          : {}),
      },
      ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
      signal: AbortSignal.timeout(15_000),
    });
    return { status: response.status, body: (await response.json()) as Reply['body'] };
  }
  return { get: (ask: Ask) => call('GET', ask), post: (ask: Ask) => call('POST', ask) };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;

export const branchAt = { lat: 52.52, lng: 13.405 };
export const customerAt = { lat: 52.53, lng: 13.42 };

type ShopOptions = {
  readonly policy?: object;
  readonly speed?: number;
  /** Of the market. */
  readonly currency?: string;
  readonly payment_providers?: readonly string[];
  readonly payouts?: object;
  readonly driver_pay_minor?: number;
  readonly delivery_fee_minor?: number;
  /** Of the driver. */
  readonly capacity?: number;
  /** Of the merchant. */
  readonly kind?: GoodsKind;
};

/** `policy`: overrides of the default; `speed` scales every duration. */
export async function openShop(stack: Stack, options: ShopOptions = {}) {
  const caller = createCaller(stack.apiUrl);
  const { ids, merchantKey, driverKey } = await createTenants(caller, {
    adminKey: stack.adminKey,
    options,
  });
  return {
    ...caller,
    ids,
    merchantKey,
    driverKey,
    ...sayings(caller, { ids, merchantKey, driverKey }),
  };
}

type Caller = ReturnType<typeof createCaller>;
type Tenants = Awaited<ReturnType<typeof createTenants>>;

async function createTenants(
  { post }: Caller,
  { adminKey, options }: { readonly adminKey: string; readonly options: ShopOptions },
) {
  const admin = async (path: string, body: object): Promise<string> => {
    const reply = await post({ secret: adminKey, path: `/v1/admin/${path}`, body });
    if (reply.status !== 201) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
    return path === 'keys' ? String(reply.body['secret']) : reply.body.id;
  };
  const { capacity = 1, kind = 'restaurant', ...rules } = options;
  const market = await admin('markets', {
    name: 'Testville',
    currency: 'EUR',
    time_zone: 'Europe/Berlin',
    driver_pay_minor: 400,
    delivery_fee_minor: 300,
    ...rules,
  });
  const merchant = await admin('merchants', {
    market_id: market,
    name: 'Noodle House',
    commission_bps: 2_000,
    kind,
  });
  const branch = await admin('branches', {
    merchant_id: merchant,
    name: 'Mitte',
    location: branchAt,
    address: 'Noodle Square 1',
  });
  const driver = await admin('drivers', {
    market_id: market,
    name: 'Dana Driver',
    phone: '+4915100000001',
    capacity,
  });
  return {
    ids: { market, merchant, branch, driver },
    merchantKey: await admin('keys', { role: 'owner', merchant_id: merchant }),
    driverKey: await admin('keys', { role: 'driver', driver_id: driver }),
  };
}

const path = (orderId: string, what: string): string => `/v1/orders/${orderId}/${what}`;
const withKey = (key: string | undefined) => (key ? { key } : {});

/** What the people of the shop say. */
function sayings({ get, post }: Caller, { ids, merchantKey, driverKey }: Tenants) {
  const orderBody = (extra: object = {}): object => ({
    branch_id: ids.branch,
    customer: { name: 'Carla Canary', phone: '+4915100000002' },
    dropoff: { location: customerAt, address: 'Canary Row 7' },
    items: [{ name: 'Noodles', quantity: 2, unit_price_minor: 950 }],
    currency: 'EUR',
    tip_minor: 150,
    payment: { method: 'card', token: 'pm_card_visa' },
    ...extra,
  });
  const order = async (orderId: string): Promise<Reply['body']> =>
    (await get({ secret: merchantKey, path: `/v1/orders/${orderId}` })).body;
  return {
    orderBody,
    order,
    place: (extra: object = {}, key?: string): Promise<Reply> =>
      post({ secret: merchantKey, path: '/v1/orders', body: orderBody(extra), ...withKey(key) }),
    merchantSays: (
      orderId: string,
      what: string,
      ...[body, key]: readonly [object?, string?]
    ): Promise<Reply> =>
      post({ secret: merchantKey, path: path(orderId, what), body: body ?? {}, ...withKey(key) }),
    driverSays: (orderId: string, what: string, key?: string): Promise<Reply> =>
      post({ secret: driverKey, path: path(orderId, what), ...withKey(key) }),
    /** Polls the read model until it says so. */
    until: async (orderId: string, wanted: object): Promise<void> => {
      await expect
        .poll(() => order(orderId), { timeout: patienceMs, interval: 50 })
        .toMatchObject(wanted);
    },
    goOnline: (): Promise<Reply> =>
      post({ secret: driverKey, path: '/v1/driver/online', body: { location: branchAt } }),
  };
}
