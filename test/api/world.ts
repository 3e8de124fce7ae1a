// The API on a database of its own, with an engine in memory: two merchants with everything that belongs to them,
// keys of every role, and the calls that they make.

import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import { createProofStore } from '../../adapters/proof-store.ts';
import { readStripeWebhook } from '../../adapters/stripe-webhook.ts';
import { buildApi } from '../../api/app.ts';
import type { ApiDeps } from '../../api/server.ts';
import { connect } from '../../db/connect.ts';
import { ensureAdminKey, newSecret } from '../../db/keys.ts';
import { createTestDatabase } from '../support/database.ts';
import { createMemoryEngine } from './engine.ts';

export type World = Awaited<ReturnType<typeof createWorld>>;
export type Json = Record<string, unknown> & { readonly id: string };
export type Reply = {
  readonly status: number;
  readonly body: Json;
  readonly headers: Readonly<Record<string, unknown>>;
};
type Ask = {
  readonly secret?: string;
  readonly body?: unknown;
  readonly key?: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
};

const webhookSecret = 'whsec_test';
export const branchAt = { lat: 52.52, lng: 13.405 };
const customerAt = { lat: 52.53, lng: 13.42 };

export async function createWorld(deps: Partial<ApiDeps> = {}) {
  const database = await createTestDatabase();
  const db = connect({ url: database.url, poolSize: 10 });
  const engine = createMemoryEngine(db);
  const logged: string[] = [];
  const proofs = await mkdtemp(join(tmpdir(), 'waybill-proofs-'));
  const log = pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) });
  const built: ApiDeps = {
    db,
    engine,
    redis: createQuietRedis(),
    ports: { stripe: stripeWebhooks },
    proofs: createProofStore(pathToFileURL(proofs)),
    log,
    masterKey: randomBytes(32).toString('base64'),
    ...deps,
  };
  const app = await buildApi(built);
  const call = createCaller(app);
  const admin = newSecret();
  await ensureAdminKey(db, admin);

  const make = async (path: string, body: object): Promise<Json> => {
    const reply = await call('POST', `/v1/admin/${path}`, { secret: admin, body });
    if (reply.status !== 201) throw new Error(JSON.stringify(reply.body));
    return reply.body;
  };
  const keyOf = async (body: object): Promise<string> =>
    String((await make('keys', body))['secret']);

  return {
    app,
    deps: built,
    db,
    databaseUrl: database.url,
    engine,
    logged,
    call,
    make,
    keyOf,
    admin,
    support: await keyOf({ role: 'support' }),
    shop: await openShop({ make, keyOf, call }),
    signedWebhook,
    close: async (): Promise<void> => {
      await app.close();
      await db.destroy();
      await database.drop();
      await rm(proofs, { recursive: true });
    },
  };
}

type Tools = {
  readonly make: (path: string, body: object) => Promise<Json>;
  readonly keyOf: (body: object) => Promise<string>;
  readonly call: ReturnType<typeof createCaller>;
};
export type Shop = Awaited<ReturnType<typeof openShop>>;

/** A market with one merchant, a branch, a driver, a customer, and the keys of all of them. */
export async function openShop({ make, keyOf, call }: Tools, rules: object = {}) {
  const market = await make('markets', {
    name: 'Testville',
    currency: 'EUR',
    time_zone: 'Europe/Berlin',
    driver_pay_minor: 400,
    delivery_fee_minor: 300,
    ...rules,
  });
  const merchant = await make('merchants', {
    market_id: market.id,
    name: 'Noodles',
    commission_bps: 2_000,
  });
  const branch = await make('branches', {
    merchant_id: merchant.id,
    name: 'Mitte',
    location: branchAt,
  });
  const driver = await make('drivers', {
    market_id: market.id,
    name: 'Dana',
    phone: '+4915100000001',
  });
  const customer = await make('customers', {
    name: 'Carla',
    phone: '+4915100000002',
    merchant_id: merchant.id,
  });
  const owner = await keyOf({ role: 'owner', merchant_id: merchant.id });
  const orderBody = (extra: object = {}) => ({
    branch_id: branch.id,
    customer: { id: customer.id },
    dropoff: { location: customerAt, address: 'Canary Row 7' },
    items: [{ name: 'Soup', quantity: 2, unit_price_minor: 950 }],
    currency: 'EUR',
    tip_minor: 150,
    payment: { method: 'card', token: 'pm_card_visa' },
    ...extra,
  });
  return {
    market,
    merchant,
    branch,
    driver,
    customer,
    owner,
    staff: await keyOf({ role: 'staff', merchant_id: merchant.id, branch_id: branch.id }),
    driverKey: await keyOf({ role: 'driver', driver_id: driver.id }),
    customerKey: await keyOf({ role: 'customer', customer_id: customer.id }),
    orderBody,
    place: (extra: object = {}, key?: string): Promise<Reply> =>
      call('POST', '/v1/orders', {
        secret: owner,
        body: orderBody(extra),
        ...(key === undefined ? {} : { key }),
      }),
  };
}

export function createCaller(app: Awaited<ReturnType<typeof buildApi>>) {
  return async function call(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    ask: Ask = {},
  ): Promise<Reply> {
    const { secret, body, key = randomUUID(), headers = {} } = ask;
    const sent = {
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      ...(method === 'POST' ? { 'idempotency-key': key, 'content-type': 'application/json' } : {}),
      ...headers,
    };
    const response: LightMyRequestResponse = await app.inject({
      method,
      url,
      headers: Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)),
      ...(method === 'POST'
        ? {
            payload:
              typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body ?? {}),
          }
        : {}),
    });
    const isJson = String(response.headers['content-type']).includes('json');
    return {
      status: response.statusCode,
      body: (isJson ? response.json() : { text: response.body }) as Json,
      headers: response.headers,
    };
  };
}

/** Redis that is away: nobody is told anything, waiters look for themselves. */
function createQuietRedis(): ApiDeps['redis'] {
  return {
    waitFor: (_channel, timeoutMs) =>
      new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, 100), false)),
    hint: async () => undefined,
    isUp: () => false,
    writePositions: async () => undefined,
    forgetPosition: async () => undefined,
  };
}

const stripeWebhooks: ApiDeps['ports']['stripe'] = {
  readWebhook: async ({ rawBody, headers }) =>
    readStripeWebhook({
      rawBody,
      signature: headers['stripe-signature'] ?? '',
      secret: webhookSecret,
    }),
};

/** As Stripe signs: HMAC over `t.body`. */
function signedWebhook(event: object, secret: string = webhookSecret) {
  const body = JSON.stringify(event);
  const at = Math.floor(Date.now() / 1_000);
  const signature = createHmac('sha256', secret).update(`${at}.${body}`).digest('hex');
  return { body, headers: { 'stripe-signature': `t=${at},v1=${signature}` } };
}
