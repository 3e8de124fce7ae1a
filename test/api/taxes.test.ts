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
    const plain = { tax_bps: 0, fee_vat_bps: 0, tax_mode: 'inclusive', tax_collector: 'merchant' };
    expect(world.shop.market).toMatchObject(plain);
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

/** Brought and paid. */
async function delivered(shop: Shop, orderId: string, amountMinor: number): Promise<void> {
  await pickedUp(shop, orderId);
  await say(orderId, 'deliver', shop.driverKey);
  await world.engine.happens(orderId, { kind: 'paymentCaptured', amountMinor });
}

describe('a market with taxes on top, which the platform collects', () => {
  const rules = { tax_bps: 825, tax_mode: 'exclusive', tax_collector: 'platform' };

  it('charges and posts them, and gives them back with the goods', async () => {
    const shop = await openShop(world, rules);
    expect(shop.market).toMatchObject(rules);
    const { id, totals } = (await shop.place()).body as Reply['body'] & { totals: object };
    // 8.25 % on 19.00 are 1.57.
    expect(totals).toMatchObject({
      goods_minor: 1_900,
      tax_minor: 157,
      tax_mode: 'exclusive',
      total_minor: 2_507,
      payable_minor: 2_507,
    });
    await delivered(shop, id, 2_507);
    expect(await balancesOf(world.db, id)).toEqual({
      provider_clearing: 2_507,
      merchant: -1_520,
      driver: -550,
      platform: -280,
      goods_tax: -157,
    });
    const wish = { reason: 'item_missing', fault: 'merchant' };
    const items = [{ index: 0, quantity: 1 }];
    const one = await say(id, 'refunds', world.support, { ...wish, items });
    const other = await say(id, 'refunds', world.support, { ...wish, items, again: true });
    expect([one.body['amount_minor'], other.body['amount_minor']]).toEqual([1_028, 1_029]);
    const rows = await world.db
      .selectFrom('refunds')
      .select('bearers')
      .where('order_id', '=', id)
      .orderBy('created_at')
      .execute();
    expect(rows.map(({ bearers }) => bearers.map((each) => each.amountMinor))).toEqual([
      [950, 78],
      [950, 79],
    ]);
  });

  it('gives back no more than it collected, in amounts of which none has gone yet', async () => {
    const shop = await openShop(world, rules);
    const { id } = (await shop.place()).body;
    await delivered(shop, id, 2_507);
    const wish = { reason: 'late', fault: 'platform' };
    for (const amount_minor of [1_250, 1_257])
      expect(
        await say(id, 'refunds', world.support, { ...wish, amount_minor, again: true }),
      ).toMatchObject({ body: { amount_minor } });
    const rows = await world.db
      .selectFrom('refunds')
      .select('bearers')
      .where('order_id', '=', id)
      .execute();
    const taxes = rows
      .flatMap(({ bearers }) => bearers)
      .filter(({ account }) => account === 'goods_tax');
    expect(taxes.reduce((sum, { amountMinor }) => sum + amountMinor, 0)).toBe(157);
  });

  it('leaves them to the merchant for what its own channel has taken', async () => {
    const shop = await openShop(world, rules);
    const { id } = (await shop.place({ payment: { method: 'external' } })).body;
    await pickedUp(shop, id);
    await say(id, 'deliver', shop.driverKey);
    expect(await balancesOf(world.db, id)).toMatchObject({
      channel_clearing: 2_507,
      merchant: -(1_520 + 157),
    });
  });
});

describe('a discount at the merchant’s cost', () => {
  it('lowers price, commission and what an item’s refund is', async () => {
    const discounted = await world.shop.place({ merchant_discount_minor: 400 });
    const { id, totals } = discounted.body as Reply['body'] & { totals: object };
    expect(totals).toMatchObject({
      goods_minor: 1_900,
      merchant_discount_minor: 400,
      total_minor: 1_950,
    });
    await delivered(world.shop, id, 1_950);
    expect(await balancesOf(world.db, id)).toEqual({
      provider_clearing: 1_950,
      merchant: -1_200,
      driver: -550,
      platform: -200,
    });
    const wish = { reason: 'item_missing', fault: 'merchant', items: [{ index: 0, quantity: 1 }] };
    const refund = await say(id, 'refunds', world.support, wish);
    expect(refund.body).toMatchObject({ amount_minor: 750 });
  });

  it('shrinks with goods that are missing', async () => {
    const { id } = (await world.shop.place({ merchant_discount_minor: 400 })).body;
    await say(id, 'accept', world.shop.owner);
    const missing = { line: 0, quantity: 1 };
    await say(id, 'shortages', world.shop.owner, missing);
    const answered = await say(id, 'shortage-answer', world.shop.customerKey, { answer: 'remove' });
    expect(answered.body['totals']).toMatchObject({
      goods_minor: 950,
      merchant_discount_minor: 200,
      total_minor: 1_200,
    });
  });

  it('is refused beyond the goods, by name', async () => {
    const refused = await world.shop.place({ merchant_discount_minor: 1_901 });
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'merchant_discount_minor', limit: 1_900 }] },
    });
    const all = await world.shop.place({ merchant_discount_minor: 1_900 });
    expect(all.body['totals']).toMatchObject({ total_minor: 450 });
  });
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
