// Rounds that cannot plan with everything, that die or that run side by side.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { engineId } from '../../activities/engine-id.ts';
import { openIncidents } from '../../db/exceptions.ts';
import { readRounds } from '../../db/rounds.ts';
import { replay } from '../../scripts/audit/replay-rounds.ts';
import { createMarket, start, type Market } from '../db/market.ts';
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

const tickMs = 10_000;

const round = (options?: Options) => playRound({ market, now: () => now, sent, hinted }, options);

const incidents = () =>
  market.db.selectFrom('incidents').select(['kind', 'order_id', 'detail']).execute();

describe('a row that nothing can be planned with', () => {
  test('an order of it is set aside, the others are offered, and support is told once', async () => {
    const poisoned = await market.addOrder({ dropoff_lat: Number.NaN });
    await Promise.all([market.addOrder(), market.addOrder()]);
    await Promise.all([market.addDriver(), market.addDriver(), market.addDriver()]);
    expect(await round()).toMatchObject({ open: 3, offersMade: 2 });
    now = start + tickMs;
    expect(await round()).toMatchObject({ open: 3, offersMade: 0 });
    expect(await incidents()).toEqual([
      {
        kind: 'order_set_aside',
        order_id: poisoned,
        detail: { says: 'no driver can be found for the order: a place has no coordinates' },
      },
    ]);
    const [incident] = await openIncidents(market.db, [poisoned]);
    expect(incident?.says).toContain('no driver can be found');
    const rounds = await readRounds(market.db, { engine: engineId, limit: 10 });
    expect(rounds.flatMap((each) => replay(each))).toEqual([]);
  });

  test('a driver of it is offered nothing, and the incident is at what he has in hand', async () => {
    const driver_id = await market.addDriver({ capacity: 3 });
    const carried = { driver_id, delivery_status: 'picked_up', search_since: null };
    const held = await market.addOrder({ ...carried, dropoff_lng: Number.NaN });
    const other = await market.addOrder(carried);
    await market.addOrder();
    const fine = await market.addDriver();
    expect(await round()).toMatchObject({ offersMade: 1 });
    expect(hinted).toEqual([`driver:${fine}`]);
    const told = await incidents();
    expect(new Set(told.map(({ order_id }) => order_id))).toEqual(new Set([held, other]));
    expect(told[0]).toMatchObject({
      kind: 'driver_set_aside',
      detail: { driver_id, says: expect.stringContaining('nothing more is offered to the driver') },
    });
  });
});

describe('a round that dies or is not alone', () => {
  test.each([
    ['dispatch:before-lapse', ['offer.made']],
    ['dispatch:after-lapse', ['offer.made', 'offer.expired']],
  ])('%s: repeated, the offer has lapsed once', async (crashAt, before) => {
    const orderId = await market.addOrder();
    await market.addDriver();
    await round();
    now = start + 45_000;
    await expect(round({ crashAt })).rejects.toThrow('killed');
    expect((await market.seen(orderId)).events).toEqual(before);
    await round();
    const { events } = await market.seen(orderId);
    expect(events.filter((type) => type === 'offer.expired')).toHaveLength(1);
  });

  test.each(['dispatch:before-end', 'dispatch:after-end'])(
    '%s: repeated, nothing is done twice, and it sleeps',
    async (crashAt) => {
      const orderId = await market.addOrder();
      await market.addDriver();
      await expect(round({ crashAt })).rejects.toThrow('killed');
      expect(await round()).toEqual({ open: 1, offersMade: 0, waitMs: tickMs });
      expect((await market.seen(orderId)).events).toEqual(['offer.made']);
    },
  );

  test.each([
    ['dispatch:before-commit', 0],
    ['dispatch:after-commit', 1],
    ['dispatch:after', 1],
  ])('%s: repeated, it makes each offer once', async (crashAt, madeBefore) => {
    const orderId = await market.addOrder();
    await market.addDriver();
    await expect(round({ crashAt })).rejects.toThrow('killed');
    expect((await market.seen(orderId)).events).toHaveLength(madeBefore);
    await round();
    expect(await market.seen(orderId)).toEqual({
      lines: [{ offer: 'open', line: 'open' }],
      events: ['offer.made'],
    });
  });

  test('four rounds at once ask each driver once and offer each order once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => market.addOrder()));
    await Promise.all(Array.from({ length: 12 }, () => market.addDriver()));
    const rounds = await Promise.all([1, 2, 3, 4].map(() => round()));
    expect(rounds.reduce((sum, { offersMade }) => sum + offersMade, 0)).toBe(12);
    expect(new Set(hinted).size).toBe(12);
    expect(rounds.every(({ open, waitMs }) => open === 20 && waitMs === tickMs)).toBe(true);
  });
});
