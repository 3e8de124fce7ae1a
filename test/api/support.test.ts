// Support's desk over HTTP: the exceptions queue, search, claims, notes.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Db } from '../../db/connect.ts';
import { createDesk, field, idsOf, listed, type Desk } from './desk.ts';
import { createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

let world: World;
let shop: Shop;
let desk: Desk;
beforeAll(async () => {
  world = await createWorld();
  desk = createDesk(world, await world.keyOf({ role: 'support' }));
});
afterAll(() => world.close());
beforeEach(async () => {
  shop = await openShop(world);
  world.engine.faults.workflow = { kind: 'running' };
});

const find = (q: string): Promise<Reply> => desk.get(`orders?q=${encodeURIComponent(q)}`);

const makeOverdue = (db: Db, orderId: string, minutes: number) =>
  db
    .updateTable('orders')
    .set({ deadline_at: new Date(Date.now() - minutes * 60_000) })
    .where('id', '=', orderId)
    .execute();

describe('the exceptions queue', () => {
  it('says why, whose move it is, what happens by itself and what may be done', async () => {
    const id = await desk.placed(shop);
    await makeOverdue(world.db, id, 3);
    const reply = await desk.get(`exceptions?merchant_id=${shop.merchant.id}`);
    const [row] = listed(reply);
    expect(row).toMatchObject({
      order_id: id,
      owner: 'merchant',
      reasons: [{ code: 'overdue' }],
      next_step: { exit: 'remindMerchant', says: 'the merchant is reminded' },
      claim: null,
    });
    const actions = ((row?.['actions'] ?? []) as { path: string }[]).map(({ path }) => path);
    const base = `/v1/support/orders/${id}`;
    expect(actions).toEqual(
      ['accept', 'cancel', 'resend-to-merchant', 'hold', 'extend', 'convert-to-pickup'].map(
        (name) => `${base}/actions/${name}`,
      ),
    );
  });

  it('leaves out what is in time and what is over', async () => {
    await desk.placed(shop);
    const over = await desk.placed(shop);
    await desk.say(over, 'actions/cancel');
    await world.engine.happens(over, { kind: 'paymentVoided' });
    await makeOverdue(world.db, over, 3);
    expect(idsOf(await desk.get(`exceptions?merchant_id=${shop.merchant.id}`))).toEqual([]);
  });

  it('lists the most urgent first, page by page, each once', async () => {
    const orders = [await desk.placed(shop), await desk.placed(shop), await desk.placed(shop)];
    for (const [index, id] of orders.entries()) await makeOverdue(world.db, id, 3 + index);
    const seen: string[] = [];
    for (let more = ''; more !== 'null';) {
      const after = more === '' ? '' : `&cursor=${more}`;
      const page = await desk.get(`exceptions?merchant_id=${shop.merchant.id}&limit=1${after}`);
      seen.push(...idsOf(page));
      more = field(page.body, 'next_cursor');
    }
    expect(seen).toEqual(orders.toReversed());
  });

  it('knows orders whose workflow is gone, and offers to settle them', async () => {
    const id = await desk.placed(shop);
    const now = new Date();
    await world.db
      .insertInto('order_troubles')
      .values({ order_id: id, kind: 'workflow_gone', since: now, seen_at: now })
      .execute();
    const [row] = listed(
      await desk.get(`exceptions?reason=workflow_gone&market_id=${shop.market.id}`),
    );
    expect(row).toMatchObject({
      order_id: id,
      owner: 'support',
      next_step: null,
      by_itself: 'nothing: settle it',
      actions: [{ action: 'settle', path: `/v1/support/orders/${id}/settle` }],
    });
  });

  it('shows open incidents, also of orders that are over, until somebody resolves them', async () => {
    const id = await desk.placed(shop);
    await desk.say(id, 'actions/cancel');
    await world.engine.happens(id, { kind: 'paymentVoidFailed', code: 'void_unanswered' });
    const path = `exceptions?reason=incident&merchant_id=${shop.merchant.id}`;
    expect(listed(await desk.get(path))).toMatchObject([
      {
        order_id: id,
        incidents: [{ kind: 'payment_written_off' }],
        actions: [{ action: 'incidents/resolve' }],
      },
    ]);
    expect(await desk.say(id, 'incidents/resolve')).toMatchObject({ status: 200 });
    expect(idsOf(await desk.get(path))).toEqual([]);
  });

  it('filters by who has claimed an order', async () => {
    const [mine, free] = [await desk.placed(shop), await desk.placed(shop)];
    for (const id of [mine, free]) await makeOverdue(world.db, id, 5);
    await desk.say(mine, 'claim', { body: {} });
    const of = (claimed: string) =>
      desk.get(`exceptions?merchant_id=${shop.merchant.id}&claimed=${claimed}`);
    expect(idsOf(await of('me'))).toEqual([mine]);
    expect(idsOf(await of('nobody'))).toEqual([free]);
  });

  it('refuses a cursor that is none', async () => {
    expect(await desk.get('exceptions?cursor=abc')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'cursor' }] },
    });
  });
});

describe('search', () => {
  it('finds an order by its ids, its number and the ids of its parties', async () => {
    const external = `pos-${shop.merchant.id}`;
    const id = await desk.withDriver(shop, { external_id: external });
    const { number } = (await world.call('GET', `/v1/orders/${id}`, { secret: shop.owner })).body;
    const questions = [id, external, shop.merchant.id, shop.branch.id, shop.driver.id];
    for (const q of [...questions, shop.customer.id]) expect(idsOf(await find(q))).toEqual([id]);
    expect(idsOf(await find(`#${String(number)}`))).toContain(id);
  });

  it('finds the orders of a phone, however it is written, until the person is erased', async () => {
    const phone = '+4915799990001';
    const guest = { customer: { name: 'Ines', phone } };
    const id = await desk.placed(shop, guest);
    for (const q of [phone, '0049 157 9999 0001', ' +49 (157) 9999-0001 '])
      expect(idsOf(await find(q))).toEqual([id]);
    const stored = await world.db.selectFrom('people').select('phone_index').execute();
    expect(JSON.stringify(stored)).not.toContain('15799990001');
    const { customer_id: who } = (
      await world.call('GET', `/v1/orders/${id}`, { secret: shop.owner })
    ).body;
    await world.call('DELETE', `/v1/admin/customers/${String(who)}`, { secret: world.admin });
    expect(idsOf(await find(phone))).toEqual([]);
  });

  it('finds the orders that a driver carries or carried by the driver’s phone', async () => {
    const driver = await world.make('drivers', {
      market_id: shop.market.id,
      name: 'Dora',
      phone: '+4915799990002',
    });
    const id = await desk.accepted(shop);
    await world.db
      .updateTable('orders')
      .set({ driver_id: driver.id, delivery_status: 'confirmed' })
      .where('id', '=', id)
      .execute();
    expect(idsOf(await find('+4915799990002'))).toEqual([id]);
  });

  it('finds a merchant’s orders by the beginning of its name, literally', async () => {
    const merchant = await world.make('merchants', {
      market_id: shop.market.id,
      name: '100% Bowl',
      commission_bps: 0,
    });
    const branch = await world.make('branches', {
      merchant_id: merchant.id,
      name: 'Ost',
      location: { lat: 52.52, lng: 13.405 },
    });
    const { body } = await world.call('POST', '/v1/orders', {
      secret: world.admin,
      body: shop.orderBody({
        branch_id: branch.id,
        customer: { name: 'A', phone: '+4915799990003' },
      }),
    });
    expect(idsOf(await find('100% b'))).toEqual([body.id]);
    expect(idsOf(await find('1%'))).toEqual([]);
  });
});

describe('a claim', () => {
  it('keeps other agents away, by name, and ends by itself or when it is released', async () => {
    const id = await desk.placed(shop);
    const claim = await desk.say(id, 'claim', { body: { minutes: 5 } });
    expect(claim.status).toBe(200);
    for (const rest of ['claim', 'actions/cancel']) {
      const body = rest === 'claim' ? {} : { reason: 'other' };
      expect(await desk.say(id, rest, { as: desk.other, body })).toMatchObject({
        status: 409,
        body: { code: 'claimed_by_other', order_id: id },
      });
    }
    await desk.say(id, 'release', { as: desk.other, body: {} });
    expect((await desk.say(id, 'claim', { as: desk.other, body: {} })).status).toBe(409);
    await world.db
      .updateTable('order_claims')
      .set({ expires_at: new Date() })
      .where('order_id', '=', id)
      .execute();
    expect((await desk.say(id, 'claim', { as: desk.other, body: {} })).status).toBe(200);
    expect((await desk.say(id, 'release', { as: desk.other, body: {} })).status).toBe(204);
    expect((await desk.say(id, 'actions/cancel')).status).toBe(200);
  });
});

describe('a note', () => {
  it('is sealed, read by agents, and gone with the customer', async () => {
    const text = 'the bell does not work';
    const guest = { customer: { name: 'Ina', phone: '+4915799990009' } };
    const id = await desk.placed(shop, guest);
    expect(await desk.say(id, 'notes', { body: { text } })).toMatchObject({
      status: 201,
      body: { text },
    });
    expect(listed(await desk.get(`orders/${id}/notes`))).toMatchObject([{ text }]);
    const everything = await Promise.all([
      world.db.selectFrom('notes').selectAll().execute(),
      world.db.selectFrom('idempotency_keys').selectAll().execute(),
    ]);
    expect(JSON.stringify(everything)).not.toContain(text);
    const { customer_id: who } = (
      await world.call('GET', `/v1/orders/${id}`, { secret: shop.owner })
    ).body;
    await world.call('DELETE', `/v1/admin/customers/${String(who)}`, { secret: world.admin });
    const [left] = listed(await desk.get(`orders/${id}/notes`));
    expect(left).not.toHaveProperty('text');
    expect((await desk.say(id, 'notes', { body: { text } })).status).toBe(404);
  });
});
