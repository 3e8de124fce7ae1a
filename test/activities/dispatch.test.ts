// A whole round on real rows: what is lapsed, sent again, ended, offered.

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDispatchActivities } from '../../activities/dispatch.ts';
import type { Outcome } from '../../adapters/order-engine.ts';
import { engineId } from '../../activities/engine-id.ts';
import { newId } from '../../db/new-id.ts';
import { acceptOffer, markAssigned, offerById } from '../../db/offers.ts';
import { readRounds } from '../../db/rounds.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { replay } from '../../scripts/audit/replay-rounds.ts';
import { createMarket, planned, start, type Market } from '../db/market.ts';
import { playRound, type Options, type Sent } from './round.ts';

let market: Market;
let sent: Sent[];
let hinted: string[];
let now: number;
beforeEach(async () => {
  market = await createMarket({ maxOfferRounds: 2 });
  sent = [];
  hinted = [];
  now = start;
});
afterEach(() => market.close());

const done: Outcome = { kind: 'done', answer: { status: 'PREPARING', sequence: 1 } };
const log = pino({ level: 'silent' });
const tickMs = 10_000;
const idleMs = 30_000;

const round = (options?: Options) => playRound({ market, now: () => now, sent, hinted }, options);

describe('dispatchRound', () => {
  test('offers a searching order to a driver, hints them, and comes back at the next tick', async () => {
    const orderId = await market.addOrder();
    const driverId = await market.addDriver();
    expect(await round()).toEqual({ open: 1, offersMade: 1, waitMs: tickMs });
    expect(hinted).toEqual([`driver:${driverId}`]);
    const offer = await market.db.selectFrom('offers').selectAll().executeTakeFirstOrThrow();
    expect(offer).toMatchObject({
      driver_id: driverId,
      status: 'open',
      made_at: new Date(start),
      expires_at: new Date(start + 45_000),
      decision: { [orderId]: { chosen: driverId, candidates: 1, policyVersion: 'default-1' } },
      route: [
        { kind: 'pickup', orderId },
        { kind: 'dropoff', orderId },
      ],
    });
    expect((await market.seen(orderId)).events).toEqual(['offer.made']);
    expect(await round()).toEqual({ open: 1, offersMade: 0, waitMs: tickMs });
  });

  test('offers more for a search that has lasted, each order of a bundle by its own rung', async () => {
    const facts = JSON.stringify({ driverPayMinor: 500 });
    const search_since = new Date(start - 6 * 60_000);
    const late = await market.addOrder({ facts, search_since });
    const fresh = await market.addOrder({ facts });
    await market.addDriver({ capacity: 2 });
    expect(await round()).toMatchObject({ offersMade: 1 });
    const lines = await market.db
      .selectFrom('offer_orders')
      .select(['order_id', 'bonus_minor'])
      .execute();
    expect(Object.fromEntries(lines.map((line) => [line.order_id, line.bonus_minor]))).toEqual({
      [late]: 75,
      [fresh]: 0,
    });
    const [offer] = await market.db.selectFrom('offers').select(['id', 'driver_id']).execute();
    if (!offer) throw new Error('no offer');
    await acceptOffer(market.db, { offerId: offer.id, driverId: offer.driver_id, now });
    now = start + 2_000;
    await round();
    const assigned = sent.map(({ orderId, command }) => [
      orderId,
      command.kind === 'assign' && command.bonusMinor,
    ]);
    expect(Object.fromEntries(assigned)).toEqual({ [late]: 75, [fresh]: 0 });
  });

  test('sleeps when nothing is open', async () => {
    expect(await round()).toEqual({ open: 0, offersMade: 0, waitMs: idleMs });
    const row = await market.db.selectFrom('dispatchers').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ asleep: true, last_round_at: new Date(start) });
  });

  test('an offer that nobody answers lapses, and the next driver is asked', async () => {
    const orderId = await market.addOrder();
    await Promise.all([market.addDriver(), market.addDriver()]);
    await round();
    now = start + 45_000;
    expect(await round()).toMatchObject({ offersMade: 1 });
    expect((await market.seen(orderId)).events).toEqual([
      'offer.made',
      'offer.expired',
      'offer.made',
    ]);
    expect(new Set(hinted).size).toBe(2);
  });

  test('the fresher of the two places counts', async () => {
    await Promise.all([market.addOrder(), market.addOrder()]);
    const inRedis = await market.addDriver({ lat: 0 });
    const inTables = await market.addDriver({ lat: 0 });
    const here = { lat: 52.5, lng: 13.4 };
    const live = new Map([
      [inRedis, { ...here, at: start }],
      [inTables, { ...here, at: start - 1 }],
    ]);
    await round({ live });
    expect(hinted).toEqual([`driver:${inRedis}`]);
  });

  test('a place told ahead of a shift counts until it is too old after the shift’s beginning', async () => {
    const { positionMaxAgeMs } = defaultPolicy;
    const begins = { shift_starts_at: new Date(start + 40 * 60_000) };
    const ahead = await market.addDriver(begins);
    await market.addDriver();
    now = start + 40 * 60_000 + positionMaxAgeMs;
    await market.addOrder();
    await round();
    expect(hinted).toEqual([`driver:${ahead}`]);
    await market.addDriver(begins);
    now += 1;
    await market.addOrder();
    await round();
    expect(hinted).toHaveLength(1);
  });

  test('a search that has used up its offers is ended, and only that one', async () => {
    const orderId = await market.addOrder();
    await market.addDriver();
    for (const after of [0, 45_000, 90_000]) {
      now = start + after;
      await round();
    }
    expect(sent).toMatchObject([
      {
        orderId,
        command: { kind: 'exhaustSearch', search: 1 },
        commandId: `exhaustSearch:1:${Math.floor(now / 60_000)}`,
        actor: { kind: 'system' },
      },
    ]);
  });

  test('keeps what it saw and decided, which gives the identical plan again', async () => {
    await Promise.all([market.addOrder(), market.addOrder()]);
    await market.addDriver();
    await round();
    now = start + tickMs;
    await round();
    const rounds = await readRounds(market.db, { engine: engineId, limit: 10 });
    expect(rounds.map(({ at }) => at.getTime())).toEqual([start + tickMs, start]);
    expect(rounds.flatMap((each) => replay(each))).toEqual([]);
    const offers = await market.db.selectFrom('offers').select('round_id').execute();
    expect(offers).toEqual([{ round_id: rounds[1]?.roundId }]);
    const moved = rounds.map((each) => ({
      ...each,
      input: each.input.replace('"capacity":1', '"capacity":2'),
    }));
    expect(moved.flatMap((each) => replay(each))).not.toEqual([]);
  });

  test('keeps nothing of a market in which nobody looks for a driver', async () => {
    await round();
    expect(await readRounds(market.db, { limit: 10 })).toEqual([]);
  });

  describe('with goods announced for in twenty minutes', () => {
    const announced = { type: 'order.accepted', body: { readyEstimateAt: start + 1_200_000 } };
    beforeEach(async () => {
      const orderId = await market.addOrder({ ready_estimate_at: new Date(start + 1_200_000) });
      await market.addEvents(orderId, [announced]);
      await market.addDriver();
    });

    test('a driver at the branch is told later', async () => {
      expect(await round()).toMatchObject({ open: 1, offersMade: 0 });
    });

    test('he is told now when the branch has always been much earlier', async () => {
      const ready = { type: 'order.ready', body: { assumed: false }, at: start + 60_000 };
      for (let n = 0; n < 40; n += 1) {
        const before = await market.addOrder({ delivery_status: 'delivered', is_over: true });
        await market.addEvents(before, [announced, ready]);
      }
      expect(await round()).toMatchObject({ offersMade: 1 });
    });
  });

  describe('of two drivers, one at the counter and one a hundred metres away, asks', () => {
    const hundredMetres = { lat: 52.5009 };
    const minute = 60_000;
    const asked = async (near: object, far: object): Promise<string> => {
      await market.addOrder();
      const ids = [
        await market.addDriver(near),
        await market.addDriver({ ...hundredMetres, ...far }),
      ];
      await round();
      expect(hinted).toHaveLength(1);
      return hinted[0] === `driver:${ids[0]}` ? 'near' : 'far';
    };
    const since = (minutes: number) => new Date(start - minutes * minute);

    test.each([
      ['the near one when nothing else is known', {}, {}, 'near'],
      [
        'who has been online for an hour',
        { online_since: since(0) },
        { online_since: since(60) },
        'far',
      ],
      [
        'the near one when the other has had work meanwhile',
        { online_since: since(0) },
        { online_since: since(60), served_at: since(5) },
        'near',
      ],
      [
        'who works already, rather than who will in an hour',
        { shift_starts_at: since(-60) },
        { shift_starts_at: since(1) },
        'far',
      ],
      [
        'the near one when the shift of both has begun',
        { shift_starts_at: since(1) },
        { shift_starts_at: since(1) },
        'near',
      ],
      ['who is rated better', { rating: 2.5 }, { rating: 4.8 }, 'far'],
      ['the near one when both are rated alike', { rating: 4.8 }, { rating: 4.8 }, 'near'],
    ])('%s', async (_, near, far, chosen) => {
      expect(await asked(near, far)).toBe(chosen);
    });

    test.each([
      ['who says yes', 1, 'far'],
      ['the near one when the no is two months old', 60, 'near'],
    ])('%s', async (_, daysAgo, chosen) => {
      await market.addOrder();
      const [near, far] = [await market.addDriver(), await market.addDriver(hundredMetres)];
      const at = start - daysAgo * 24 * 60 * minute;
      await market.addAnswers(near, { status: 'declined', count: 20, at });
      await market.addAnswers(near, { status: 'expired', count: 20, at });
      await market.addAnswers(far, { status: 'accepted', count: 40, at });
      await round();
      expect(hinted).toEqual([`driver:${chosen === 'far' ? far : near}`]);
    });
  });

  describe('how fast people come', () => {
    const kilometre = { lat: 52.5 + 1 / 111.195 };

    test('depends on the hour by the market’s clocks', async () => {
      await market.close();
      const hourPercent = defaultPolicy.hourPercent.with(14, 50);
      market = await createMarket({ hourPercent });
      await market.addOrder();
      await market.addDriver(kilometre);
      expect(await etaMinutes()).toBeCloseTo((2 * 1_300) / 320, 1);
    });

    test('depends on the vehicle: who drives is asked before who walks from nearby', async () => {
      await market.addOrder();
      await market.addDriver({ lat: 52.503, vehicle: 'foot' });
      const car = await market.addDriver({ ...kilometre, vehicle: 'car' });
      expect(await etaMinutes()).toBeCloseTo(1_300 / 320, 1);
      expect(hinted).toEqual([`driver:${car}`]);
    });
  });

  test('a market that does not exist is an error', async () => {
    const dispatch = createDispatchActivities({
      db: market.db,
      log,
      engine: { send: async () => done },
    });
    await expect(dispatch.dispatchRound({ marketId: newId('market') })).rejects.toThrow(
      'no market',
    );
  });
});

/** Until the driver of the one offer is at the counter. */
async function etaMinutes(): Promise<number> {
  await round();
  const offer = await market.db.selectFrom('offers').selectAll().executeTakeFirstOrThrow();
  return (offer.pickup_eta_at.getTime() - start) / 60_000;
}

async function accepted() {
  const orderId = await market.addOrder();
  const offer = planned(await market.addDriver(), orderId);
  await market.write(offer);
  await acceptOffer(market.db, { ...offer, now: start });
  return { orderId, ...offer };
}

describe('an offer that was accepted but never assigned', () => {
  test('is left to the API for two seconds, then assigned with the same id', async () => {
    const { orderId, offerId, driverId, pickupEtaAt } = await accepted();
    now = start + 1_999;
    await round();
    expect(sent).toEqual([]);
    now = start + 2_000;
    const record = () =>
      market.db
        .transaction()
        .execute((trx) => markAssigned(trx, { offerId, orderId, driverId, now }));
    await round({
      answer: async () => {
        await record();
        await market.setOrder(orderId, { delivery_status: 'confirmed' });
        return done;
      },
    });
    expect(sent).toMatchObject([
      {
        orderId,
        commandId: `assign:${offerId}`,
        command: { kind: 'assign', offerId, driverId, pickupEtaAt },
      },
    ]);
    await round();
    expect(sent).toHaveLength(1);
  });

  test.each([
    { kind: 'refused', refusal: { code: 'not_searching', reason: 'the delivery is confirmed' } },
    { kind: 'not_running' },
  ] as const)('is voided and the driver freed when the answer is $kind', async (outcome) => {
    const { orderId, offerId, driverId } = await accepted();
    now = start + 2_000;
    await market.setOrder(orderId, { delivery_status: 'cancelled' });
    await round({ answer: () => outcome });
    expect((await offerById(market.db, offerId))?.status).toBe('voided');
    await market.addOrder();
    expect(await round()).toMatchObject({ offersMade: 1 });
    expect(hinted).toEqual([`driver:${driverId}`]);
  });

  test.each(['unknown', 'unavailable', 'throws'] as const)(
    'stays for the next round when the engine %s',
    async (kind) => {
      const { offerId } = await accepted();
      now = start + 2_000;
      const answer = () => {
        if (kind === 'throws') throw new Error('boom');
        return { kind };
      };
      expect(await round({ answer })).toEqual({ open: 1, offersMade: 0, waitMs: tickMs });
      await round({ answer });
      expect(sent).toHaveLength(2);
      expect((await offerById(market.db, offerId))?.status).toBe('accepted');
    },
  );
});
