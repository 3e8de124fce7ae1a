// Bad input is refused whole, as a problem that names the field, and nothing is written. No text of a caller is
// ever repeated in a log.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { holdsCardNumber } from '../../api/plugins/text-guard.ts';
import { createWorld, openShop, type Reply, type World } from './world.ts';

let world: World;
let orderId: string;
beforeAll(async () => {
  world = await createWorld();
  orderId = (await world.shop.place()).body.id;
});
afterAll(() => world.close());

const isProblem = ({ headers, body, status }: Reply): void => {
  expect(headers['content-type']).toContain('application/problem+json');
  expect(body).toMatchObject({
    status,
    type: `urn:waybill:problem:${String(body['code'])}`,
    request_id: headers['x-request-id'],
  });
};
const orders = async (): Promise<number> =>
  (await world.db.selectFrom('orders').select('id').execute()).length;

const item = { name: 'Soup', quantity: 1, unit_price_minor: 500 };
const at = { location: { lat: 52.53, lng: 13.42 }, address: 'Canary Row 7' };
type Bad = readonly [what: string, change: object, field: string, code?: string];
const bad: readonly Bad[] = [
  ['a wrong type', { items: 'soup' }, 'items'],
  ['a number as text', { items: [{ ...item, quantity: '2' }] }, 'items.0.quantity'],
  ['an unknown field', { status: 'DELIVERED' }, 'status'],
  ['an unknown field inside', { items: [{ ...item, price: 1 }] }, 'items.0.price'],
  ['a merchant that the key does not say', { merchant_id: 'mer_1' }, 'merchant_id'],
  ['no items', { items: [] }, 'items'],
  ['201 items', { items: Array.from({ length: 201 }, () => item) }, 'items'],
  ['2,000 items', { items: Array.from({ length: 2_000 }, () => item) }, 'items'],
  ['a quantity of 0', { items: [{ ...item, quantity: 0 }] }, 'items.0.quantity'],
  ['a quantity of 1000', { items: [{ ...item, quantity: 1_000 }] }, 'items.0.quantity'],
  ['half a quantity', { items: [{ ...item, quantity: 1.5 }] }, 'items.0.quantity'],
  ['a negative price', { items: [{ ...item, unit_price_minor: -1 }] }, 'items.0.unit_price_minor'],
  [
    'a price beyond every limit',
    { items: [{ ...item, unit_price_minor: 1e15 }] },
    'items.0.unit_price_minor',
  ],
  ['a broken price', { items: [{ ...item, unit_price_minor: 9.99 }] }, 'items.0.unit_price_minor'],
  ['a negative tip', { tip_minor: -1 }, 'tip_minor'],
  [
    'a latitude of 91',
    { dropoff: { ...at, location: { lat: 91, lng: 0 } } },
    'dropoff.location.lat',
  ],
  [
    'a longitude of -181',
    { dropoff: { ...at, location: { lat: 0, lng: -181 } } },
    'dropoff.location.lng',
  ],
  ['a drop-off without a place', { dropoff: { address: 'Row 7' } }, 'dropoff.location'],
  ['an empty address', { dropoff: { ...at, address: '' } }, 'dropoff.address'],
  ['a blank name', { customer: { name: '  ', phone: '+4915100000002' } }, 'customer.name'],
  ['a phone that is not E.164', { customer: { name: 'A', phone: '0151' } }, 'customer.phone'],
  ['a currency in small letters', { currency: 'eur' }, 'currency'],
  [
    'a payment that is not by card',
    { payment: { method: 'cash', token: 'pm_card_visa' } },
    'payment.method',
  ],
  [
    'a card number as token',
    { payment: { method: 'card', token: '4242424242424242' } },
    'payment.token',
  ],
  ['an id of another kind', { branch_id: 'ord_01932f4e8a7b7c1e9f0a1b2c3d4e5f60' }, 'branch_id'],
  ['a note that is too long', { note: 'x'.repeat(1_001) }, 'note'],
  ['NUL', { note: 'a\0b' }, 'note'],
  ['half a surrogate pair', { note: '\ud800' }, 'note'],
  [
    'a card number in the note',
    { note: 'pay with 4242 4242 4242 4242 please' },
    'note',
    'card_number_refused',
  ],
  [
    'a card number in the address',
    { dropoff: { ...at, address: 'Row 7, 378282246310005' } },
    'dropoff.address',
    'card_number_refused',
  ],
  [
    'a card number as item',
    { items: [{ ...item, name: '5555-5555-5555-4444' }] },
    'items.0.name',
    'card_number_refused',
  ],
  [
    'a card number as external id',
    { external_id: '4111111111111111' },
    'external_id',
    'card_number_refused',
  ],
];

const cases = bad.map(([what, change, field, code = 'invalid_request']) => ({
  what,
  change,
  field,
  code,
}));

describe('an order with', () => {
  it.each(cases)('$what is refused', async ({ change, field, code }) => {
    const before = await orders();
    const key = randomUUID();
    const reply = await world.shop.place(change, key);
    isProblem(reply);
    expect(reply.body).toMatchObject({ code });
    expect(reply.status).toBe(code === 'invalid_request' ? 400 : 422);
    expect((reply.body['errors'] as { field: string }[]).map((error) => error.field)).toContain(
      field,
    );
    expect(await orders()).toBe(before);
    const unused = await world.shop.place({}, key);
    expect(unused.status).toBe(201);
  });
});

describe('HTTP', () => {
  it.each([
    ['a body that is no JSON', '{"a":', 400, 'invalid_request'],
    ['a body that is no object', '[]', 400, 'invalid_request'],
    ['a prototype in the body', '{"__proto__":{"a":1}}', 400, 'invalid_request'],
    ['a body of 1 MB', JSON.stringify({ note: 'x'.repeat(1_048_576) }), 413, 'body_too_large'],
    [
      '10,000 items',
      JSON.stringify({ items: Array.from({ length: 10_000 }, () => item) }),
      413,
      'body_too_large',
    ],
    [
      'a body of 250,000 brackets',
      '['.repeat(125_000) + ']'.repeat(125_000),
      400,
      'invalid_request',
    ],
  ])('%s is refused', async (_what, body, status, code) => {
    const reply = await world.call('POST', '/v1/orders', { secret: world.shop.owner, body });
    isProblem(reply);
    expect(reply).toMatchObject({ status, body: { code } });
  });

  it('another media type gets 415', async () => {
    const reply = await world.call('POST', '/v1/orders', {
      secret: world.shop.owner,
      body: 'a=1',
      headers: { 'content-type': 'text/plain' },
    });
    isProblem(reply);
    expect(reply).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });

  it('an unknown path gets 404, an unknown method 405 with Allow', async () => {
    const missing = await world.call('GET', '/v1/nothing', { secret: world.shop.owner });
    isProblem(missing);
    expect(missing).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const method = await world.call('DELETE', '/v1/orders', { secret: world.shop.owner });
    isProblem(method);
    expect(method).toMatchObject({
      status: 405,
      body: { code: 'method_not_allowed' },
      headers: { allow: 'GET, HEAD, POST' },
    });
    expect(
      await world.call('DELETE', `/v1/orders/${orderId}`, { secret: world.shop.owner }),
    ).toMatchObject({ status: 405 });
  });

  it.each(['ord_1', `ord_${'0'.repeat(32)}`, '%00', '..%2f', 'x'.repeat(200)])(
    'the order %s is not found',
    async (id) => {
      const reply = await world.call('GET', `/v1/orders/${id}`, { secret: world.shop.owner });
      isProblem(reply);
      expect(reply).toMatchObject({ status: 404, body: { code: 'not_found' } });
    },
  );

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=x', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['cursor=x', 'cursor'],
    ['status=EATEN', 'status'],
    ['open=maybe', 'open'],
    ['branch_id=1', 'branch_id'],
    ['sort=id', 'sort'],
  ])('the query %s is refused', async (query, field) => {
    const reply = await world.call('GET', `/v1/orders?${query}`, { secret: world.shop.owner });
    isProblem(reply);
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  const usual = { foot: 25, bicycle: 75, scooter: 100, car: 100, van: 90 };
  it.each([
    [{ hourPercent: [100] }, 'policy.hourPercent'],
    [{ hourPercent: Array.from({ length: 24 }, (_, hour) => hour) }, 'policy.hourPercent.0'],
    [{ vehiclePercent: { ...usual, foot: 0 } }, 'policy.vehiclePercent.foot'],
    [{ vehiclePercent: { ...usual, sled: 9 } }, 'policy.vehiclePercent.sled'],
    [{ vehiclePercent: { ...usual, van: undefined } }, 'policy.vehiclePercent.van'],
  ])('a market with the policy %j is refused', async (policy, field) => {
    const body = {
      name: 'Testville',
      currency: 'EUR',
      time_zone: 'Europe/Berlin',
      driver_pay_minor: 400,
      delivery_fee_minor: 300,
      policy,
    };
    const reply = await world.call('POST', '/v1/admin/markets', { secret: world.admin, body });
    isProblem(reply);
    expect(reply).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });
});

describe('the Idempotency-Key', () => {
  it.each([
    ['missing', { 'idempotency-key': undefined }, 400, 'idempotency_key_missing'],
    ['empty', { 'idempotency-key': '' }, 400, 'idempotency_key_missing'],
    ['too long', { 'idempotency-key': 'x'.repeat(256) }, 400, 'invalid_request'],
    ['with a space', { 'idempotency-key': 'a b' }, 400, 'invalid_request'],
    ['a card number', { 'idempotency-key': '4242424242424242' }, 422, 'card_number_refused'],
  ])('%s is refused', async (_what, headers, status, code) => {
    const reply = await world.call('POST', '/v1/orders', {
      secret: world.shop.owner,
      body: world.shop.orderBody(),
      headers,
    });
    isProblem(reply);
    expect(reply).toMatchObject({ status, body: { code } });
  });
});

const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();

describe('a time', () => {
  it.each([
    ['in the past', { ready_at: ago(1_000) }, 422, 'time_in_past'],
    ['more than a day ahead', { ready_at: ago(-90_000_000) }, 400, 'invalid_request'],
    ['twice', { ready_at: ago(-60_000), prep_seconds: 60 }, 400, 'invalid_request'],
    ['that does not exist', { ready_at: '2026-02-30T10:00:00Z' }, 400, 'invalid_request'],
    ['without a zone', { ready_at: '2026-02-20T10:00:00' }, 400, 'invalid_request'],
    ['in a leap second', { ready_at: '2026-06-30T23:59:60Z' }, 400, 'invalid_request'],
  ])('to be ready at %s is refused and the key stays unused', async (_what, body, status, code) => {
    const key = randomUUID();
    const path = `/v1/orders/${orderId}/accept`;
    const reply = await world.call('POST', path, { secret: world.shop.owner, body, key });
    isProblem(reply);
    expect(reply).toMatchObject({ status, body: { code } });
    expect(
      await world.db.selectFrom('idempotency_keys').select('key').where('key', '=', key).execute(),
    ).toEqual([]);
  });

  it.each([
    ['in the future', -60_000, 400],
    ['before the order was placed', 3_600_000, 422],
  ])('of arrival %s is refused and the key stays unused', async (_what, ms, status) => {
    await world.db
      .updateTable('orders')
      .set({ driver_id: world.shop.driver.id })
      .where('id', '=', orderId)
      .execute();
    const key = randomUUID();
    const reply = await world.call('POST', `/v1/orders/${orderId}/pick-up`, {
      secret: world.shop.driverKey,
      body: { arrived_at: ago(ms) },
      key,
    });
    isProblem(reply);
    expect(reply).toMatchObject({ status, body: { errors: [{ field: 'arrived_at' }] } });
    expect(
      await world.db.selectFrom('idempotency_keys').select('key').where('key', '=', key).execute(),
    ).toEqual([]);
  });

  it('that a shift ends in the past is refused', async () => {
    const body = { location: at.location, shift_ends_at: ago(1) };
    expect(
      await world.call('POST', '/v1/driver/online', { secret: world.shop.driverKey, body }),
    ).toMatchObject({ status: 422, body: { code: 'time_in_past' } });
  });
});

describe('another merchant’s', () => {
  it('branch and customer are not found, and nothing is written', async () => {
    const other = await openShop(world);
    const before = await orders();
    for (const change of [
      { branch_id: other.branch.id },
      { customer: { id: other.customer.id } },
      { customer: { id: other.driver.id.replace('drv', 'cus') } },
    ]) {
      expect(await world.shop.place(change)).toMatchObject({
        status: 404,
        body: { code: 'not_found' },
      });
    }
    expect(await orders()).toBe(before);
  });
});

describe('card numbers', () => {
  it.each([
    '4242424242424242',
    '4242 4242 4242 4242',
    '4242-4242-4242-4242 12/28',
    'my card:378282246310005!',
    '+49 4242 4242 4242 4242',
    '6011111111111117',
    'x4111111111111111y',
    'BE4242424242424242',
  ])('are seen in %s', (text) => {
    expect(holdsCardNumber(text)).toBe(true);
  });
  it.each([
    '4242424242424241',
    '+4915112345678',
    '2026-11-05 09:30:00',
    '1762300000000',
    'ord_01932f4e8a7b7c1e9f0a1b2c3d4e5f60',
    '4716-8716',
    // A UUID of digits only, its first 8-4-4 groups with a right check digit.
    '42424242-4242-4242-8242-424242424242',
    'Row 7, 10115 Berlin',
    '42424242',
    // An IBAN whose digits would do for a card.
    'BE64719536405259',
  ])('are not seen in %s', (text) => {
    expect(holdsCardNumber(text)).toBe(false);
  });
  it('are not seen in any of 20,000 random ids', () => {
    for (let i = 0; i < 20_000; i += 1) expect(holdsCardNumber(randomUUID())).toBe(false);
  });
});

it('what callers sent is in no log', () => {
  expect(world.logged.length).toBeGreaterThan(100);
  expect(world.logged.join('')).not.toMatch(/Canary|Carla|4242[ -]?4242|pm_card_visa|wbk_/);
});
