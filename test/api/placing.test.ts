// Placing an order: what it answers, what it keeps, and that the same request is one order whatever happens.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const rows = async (table: 'orders' | 'people' | 'notes' | 'idempotency_keys'): Promise<number> => {
  const { count } = await world.db
    .selectFrom(table)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return count;
};

describe('placing', () => {
  it('answers with the whole order and where it is', async () => {
    const { status, body, headers } = await world.shop.place({
      external_id: 'pos-1',
      note: 'Ring twice',
    });
    expect(status).toBe(201);
    expect(headers['location']).toBe(`/v1/orders/${body.id}`);
    expect(headers['etag']).toBe(`"${String(body['sequence'])}"`);
    expect(body).toMatchObject({
      external_id: 'pos-1',
      status: 'PENDING',
      order_status: 'pending',
      payment_status: 'authorized',
      totals: { goods_minor: 1_900, delivery_fee_minor: 300, tip_minor: 150, total_minor: 2_350 },
      customer: { name: 'Carla', phone: '+4915100000002' },
      dropoff: { address: 'Canary Row 7' },
      note: 'Ring twice',
      owner: 'merchant',
      next_step: { exit: 'remindMerchant' },
      by_itself: expect.stringMatching(/Z: the merchant is reminded$/) as string,
    });
    expect(body['deadlines']).toHaveLength(4);
  });

  it('gives the workflow facts without a person’s data', async () => {
    const { body } = await world.shop.place({
      customer: { name: 'Guest Canary', phone: '+4915111111111' },
      note: 'Canary note',
    });
    const { facts } = await world.db
      .selectFrom('orders')
      .select('facts')
      .where('id', '=', body.id)
      .executeTakeFirstOrThrow();
    expect(facts).toMatchObject({
      orderId: body.id,
      goodsMinor: 1_900,
      itemCount: 2,
      driverPayMinor: 400,
      commissionBps: 2_000,
    });
    expect(facts.travelMs).toBeGreaterThan(60_000);
    expect(JSON.stringify(facts)).not.toMatch(/Canary|4915111111111/);
  });

  it('numbers the orders of a merchant one by one', async () => {
    const placed = await Promise.all(Array.from({ length: 25 }, () => world.shop.place()));
    const numbers = placed.map(({ body }) => Number(body['number'])).toSorted((a, b) => a - b);
    expect(new Set(numbers).size).toBe(25);
    expect((numbers.at(-1) ?? 0) - (numbers[0] ?? 0)).toBe(24);
  });
});

describe('the same request', () => {
  it('sent twice at once is one order', async () => {
    const key = randomUUID();
    const { promise, resolve: open } = Promise.withResolvers<void>();
    world.engine.faults.gate = promise;
    const first = world.shop.place({}, key);
    await expect
      .poll(() =>
        world.db.selectFrom('idempotency_keys').select('key').where('key', '=', key).execute(),
      )
      .toHaveLength(1);
    const second = await world.shop.place({}, key);
    expect(second).toMatchObject({ status: 409, body: { code: 'idempotency_in_flight' } });
    expect(Number(second.headers['retry-after'])).toBeGreaterThan(0);
    open();
    expect((await first).status).toBe(201);
    const third = await world.shop.place({}, key);
    expect(third.headers['idempotency-replayed']).toBe('true');
    expect(third.body).toEqual((await first).body);
  });

  it('sent many times in the same moment is one order and one guest', async () => {
    const key = randomUUID();
    const guest = { customer: { name: 'Guest', phone: '+4915100000003' }, note: 'Ring twice' };
    const before = [await rows('orders'), await rows('people'), await rows('notes')];
    const sends = Array.from({ length: 8 }, () => world.shop.place(guest, key));
    const replies = await Promise.all(sends);
    const after = [await rows('orders'), await rows('people'), await rows('notes')];
    expect(after).toEqual(before.map((count) => count + 1));
    const ids = new Set(replies.filter(({ status }) => status === 201).map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    expect(replies.every(({ status }) => status === 201 || status === 409)).toBe(true);
  });

  it('gets the stored answer although the order has moved on', async () => {
    const key = randomUUID();
    const first = await world.shop.place({}, key);
    await world.engine.happens(first.body.id, { kind: 'accept' });
    const again = await world.shop.place({}, key);
    expect(again.body).toEqual(first.body);
    expect(again.status).toBe(201);
  });

  it('is not the same with another body, on another route or of another merchant', async () => {
    const key = randomUUID();
    const { body } = await world.shop.place({}, key);
    expect(await world.shop.place({ tip_minor: 1 }, key)).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    const ready = await world.call('POST', `/v1/orders/${body.id}/ready`, {
      secret: world.shop.owner,
      key,
    });
    expect(ready).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
  });

  it('taken over after its lease finishes the same order', async () => {
    const key = randomUUID();
    world.engine.faults.next = 'unavailable';
    const first = await world.shop.place({}, key);
    expect(first).toMatchObject({ status: 503, body: { code: 'engine_unavailable' } });
    expect(first.headers['retry-after']).toBeDefined();
    const { order_id } = await world.db
      .selectFrom('idempotency_keys')
      .select('order_id')
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
    const second = await world.shop.place({}, key);
    expect(second).toMatchObject({ status: 201, body: { id: order_id } });
  });

  it('is taken over by one retry only', async () => {
    const key = randomUUID();
    world.engine.faults.next = 'unavailable';
    await world.shop.place({}, key);
    const before = world.engine.calls.length;
    const replies = await Promise.all(Array.from({ length: 5 }, () => world.shop.place({}, key)));
    expect(replies.filter(({ status }) => status === 201).length).toBeGreaterThan(0);
    expect(replies.every(({ status }) => status === 201 || status === 409)).toBe(true);
    expect(world.engine.calls.slice(before).filter(({ call }) => call === 'place')).toHaveLength(1);
  });

  it('whose order is durable but not answered gets 202 and where to look', async () => {
    const key = randomUUID();
    world.engine.faults.next = 'unknown';
    const first = await world.shop.place({}, key);
    expect(first).toMatchObject({ status: 202, body: { sequence: 0, status: 'PENDING' } });
    const found = await world.call('GET', String(first.headers['location']), {
      secret: world.shop.owner,
    });
    expect(found.status).toBe(200);
    expect(await world.shop.place({}, key)).toMatchObject({
      status: 202,
      body: { id: first.body.id },
    });
  });
});

describe('external_id', () => {
  it('under another key names the order that has it', async () => {
    const { body } = await world.shop.place({ external_id: 'pos-2' });
    const before = [await rows('orders'), await rows('people'), await rows('idempotency_keys')];
    const key = randomUUID();
    const taken = await world.shop.place(
      { external_id: 'pos-2', customer: { name: 'X', phone: '+4915100000009' } },
      key,
    );
    expect(taken).toMatchObject({
      status: 409,
      body: { code: 'external_id_taken', order_id: body.id },
    });
    expect([await rows('orders'), await rows('people'), await rows('idempotency_keys')]).toEqual(
      before,
    );
    expect((await world.shop.place({ external_id: 'pos-3' }, key)).status).toBe(201);
  });
});

describe('a refused request', () => {
  const guest = { name: 'Guest', phone: '+4915100000003' };
  it.each([
    ['another currency', { currency: 'USD' }, 422, 'currency_mismatch'],
    [
      'a drop-off far away',
      { dropoff: { location: { lat: 48.1, lng: 11.6 }, address: 'Munich' } },
      422,
      'out_of_area',
    ],
    [
      'more than can be charged',
      { items: [{ name: 'Ring', quantity: 999, unit_price_minor: 99_999_999 }] },
      422,
      'amount_out_of_range',
    ],
    ['an unknown branch', { branch_id: `brn_${'0'.repeat(32)}` }, 404, 'not_found'],
    ['an unknown customer', { customer: { id: `cus_${'0'.repeat(32)}` } }, 404, 'not_found'],
  ])('for %s writes nothing and leaves its key unused', async (_what, change, status, code) => {
    const before = [
      await rows('orders'),
      await rows('people'),
      await rows('notes'),
      await rows('idempotency_keys'),
    ];
    const key = randomUUID();
    const reply = await world.shop.place({ customer: guest, note: 'n', ...change }, key);
    expect(reply).toMatchObject({ status, body: { code } });
    expect(reply.body['errors']).toHaveLength(1);
    expect([
      await rows('orders'),
      await rows('people'),
      await rows('notes'),
      await rows('idempotency_keys'),
    ]).toEqual(before);
    expect((await world.shop.place({}, key)).status).toBe(201);
  });
});
