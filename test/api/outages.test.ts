// What is down is said so, quickly, and limits are kept.

import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { buildApi } from '../../api/app.ts';
import { connect } from '../../db/connect.ts';
import { createCaller, createWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

describe('without PostgreSQL', () => {
  it('requests get 503 with Retry-After, the process answers, the check says what is down', async () => {
    world = await createWorld();
    const away = connect({ url: 'postgres://nobody@127.0.0.1:1/none', poolSize: 2 });
    const app = await buildApi({
      db: away,
      engine: world.engine,
      redis: {
        waitFor: async () => false,
        hint: async () => undefined,
        isUp: () => false,
        writePositions: async () => undefined,
        forgetPosition: async () => undefined,
      },
      ports: {},
      proofs: world.deps.proofs,
      log: pino({ level: 'silent' }),
      masterKey: Buffer.alloc(32).toString('base64'),
    });
    const call = createCaller(app);
    const start = Date.now();
    const reply = await call('GET', '/v1/orders', { secret: world.admin });
    expect(reply).toMatchObject({ status: 503, body: { code: 'storage_unavailable' } });
    expect(reply.headers['retry-after']).toBeDefined();
    expect(Date.now() - start).toBeLessThan(6_000);
    expect((await call('GET', '/health')).status).toBe(200);
    expect(await call('GET', '/health/detailed')).toMatchObject({
      status: 503,
      body: { ok: false, postgres: { ok: false }, temporal: { ok: true } },
    });
    await app.close();
    await away.destroy();
  });
});

describe('a bug', () => {
  it('is 500 without details', async () => {
    world = await createWorld();
    world.engine.place = async () => {
      throw new Error('the inner secret');
    };
    const reply = await world.shop.place();
    expect(reply).toMatchObject({ status: 500, body: { code: 'internal' } });
    expect(JSON.stringify(reply.body)).not.toContain('inner secret');
  });
});

describe('the rate limit', () => {
  it('counts per key, and per address without one', async () => {
    world = await createWorld({ limits: { requestsPerS: 40 } });
    const { shop, support, call } = world;
    const replies = await Promise.all(
      Array.from({ length: 60 }, () => call('GET', '/v1/orders', { secret: shop.owner })),
    );
    const limited = replies.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.body).toMatchObject({ code: 'rate_limited', status: 429 });
    expect(limited[0]?.headers['content-type']).toContain('application/problem+json');
    expect(limited[0]?.headers['retry-after']).toBeDefined();
    expect((await call('GET', '/v1/orders', { secret: support })).status).toBe(200);
    const guesses = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        call('GET', '/v1/orders', { secret: `wbk_guess_number_${i}` }),
      ),
    );
    expect(guesses.some(({ status }) => status === 429)).toBe(true);
  });
});

describe('guessing', () => {
  it('costs the database a bounded number of look-ups, and nobody who was seen before', async () => {
    world = await createWorld();
    let queries = 0;
    const db = world.db.withPlugin({
      transformQuery: ({ node }) => {
        queries += 1;
        return node;
      },
      transformResult: async ({ result }) => result,
    });
    const { shop, call: placed } = world;
    await placed('GET', '/v1/orders', { secret: shop.owner });
    const app = await buildApi({ ...world.deps, db, limits: { requestsPerS: 10 } });
    const call = createCaller(app);
    expect((await call('GET', '/v1/orders', { secret: shop.owner })).status).toBe(200);
    queries = 0;
    for (let i = 0; i < 200; i += 1)
      await call('GET', '/v1/orders', { secret: `wbk_guess_number_${i}` });
    expect(queries).toBeLessThan(100);
    expect((await call('GET', '/v1/orders', { secret: shop.owner })).status).toBe(200);
    await app.close();
  });
});

describe('the metrics', () => {
  it('and the status say what is overdue, open and held back', async () => {
    world = await createWorld();
    const { body } = await world.shop.place();
    await world.db
      .updateTable('orders')
      .set({ deadline_at: new Date(Date.now() - 300_000) })
      .where('id', '=', body.id)
      .execute();
    const incident = { order_id: body.id, kind: 'test', at: new Date(), detail: '{}' };
    await world.db
      .insertInto('incidents')
      .values([
        { ...incident, key: 'a', resolved_at: null },
        { ...incident, key: 'b', resolved_at: new Date() },
      ])
      .execute();
    const { text } = (await world.call('GET', '/metrics')).body as unknown as {
      readonly text: string;
    };
    expect(text).toMatch(/^orders_overdue 1$/m);
    expect(text).toMatch(/^incidents_open 1$/m);
    expect(text).toMatch(/^event_feed_lag_seconds [\d.e-]+$/m);
    const status = await world.call('GET', '/status');
    expect(status.body).toMatchObject({ overdue: 1, open_incidents: 1 });
  });

  it('count requests by route and engine calls by outcome, without ids', async () => {
    world = await createWorld();
    const { body } = await world.shop.place();
    await world.call('GET', `/v1/orders/${body.id}`, { secret: world.shop.owner });
    const { text } = (await world.call('GET', '/metrics')).body as unknown as {
      readonly text: string;
    };
    expect(text).toContain(
      'http_request_duration_seconds_count{route="/v1/orders/:id",method="GET",status="200"} 1',
    );
    expect(text).toContain('engine_calls_total{call="place",outcome="done"} 1');
    expect(text).not.toContain(body.id);
  });
});
