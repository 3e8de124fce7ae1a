// A market with one merchant, a branch, a driver and their keys, made through the public API; and the calls that
// people make.

import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
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

export function createCaller(apiUrl: string) {
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

const branchAt = { lat: 52.52, lng: 13.405 };
const customerAt = { lat: 52.53, lng: 13.42 };

/** `policy`: overrides of the default; `speed` scales every duration. */
export async function openShop(
  stack: Stack,
  { policy, speed }: { readonly policy?: object; readonly speed?: number } = {},
) {
  const { get, post } = createCaller(stack.apiUrl);
  const admin = async (path: string, body: object): Promise<Record<string, string>> => {
    const reply = await post({ secret: stack.adminKey, path: `/v1/admin/${path}`, body });
    if (reply.status !== 201) throw new Error(`${path}: ${JSON.stringify(reply.body)}`);
    return reply.body as unknown as Record<string, string>;
  };
  const market = await admin('markets', {
    name: 'Testville',
    currency: 'EUR',
    time_zone: 'Europe/Berlin',
    driver_pay_minor: 400,
    delivery_fee_minor: 300,
    ...(policy ? { policy } : {}),
    ...(speed ? { speed } : {}),
  });
  const merchant = await admin('merchants', {
    market_id: market['id'],
    name: 'Noodle House',
    commission_bps: 2_000,
  });
  const branch = await admin('branches', {
    merchant_id: merchant['id'],
    name: 'Mitte',
    location: branchAt,
  });
  const driver = await admin('drivers', {
    market_id: market['id'],
    name: 'Dana Driver',
    phone: '+4915100000001',
  });
  const keyOf = async (body: object): Promise<string> =>
    (await admin('keys', body))['secret'] ?? '';
  const merchantKey = await keyOf({ role: 'owner', merchant_id: merchant['id'] });
  const driverKey = await keyOf({ role: 'driver', driver_id: driver['id'] });

  const orderBody = (extra: object = {}): object => ({
    branch_id: branch['id'],
    customer: { name: 'Carla Canary', phone: '+4915100000002' },
    dropoff: { location: customerAt, address: 'Canary Row 7' },
    items: [{ name: 'Noodles', quantity: 2, unit_price_minor: 950 }],
    currency: 'EUR',
    tip_minor: 150,
    payment: { method: 'card', token: 'pm_card_visa' },
    ...extra,
  });
  const merchantSays = (
    orderId: string,
    what: string,
    body: object = {},
    key?: string,
  ): Promise<Reply> =>
    post({
      secret: merchantKey,
      path: `/v1/orders/${orderId}/${what}`,
      body,
      ...(key ? { key } : {}),
    });
  const driverSays = (orderId: string, what: string): Promise<Reply> =>
    post({ secret: driverKey, path: `/v1/orders/${orderId}/${what}` });

  return {
    get,
    post,
    merchantKey,
    driverKey,
    orderBody,
    merchantSays,
    driverSays,
    ids: {
      market: market['id'],
      merchant: merchant['id'],
      branch: branch['id'],
      driver: driver['id'],
    },
    place: (extra: object = {}, key?: string): Promise<Reply> =>
      post({
        secret: merchantKey,
        path: '/v1/orders',
        body: orderBody(extra),
        ...(key ? { key } : {}),
      }),
    order: async (orderId: string): Promise<Reply['body']> =>
      (await get({ secret: merchantKey, path: `/v1/orders/${orderId}` })).body,
    /** Polls the read model until it says so. */
    until: async (orderId: string, wanted: object): Promise<void> => {
      await expect
        .poll(
          async () => (await get({ secret: merchantKey, path: `/v1/orders/${orderId}` })).body,
          { timeout: 30_000, interval: 50 },
        )
        .toMatchObject(wanted);
    },
    goOnline: (): Promise<Reply> =>
      post({ secret: driverKey, path: '/v1/driver/online', body: { location: branchAt } }),
    /** Waits for an offer of this order and accepts it. */
    takeOffer: async (): Promise<Reply> => {
      const { body } = await get({ secret: driverKey, path: '/v1/offers?wait=20' });
      const [offer] = body['data'] as { id: string }[];
      return post({ secret: driverKey, path: `/v1/offers/${offer?.id}/accept` });
    },
  };
}
