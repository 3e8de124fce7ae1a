// The event feed: every event once, in the order of commits, however long a transaction stays open.

import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { feedStart, readFeed, type FeedCursor } from '../../db/events.ts';
import { branchAt, createWorld, openShop, type Json, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

type Event = {
  readonly id: string;
  readonly order_id: string;
  readonly sequence: number;
  readonly type: string;
  readonly data: Json;
};
async function read(
  query = '',
  secret: string = world.shop.owner,
): Promise<{ readonly events: readonly Event[]; readonly next: string }> {
  const { body, status } = await world.call('GET', `/v1/events?${query}`, { secret });
  expect(status).toBe(200);
  return { events: body['data'] as readonly Event[], next: String(body['next_cursor']) };
}

/** Everything that there is. Other databases of the server hold the feed back too, so it may take a moment. */
async function readAll({ secret = world.shop.owner, limit = 500 } = {}): ReturnType<typeof read> {
  const merchantId = secret === world.support ? undefined : await merchantOf(secret);
  const stored = await world.db.selectFrom('order_events').select('merchant_id').execute();
  const expected = stored.filter((row) => (merchantId ?? row.merchant_id) === row.merchant_id);
  const events: Event[] = [];
  let next = '';
  while (events.length < expected.length) {
    const after = next === '' ? '' : `&after=${next}`;
    const page = await read(`limit=${limit}&wait=5${after}`, secret);
    events.push(...page.events);
    next = page.next;
  }
  return { events, next };
}

async function merchantOf(secret: string): Promise<string> {
  const { body } = await world.call('GET', '/v1/orders?limit=1', { secret });
  const [order] = body['data'] as readonly { readonly merchant_id: string }[];
  return order?.merchant_id ?? '';
}

/** Something old that does not end: holds back what commits after it began. */
async function openTransaction(): Promise<{ readonly end: () => Promise<void> }> {
  const client = new Client({ connectionString: world.databaseUrl });
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT pg_current_xact_id()');
  return {
    end: async () => {
      await client.query('COMMIT');
      await client.end();
    },
  };
}

describe('the feed', () => {
  it('gives every event once, page by page, with a sequence per order', async () => {
    const placed = [(await world.shop.place()).body.id, (await world.shop.place()).body.id];
    const { events: all } = await readAll({ limit: 3 });
    for (const id of placed) {
      const own = all.filter(({ order_id }) => order_id === id);
      expect(own.map(({ sequence }) => sequence)).toEqual(own.map((_, index) => index + 1));
      expect(own.map(({ type }) => type)).toContain('order.submitted');
    }
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('speaks snake_case and RFC 3339, and keeps the card’s token to itself', async () => {
    const { events } = await readAll();
    const authorized = events.find(({ type }) => type === 'payment.authorized');
    expect(authorized?.data['capture_before']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(JSON.stringify(events)).not.toContain('pm_card_visa');
  });

  it('never skips what commits while an older transaction is open', async () => {
    const { next } = await readAll();
    const old = await openTransaction();
    const { body } = await world.shop.place();
    const heldBack = await read(`after=${next}`);
    expect(heldBack.events).toEqual([]);
    const status = await world.call('GET', '/status');
    expect(status.body['event_feed_lag_seconds']).toBeGreaterThan(0);
    await old.end();
    const { events } = await read(`after=${next}&wait=5`);
    expect(events.map(({ order_id }) => order_id)).toContain(body.id);
  });

  it('waits for the first event and delivers it although it becomes visible later than its hint', async () => {
    const { next } = await readAll();
    const old = await openTransaction();
    const waiting = read(`after=${next}&wait=10`);
    const { body } = await world.shop.place();
    const start = Date.now();
    setTimeout(() => void old.end(), 300);
    const { events } = await waiting;
    expect(events.map(({ order_id }) => order_id)).toContain(body.id);
    expect(Date.now() - start).toBeLessThan(3_000);
  });

  it('waits no longer than asked and then says where to go on', async () => {
    const { next } = await readAll();
    const start = Date.now();
    expect(await read(`after=${next}&wait=1`)).toEqual({ events: [], next });
    expect(Date.now() - start).toBeGreaterThan(900);
  });

  it('lets a process end although somebody waits', async () => {
    const own = await createWorld();
    const waiting = own.call('GET', '/v1/events?wait=30', { secret: own.shop.owner });
    await new Promise((resolve) => setTimeout(resolve, 200));
    const start = Date.now();
    await own.app.close();
    expect((await waiting).body['data']).toEqual([]);
    expect(Date.now() - start).toBeLessThan(3_000);
    await own.close();
  });

  it('of a merchant holds only its own, of support everything', async () => {
    const other = await openShop(world);
    const { body } = await other.place();
    const own = await readAll({ secret: other.owner });
    expect(new Set(own.events.map(({ order_id }) => order_id))).toEqual(new Set([body.id]));
    const all = await readAll({ secret: world.support });
    expect(all.events.length).toBeGreaterThan(own.events.length);
  });

  it('of a branch goes on behind what it has looked at, also where nothing is its own', async () => {
    const { id: branch_id } = await world.make('branches', {
      merchant_id: world.shop.merchant.id,
      name: 'Nord',
      location: branchAt,
    });
    const scope = { role: 'staff', merchant_id: world.shop.merchant.id, branch_id };
    const staff = await world.keyOf(scope);
    await world.shop.place();
    const { next } = await readAll();
    expect(await read('limit=2', staff)).toEqual({ events: [], next });
    const { body } = await world.shop.place({ branch_id });
    const { events } = await readAll({ limit: 500 });
    const own = events.filter(({ order_id }) => order_id === body.id);
    const first = await read(`limit=2&after=${next}`, staff);
    const second = await read(`limit=500&after=${first.next}`, staff);
    expect([...first.events, ...second.events]).toEqual(own);
    expect(first.events).toHaveLength(2);
  });

  it('of a branch far behind moves on by a bounded number of events', async () => {
    const scope = { merchant_id: `mer_${'2'.repeat(32)}`, type: 'order.reminded' };
    await sql`INSERT INTO order_events (order_id, sequence, merchant_id, type, body, actor, command_id, at)
      SELECT 'ord_of_nobody', n, ${scope.merchant_id}, ${scope.type}, '{}', '{"kind":"system"}', 'test', now()
      FROM generate_series(1, 5600) n`.execute(world.db);
    const feed = { kind: 'merchant', merchantId: scope.merchant_id, branchId: 'brn_1' } as const;
    const look = (after: FeedCursor) => readFeed(world.db, { scope: feed, after, limit: 10 });
    await expect.poll(async () => (await look(feedStart)).next.id).toBeGreaterThan(0);
    const first = await look(feedStart);
    const second = await look(first.next);
    expect([first.events, second.events]).toEqual([[], []]);
    expect(second.next.id - first.next.id).toBe(600);
    expect((await look(second.next)).next).toEqual(second.next);
    await sql`DELETE FROM order_events WHERE merchant_id = ${scope.merchant_id}`.execute(world.db);
  });

  it.each(['x', 'MTIz', Buffer.from('1.2;drop').toString('base64url')])(
    'refuses the cursor %s',
    async (after) => {
      const reply = await world.call('GET', `/v1/events?after=${after}`, {
        secret: world.shop.owner,
      });
      expect(reply).toMatchObject({ status: 400, body: { errors: [{ field: 'after' }] } });
    },
  );
});
