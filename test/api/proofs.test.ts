// Proofs of hand-overs through the API: pictures, codes and PINs first, then the hand-over that names them.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import type { DriverId } from '../../domain/ids.ts';
import { createWorld, openShop, type Reply, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const jpeg = Buffer.concat([Buffer.of(0xff, 0xd8, 0xff), Buffer.from('a bag at the door')]);
const png = Buffer.from('\x89PNG\r\n\x1a\nAda', 'latin1');

const say = (orderId: string, what: string, body: unknown = {}, secret = world.shop.driverKey) =>
  world.call('POST', `/v1/orders/${orderId}/${what}`, { secret, body });
const show = (orderId: string, kind: string, body: unknown, secret = world.shop.driverKey) => {
  const headers = Buffer.isBuffer(body) ? { 'content-type': 'image/jpeg' } : {};
  return world.call('POST', `/v1/orders/${orderId}/proofs?kind=${kind}`, { secret, body, headers });
};
const pinOf = async (orderId: string, secret = world.shop.customerKey): Promise<string> => {
  const asked = { secret };
  return String((await world.call('GET', `/v1/orders/${orderId}`, asked)).body['pin']);
};
const wrongPin = (pin: string): string => (pin === '0000' ? '0001' : '0000');

/** With the driver of the shop, who has the goods. */
async function carried(extra: object = {}): Promise<string> {
  const { id } = (await world.shop.place(extra)).body;
  await say(id, 'accept', {}, world.shop.owner);
  await say(id, 'ready', {}, world.shop.owner);
  const assigned = { offerId: newId('offer'), pickupEtaAt: Date.now() + 60_000 };
  const driverId = world.shop.driver.id as DriverId;
  await world.engine.happens(id, { kind: 'assign', driverId, ...assigned });
  await say(id, 'pick-up');
  return id;
}

describe('a proof', () => {
  it('that the order asks for is given first, and named by the delivery', async () => {
    const id = await carried({ proof: ['photo', 'signature', 'pin', 'barcode'] });
    expect(await say(id, 'deliver')).toMatchObject({
      status: 422,
      body: {
        code: 'proof_missing',
        reason: 'without photo and signature and pin and barcode nothing is handed over',
      },
    });
    const number = (await world.call('GET', `/v1/orders/${id}`, { secret: world.admin })).body[
      'number'
    ];
    const given = await Promise.all([
      show(id, 'photo', jpeg),
      show(id, 'signature', png),
      show(id, 'pin', { code: await pinOf(id) }),
      show(id, 'barcode', { code: number }),
    ]);
    expect(given.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const proofs = given.map(({ body }) => ({ kind: body['kind'], proof_id: body.id }));
    const some = await say(id, 'deliver', { proofs: proofs.slice(1) });
    expect(some.body['reason']).toBe('without photo nothing is handed over');
    const done = await say(id, 'deliver', { proofs });
    expect(done.body).toMatchObject({ delivery_status: 'delivered' });
    const [delivered] = await world.db
      .selectFrom('order_events')
      .select('body')
      .where('order_id', '=', id)
      .where('type', '=', 'delivery.delivered')
      .execute();
    expect(delivered?.body).toMatchObject({
      proofs: proofs.map(({ kind, proof_id }) => ({ kind, proofId: proof_id })),
    });
  });

  it('is the same one when its request is repeated, and another request needs another key', async () => {
    const id = await carried();
    const headers = { 'content-type': 'image/jpeg' };
    const ask = { secret: world.shop.driverKey, key: 'photo-1', headers };
    const url = `/v1/orders/${id}/proofs?kind=photo`;
    const first = await world.call('POST', url, { ...ask, body: jpeg });
    const again = await world.call('POST', url, { ...ask, body: jpeg });
    expect(again.body).toEqual(first.body);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await world.call('POST', url, { ...ask, body: png })).body['code']).toBe(
      'idempotency_key_reused',
    );
    const listed = await world.call('GET', `/v1/orders/${id}/proofs`, { secret: world.support });
    expect(listed.body['data']).toEqual([first.body]);
  });

  it('of another order, of another kind or of no id is refused with the name of the field', async () => {
    const [id, other] = [await carried(), await carried()];
    const { body } = await show(other, 'photo', jpeg);
    const named = async (proof: object): Promise<unknown> =>
      (await say(id, 'deliver', { proofs: [proof] })).body['reason'];
    const field = 'proofs.0.proof_id';
    expect(await named({ kind: 'photo', proof_id: body.id })).toBe(
      `${field} names no photo of this order`,
    );
    expect(await named({ kind: 'signature' })).toBe(`${field} is required for signature`);
  });

  it('is taken only from whoever hands the goods over', async () => {
    const id = await carried();
    const stranger = await openShop(world);
    expect((await show(id, 'photo', jpeg, stranger.driverKey)).status).toBe(404);
    expect((await show(id, 'photo', jpeg, stranger.owner)).status).toBe(404);
    expect((await show(id, 'photo', jpeg, world.shop.owner)).body['code']).toBe('wrong_state');
    expect((await show(id, 'photo', jpeg, world.shop.customerKey)).status).toBe(403);
    await say(id, 'deliver');
    expect((await show(id, 'photo', jpeg)).status).toBe(409);
  });

  it.each([
    ['photo', Buffer.from('<svg/>'), 400, 'body is no JPEG, PNG or WebP picture'],
    ['pin', jpeg, 400, 'kind pin is no picture'],
    ['photo', {}, 400, 'body a photo is sent as a picture: image/jpeg, image/png or image/webp'],
    ['barcode', {}, 400, 'code is required'],
    [
      'barcode',
      { code: 'elsewhere' },
      422,
      'the barcode is not this order’s id, number or external_id',
    ],
    ['pin', { code: '1234' }, 400, 'kind this order has no PIN'],
    ['photo', Buffer.alloc(4_194_305), 413, 'a body may have 4194304 bytes'],
  ])('%s of the wrong form is refused', async (kind, body, status, reason) => {
    const id = await carried();
    expect(await show(id, kind, body)).toMatchObject({ status, body: { reason } });
  });
});

describe('a picture', () => {
  it('is stored sealed, shown to staff, and gone when the customer is erased', async () => {
    const customer = await world.make('customers', {
      name: 'Erna',
      phone: '+4915100000077',
      merchant_id: world.shop.merchant.id,
    });
    const id = await carried({ customer: { id: customer.id } });
    const proof = await show(id, 'photo', jpeg);
    const stored = await world.deps.proofs.get(`${id}/${proof.body.id}`);
    expect(stored?.includes('a bag at the door')).toBe(false);
    const look = (secret: string) =>
      world.app.inject({
        url: `/v1/orders/${id}/proofs/${proof.body.id}`,
        headers: { authorization: `Bearer ${secret}` },
      });
    const seen = await look(world.shop.owner);
    expect([seen.headers['content-type'], seen.rawPayload]).toEqual(['image/jpeg', jpeg]);
    expect((await look(world.shop.driverKey)).statusCode).toBe(403);
    await say(id, 'deliver');
    const erased = await world.call('DELETE', `/v1/admin/customers/${customer.id}`, {
      secret: world.admin,
    });
    expect([erased.status, (await look(world.shop.owner)).statusCode]).toEqual([204, 404]);
  });

  it('is needed to leave the goods at the door', async () => {
    const id = await carried({ undeliverable_action: 'leave_at_door' });
    await say(id, 'arrive-at-dropoff');
    for (const channel of ['call', 'door']) await say(id, 'contact', { channel });
    const reason = 'customer_absent';
    const early = await say(id, 'fail-dropoff', { reason });
    expect(early.body['code']).toBe('too_early');
    const at = Date.now() + 8.1 * 60_000;
    const driverId = world.shop.driver.id as DriverId;
    const bare = await world.engine.happens(id, { kind: 'failDropoff', driverId, reason }, at);
    expect(bare).toMatchObject({ kind: 'refused', refusal: { code: 'proof_missing' } });
    const { body } = await show(id, 'photo', jpeg);
    const proofs = [{ kind: 'photo', proofId: body.id }] as never;
    await world.engine.happens(id, { kind: 'failDropoff', driverId, reason, proofs }, at);
    const order = await world.call('GET', `/v1/orders/${id}`, { secret: world.admin });
    expect(order.body).toMatchObject({ delivery_status: 'delivered' });
  });
});

describe('the PIN', () => {
  it('is shown to the customer alone, while the order lasts', async () => {
    const id = await carried({ proof: ['pin'] });
    const pin = await pinOf(id);
    expect(pin).toMatch(/^\d{4}$/);
    const { owner, driverKey } = world.shop;
    for (const secret of [owner, driverKey, world.support, world.admin]) {
      const seen = await world.call('GET', `/v1/orders/${id}`, { secret });
      expect(seen.body).not.toHaveProperty('pin');
    }
    const { body } = await show(id, 'pin', { code: pin });
    await say(id, 'deliver', { proofs: [{ kind: 'pin', proof_id: body.id }] });
    const facts = await world.db
      .selectFrom('orders')
      .select('facts')
      .where('id', '=', id)
      .execute();
    expect(JSON.stringify(facts)).not.toContain(`"${pin}"`);
  });

  it('may be wrong five times, however many guess at once, then support has to look', async () => {
    const id = await carried({ proof: ['pin'] });
    const pin = await pinOf(id);
    const guess = (code: string): Promise<Reply> => show(id, 'pin', { code });
    const guesses = await Promise.all(Array.from({ length: 8 }, () => guess(wrongPin(pin))));
    const codes = guesses.map(({ body }) => body['code']);
    expect(codes.filter((code) => code === 'proof_wrong')).toHaveLength(4);
    expect(codes.filter((code) => code === 'pin_locked')).toHaveLength(4);
    expect((await guess(pin)).body['code']).toBe('pin_locked');
    const queue = await world.call('GET', '/v1/support/exceptions?reason=incident', {
      secret: world.support,
    });
    expect(JSON.stringify(queue.body)).toContain('pin_locked');
    const done = await world.call('POST', `/v1/support/orders/${id}/actions/mark-delivered`, {
      secret: world.support,
      body: { reason: 'customer_request' },
    });
    expect(done.body).toMatchObject({ outcome: 'done' });
  });

  it('may be wrong as often as by default where the market or the order does not say', async () => {
    const { place, market, owner, customerKey } = await openShop(world);
    await sql`UPDATE markets SET policy = policy - 'maxPinAttempts' WHERE id = ${market.id}`.execute(
      world.db,
    );
    const { id } = (await place({ type: 'pickup', dropoff: undefined, proof: ['pin'] })).body;
    const code = wrongPin(await pinOf(id, customerKey));
    const first = await show(id, 'pin', { code }, owner);
    expect(first.body['reason']).toBe('the PIN is wrong; wrong ones left: 4');
    const order = world.db.selectFrom('orders').select('facts').where('id', '=', id);
    expect(await order.execute()).toMatchObject([{ facts: { policy: { maxPinAttempts: 5 } } }]);
    await sql`UPDATE orders SET facts = facts #- '{policy,maxPinAttempts}' WHERE id = ${id}`.execute(
      world.db,
    );
    const second = await show(id, 'pin', { code }, owner);
    expect(second.body['reason']).toBe('the PIN is wrong; wrong ones left: 3');
  });

  it('counts a wrong one once, also when its request is repeated', async () => {
    const id = await carried({ proof: ['pin'] });
    const body = { code: wrongPin(await pinOf(id)) };
    const ask = { secret: world.shop.driverKey, key: `guess-${id}`, body };
    const replies = [];
    for (let turn = 0; turn < 6; turn += 1)
      replies.push(await world.call('POST', `/v1/orders/${id}/proofs?kind=pin`, ask));
    expect(new Set(replies.map((reply) => reply.body['reason']))).toEqual(
      new Set(['the PIN is wrong; wrong ones left: 4']),
    );
  });

  it('is typed in at the counter for an order that is collected', async () => {
    const { owner } = world.shop;
    const { id } = (await world.shop.place({ type: 'pickup', dropoff: undefined, proof: ['pin'] }))
      .body;
    await say(id, 'accept', {}, owner);
    await say(id, 'ready', {}, owner);
    expect((await say(id, 'hand-over', {}, owner)).body['code']).toBe('proof_missing');
    const { body } = await show(id, 'pin', { code: await pinOf(id) }, owner);
    const proofs = [{ kind: 'pin', proof_id: body.id }];
    expect((await say(id, 'hand-over', { proofs }, owner)).body['status']).toBe('DELIVERED');
  });
});
