// Who may do what, generated from the OpenAPI document: every route × every role × the things of another tenant.
// A route without a row in the table fails.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../db/schema.ts';
import { proofRows, supportRows, type Row, type Target } from './access-rows.ts';
import { moneyRows } from './tenant-money-rows.ts';
import { createWorld, openShop, type Reply, type World } from './world.ts';

const order = (rest = ''): Pick<Row, 'path'> => ({
  path: ({ orderId }) => `/v1/orders/${orderId}${rest}`,
});
const offer = (rest = ''): Pick<Row, 'path'> => ({
  path: ({ offerId }) => `/v1/offers/${offerId}${rest}`,
});
const place = { lat: 52.52, lng: 13.405 };

const merchant = ['owner', 'manager', 'staff'] as const;
const driver = ['driver'] as const;
const nobody = [] as const;
const payers = [...merchant, 'customer'] as const;
const cancellers = [...payers, 'support'] as const;
const readers = [...merchant, 'support'] as const;
const everybody = [...cancellers, 'driver'] as const;

/** One row per command of an order: its path and a body that fits. */
function commandRows(
  roles: Row['roles'],
  bodies: Readonly<Record<string, object>>,
): Readonly<Record<string, Row>> {
  return Object.fromEntries(
    Object.entries(bodies).map(([path, body]) => [
      `POST /v1/orders/{id}/${path}`,
      { roles, ...order(`/${path}`), body: () => body, foreign: 'not_found' },
    ]),
  );
}

const merchantRows: Readonly<Record<string, Row>> = {
  'POST /v1/orders': {
    roles: merchant,
    body: ({ shop }) => shop.orderBody(),
    foreign: 'not_found',
  },
  'GET /v1/orders': { roles: everybody, foreign: 'unseen' },
  'GET /v1/orders/{id}': { roles: everybody, ...order(), foreign: 'not_found' },
  'GET /v1/orders/{id}/timeline': { roles: everybody, ...order('/timeline'), foreign: 'not_found' },
  'GET /v1/orders/{id}/explain': {
    roles: ['owner', 'manager', 'support'],
    ...order('/explain'),
    foreign: 'not_found',
  },
  ...commandRows(merchant, {
    acknowledge: {},
    accept: {},
    deny: { code: 'other' },
    delay: { ready_in_seconds: 60 },
    ready: {},
    'hand-over': {},
    shortages: { line: 0, quantity: 1 },
    'approve-prescription': {},
    'reject-prescription': {},
  }),
  ...commandRows([...merchant, 'support'], { remittance: { amount_minor: 1 } }),
  ...commandRows([...merchant, 'driver'], { 'complete-return': {} }),
  ...commandRows(cancellers, { cancel: { note: 'mine now' } }),
  ...commandRows(payers, {
    payment: { token: 'pm_card_visa' },
    'shortage-answer': { answer: 'remove' },
    tip: { tip_minor: 1 },
    'dropoff-notes': { note: 'mine now' },
    reschedule: { scheduled_for: new Date(Date.now() + 86_400_000).toISOString() },
  }),
  ...commandRows(driver, {
    'arrive-at-pickup': {},
    'fail-pickup': { code: 'closed' },
    'pick-up': {},
    'arrive-at-dropoff': {},
    contact: { channel: 'call' },
    deliver: {},
    'fail-dropoff': { reason: 'refused' },
    'arrive-at-return': {},
    abandon: {},
    problem: { problem: 'vehicle' },
  }),
  'GET /v1/offers': { roles: driver, foreign: 'unseen' },
  'GET /v1/offers/{id}': { roles: driver, ...offer(), foreign: 'not_found' },
  'POST /v1/offers/{id}/accept': { roles: driver, ...offer('/accept'), foreign: 'not_found' },
  'POST /v1/offers/{id}/decline': { roles: driver, ...offer('/decline'), foreign: 'not_found' },
  'POST /v1/driver/online': { roles: driver, body: () => ({ location: place }), foreign: 'own' },
  'POST /v1/driver/offline': { roles: driver, foreign: 'own' },
  'GET /v1/driver/route': { roles: driver, foreign: 'own' },
  'POST /v1/positions': {
    roles: driver,
    body: () => ({ positions: [{ at: new Date().toISOString(), ...place }] }),
    foreign: 'own',
  },
  'GET /v1/events': { roles: readers, foreign: 'unseen' },
  ...moneyRows,
  ...proofRows,
  'POST /v1/admin/markets': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/markets': { roles: nobody, foreign: 'platform' },
  'POST /v1/admin/merchants': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/merchants': { roles: nobody, foreign: 'platform' },
  'POST /v1/admin/branches': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/branches': { roles: nobody, foreign: 'platform' },
  'POST /v1/admin/drivers': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/drivers': { roles: nobody, foreign: 'platform' },
  'POST /v1/admin/drivers/{id}/rating': {
    roles: nobody,
    path: ({ shop }) => `/v1/admin/drivers/${shop.driver.id}/rating`,
    body: () => ({ rating: 4 }),
    foreign: 'platform',
  },
  'POST /v1/admin/customers': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/customers': { roles: nobody, foreign: 'platform' },
  'POST /v1/admin/keys': { roles: nobody, foreign: 'platform' },
  'GET /v1/admin/keys': { roles: nobody, foreign: 'platform' },
  'DELETE /v1/admin/keys/{id}': {
    roles: nobody,
    path: ({ keyId }) => `/v1/admin/keys/${keyId}`,
    foreign: 'platform',
  },
  'DELETE /v1/admin/customers/{id}': {
    roles: nobody,
    path: ({ shop }) => `/v1/admin/customers/${shop.customer.id}`,
    foreign: 'platform',
  },
};
const rows = { ...merchantRows, ...supportRows };
/** Not behind a key. */
const open = [
  'GET /health',
  'GET /health/detailed',
  'GET /status',
  ...['stripe', 'paypal', 'campay', 'noupay', 'partner-fleet'].map(
    (name) => `POST /v1/webhooks/${name}`,
  ),
];

type Operation = { readonly 'x-roles'?: readonly Role[] };
let world: World;
let target: Target;
let foreigners: Readonly<Record<Exclude<Role, 'platform_admin' | 'support'>, string>>;
let operations: ReadonlyMap<string, Operation>;

beforeAll(async () => {
  world = await createWorld();
  target = await makeTarget();
  const other = await openShop(world);
  const merchant_id = other.merchant.id;
  foreigners = {
    owner: other.owner,
    manager: await world.keyOf({ role: 'manager', merchant_id }),
    staff: other.staff,
    driver: other.driverKey,
    customer: other.customerKey,
  };
  const { body } = await world.call('GET', '/openapi.json');
  const paths = Object.entries(body['paths'] as Record<string, Record<string, Operation>>);
  operations = new Map(
    paths.flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
      ),
    ),
  );
});
afterAll(() => world.close());

/** An order of the first shop with an open offer to its driver. */
async function makeTarget(): Promise<Target> {
  const { shop } = world;
  const { body } = await shop.place();
  const offerId = `off_${'1'.repeat(32)}`;
  const at = new Date();
  await world.db
    .insertInto('offers')
    .values({
      id: offerId,
      market_id: shop.market.id,
      driver_id: shop.driver.id,
      status: 'open',
      made_at: at,
      expires_at: new Date(Date.now() + 6e5),
      answered_at: null,
      pickup_eta_at: at,
      decision: '{}',
    })
    .execute();
  await world.db
    .insertInto('offer_orders')
    .values({ offer_id: offerId, order_id: body.id, search: 1, status: 'open' })
    .execute();
  const key = await world.make('keys', { role: 'owner', merchant_id: shop.merchant.id });
  return { shop, orderId: body.id, offerId, keyId: key.id };
}

async function send(route: string, secret: string | undefined): Promise<Reply> {
  const [method, pattern = ''] = route.split(' ');
  const row = rows[route];
  const path = row?.path?.(target) ?? pattern.replace('{id}', target.orderId);
  return world.call(method as 'GET' | 'POST' | 'DELETE', path, {
    ...(secret === undefined ? {} : { secret }),
    body: row?.body?.(target) ?? {},
  });
}

const snapshot = async (): Promise<unknown> => ({
  orders: await world.db
    .selectFrom('orders')
    .select(['id', 'sequence', 'status'])
    .orderBy('id')
    .execute(),
  offers: await world.db.selectFrom('offers').select(['id', 'status']).execute(),
  lines: await world.db.selectFrom('offer_orders').select(['order_id', 'status']).execute(),
  notes: await world.db.selectFrom('notes').select('id').execute(),
  calls: world.engine.calls.length,
});

it('every documented route has a row, and every row a route', () => {
  expect([...operations.keys()].toSorted()).toEqual([...Object.keys(rows), ...open].toSorted());
});

it('the public routes are the only ones without roles', () => {
  const without = [...operations]
    .filter(([, operation]) => operation['x-roles'] === undefined)
    .map(([route]) => route);
  expect(without.toSorted()).toEqual(open.toSorted());
});

describe.each(Object.entries(rows))('%s', (route, row) => {
  it('needs a live key', async () => {
    expect(await send(route, undefined)).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    expect(await send(route, `wbk_${'x'.repeat(43)}`)).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
  });

  it('is forbidden to every other role', async () => {
    const before = await snapshot();
    const secrets = Object.entries({ ...foreigners, support: world.support });
    const others = secrets.filter(([role]) => !row.roles.some((allowed) => allowed === role));
    const replies = await Promise.all(others.map(([, secret]) => send(route, secret)));
    expect(replies.map(({ status, body }) => [status, body['code']])).toEqual(
      others.map(() => [403, 'forbidden']),
    );
    expect(await snapshot()).toEqual(before);
  });

  it('is documented with these roles', () => {
    const documented = operations.get(route)?.['x-roles'] ?? [];
    const withoutAdmin = documented.filter((role) => role !== 'platform_admin');
    expect(withoutAdmin.toSorted()).toEqual(row.roles.toSorted());
    expect(documented.includes('platform_admin')).toBe(row.roles !== driver);
  });

  it(`shows and does nothing of another tenant (${row.foreign})`, async () => {
    const before = await snapshot();
    const foreign = Object.entries(foreigners).filter(([role]) =>
      row.roles.some((allowed) => allowed === role),
    );
    expect(foreign.length > 0).toBe(row.foreign !== 'platform');
    const replies = await Promise.all(foreign.map(([, secret]) => send(route, secret)));
    const expected = row.foreign === 'not_found' ? [404, 'not_found'] : [200, undefined];
    expect(replies.map(({ status, body }) => [status, body['code']])).toEqual(
      foreign.map(() => expected),
    );
    const { orderId, offerId, shop } = target;
    const shown = JSON.stringify(replies.map(({ body }) => body));
    for (const id of [orderId, offerId, shop.merchant.id, shop.driver.id]) {
      expect(shown).not.toContain(id);
    }
    expect(await snapshot()).toEqual(before);
  });
});

describe('a key bound to a branch', () => {
  it('sees and does nothing of the merchant’s other branch', async () => {
    const { shop, orderId } = target;
    const elsewhere = await world.make('branches', {
      merchant_id: shop.merchant.id,
      name: 'Nord',
      location: place,
    });
    const staff = await world.keyOf({
      role: 'staff',
      merchant_id: shop.merchant.id,
      branch_id: elsewhere.id,
    });
    expect((await world.call('GET', `/v1/orders/${orderId}`, { secret: staff })).status).toBe(404);
    expect(
      (await world.call('POST', `/v1/orders/${orderId}/accept`, { secret: staff })).status,
    ).toBe(404);
    expect(
      (await world.call('POST', '/v1/orders', { secret: staff, body: shop.orderBody() })).status,
    ).toBe(404);
    expect((await world.call('GET', '/v1/orders', { secret: staff })).body['data']).toEqual([]);
    expect((await world.call('GET', '/v1/events', { secret: staff })).body['data']).toEqual([]);
    expect((await world.call('GET', `/v1/orders/${orderId}`, { secret: shop.staff })).status).toBe(
      200,
    );
    expect(
      (await world.call('GET', '/v1/events?wait=5', { secret: shop.staff })).body['data'],
    ).not.toEqual([]);
  });
});

describe('a key bound to another branch', () => {
  it('does not get what a request of the first branch was answered, nor takes it over', async () => {
    const { shop } = target;
    const scope = { role: 'staff', merchant_id: shop.merchant.id };
    const nord = { merchant_id: shop.merchant.id, name: 'Nord', location: place };
    const elsewhere = await world.make('branches', nord);
    const staff = await world.keyOf({ ...scope, branch_id: elsewhere.id });
    const { body } = await shop.place({}, 'placed-in-mitte');
    const path = `/v1/orders/${body.id}/accept`;
    const accept = (secret: string): Promise<Reply> =>
      world.call('POST', path, { secret, key: 'accepted-in-mitte' });
    expect((await accept(shop.staff)).status).toBe(200);
    const calls = world.engine.calls.length;
    const repeat = async (): Promise<void> => {
      const again = await world.call('POST', '/v1/orders', {
        secret: staff,
        body: shop.orderBody(),
        key: 'placed-in-mitte',
      });
      for (const reply of [again, await accept(staff)]) {
        expect(reply).toMatchObject({ status: 404, body: { code: 'not_found' } });
        expect(JSON.stringify(reply.body)).not.toContain('Carla');
      }
    };
    await repeat();
    await world.db
      .updateTable('idempotency_keys')
      .set({ response_status: null, lease_until: new Date(0) })
      .where('order_id', '=', body.id)
      .execute();
    await repeat();
    expect(world.engine.calls).toHaveLength(calls);
    expect((await accept(shop.staff)).status).toBe(200);
  });
});

describe('keys', () => {
  it('cannot be made with a branch of another merchant, or a scope that the role has not', async () => {
    const other = await openShop(world);
    const { shop } = target;
    const make = (body: object): Promise<Reply> =>
      world.call('POST', '/v1/admin/keys', { secret: world.admin, body });
    expect(
      (await make({ role: 'staff', merchant_id: shop.merchant.id, branch_id: other.branch.id }))
        .status,
    ).toBe(404);
    expect((await make({ role: 'owner' })).status).toBe(400);
    expect(
      (await make({ role: 'driver', driver_id: shop.driver.id, merchant_id: shop.merchant.id }))
        .status,
    ).toBe(400);
    expect((await make({ role: 'customer', customer_id: `cus_${'0'.repeat(32)}` })).status).toBe(
      404,
    );
  });

  it('are stored as a hash, shown once and end with their revocation', async () => {
    const body = { role: 'owner', merchant_id: target.shop.merchant.id };
    const first = await world.call('POST', '/v1/admin/keys', {
      secret: world.admin,
      body,
      key: 'a-key',
    });
    const secret = String(first.body['secret']);
    expect(secret).toMatch(/^wbk_[\w-]{43}$/);
    const again = await world.call('POST', '/v1/admin/keys', {
      secret: world.admin,
      body,
      key: 'a-key',
    });
    expect(again.body.id).toBe(first.body.id);
    expect(again.body['secret']).toBeUndefined();
    const stored = await world.db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('key', '=', 'a-key')
      .execute();
    expect(JSON.stringify(stored)).not.toContain(secret);
    expect(
      (await world.call('DELETE', `/v1/admin/keys/${first.body.id}`, { secret: world.admin }))
        .status,
    ).toBe(204);
    expect((await world.call('GET', '/v1/orders', { secret })).status).toBe(401);
  });
});
