// Sleep and waking: a need that is committed is either seen by the round or wakes the dispatcher.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { wakeIfAsleep } from '../../activities/wake-dispatcher.ts';
import { claimWake, endRound } from '../../db/dispatchers.ts';
import { acceptOffer, markAssigned } from '../../db/offers.ts';
import type { MarketId } from '../../domain/ids.ts';
import { createMarket, planned, start, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
beforeEach(async () => {
  await market.setAllOrders({ delivery_status: 'cancelled' });
  await market.db.deleteFrom('dispatchers').execute();
});
afterAll(() => market.close());

const endOf = (now: number) => endRound(market.db, { marketId: market.marketId, now });
const end = async (now = start) => (await endOf(now)).open;
const claim = (aliveSince = start) =>
  claimWake(market.db, { marketId: market.marketId, aliveSince });

describe('endRound', () => {
  test('counts what searches, is offered, or is accepted but not assigned', async () => {
    expect(await end()).toBe(0);
    const orderId = await market.addOrder();
    const offer = planned(await market.addDriver(), orderId);
    expect(await end()).toBe(1);
    await market.write(offer);
    expect(await end()).toBe(1);
    await acceptOffer(market.db, { ...offer, now: start });
    await market.setOrder(orderId, { delivery_status: 'confirmed' });
    expect(await end()).toBe(1);
    await market.db
      .transaction()
      .execute((trx) => markAssigned(trx, { ...offer, orderId, now: start }));
    expect(await end()).toBe(0);
  });
});

describe('a search that starts later', () => {
  test('leaves the dispatcher asleep and says when to look', async () => {
    await market.addOrder({ search_since: new Date(start + 5_000) });
    await market.addOrder({ search_since: new Date(start + 9_000) });
    expect(await endOf(start)).toEqual({ open: 0, nextSearchAt: start + 5_000 });
    expect(await claim()).toBe(true);
    expect(await endOf(start + 5_000)).toEqual({ open: 1, nextSearchAt: start + 9_000 });
  });
});

describe('claimWake', () => {
  test('a dispatcher that never ran is woken, one that is awake is left alone', async () => {
    expect(await claim()).toBe(true);
    await market.addOrder();
    await end();
    expect(await claim()).toBe(false);
  });

  test('one of many wakes a sleeper', async () => {
    await end();
    const claims = await Promise.all([1, 2, 3, 4, 5, 6].map(() => claim()));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await claim()).toBe(false);
  });

  test('one that has been silent for long is started again', async () => {
    await market.addOrder();
    await end(start);
    expect(await claim(start + 1)).toBe(true);
  });

  test('waits for a dispatcher that is falling asleep at this moment', async () => {
    await market.addOrder();
    await end();
    await market.setAllOrders({ delivery_status: 'cancelled' });
    let claimed: Promise<boolean> = Promise.resolve(false);
    await market.db.transaction().execute(async (trx) => {
      const where = { marketId: market.marketId };
      await trx
        .selectFrom('dispatchers')
        .selectAll()
        .where('market_id', '=', where.marketId)
        .forUpdate()
        .execute();
      claimed = claim();
      await trx.updateTable('dispatchers').set({ asleep: true }).execute();
      const early = await Promise.race([
        claimed,
        new Promise((resolve) => setTimeout(resolve, 100, 'waits')),
      ]);
      expect(early).toBe('waits');
    });
    expect(await claimed).toBe(true);
  });
});

describe('wakeIfAsleep', () => {
  test('a wake that could not be delivered is left to the next caller', async () => {
    await end(Date.now());
    const woken: MarketId[] = [];
    const down = { wakeDispatcher: () => Promise.reject(new Error('down')) };
    const up = { wakeDispatcher: async (marketId: MarketId) => void woken.push(marketId) };
    await expect(wakeIfAsleep({ db: market.db, engine: down }, market.marketId)).rejects.toThrow(
      'down',
    );
    await wakeIfAsleep({ db: market.db, engine: up }, market.marketId);
    await wakeIfAsleep({ db: market.db, engine: up }, market.marketId);
    expect(woken).toEqual([market.marketId]);
  });
});
