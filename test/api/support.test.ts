// Support's desk over HTTP: the exceptions queue, search, claims, notes.

import { describe, expect, it } from 'vitest';
import type { Db } from '../../db/connect.ts';
import { field, idsOf, listed, setUpDesk } from '../support/desk.ts';
import type { Reply } from './world.ts';

const set = setUpDesk();

const find = (q: string): Promise<Reply> => set.desk.get(`orders?q=${encodeURIComponent(q)}`);

const makeOverdue = (db: Db, orderId: string, minutes: number) =>
  db
    .updateTable('orders')
    .set({ deadline_at: new Date(Date.now() - minutes * 60_000) })
    .where('id', '=', orderId)
    .execute();

describe('the exceptions queue', () => {
  it('says why, whose move it is, what happens by itself and what may be done', async () => {
    const id = await set.desk.placed(set.shop);
    await makeOverdue(set.world.db, id, 3);
    const reply = await set.desk.get(`exceptions?merchant_id=${set.shop.merchant.id}`);
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
      [
        'accept',
        'cancel',
        'resend-to-merchant',
        'hold',
        'extend',
        'convert-to-pickup',
        'change-address',
      ].map((name) => `${base}/actions/${name}`),
    );
  });

  it('leaves out what is in time and what is over', async () => {
    await set.desk.placed(set.shop);
    const over = await set.desk.placed(set.shop);
    await set.desk.say(over, 'actions/cancel');
    await set.world.engine.happens(over, { kind: 'paymentVoided' });
    await makeOverdue(set.world.db, over, 3);
    expect(idsOf(await set.desk.get(`exceptions?merchant_id=${set.shop.merchant.id}`))).toEqual([]);
  });

  it('lists the most urgent first, page by page, each once', async () => {
    const orders = [
      await set.desk.placed(set.shop),
      await set.desk.placed(set.shop),
      await set.desk.placed(set.shop),
    ];
    for (const [index, id] of orders.entries()) await makeOverdue(set.world.db, id, 3 + index);
    const seen: string[] = [];
    for (let more = ''; more !== 'null';) {
      const after = more === '' ? '' : `&cursor=${more}`;
      const page = await set.desk.get(
        `exceptions?merchant_id=${set.shop.merchant.id}&limit=1${after}`,
      );
      seen.push(...idsOf(page));
      more = field(page.body, 'next_cursor');
    }
    expect(seen).toEqual(orders.toReversed());
  });

  it('knows orders whose workflow is gone, and offers to settle them', async () => {
    const id = await set.desk.placed(set.shop);
    const now = new Date();
    await set.world.db
      .insertInto('order_troubles')
      .values({ order_id: id, kind: 'workflow_gone', since: now, seen_at: now })
      .execute();
    const [row] = listed(
      await set.desk.get(`exceptions?reason=workflow_gone&market_id=${set.shop.market.id}`),
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
    const id = await set.desk.placed(set.shop);
    await set.desk.say(id, 'actions/cancel');
    await set.world.engine.happens(id, { kind: 'paymentVoidFailed', code: 'void_unanswered' });
    const path = `exceptions?reason=incident&merchant_id=${set.shop.merchant.id}`;
    expect(listed(await set.desk.get(path))).toMatchObject([
      {
        order_id: id,
        incidents: [{ kind: 'payment_written_off' }],
        actions: [{ action: 'incidents/resolve' }],
      },
    ]);
    expect(await set.desk.say(id, 'incidents/resolve')).toMatchObject({ status: 200 });
    expect(idsOf(await set.desk.get(path))).toEqual([]);
  });

  it('filters by who has claimed an order', async () => {
    const [mine, free] = [await set.desk.placed(set.shop), await set.desk.placed(set.shop)];
    for (const id of [mine, free]) await makeOverdue(set.world.db, id, 5);
    await set.desk.say(mine, 'claim', { body: {} });
    const of = (claimed: string) =>
      set.desk.get(`exceptions?merchant_id=${set.shop.merchant.id}&claimed=${claimed}`);
    expect(idsOf(await of('me'))).toEqual([mine]);
    expect(idsOf(await of('nobody'))).toEqual([free]);
  });

  it('refuses a cursor that is none', async () => {
    expect(await set.desk.get('exceptions?cursor=abc')).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'cursor' }] },
    });
  });
});

describe('search', () => {
  it('finds an order by its ids, its number and the ids of its parties', async () => {
    const external = `pos-${set.shop.merchant.id}`;
    const id = await set.desk.withDriver(set.shop, { external_id: external });
    const { number } = (await set.world.call('GET', `/v1/orders/${id}`, { secret: set.shop.owner }))
      .body;
    const questions = [id, external, set.shop.merchant.id, set.shop.branch.id, set.shop.driver.id];
    for (const q of [...questions, set.shop.customer.id])
      expect(idsOf(await find(q))).toEqual([id]);
    expect(idsOf(await find(`#${String(number)}`))).toContain(id);
  });

  it('finds the orders of a phone, however it is written, until the person is erased', async () => {
    const phone = '+4915799990001';
    const guest = { customer: { name: 'Ines', phone } };
    const id = await set.desk.placed(set.shop, guest);
    for (const q of [phone, '0049 157 9999 0001', ' +49 (157) 9999-0001 '])
      expect(idsOf(await find(q))).toEqual([id]);
    const stored = await set.world.db.selectFrom('people').select('phone_index').execute();
    expect(JSON.stringify(stored)).not.toContain('15799990001');
    const { customer_id: who } = (
      await set.world.call('GET', `/v1/orders/${id}`, { secret: set.shop.owner })
    ).body;
    await set.world.call('DELETE', `/v1/admin/customers/${String(who)}`, {
      secret: set.world.admin,
    });
    expect(idsOf(await find(phone))).toEqual([]);
  });

  it('finds the orders that a driver carries or carried by the driver’s phone', async () => {
    const driver = await set.world.make('drivers', {
      market_id: set.shop.market.id,
      name: 'Dora',
      phone: '+4915799990002',
    });
    const id = await set.desk.accepted(set.shop);
    await set.world.db
      .updateTable('orders')
      .set({ driver_id: driver.id, delivery_status: 'confirmed' })
      .where('id', '=', id)
      .execute();
    expect(idsOf(await find('+4915799990002'))).toEqual([id]);
  });

  it('finds a merchant’s orders by the beginning of its name, literally', async () => {
    const merchant = await set.world.make('merchants', {
      market_id: set.shop.market.id,
      name: '100% Bowl',
      commission_bps: 0,
    });
    const branch = await set.world.make('branches', {
      merchant_id: merchant.id,
      name: 'Ost',
      location: { lat: 52.52, lng: 13.405 },
    });
    const { body } = await set.world.call('POST', '/v1/orders', {
      secret: set.world.admin,
      body: set.shop.orderBody({
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
    const id = await set.desk.placed(set.shop);
    const claim = await set.desk.say(id, 'claim', { body: { minutes: 5 } });
    expect(claim.status).toBe(200);
    for (const rest of ['claim', 'actions/cancel']) {
      const body = rest === 'claim' ? {} : { reason: 'other' };
      expect(await set.desk.say(id, rest, { as: set.desk.other, body })).toMatchObject({
        status: 409,
        body: { code: 'claimed_by_other', order_id: id },
      });
    }
    await set.desk.say(id, 'release', { as: set.desk.other, body: {} });
    expect((await set.desk.say(id, 'claim', { as: set.desk.other, body: {} })).status).toBe(409);
    await set.world.db
      .updateTable('order_claims')
      .set({ expires_at: new Date() })
      .where('order_id', '=', id)
      .execute();
    expect((await set.desk.say(id, 'claim', { as: set.desk.other, body: {} })).status).toBe(200);
    expect((await set.desk.say(id, 'release', { as: set.desk.other, body: {} })).status).toBe(204);
    expect((await set.desk.say(id, 'actions/cancel')).status).toBe(200);
  });
});

describe('a note', () => {
  it('is sealed, read by agents, and gone with the customer', async () => {
    const text = 'the bell does not work';
    const guest = { customer: { name: 'Ina', phone: '+4915799990009' } };
    const id = await set.desk.placed(set.shop, guest);
    expect(await set.desk.say(id, 'notes', { body: { text } })).toMatchObject({
      status: 201,
      body: { text },
    });
    expect(listed(await set.desk.get(`orders/${id}/notes`))).toMatchObject([{ text }]);
    const everything = await Promise.all([
      set.world.db.selectFrom('notes').selectAll().execute(),
      set.world.db.selectFrom('idempotency_keys').selectAll().execute(),
    ]);
    expect(JSON.stringify(everything)).not.toContain(text);
    const { customer_id: who } = (
      await set.world.call('GET', `/v1/orders/${id}`, { secret: set.shop.owner })
    ).body;
    await set.world.call('DELETE', `/v1/admin/customers/${String(who)}`, {
      secret: set.world.admin,
    });
    const [left] = listed(await set.desk.get(`orders/${id}/notes`));
    expect(left).not.toHaveProperty('text');
    expect((await set.desk.say(id, 'notes', { body: { text } })).status).toBe(404);
  });
});
