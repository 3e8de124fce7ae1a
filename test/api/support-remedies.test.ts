// What support can say beyond a word: a place, a driver, the shares of an end.

import { describe, expect, it } from 'vitest';
import { setUpDesk } from '../support/desk.ts';
import { openShop } from './world.ts';

const set = setUpDesk();

describe('a remedy', () => {
  it('brings the order to a new door, whose address only those see who may', async () => {
    const id = await set.desk.withDriver(set.shop);
    const location = { lat: 52.54, lng: 13.4 };
    const body = { reason: 'wrong_address', location, address: 'New Street 3' };
    await set.desk.say(id, 'actions/change-address/preview', { body });
    const read = async (secret: string): Promise<unknown> =>
      (await set.world.call('GET', `/v1/orders/${id}`, { secret })).body['dropoff'];
    expect(await read(set.shop.owner)).toMatchObject({ address: 'Canary Row 7' });
    expect(await set.desk.say(id, 'actions/change-address', { body })).toMatchObject({
      status: 200,
    });
    expect(await read(set.shop.driverKey)).toEqual({ location, address: 'New Street 3' });
    const [attempt] = await set.world.db
      .selectFrom('support_attempts')
      .select('params')
      .where('order_id', '=', id)
      .execute();
    expect(attempt?.params).toEqual({ travel_ms: expect.any(Number) as number });
    const staged = set.world.db.selectFrom('address_changes').select('command_id');
    expect(await staged.where('order_id', '=', id).execute()).toEqual([]);
    const far = { ...body, location: { lat: 48.1, lng: 11.6 } };
    expect(await set.desk.say(id, 'actions/change-address', { body: far })).toMatchObject({
      status: 422,
      body: { code: 'out_of_area', errors: [{ field: 'location' }] },
    });
  });

  it('gives a delivery to a named driver, then to another one, and refuses those of elsewhere', async () => {
    const id = await set.desk.accepted(set.shop);
    const reason = 'driver_unreachable';
    const elsewhere = { reason, driver_id: (await openShop(set.world)).driver.id };
    expect(await set.desk.say(id, 'actions/assign-driver', { body: elsewhere })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'driver_id' }] },
    });
    const body = { reason, driver_id: set.shop.driver.id };
    const assigned = await set.desk.say(id, 'actions/assign-driver', { body });
    expect(assigned.body).toMatchObject({ outcome: 'done', delivery_status: 'confirmed' });
    await set.world.call('POST', `/v1/orders/${id}/pick-up`, { secret: set.shop.driverKey });
    const second = await set.world.make('drivers', {
      market_id: set.shop.market.id,
      name: 'Dora',
      phone: '+4915100000003',
    });
    const transfer = { body: { reason, driver_id: second.id } };
    const preview = await set.desk.say(id, 'actions/transfer/preview', transfer);
    expect(preview.body).toMatchObject({
      allowed: true,
      before: { delivery: 'picked_up', money: { driver_gets_minor: 0, platform_keeps_minor: 0 } },
      after: {
        delivery: 'picked_up',
        money: { driver_gets_minor: 400, platform_keeps_minor: -400 },
      },
      money_says: '23.50 EUR stay held on the card; the platform has paid 4.00 EUR',
      happens: [{ type: 'delivery.transferred' }],
      told: ['customer', 'driver', 'merchant'],
    });
    expect((await set.desk.say(id, 'actions/transfer', transfer)).body).toMatchObject({
      outcome: 'done',
      delivery_status: 'picked_up',
    });
    const order = await set.world.call('GET', `/v1/orders/${id}`, { secret: set.world.support });
    expect(order.body['driver_id']).toBe(second.id);
  });

  it('ends an order with the shares that support names, and previews them', async () => {
    const id = await set.desk.withDriver(set.shop);
    const body = {
      reason: 'platform_fault',
      customer_pays: 'goods',
      merchant_gets: 'goods',
      driver_gets: 'pay',
    };
    const preview = await set.desk.say(id, 'actions/cancel-with-outcome/preview', { body });
    const money = {
      customer_pays_minor: 1_900,
      merchant_gets_minor: 1_520,
      driver_gets_minor: 400,
    };
    expect(preview.body).toMatchObject({ allowed: true, after: { order: 'cancelled', money } });
    const done = await set.desk.say(id, 'actions/cancel-with-outcome', { body });
    expect(done.body).toMatchObject({ outcome: 'done', end_reason: 'cancelled_by_support' });
    const odd = { ...body, customer_pays: 'half' };
    expect(await set.desk.say(id, 'actions/cancel-with-outcome', { body: odd })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'customer_pays' }] },
    });
  });

  it('hands over what is collected at the counter, whatever proof is missing', async () => {
    const id = await set.desk.accepted(set.shop, {
      type: 'pickup',
      dropoff: undefined,
      proof: ['pin'],
    });
    const done = await set.desk.say(id, 'actions/mark-delivered');
    expect(done.body).toMatchObject({ outcome: 'done', order_status: 'handed_over' });
  });

  it('pays a driver or the merchant out of the platform’s pocket, once, and who it is of', async () => {
    const id = await set.desk.withDriver(set.shop);
    const { driver, merchant, market } = set.shop;
    const pay = (body: object, as = set.world.support, key?: string) =>
      set.world.call('POST', `/v1/support/orders/${id}/compensate`, {
        secret: as,
        body: { reason: 'platform_fault', ...body },
        ...(key === undefined ? {} : { key }),
      });
    const toDriver = { to: 'driver', driver_id: driver.id, amount_minor: 300 };
    const foresee = async (body: object, as = set.world.support) =>
      (
        await set.desk.say(id, 'compensate/preview', {
          body: { reason: 'platform_fault', ...body },
          as,
        })
      ).body;
    expect(await foresee(toDriver)).toMatchObject({
      allowed: true,
      before: { money: { driver_gets_minor: 0, platform_keeps_minor: 0 } },
      after: { money: { held_minor: 2_350, driver_gets_minor: 300, platform_keeps_minor: -300 } },
      happens: [{ type: 'compensation', text: 'the platform gives 3.00 EUR to the driver' }],
      told: ['driver'],
    });
    expect(await set.desk.attempts(id)).toEqual([]);
    for (let turn = 0; turn < 2; turn += 1)
      expect(await pay(toDriver, set.world.support, `pay-${id}`)).toMatchObject({
        status: 200,
        body: { outcome: 'done' },
      });
    const much = { to: 'merchant', amount_minor: 20_000 };
    const rest = { to: 'merchant', amount_minor: 9_900 };
    for (const wish of [much, rest]) {
      const refusal = { code: 'approval_needed' };
      expect(await foresee(wish)).toMatchObject({ allowed: false, refusal, after: null });
      expect((await pay(wish)).body).toMatchObject(refusal);
    }
    const after = { money: { merchant_gets_minor: 20_000 } };
    expect(await foresee(much, set.world.admin)).toMatchObject({ needs_approval: false, after });
    expect((await pay(much, set.world.admin)).status).toBe(200);
    const stranger = await set.world.make('drivers', {
      market_id: market.id,
      name: 'Emil',
      phone: '+4915100000009',
    });
    const unknown = { errors: [{ field: 'driver_id' }] };
    expect((await pay({ ...toDriver, driver_id: stranger.id })).body).toMatchObject(unknown);
    expect(await foresee({ ...toDriver, driver_id: stranger.id })).toMatchObject(unknown);
    const entries = await set.world.db
      .selectFrom('ledger_entries as e')
      .innerJoin('ledger_transactions as t', 't.key', 'e.transaction_key')
      .select(['e.account', 'e.party', 'e.amount_minor'])
      .where('t.order_id', '=', id)
      .where('t.kind', '=', 'compensation')
      .orderBy('e.amount_minor')
      .execute();
    expect(entries).toEqual([
      { account: 'merchant', party: merchant.id, amount_minor: -20_000 },
      { account: 'driver', party: driver.id, amount_minor: -300 },
      { account: 'platform', party: 'platform', amount_minor: 300 },
      { account: 'platform', party: 'platform', amount_minor: 20_000 },
    ]);
  });
});
