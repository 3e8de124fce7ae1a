// Who is offered what: skills, vehicles, own drivers, cash, pairs that are kept apart, what a person has assigned, and
// goods that are not at the branch any more. Real rounds over the API's own orders.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { parseId } from '../../domain/ids.ts';
import { askForPayout } from '../support/payouts.ts';
import { latestDecision } from './explained.ts';
import { createRounds } from './rounds.ts';
import { branchAt, createWorld, openShop, type Shop, type World } from './world.ts';

let world: World;
let shop: Shop;
let rounds: ReturnType<typeof createRounds>;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  shop = await openShop(world);
  rounds = createRounds(world, shop);
});
afterAll(() => world.close());

const away = { lat: branchAt.lat + 0.01, lng: branchAt.lng };
const soup = { name: 'Soup', quantity: 2, unit_price_minor: 950 };

/** The nearest driver with `near`, and one farther away with `far`. */
async function two(near: object, far: object) {
  return [
    await rounds.driver(1, { more: near }),
    await rounds.driver(1, { location: away, more: far }),
  ] as const;
}

/** How many offers each has after a round. */
async function offered(...drivers: readonly Driver[]): Promise<readonly number[]> {
  await rounds.round();
  return Promise.all(drivers.map(async (driver) => (await driver.offers()).length));
}
type Driver = Awaited<ReturnType<typeof rounds.driver>>;

const excluded = async (orderId: string): Promise<unknown> =>
  (await latestDecision(world, orderId))?.['excluded'];

describe('an offer goes only to a driver who', () => {
  it.each([
    ['may check ages', { items: [{ ...soup, age_restricted: true }] }, { skills: [] }, {}],
    [
      'has a cool box',
      { items: [{ ...soup, cold_chain: true }] },
      {},
      { skills: ['cold_chain', 'age_check'] },
    ],
  ])('%s', async (_, body, lacking, able) => {
    const [near, far] = await two(lacking, able);
    const orderId = await rounds.searching(body);
    expect(await offered(near, far)).toEqual([0, 1]);
    expect(await excluded(orderId)).toEqual({ lacks_skill: 1 });
  });

  it('does not work for another merchant alone', async () => {
    const rival = await world.make('merchants', {
      market_id: shop.market.id,
      name: 'Rival',
      commission_bps: 0,
    });
    const [near, far] = await two({ merchant_id: rival.id }, { merchant_id: shop.merchant.id });
    await rounds.searching();
    expect(await offered(near, far)).toEqual([0, 1]);
  });

  it('is rated well, when another one stands hardly nearer', async () => {
    const near = await rounds.driver(1, { more: { rating: 4 } });
    const close = { lat: branchAt.lat + 0.0009, lng: branchAt.lng };
    const far = await rounds.driver(1, { location: close, more: { rating: 4 } });
    const rate = (rating: unknown, id = near.id) =>
      world.call('POST', `/v1/admin/drivers/${id}/rating`, {
        secret: world.admin,
        body: { rating },
      });
    for (const bad of [0.9, 5.1, 'good'])
      expect(await rate(bad)).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'rating' }] },
      });
    expect((await rate(3, `drv_${'0'.repeat(32)}`)).status).toBe(404);
    await rounds.searching();
    expect(await rate(1)).toMatchObject({ status: 200, body: { rating: 1 } });
    expect(await offered(near, far)).toEqual([0, 1]);
  });

  it('is not kept apart from the customer or the merchant', async () => {
    const [near, far] = await two({}, {});
    const path = `/v1/support/drivers/${near.id}/blocks`;
    const say = (party: string) =>
      world.call('POST', path, { secret: world.support, body: { party } });
    expect((await say(`cus_${'0'.repeat(32)}`)).status).toBe(404);
    expect(await say(shop.customer.id)).toMatchObject({
      status: 200,
      body: { party: shop.customer.id },
    });
    const orderId = await rounds.searching();
    expect(await offered(near, far)).toEqual([0, 1]);
    expect(await excluded(orderId)).toEqual({ blocked: 1 });
    const gone = `${path}/${shop.customer.id}`;
    expect((await world.call('DELETE', gone, { secret: world.support })).status).toBe(204);
    await rounds.searching();
    expect(await offered(near)).toEqual([1]);
  });
});

/** Takes what is offered, and has the goods. */
async function pickUp(driver: Driver, orderId: string): Promise<void> {
  const [offer] = await driver.offers();
  await driver.says(`/v1/offers/${offer?.id}/accept`);
  const pickedUp = await driver.says(`/v1/orders/${orderId}/pick-up`);
  expect(pickedUp.status).toBe(200);
}

/** A driver who has the goods of an order. */
async function onTheWay(): Promise<{ readonly first: Driver; readonly orderId: string }> {
  const first = await rounds.driver(1);
  const orderId = await rounds.searching();
  expect(await offered(first)).toEqual([1]);
  await pickUp(first, orderId);
  return { first, orderId };
}

const deliver = async (driver: Driver, orderId: string): Promise<void> => {
  await pickUp(driver, orderId);
  const { body } = await world.call('GET', `/v1/orders/${orderId}`, { secret: shop.owner });
  const { total_minor: collected_minor } = body['totals'] as { total_minor: number };
  const paid = await driver.says(`/v1/orders/${orderId}/deliver`, { collected_minor });
  expect(paid.status).toBe(200);
};

describe('cash', () => {
  const cash = { payment: { method: 'cash' } };
  beforeEach(async () => {
    await world.db
      .updateTable('markets')
      .set({
        policy: JSON.stringify({ ...(shop.market['policy'] as object), cashLimitMinor: 2_000 }),
      })
      .where('id', '=', shop.market.id)
      .execute();
  });

  it('above the limit a driver gets no more of it, but other orders', async () => {
    const driver = await rounds.driver();
    const first = await rounds.searching(cash);
    expect(await offered(driver)).toEqual([1]);
    await deliver(driver, first);
    const second = await rounds.searching(cash);
    expect(await offered(driver)).toEqual([0]);
    expect(await excluded(second)).toEqual({ lacks_skill: 1 });
    await rounds.searching();
    expect(await offered(driver)).toEqual([1]);
  });

  /** Of 2,350, with another cash order that looks for a driver. */
  async function handedIn(driver: Driver, amount_minor: number): Promise<string> {
    const orderId = await rounds.searching(cash);
    expect(await offered(driver)).toEqual([1]);
    await deliver(driver, orderId);
    const path = `/v1/orders/${orderId}/remittance`;
    const { status } = await world.call('POST', path, {
      secret: shop.owner,
      body: { amount_minor },
    });
    expect(status).toBe(200);
    await rounds.searching(cash);
    return orderId;
  }

  it('that was handed in counts no more', async () => {
    const driver = await rounds.driver();
    await handedIn(driver, 2_350);
    expect(await offered(driver)).toEqual([1]);
  });

  it('that was missing counts for a month', async () => {
    const driver = await rounds.driver();
    const orderId = await handedIn(driver, 350);
    expect(await offered(driver)).toEqual([0]);
    const updated_at = new Date(Date.now() - 31 * 86_400_000);
    await world.db.updateTable('orders').set({ updated_at }).where('id', '=', orderId).execute();
    expect(await offered(driver)).toEqual([1]);
  });

  it('that was missing counts until a payout has taken it off', async () => {
    const driver = await rounds.driver();
    await handedIn(driver, 350);
    expect(await offered(driver)).toEqual([0]);
    const now = new Date(Date.now() + 1_000);
    const market = { db: world.db, marketId: shop.market.id };
    const payout = { party: driver.id, period: 'after-it', endsAt: now, now } as const;
    await askForPayout(market, { ...payout, kind: 'driver' });
    expect(await offered(driver)).toEqual([0]);
    await world.db
      .updateTable('payouts')
      .set({ status: 'paid', amount_minor: 1, rail: 'stripe', destination: 'acct_1' })
      .set({ first_sent_at: now })
      .where('party', '=', driver.id)
      .execute();
    expect(await offered(driver)).toEqual([1]);
  });
});

describe('a delivery that a person assigned', () => {
  it('is a fixed point: what was offered to its driver meanwhile is taken back, the plan goes on around it', async () => {
    const driver = await rounds.driver(1);
    const first = await rounds.searching();
    expect(await offered(driver)).toEqual([1]);
    const byHand = await rounds.searching();
    const driverId = parseId('driver', driver.id);
    if (!driverId) throw new Error(driver.id);
    const assignment = { driverId, offerId: newId('offer'), pickupEtaAt: Date.now() };
    await world.engine.happens(byHand, { kind: 'assignDriver', ...assignment });
    expect(await driver.offers()).toEqual([]);
    const other = await rounds.driver(1, { location: away });
    expect(await offered(driver, other)).toEqual([0, 1]);
    expect((await other.offers())[0]?.['orders']).toMatchObject([{ order_id: first }]);
  });
});

describe('goods that a person gave to another driver', () => {
  it('end what was offered to that driver meanwhile', async () => {
    const { first, orderId } = await onTheWay();
    const second = await rounds.driver(1);
    await rounds.searching();
    expect(await offered(second)).toEqual([1]);
    const path = `/v1/support/orders/${orderId}/actions/transfer`;
    const body = { reason: 'driver_unreachable', driver_id: second.id };
    const told = await world.call('POST', path, { secret: world.support, body });
    expect(told.body).toMatchObject({ outcome: 'done' });
    expect(await second.offers()).toEqual([]);
    expect(await offered(first, second)).toEqual([1, 0]);
  });
});

describe('the search for a second driver', () => {
  it('begins where the goods are, and sends the next driver there', async () => {
    const { first, orderId } = await onTheWay();
    const stoppedAt = { lat: 52.55, lng: 13.45 };
    const at = new Date(Date.now() + 20_000).toISOString();
    await world.db
      .updateTable('drivers')
      .set({ ...stoppedAt, position_at: at })
      .where('id', '=', first.id)
      .execute();
    const problem = await first.says(`/v1/orders/${orderId}/problem`, { problem: 'vehicle' });
    expect(problem).toMatchObject({ status: 200, body: { delivery_status: 'problem' } });
    // Nobody helps: after half an hour the order itself looks for another driver.
    await world.engine.elapse(orderId, 31 * 60_000);
    const sinceNow = { search_since: new Date() };
    await world.db.updateTable('orders').set(sinceNow).where('id', '=', orderId).execute();
    const atBranch = await rounds.driver(1);
    const nearGoods = await rounds.driver(1, { location: { lat: 52.549, lng: 13.449 } });
    expect(await offered(atBranch, nearGoods)).toEqual([0, 1]);
    const [next] = await nearGoods.offers();
    expect(next?.['orders']).toMatchObject([
      { order_id: orderId, branch: { location: branchAt }, goods_at: { location: stoppedAt } },
    ]);
    await pickUp(nearGoods, orderId);
    expect((await nearGoods.says(`/v1/orders/${orderId}/deliver`)).status).toBe(200);
  });
});
