// The higher fee over HTTP: a driver is offered more for what nobody has taken, is paid it, and only the platform reads of it.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRounds } from './rounds.ts';
import { createWorld, openShop, type Json, type Shop, type World } from './world.ts';

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

async function searchedFor(orderId: string, minutes: number): Promise<void> {
  const search_since = new Date(Date.now() - minutes * 60_000);
  await world.db.updateTable('orders').set({ search_since }).where('id', '=', orderId).execute();
}

/** Two orders of one counter, one of them on the second rung. */
async function offered() {
  const driver = await rounds.driver(2);
  const [late, fresh] = [await rounds.searching(), await rounds.searching()];
  await searchedFor(late, 6);
  await rounds.round();
  const [offer] = await driver.offers();
  if (!offer) throw new Error('no offer');
  return { driver, late, fresh, offer };
}

const pays = (offer: Json) =>
  Object.fromEntries(
    (
      offer['orders'] as readonly { order_id: string; pay_minor: number; bonus_minor: number }[]
    ).map((order) => [order.order_id, [order.pay_minor, order.bonus_minor]]),
  );
const read = async (path: string, secret: string) =>
  JSON.stringify((await world.call('GET', path, { secret })).body['data']);

/** What the ledger owes the driver. */
async function earned(driverId: string): Promise<number> {
  const rows = await world.db
    .selectFrom('ledger_entries')
    .select('amount_minor')
    .where('account', '=', 'driver')
    .where('party', '=', driverId)
    .execute();
  return -rows.reduce((sum, row) => sum + row.amount_minor, 0);
}

describe('an order on the second rung', () => {
  it('is offered for 15 % more, the other one in the bundle for none, and both are paid so', async () => {
    const { driver, late, fresh, offer } = await offered();
    expect(pays(offer)).toEqual({ [late]: [610, 60], [fresh]: [550, 0] });
    expect((await driver.says(`/v1/offers/${offer.id}/accept`)).status).toBe(200);
    for (const orderId of [late, fresh])
      for (const step of ['pick-up', 'deliver'])
        expect((await driver.says(`/v1/orders/${orderId}/${step}`)).status).toBe(200);
    expect(await earned(driver.id)).toBe(610 + 550);
    const sums = await world.db
      .selectFrom('ledger_entries')
      .select(({ fn }) => fn.sum<string>('amount_minor').as('sum'))
      .groupBy('transaction_key')
      .execute();
    expect(new Set(sums.map(({ sum }) => Number(sum)))).toEqual(new Set([0]));
  });

  it('says so to the platform in its timeline and in explain, and to no merchant', async () => {
    const { driver, late, fresh, offer } = await offered();
    await driver.says(`/v1/offers/${offer.id}/accept`);
    const timeline = `/v1/orders/${late}/timeline`;
    const seen = await read(timeline, world.support);
    expect(seen).toContain('the delivery is offered to a driver, for 0.60 EUR more than usual');
    expect(seen).toContain('a driver takes the delivery, for 0.60 EUR more than usual');
    const explain = `/v1/orders/${late}/explain`;
    expect(await read(explain, world.support)).toMatch(
      /"bonus_minor":60.*0\.60 EUR more than usual|0\.60 EUR more than usual.*"bonus_minor":60/,
    );
    for (const path of [timeline, explain]) {
      const merchants = await read(path, shop.owner);
      expect(merchants).not.toMatch(/0\.60|more than usual|"bonus_minor":60/);
    }
    expect(await read(`/v1/orders/${fresh}/timeline`, world.support)).not.toContain('more than');
  });
});

const marketWith = (policy: object) =>
  world.call('POST', '/v1/admin/markets', {
    secret: world.admin,
    body: {
      name: 'Otherville',
      currency: 'EUR',
      time_zone: 'Europe/Berlin',
      driver_pay_minor: 400,
      delivery_fee_minor: 300,
      policy,
    },
  });

describe('a market’s policy', () => {
  const rung = { radiusM: 3_000, durationMs: 60_000 };
  it.each([
    [{ rungs: [rung, { ...rung, payBps: 10_001 }] }, 'policy.rungs.1.payBps'],
    [{ rungs: [{ ...rung, payBps: -1 }] }, 'policy.rungs.0.payBps'],
    [{ bonusCapMinor: -1 }, 'policy.bonusCapMinor'],
  ])('%j is refused by the name of its field', async (policy, field) => {
    expect(await marketWith(policy)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
  });

  it('caps what a rung adds', async () => {
    shop = await openShop(world, { policy: { bonusCapMinor: 25 } });
    rounds = createRounds(world, shop);
    const { late, fresh, offer } = await offered();
    expect(pays(offer)).toEqual({ [late]: [575, 25], [fresh]: [550, 0] });
  });
});
