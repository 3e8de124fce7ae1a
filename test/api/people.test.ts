// People's data: sealed at rest, shown only to those whose business it is, gone once its key is destroyed.

import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coarsenErased } from '../../db/people.ts';
import { createVault } from '../../db/vault.ts';
import { createWorld, type Json, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const guest = { name: 'Quentin Canary', phone: '+4915198765432' };
const secrets = /Quentin|15198765432|Canary Row|Canary note/;
const placeForGuest = async (key: string = randomUUID()): Promise<Json> =>
  (await world.shop.place({ customer: guest, note: 'Canary note' }, key)).body;

async function everyRow(): Promise<string> {
  const tables = await world.db.introspection.getTables();
  const rows = await Promise.all(
    tables.map(({ name }) =>
      world.db
        .selectFrom(name as 'orders')
        .selectAll()
        .execute(),
    ),
  );
  // Buffers as text: a plain name in a bytea column would show.
  return JSON.stringify(rows, (_name, value: unknown) =>
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer'
      ? Buffer.from((value as unknown as { readonly data: number[] }).data).toString('latin1')
      : value,
  );
}

describe('people', () => {
  it('are in no row of any table in clear, stored answers included', async () => {
    const key = randomUUID();
    const order = await placeForGuest(key);
    expect(JSON.stringify(order)).toMatch(secrets);
    await world.call('POST', `/v1/orders/${order.id}/cancel`, {
      secret: world.shop.owner,
      body: { note: 'Canary note' },
    });
    expect(await everyRow()).not.toMatch(secrets);
    // The same order again, with its people, though they are not in the stored answer.
    expect((await placeForGuest(key))['customer']).toEqual(guest);
  });

  it('are shown to the merchant, the customer and support, and in lists', async () => {
    const { body } = await world.shop.place();
    for (const secret of [
      world.shop.owner,
      world.shop.staff,
      world.support,
      world.admin,
      world.shop.customerKey,
    ]) {
      const read = await world.call('GET', `/v1/orders/${body.id}`, { secret });
      expect(read.body['customer']).toEqual({ name: 'Carla', phone: '+4915100000002' });
    }
    const list = await world.call('GET', '/v1/orders?limit=1', { secret: world.shop.owner });
    expect(list.body['data']).toMatchObject([{ id: body.id, customer: { name: 'Carla' } }]);
  });

  it('are shown to a driver only while they have the delivery, the very door too', async () => {
    const location = { lat: 52.5371, lng: 13.4289 };
    const { body } = await world.shop.place({ dropoff: { location, address: 'Canary Row 7' } });
    const read = async (): Promise<Json> =>
      (await world.call('GET', `/v1/orders/${body.id}`, { secret: world.shop.driverKey })).body;
    const become = (delivery_status: string, driver_id: string | null): Promise<unknown> =>
      world.db
        .updateTable('orders')
        .set({ delivery_status, driver_id })
        .where('id', '=', body.id)
        .execute();
    await become('confirmed', world.shop.driver.id);
    expect(await read()).toMatchObject({
      customer: { name: 'Carla' },
      dropoff: { location, address: 'Canary Row 7' },
    });
    await become('delivered', world.shop.driver.id);
    const later = await read();
    expect(later.id).toBe(body.id);
    expect(later['customer']).toBeUndefined();
    expect(later['dropoff']).toEqual({ location: { lat: 52.54, lng: 13.43 } });
    const own = await world.call('GET', `/v1/orders/${body.id}`, { secret: world.shop.owner });
    expect(own.body['dropoff']).toMatchObject({ location: { lat: 52.5371, lng: 13.4289 } });
  });

  it('are gone once erased: from orders, lists and repeated answers', async () => {
    const customer = await world.make('customers', {
      ...guest,
      merchant_id: world.shop.merchant.id,
    });
    const key = randomUUID();
    const { body } = await world.shop.place({ customer: { id: customer.id } }, key);
    expect(
      (await world.call('DELETE', `/v1/admin/customers/${customer.id}`, { secret: world.admin }))
        .status,
    ).toBe(204);
    const read = await world.call('GET', `/v1/orders/${body.id}`, { secret: world.shop.owner });
    expect(read.status).toBe(200);
    expect(read.body['customer']).toBeUndefined();
    const again = await world.shop.place({ customer: { id: customer.id } }, key);
    expect(again).toMatchObject({ status: 201, body: { id: body.id } });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body['customer']).toBeUndefined();
    expect((await world.shop.place({ customer: { id: customer.id } })).status).toBe(404);
    const people = await world.call('GET', '/v1/admin/customers', { secret: world.admin });
    expect(JSON.stringify(people.body)).not.toContain(customer.id);
    const row = await world.db
      .selectFrom('people')
      .selectAll()
      .where('id', '=', customer.id)
      .executeTakeFirstOrThrow();
    expect(row).toMatchObject({ wrapped_key: null, name_enc: null, phone_enc: null });
  });

  it('that is erased leaves no door behind, once the order has ended', async () => {
    const customer = await world.make('customers', {
      name: 'Ada Gone',
      phone: '+491701234568',
      merchant_id: world.shop.merchant.id,
    });
    const { body } = await world.shop.place({
      customer: { id: customer.id },
      dropoff: { location: { lat: 52.53456, lng: 13.41234 }, address: 'Example Street 1' },
    });
    const door = () =>
      world.db
        .selectFrom('orders')
        .select(['dropoff_lat', 'dropoff_lng'])
        .where('id', '=', body.id)
        .executeTakeFirstOrThrow();
    const change = { lat: 52.53457, lng: 13.41235, address_enc: Buffer.from('sealed') };
    await world.db
      .insertInto('address_changes')
      .values({ command_id: randomUUID(), order_id: body.id, ...change })
      .execute();
    const secret = world.admin;
    await world.call('DELETE', `/v1/admin/customers/${customer.id}`, { secret });
    const changes = world.db.selectFrom('address_changes').select('command_id');
    expect(await changes.where('order_id', '=', body.id).execute()).toEqual([]);
    expect(await door()).toEqual({ dropoff_lat: 52.53456, dropoff_lng: 13.41234 });
    await world.db.updateTable('orders').set({ is_over: true }).where('id', '=', body.id).execute();
    await coarsenErased(world.db);
    expect(await door()).toEqual({ dropoff_lat: 52.53, dropoff_lng: 13.41 });
  });
});

describe('the vault', () => {
  const vault = createVault(randomBytes(32));

  it('seals the same text differently each time and opens it again', () => {
    const person = vault.create('cus_1');
    const [a, b] = [person.seal('name', 'Ada'), person.seal('name', 'Ada')];
    expect(a.equals(b)).toBe(false);
    expect(vault.unwrap('cus_1', person.wrappedKey).open('name', a)).toBe('Ada');
  });

  it('opens nothing that was moved to another column, person or master key, or changed', () => {
    const person = vault.create('cus_1');
    const sealed = person.seal('name', 'Ada');
    const changed = Buffer.from(sealed);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    const attempts = [
      () => person.open('phone', sealed),
      () => person.open('name', changed),
      () => vault.create('cus_1').open('name', sealed),
      () => vault.unwrap('cus_2', person.wrappedKey),
      () => createVault(randomBytes(32)).unwrap('cus_1', person.wrappedKey),
    ];
    for (const attempt of attempts) expect(attempt).toThrow(/authenticate/);
  });
});
