// Every kind of order through the API on a real database: collected, paid in cash or elsewhere, for later, with missing
// goods, on prescription, brought back; branches that take orders by themselves or are paused.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import type { DriverId } from '../../domain/ids.ts';
import { createWorld, type Json, type Reply, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const hour = 3_600_000;
const inTime = (ms: number): string => new Date(Date.now() + ms).toISOString();

const say = (orderId: string, what: string, body: object = {}, secret = world.shop.owner) =>
  world.call('POST', `/v1/orders/${orderId}/${what}`, { secret, body });
const driverSays = (orderId: string, what: string, body: object = {}): Promise<Reply> =>
  say(orderId, what, body, world.shop.driverKey);

const pickup = { type: 'pickup', dropoff: undefined };

/** A driver of the shop has taken the delivery. */
async function taken(extra: object = {}): Promise<string> {
  const { id } = (await world.shop.place(extra)).body;
  await say(id, 'accept');
  await say(id, 'ready');
  const driverId = world.shop.driver.id as DriverId;
  const offerId = newId('offer');
  await world.engine.happens(id, {
    kind: 'assign',
    offerId,
    driverId,
    pickupEtaAt: Date.now() + 60_000,
  });
  return id;
}

const ledgerOf = async (orderId: string): Promise<Readonly<Record<string, number>>> => {
  const rows = await world.db
    .selectFrom('ledger_entries as e')
    .innerJoin('ledger_transactions as t', 't.key', 'e.transaction_key')
    .select(['e.account', (eb) => eb.fn.sum<string>('e.amount_minor').as('minor')])
    .where('t.order_id', '=', orderId)
    .groupBy('e.account')
    .execute();
  return Object.fromEntries(rows.map(({ account, minor }) => [account, Number(minor)]));
};

describe('pickup', () => {
  it('is handed over at the counter, without fee or driver', async () => {
    const { body, status } = await world.shop.place(pickup);
    expect({ status, ...body }).toMatchObject({
      status: 'PENDING',
      type: 'pickup',
      totals: { delivery_fee_minor: 0, total_minor: 2_050 },
    });
    await say(body.id, 'accept');
    await say(body.id, 'ready');
    const done = await say(body.id, 'hand-over');
    expect(done.body).toMatchObject({ order_status: 'handed_over', delivery_status: 'none' });
  });

  it('has no drop-off, and a delivery needs one', async () => {
    const refused = [
      await world.shop.place({ type: 'pickup' }),
      await world.shop.place({ dropoff: undefined }),
    ];
    for (const { status, body } of refused)
      expect({ status, body }).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'dropoff' }] },
      });
  });

  it('of a delivery is refused', async () => {
    const { id } = (await world.shop.place()).body;
    expect(await say(id, 'hand-over')).toMatchObject({
      status: 409,
      body: { code: 'wrong_state' },
    });
  });
});

describe('cash', () => {
  it('is recorded before the goods change hands, then handed in', async () => {
    const id = await taken({ payment: { method: 'cash' } });
    await driverSays(id, 'pick-up');
    const forgotten = await driverSays(id, 'deliver');
    expect(forgotten).toMatchObject({ status: 422, body: { code: 'cash_not_recorded' } });
    const paid = await driverSays(id, 'deliver', { collected_minor: 2_350 });
    expect(paid.body).toMatchObject({ order_status: 'completed', payment_status: 'collected' });
    expect(await ledgerOf(id)).toMatchObject({ customer: 0, cash_in_hand: 2_350 });
    await say(id, 'remittance', { amount_minor: 2_000 }, world.support);
    // What is missing is taken off what the driver has earned: 400 + 150 − 350.
    expect(await ledgerOf(id)).toMatchObject({ cash_in_hand: 0, cash_desk: 2_000, driver: -200 });
    const incident = await world.db
      .selectFrom('incidents')
      .select('kind')
      .where('order_id', '=', id)
      .executeTakeFirst();
    expect(incident?.kind).toBe('cash_short');
  });
});

describe('paid elsewhere', () => {
  it('is complete at the hand-over and due from the channel', async () => {
    const { id } = (await world.shop.place({ ...pickup, payment: { method: 'external' } })).body;
    await say(id, 'accept');
    const { body } = await say(id, 'hand-over');
    expect(body).toMatchObject({ order_status: 'completed', payment_status: 'external' });
    expect(await ledgerOf(id)).toMatchObject({ customer: 0, channel_clearing: 2_050 });
  });
});

describe('for later', () => {
  it('waits to be given to the merchant, and can be moved', async () => {
    const { body } = await world.shop.place({ scheduled_for: inTime(6 * hour) });
    expect(body).toMatchObject({ order_status: 'scheduled', status: 'PENDING' });
    expect(body['deadlines']).toMatchObject([{ exit: 'releaseScheduled', owner: 'system' }]);
    const later = inTime(8 * hour);
    const moved = await say(body.id, 'reschedule', { scheduled_for: later });
    expect(moved.body).toMatchObject({ scheduled_for: later, order_status: 'scheduled' });
    const far = await say(body.id, 'reschedule', { scheduled_for: inTime(31 * 24 * hour) });
    expect(far).toMatchObject({ status: 400, body: { errors: [{ field: 'scheduled_for' }] } });
    expect(await say(body.id, 'accept')).toMatchObject({
      status: 409,
      body: { code: 'not_pending' },
    });
  });

  it.each([
    ['too soon', 60_000, 422],
    ['too far ahead', 40 * 24 * hour, 400],
  ])('is refused %s, by the name of the field', async (_, ms, status) => {
    const refused = await world.shop.place({ scheduled_for: inTime(ms) });
    expect(refused).toMatchObject({ status, body: { errors: [{ field: 'scheduled_for' }] } });
  });
});

describe('missing goods', () => {
  it('cost what the order says, and are taken off when the customer agrees', async () => {
    const { id } = (await world.shop.place()).body;
    await say(id, 'accept');
    const refused = await say(id, 'shortages', { line: 0, quantity: 3 });
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'quantity', limit: 2 }] },
    });
    expect(await say(id, 'shortages', { line: 7, quantity: 1 })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'line' }] },
    });
    const open = await say(id, 'shortages', { line: 0, quantity: 1 });
    expect(open.body).toMatchObject({ owner: 'customer', order_status: 'preparing' });
    expect(await say(id, 'ready')).toMatchObject({ status: 409, body: { code: 'shortage_open' } });
    const { customerKey } = world.shop;
    const answered = await say(id, 'shortage-answer', { answer: 'remove' }, customerKey);
    expect(answered.body).toMatchObject({ totals: { goods_minor: 950, total_minor: 1_400 } });
  });

  it('hold more on the card where dearer substitutes are allowed', async () => {
    const { id } = (await world.shop.place({ substitution: 'substitute' })).body;
    const { facts } = await world.db
      .selectFrom('orders')
      .select('facts')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    expect(facts).toMatchObject({ totalMinor: 2_350, bufferMinor: 380 });
  });
});

describe('goods that need a look', () => {
  const medicine = { name: 'Pills', quantity: 1, unit_price_minor: 2_000, prescription: true };

  it('on prescription are sold by pharmacies only, and approved first', async () => {
    expect(await world.shop.place({ items: [medicine] })).toMatchObject({
      status: 422,
      body: { code: 'not_sold_here', errors: [{ field: 'items' }] },
    });
    const merchant = await world.make('merchants', {
      market_id: world.shop.market.id,
      name: 'Pharmacy',
      commission_bps: 1_000,
      kind: 'pharmacy',
    });
    const branch = await newBranch(merchant.id);
    const secret = await world.keyOf({ role: 'owner', merchant_id: merchant.id });
    const order = { branch_id: branch.id, items: [medicine], customer: guest };
    const placed = await world.call('POST', '/v1/orders', {
      secret,
      body: world.shop.orderBody(order),
    });
    const { id } = placed.body;
    const asked = await say(id, 'accept', { prep_seconds: 300 }, secret);
    expect(asked.body).toMatchObject({ order_status: 'awaiting_prescription', status: 'PENDING' });
    const approved = await say(id, 'approve-prescription', {}, secret);
    expect(approved.body).toMatchObject({ order_status: 'preparing' });
  });

  it('with an age limit are not handed over without the check', async () => {
    const wine = { name: 'Wine', quantity: 1, unit_price_minor: 1_900, age_restricted: true };
    const id = await taken({ items: [wine], undeliverable_action: 'leave_at_door' });
    await driverSays(id, 'pick-up');
    const refused = await driverSays(id, 'deliver');
    expect(refused).toMatchObject({ status: 422, body: { code: 'proof_missing' } });
    await driverSays(id, 'arrive-at-dropoff');
    const failed = await driverSays(id, 'fail-dropoff', { reason: 'age_check_failed' });
    expect(failed.body).toMatchObject({ delivery_status: 'enroute_to_return' });
    await driverSays(id, 'arrive-at-return');
    const back = await say(id, 'complete-return');
    expect(back.body).toMatchObject({ end_reason: 'returned', delivery_status: 'returned' });
  });
});

describe('on the road', () => {
  it('an absent customer is waited for and called before anybody gives up', async () => {
    const id = await taken();
    await driverSays(id, 'arrive-at-pickup');
    await driverSays(id, 'pick-up');
    await driverSays(id, 'arrive-at-dropoff');
    const early = await driverSays(id, 'fail-dropoff', { reason: 'customer_absent' });
    expect(early).toMatchObject({ status: 409, body: { code: 'too_early' } });
    expect((await driverSays(id, 'contact', { channel: 'call' })).status).toBe(200);
    const told = await driverSays(id, 'problem', { problem: 'vehicle', note: 'Flat tyre' });
    expect(told.body).toMatchObject({ delivery_status: 'problem', owner: 'support' });
    const happened_at = new Date().toISOString();
    const late = await driverSays(id, 'deliver', { happened_at });
    expect(late.body).toMatchObject({ delivery_status: 'delivered' });
  });

  it('a tip can change within what is held', async () => {
    const id = await taken();
    const { customerKey } = world.shop;
    const less = await say(id, 'tip', { tip_minor: 100 }, customerKey);
    expect(less.body).toMatchObject({ totals: { tip_minor: 100, total_minor: 2_300 } });
    expect(await say(id, 'tip', { tip_minor: 9_000 }, customerKey)).toMatchObject({
      status: 422,
      body: { code: 'amount_above_hold' },
    });
  });
});

const guest = { name: 'Guest', phone: '+4915100000003' };
const newBranch = (merchantId: string, extra: object = {}): Promise<Json> =>
  world.make('branches', {
    merchant_id: merchantId,
    name: 'Nord',
    location: { lat: 52.52, lng: 13.405 },
    ...extra,
  });

describe('a branch', () => {
  it('that takes orders by itself does so only after its tablet was seen', async () => {
    const branch = await newBranch(world.shop.merchant.id, { auto_accept: true });
    const place = async () => (await world.shop.place({ branch_id: branch.id })).body;
    const first = await place();
    expect(first).toMatchObject({ order_status: 'pending' });
    await say(first.id, 'acknowledge');
    // What is known of a branch may be some seconds old.
    await expect.poll(place, { timeout: 10_000, interval: 500 }).toMatchObject({
      order_status: 'preparing',
      delivery_status: 'created',
    });
  }, 20_000);

  it('that lets two orders in a row expire is paused', async () => {
    const branch = await newBranch(world.shop.merchant.id);
    const place = () => world.shop.place({ branch_id: branch.id });
    const both = [await place(), await place()];
    for (const { body } of both) {
      await world.engine.elapse(body.id, 12 * 60_000);
    }
    await expect.poll(place, { timeout: 10_000, interval: 500 }).toMatchObject({
      status: 409,
      body: { code: 'branch_paused' },
    });
  }, 20_000);
});
