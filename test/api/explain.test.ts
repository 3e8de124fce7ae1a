// Why this driver, or why nobody yet: real rounds on the API's own orders, read back by those who may.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dropOldRounds, readRounds } from '../../db/rounds.ts';
import { explained } from './explained.ts';
import { createRounds } from './rounds.ts';
import { branchAt, createWorld, openShop, type Reply, type Shop, type World } from './world.ts';

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

type Entry = {
  readonly outcome: string;
  readonly rounds: number;
  readonly round_id: string | null;
  readonly text: readonly string[];
  readonly offer: { readonly status: string } | null;
  readonly driver_id: string | null;
  readonly candidates: readonly { readonly driver_id: string | null; readonly chosen: boolean }[];
  readonly together: readonly { readonly order_id: string | null }[];
};

const explain = (orderId: string, secret = world.support, query = ''): Promise<Reply> =>
  explained(world, orderId, { secret, query });
const entries = async (orderId: string, secret?: string, query?: string) =>
  (await explain(orderId, secret, query)).body['data'] as readonly Entry[];

describe('explain', () => {
  it('says that nobody can come, round after round as one, then who was asked and what came of it', async () => {
    const orderId = await rounds.searching();
    await rounds.round();
    await rounds.round();
    const { id: chosen } = await rounds.driver();
    const away = { location: { lat: branchAt.lat + 0.01, lng: branchAt.lng } };
    const { id: other } = await rounds.driver(1, away);
    await rounds.round();
    const [offered, nobody, ...rest] = await entries(orderId);
    expect(rest).toEqual([]);
    expect(nobody).toMatchObject({ outcome: 'nobody_possible', rounds: 2, driver_id: null });
    expect(offered).toMatchObject({
      outcome: 'offered',
      driver_id: chosen,
      offer: { status: 'open' },
      drivers_possible: 2,
      policy_version: 'default-1',
      candidates: [
        { driver_id: chosen, chosen: true },
        { driver_id: other, chosen: false },
      ],
    });
    expect(offered?.text[0]).toBe(`Offered to driver ${chosen.slice(-6)}.`);
    expect(offered?.text.at(-1)).toMatch(
      /^The driver has not answered yet. Without a yes until \d\d:\d\d(:\d\d)?, the next round looks/,
    );
    expect(await entries(orderId, world.support, '?every_round=true')).toHaveLength(3);
  });

  it('says from whom it changed and why, how often it was decided the same, and when who said yes', async () => {
    const orderId = await rounds.searching();
    await rounds.round();
    await rounds.round();
    const first = await rounds.driver();
    await rounds.round();
    const [declined] = await first.offers();
    await first.says(`/v1/offers/${String(declined?.id)}/decline`);
    const second = await rounds.driver();
    await rounds.round();
    const [offer] = await second.offers();
    await second.says(`/v1/offers/${String(offer?.id)}/accept`);
    const [accepted, , nobody] = await entries(orderId);
    const clock = String.raw`\d\d:\d\d:\d\d`;
    const changed = (who: string, why: string): RegExp =>
      new RegExp(`^Changed from ${who} at ${clock}${why}\\.$`);
    const why = ', because that driver had said no or given it back';
    expect(accepted?.text[1]).toMatch(changed(`driver ${first.id.slice(-6)}`, why));
    expect(accepted?.text.at(-1)).toMatch(
      /^The driver accepted at \d\d:\d\d(:\d\d)?\. From then on it stays with this driver, unless/,
    );
    expect(nobody?.text[1]).toMatch(
      new RegExp(`^Decided the same 2 times since ${clock}; the figures are of the last\\.$`),
    );
    const [forMerchant] = await entries(orderId, shop.owner);
    expect(forMerchant?.text[1]).toMatch(changed('another driver', ''));
    const newest = await explain(orderId, world.support, '?every_round=true');
    expect((newest.body['data'] as readonly Entry[])[0]?.text[1]).toBe(accepted?.text[1]);
  });

  it('comes in pages of 20 rounds, each round once', async () => {
    const orderId = await rounds.searching();
    for (let count = 0; count < 21; count += 1) await rounds.round();
    const first = await explain(orderId, shop.owner, '?every_round=true');
    expect(first.body['data']).toHaveLength(20);
    const next = `?every_round=true&cursor=${String(first.body['next_cursor'])}`;
    const second = await explain(orderId, shop.owner, next);
    expect(second.body).toMatchObject({
      next_cursor: null,
      data: [{ outcome: 'nobody_possible' }],
    });
    const told = [first, second].flatMap(({ body }) => body['data'] as readonly Entry[]);
    expect(new Set(told.map(({ round_id }) => round_id)).size).toBe(21);
  });

  it('answers a key five times per second, and other questions of it still', async () => {
    const orderId = await rounds.searching();
    const replies = await Promise.all(
      Array.from({ length: 10 }, () =>
        world.call('GET', `/v1/orders/${orderId}/explain`, { secret: shop.owner }),
      ),
    );
    const limited = replies.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(0);
    expect(limited[0]?.body).toMatchObject({ code: 'rate_limited' });
    const order = await world.call('GET', `/v1/orders/${orderId}`, { secret: shop.owner });
    expect(order.status).toBe(200);
  });

  it('tells a merchant of its own orders and of the driver who says yes, and of nobody else', async () => {
    const rival = await world.make('merchants', {
      market_id: shop.market.id,
      name: 'Rival',
      commission_bps: 0,
    });
    const place = { merchant_id: rival.id, name: 'Mitte', location: branchAt };
    const branch = await world.make('branches', place);
    const rivalKey = await world.keyOf({ role: 'owner', merchant_id: rival.id });
    const stranger = {
      id: (await world.make('customers', { name: 'Kim', phone: '+4915100000010' })).id,
    };
    const own = await rounds.searching();
    const foreign = await rounds.searching(
      { branch_id: branch.id, customer: stranger },
      { secret: rivalKey },
    );
    const driver = await rounds.driver(2);
    const { id: chosen } = driver;
    await rounds.driver(1, { location: { lat: 52.6, lng: 13.6 } });
    await rounds.round();
    const [open] = await entries(own, shop.owner);
    expect(open).toMatchObject({ outcome: 'offered', driver_id: null });
    expect(open?.text[0]).toBe('Offered to a driver, together with an order of another merchant.');
    expect(JSON.stringify(open)).not.toContain(chosen.slice(-6));
    const [offer] = await driver.offers();
    await driver.says(`/v1/offers/${String(offer?.id)}/accept`);
    const [entry] = await entries(own, shop.owner);
    expect(entry).toMatchObject({ outcome: 'offered', driver_id: chosen });
    expect(new Set(entry?.together.map(({ order_id }) => order_id))).toEqual(new Set([own, null]));
    expect(entry?.text.join(' ')).toContain('together with an order of another merchant');
    expect(JSON.stringify(entry)).not.toContain(foreign);
    for (const { driver_id, chosen: isChosen } of entry?.candidates ?? [])
      expect(driver_id).toBe(isChosen ? chosen : null);
    const [forSupport] = await entries(own);
    expect(forSupport?.text.join(' ')).toMatch(/together with order \d+/);
  });

  it('says why it was not this driver, and names for the platform whom it left out', async () => {
    const orderId = await rounds.searching();
    const { id: chosen } = await rounds.driver();
    const near = { location: { lat: branchAt.lat + 0.01, lng: branchAt.lng } };
    const { id: other } = await rounds.driver(1, near);
    const { id: away } = await rounds.driver(1, { location: { lat: 52.6, lng: 13.6 } });
    await rounds.round();
    const ask = async (id: string, secret?: string): Promise<Reply> =>
      explain(orderId, secret, `?driver_id=${id}`);
    const answers = await Promise.all([chosen, other, away].map((id) => ask(id)));
    expect(answers.flatMap(({ body }) => body['data'] as readonly object[])).toMatchObject([
      { asked_driver: { driver_id: chosen, answer: 'chosen' } },
      { asked_driver: { answer: 'possible', reason: null } },
      {
        asked_driver: { answer: 'excluded', reason: 'out_of_radius', cost: null },
        excluded: { out_of_radius: 1 },
        excluded_drivers: { out_of_radius: [away] },
      },
    ]);
    expect(JSON.stringify(answers[1]?.body)).toMatch(/would cost [\d.]+ minutes? more/);
    expect((await ask(away, shop.owner)).status).toBe(403);
    expect((await ask('nobody')).status).toBe(400);
    expect(JSON.stringify(await entries(orderId, shop.owner))).not.toContain(away);
  });

  it('keeps the decision behind an offer when its round is no longer kept', async () => {
    const orderId = await rounds.searching();
    await rounds.round();
    const { id: chosen } = await rounds.driver();
    await rounds.round();
    const inAWeek = new Date(Date.now() + 8 * 86_400_000);
    await dropOldRounds(world.db, inAWeek);
    expect(await readRounds(world.db, { marketId: shop.market.id, limit: 10 })).toEqual([]);
    expect(await entries(orderId)).toMatchObject([
      { outcome: 'offered', round_id: null, driver_id: chosen, offer: { status: 'open' } },
    ]);
  });

  it('is not for staff, drivers and customers, and knows no order of another merchant', async () => {
    const orderId = await rounds.searching();
    for (const secret of [shop.staff, shop.driverKey, shop.customerKey])
      expect((await explain(orderId, secret)).status).toBe(403);
    expect((await explain(orderId, (await openShop(world)).owner)).status).toBe(404);
    expect((await explain(orderId, shop.owner)).body['data']).toEqual([]);
  });
});
