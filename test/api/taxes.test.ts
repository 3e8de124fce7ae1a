// Taxes and rounding through the API on a real database: what a market says of them, what an order shows, what is due
// and what its settlement posts.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import type { DriverId } from '../../domain/ids.ts';
import { balancesOf } from '../support/paid-order.ts';
import { createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const say = (orderId: string, what: string, secret: string, body: object = {}): Promise<Reply> =>
  world.call('POST', `/v1/orders/${orderId}/${what}`, { secret, body });

/** On its way to the door. */
async function pickedUp(shop: Shop, orderId: string): Promise<void> {
  await say(orderId, 'accept', shop.owner);
  const driverId = shop.driver.id as DriverId;
  const assigned = { offerId: newId('offer'), driverId, pickupEtaAt: Date.now() };
  await world.engine.happens(orderId, { kind: 'assign', ...assigned });
  await say(orderId, 'pick-up', shop.driverKey);
}

describe('a market with taxes', () => {
  const rules = { tax_bps: 700, fee_vat_bps: 1_900 };

  it('shows them, and takes none that is no share', async () => {
    const shop = await openShop(world, rules);
    expect(shop.market).toMatchObject(rules);
    expect(world.shop.market).toMatchObject({ tax_bps: 0, fee_vat_bps: 0 });
    for (const field of ['tax_bps', 'fee_vat_bps']) {
      const body = { ...plainMarket, [field]: 10_001 };
      const refused = await world.call('POST', '/v1/admin/markets', { secret: world.admin, body });
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    }
  });

  it('takes the commission of the goods without tax, and the VAT on it from the merchant', async () => {
    const shop = await openShop(world, rules);
    const { id, totals } = (await shop.place()).body as Reply['body'] & { totals: object };
    // 7 % inside 19.00 are 1.24.
    expect(totals).toMatchObject({ total_minor: 2_350, payable_minor: 2_350, tax_minor: 124 });
    await pickedUp(shop, id);
    await say(id, 'deliver', shop.driverKey);
    await world.engine.happens(id, { kind: 'paymentCaptured', amountMinor: 2_350 });
    // 20 % of 17.76 are 3.55, and 19 % of that 0.67.
    expect(await balancesOf(world.db, id)).toEqual({
      provider_clearing: 2_350,
      merchant: -(1_900 - 355 - 67),
      driver: -550,
      platform: -(2_350 - 1_478 - 550 - 67),
      tax: -67,
    });
  });

  it('keeps what it charges between platform and merchant', async () => {
    const shop = await openShop(world, rules);
    const { id } = (await shop.place()).body;
    await pickedUp(shop, id);
    await say(id, 'deliver', shop.driverKey);
    const settledFor = async (secret: string): Promise<unknown> => {
      const { body } = await world.call('GET', `/v1/orders/${id}/timeline`, { secret });
      const entries = body['data'] as { type: string; data: object }[];
      return entries.find(({ type }) => type === 'order.settled')?.data;
    };
    expect(await settledFor(shop.owner)).toMatchObject({ tax_minor: 67 });
    expect(await settledFor(shop.customerKey)).not.toHaveProperty('tax_minor');
  });
});

const plainMarket = {
  name: 'Testville',
  currency: 'EUR',
  time_zone: 'Europe/Berlin',
  driver_pay_minor: 400,
  delivery_fee_minor: 300,
};

const goods = (unit_price_minor: number) => ({
  items: [{ name: 'Gulyás', quantity: 1, unit_price_minor }],
});

describe('a price that cannot be paid exactly', () => {
  it('is due in cash to the next coin; the difference is the rounding account’s', async () => {
    const shop = await openShop(world, { currency: 'HUF' });
    const cash = { currency: 'HUF', payment: { method: 'cash' }, ...goods(123_456) };
    const { id, totals } = (await shop.place(cash)).body as Reply['body'] & { totals: object };
    expect(totals).toMatchObject({ total_minor: 123_906, payable_minor: 124_000 });
    await pickedUp(shop, id);
    const short = await say(id, 'deliver', shop.driverKey, { collected_minor: 123_906 });
    expect(short).toMatchObject({ status: 422, body: { code: 'cash_not_recorded' } });
    const paid = await say(id, 'deliver', shop.driverKey, { collected_minor: 124_000 });
    expect(paid.body).toMatchObject({ payment_status: 'collected' });
    expect(await balancesOf(world.db, id)).toMatchObject({ cash_in_hand: 124_000, rounding: -94 });
  });

  it('is held and captured in what cards can move', async () => {
    const shop = await openShop(world, { currency: 'KWD' });
    const { id } = (await shop.place({ currency: 'KWD', ...goods(2_346) })).body;
    const { body } = await world.db
      .selectFrom('order_events')
      .select('body')
      .where('order_id', '=', id)
      .where('type', '=', 'payment.authorized')
      .executeTakeFirstOrThrow();
    expect(body).toMatchObject({ amountMinor: 2_800 });
    await pickedUp(shop, id);
    await say(id, 'deliver', shop.driverKey);
    await world.engine.happens(id, { kind: 'paymentCaptured', amountMinor: 2_800 });
    const balances = await balancesOf(world.db, id);
    expect(balances).toMatchObject({ provider_clearing: 2_800, rounding: -4 });
    expect(balances).not.toHaveProperty('customer');
    const refund = await say(id, 'refunds', world.support, {
      reason: 'quality',
      fault: 'merchant',
      amount_minor: 1_234,
    });
    expect(refund.body).toMatchObject({ amount_minor: 1_230 });
  });
});
