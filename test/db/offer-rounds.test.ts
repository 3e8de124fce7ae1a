// Writing offers beside others who write them, and lapsing them beside their answers.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import { readDrivers, readSearching } from '../../db/dispatch-snapshot.ts';
import { newId } from '../../db/new-id.ts';
import {
  acceptedNotAssigned,
  lapseExpired,
  writeOffers,
  type NewOffer,
} from '../../db/offer-rounds.ts';
import { acceptOffer, markAssigned, markRefused, offerById } from '../../db/offers.ts';
import { snapshotOf } from '../../activities/market-view.ts';
import { plan } from '../../dispatch/plan.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { beside, createMarket, planned, start, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
beforeEach(async () => {
  await market.setAllOrders({ delivery_status: 'cancelled', driver_id: null });
  await market.db.updateTable('drivers').set({ online: false }).execute();
  await market.db.deleteFrom('offer_orders').execute();
  await market.db.deleteFrom('offers').execute();
});
afterAll(() => market.close());

const expiry = start + 45_000;

describe('writeOffers', () => {
  test('leaves out an order that is taken, searches anew or not at all', async () => {
    const taken = await market.addOrder();
    await market.write(planned(await market.addDriver(), taken));
    const anew = await market.addOrder({ search: 2 });
    const ended = await market.addOrder({ delivery_status: 'cancelled' });
    const fine = await market.addOrder();
    const made = await market.write(
      ...(await Promise.all(
        [taken, anew, ended, fine].map(async (id) => planned(await market.addDriver(), id)),
      )),
    );
    expect(made.map((offer) => offer.orders[0]?.orderId)).toEqual([fine]);
  });

  test('leaves out a driver who is offline, asked already, or full with carried and accepted', async () => {
    const offline = await market.addDriver({ online: false });
    const asked = await market.addDriver({ capacity: 2 });
    await market.write(planned(asked, await market.addOrder()));
    const full = await market.addDriver({ capacity: 2 });
    const offer = planned(full, await market.addOrder());
    await market.write(offer);
    await acceptOffer(market.db, { ...offer, now: start });
    await market.addOrder({ delivery_status: 'picked_up', driver_id: full });
    const fine = await market.addDriver();
    const made = await market.write(
      ...(await Promise.all(
        [offline, asked, full, fine].map(async (id) => planned(id, await market.addOrder())),
      )),
    );
    expect(made.map((each) => each.driverId)).toEqual([fine]);
  });

  test('a bundle is made whole or not at all, and never larger than the room', async () => {
    const [one, two, three] = await Promise.all([
      market.addOrder(),
      market.addOrder(),
      market.addOrder(),
    ]);
    const small = await market.addDriver({ capacity: 2 });
    expect(await market.write(planned(small, one, two, three))).toEqual([]);
    const large = await market.addDriver({ capacity: 3 });
    expect(await market.write(planned(large, one, two, three))).toHaveLength(1);
    expect(await market.write(planned(small, three))).toEqual([]);
  });

  test('is not made on a route that lacks what was given by hand, or keeps what was taken away', async () => {
    const driverId = await market.addDriver({ capacity: 3 });
    const held = await market.addOrder({ delivery_status: 'picked_up', driver_id: driverId });
    const orderId = await market.addOrder();
    const offer = beside(planned(driverId, orderId), held);
    const byHand = await market.addOrder({ delivery_status: 'confirmed', driver_id: driverId });
    expect(await market.write(offer)).toEqual([]);
    await market.setOrder(byHand, { delivery_status: 'cancelled' });
    await market.setOrder(held, { delivery_status: 'delivered' });
    expect(await market.write(offer)).toEqual([]);
    await market.setOrder(held, { delivery_status: 'problem' });
    expect(await market.write(offer)).toHaveLength(1);
  });

  test('is not made on a route without what was given by hand while it is being written', async () => {
    const driverId = await market.addDriver({ capacity: 2 });
    const offer = planned(driverId, await market.addOrder());
    const given = await market.addOrder();
    await market.db.transaction().execute(async (trx) => {
      const carried = { driver_id: driverId, delivery_status: 'confirmed' };
      await trx.updateTable('orders').set(carried).where('id', '=', given).execute();
      const now = start;
      await markAssigned(trx, { offerId: newId('offer'), orderId: given, driverId, now });
      // The driver's row is locked.
      expect(await market.write(offer)).toEqual([]);
    });
    expect(await market.write(offer)).toEqual([]);
    expect(await market.write(beside(offer, given))).toHaveLength(1);
  });

  test('an order whose row is locked is skipped, not waited for', async () => {
    const [locked, free] = await Promise.all([market.addOrder(), market.addOrder()]);
    const drivers = await Promise.all([market.addDriver(), market.addDriver()]);
    await market.db.transaction().execute(async (trx) => {
      await trx.updateTable('orders').set({ owner: 'merchant' }).where('id', '=', locked).execute();
      const made = await market.write(planned(drivers[0], locked), planned(drivers[1], free));
      expect(made.map((offer) => offer.driverId)).toEqual([drivers[1]]);
    });
  });

  test('a round beside another one neither waits for it nor takes its order, driver or more', async () => {
    const [one, two, three] = await Promise.all([
      market.addOrder(),
      market.addOrder(),
      market.addOrder(),
    ]);
    const [mine, free, other] = await Promise.all([
      market.addDriver({ capacity: 2 }),
      market.addDriver(),
      market.addDriver(),
    ]);
    const write = async (offers: readonly NewOffer[], beforeCommit?: () => Promise<void>) => {
      const { made } = await writeOffers(market.db, {
        marketId: market.marketId,
        offers,
        now: start,
        expiresAt: expiry,
        ...(beforeCommit ? { beforeCommit } : {}),
      });
      return made;
    };
    const made = await write([planned(mine, one)], async () => {
      expect(await write([planned(mine, two)])).toEqual([]);
      await write([planned(free, one), planned(other, three)], async () => {
        // Its order is taken, so this driver is left for a third round.
        expect(await write([planned(free, two)])).toHaveLength(1);
      });
    });
    expect(made).toHaveLength(1);
    expect((await market.seen(one)).lines).toHaveLength(1);
    expect((await market.seen(three)).lines).toHaveLength(1);
  });

  test('nothing is written when it dies before the commit', async () => {
    const orderId = await market.addOrder();
    const offers = [planned(await market.addDriver(), orderId)];
    const dying = writeOffers(market.db, {
      marketId: market.marketId,
      offers,
      now: start,
      expiresAt: expiry,
      beforeCommit: () => {
        throw new Error('killed');
      },
    });
    await expect(dying).rejects.toThrow('killed');
    expect(await market.seen(orderId)).toEqual({ lines: [], events: [] });
    expect(await market.write(...offers)).toHaveLength(1);
  });

  test('four dispatchers at once never double a driver or a delivery, nor exceed capacity', async () => {
    const orders = await Promise.all(Array.from({ length: 40 }, () => market.addOrder()));
    const drivers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => market.addDriver({ capacity: 1 + (n % 2) })),
    );
    const connections = [1, 2, 3, 4].map(() => connect({ url: market.url, poolSize: 2 }));
    const round = async (n: number, who: number): Promise<number> => {
      const db = connections[who] ?? market.db;
      const rows = await readDrivers(db, market.marketId);
      const held = new Map(
        rows.map(({ driverId, stops }) => [driverId, stops.map(({ orderId }) => orderId)]),
      );
      // Each in another order, so that locks are asked for crosswise.
      const offers = orders.map((orderId, i) => {
        const driverId = drivers[(i * (who + 1) + n) % drivers.length] ?? newId('driver');
        return beside(planned(driverId, orderId), ...(held.get(driverId) ?? []));
      });
      const { made } = await writeOffers(db, {
        marketId: market.marketId,
        offers: who % 2 === 0 ? offers : offers.toReversed(),
        now: start,
        expiresAt: expiry,
      });
      await Promise.all(made.map((offer) => acceptOffer(db, { ...offer, now: start })));
      return made.length;
    };
    let made = 0;
    for (let n = 0; n < 15; n += 1) {
      const counts = await Promise.all([0, 1, 2, 3].map((who) => round(n, who)));
      made += counts.reduce((sum, count) => sum + count, 0);
    }
    await Promise.all(connections.map((db) => db.destroy()));
    const lines = await market.db
      .selectFrom('offer_orders')
      .innerJoin('offers', 'offers.id', 'offer_id')
      .select(['order_id', 'driver_id', 'offer_orders.status'])
      .execute();
    expect(lines).toHaveLength(made);
    expect(made).toBe(18);
    expect(new Set(lines.map((line) => line.order_id)).size).toBe(18);
    expect(lines.every((line) => line.status === 'accepted')).toBe(true);
  });
});

describe('lapseExpired', () => {
  test('ends what is due, once, and leaves the rest', async () => {
    const due = planned(await market.addDriver(), await market.addOrder());
    const answered = planned(await market.addDriver(), await market.addOrder());
    await market.write(due, answered);
    await acceptOffer(market.db, { ...answered, now: start });
    const lapse = (now: number) => lapseExpired(market.db, { marketId: market.marketId, now });
    expect(await lapse(expiry - 1)).toEqual([]);
    const lapsed = await Promise.all([1, 2, 3, 4].map(() => lapse(expiry)));
    expect(lapsed.flat()).toEqual(due.orders.map(({ orderId }) => orderId));
    expect((await offerById(market.db, answered.offerId))?.status).toBe('accepted');
    const [line] = due.orders;
    expect(line && (await market.seen(line.orderId))).toEqual({
      lines: [{ offer: 'expired', line: 'expired' }],
      events: ['offer.made', 'offer.expired'],
    });
  });
});

describe('lapseExpired beside an answer', () => {
  test('does not wait for it', async () => {
    const offer = planned(await market.addDriver(), await market.addOrder());
    await market.write(offer);
    const lapse = () => lapseExpired(market.db, { marketId: market.marketId, now: expiry });
    await market.db.transaction().execute(async (trx) => {
      await trx
        .selectFrom('offers')
        .select('id')
        .where('id', '=', offer.offerId)
        .forUpdate()
        .execute();
      expect(await lapse()).toEqual([]);
    });
    expect(await lapse()).toHaveLength(1);
  });
});

describe('acceptedNotAssigned', () => {
  test('finds what was accepted long enough ago and has no answer', async () => {
    const orderId = await market.addOrder();
    const offer = planned(await market.addDriver(), orderId);
    await market.write({ ...offer, orders: [{ orderId, search: 1, bonusMinor: 75 }] });
    const find = (olderThan: number) =>
      acceptedNotAssigned(market.db, { marketId: market.marketId, olderThan });
    expect(await find(start + 99_000)).toEqual([]);
    await acceptOffer(market.db, { ...offer, now: start + 5_000 });
    expect(await find(start + 4_999)).toEqual([]);
    const { offerId, driverId, pickupEtaAt } = offer;
    const etas = { pickupEtaAt, dropoffEtaAt: start + 1_020_000, rideMs: 600_000 };
    expect(await find(start + 5_000)).toEqual([
      { offerId, driverId, orderId, ...etas, bonusMinor: 75 },
    ]);
    await market.db
      .transaction()
      .execute((trx) => markAssigned(trx, { offerId, orderId, driverId, now: start }));
    expect(await find(start + 5_000)).toEqual([]);
  });
});

describe('the snapshot', () => {
  test('has the searching orders without a live offer, oldest first, with all earlier offers', async () => {
    const late = await market.addOrder({ search_since: new Date(start + 1) });
    const early = await market.addOrder({ search: 1 });
    await market.write(planned(await market.addDriver(), await market.addOrder()));
    await market.addOrder({ search_since: new Date(start + 60_000) });
    const driverId = await market.addDriver();
    const refused = planned(driverId, early);
    await market.write(refused);
    await acceptOffer(market.db, { ...refused, now: start });
    await markRefused(market.db, { offerId: refused.offerId, orderId: early, now: start });
    const orders = await readSearching(market.db, {
      marketId: market.marketId,
      now: start + 1,
    });
    expect(orders).toMatchObject([
      {
        orderId: early,
        searchSince: start,
        earlier: [{ driverId, search: 1, outcome: 'voided' }],
      },
      { orderId: late, searchSince: start + 1, earlier: [] },
    ]);
  });

  test('has who is online with what they carry and have accepted', async () => {
    await market.addDriver({ online: false });
    const nowhere = await market.addDriver({ lat: null, lng: null });
    const asked = await market.addDriver();
    await market.write(planned(asked, await market.addOrder()));
    const busy = await market.addDriver({ capacity: 3, shift_ends_at: new Date(start + 60_000) });
    const accepted = await market.addOrder({
      ready_estimate_at: new Date(start + 1_000),
      pickup_lat: 1,
    });
    const decision = { [accepted]: { dropoffAt: start + 90_000 } };
    const offer = { ...planned(busy, accepted), decision };
    await market.write(offer);
    await acceptOffer(market.db, { ...offer, now: start });
    const aboard = await market.addOrder({ delivery_status: 'picked_up', driver_id: busy });
    await market.addOrder({ delivery_status: 'delivered', driver_id: busy });
    const expected = [
      { driverId: nowhere, place: undefined, stops: [], hasOpenOffer: false },
      { driverId: asked, hasOpenOffer: true, capacity: 1 },
      {
        driverId: busy,
        hasOpenOffer: false,
        shiftEndsAt: start + 60_000,
        stops: [
          { kind: 'dropoff', orderId: aboard, readyAt: undefined },
          { kind: 'pickup', place: { lat: 1 }, readyAt: start + 1_000 },
          { kind: 'dropoff', orderId: accepted, plannedAt: start + 90_000 },
        ],
      },
    ];
    // Ids of one millisecond come in any order.
    const byId = expected.toSorted((a, b) => (a.driverId < b.driverId ? -1 : 1));
    expect(await readDrivers(market.db, market.marketId)).toMatchObject(byId);
  });

  test('is what a plan is made of, and the plan can be written', async () => {
    const orderId = await market.addOrder();
    const driverId = await market.addDriver();
    const [orders, drivers] = await Promise.all([
      readSearching(market.db, { marketId: market.marketId, now: start }),
      readDrivers(market.db, market.marketId),
    ]);
    const { offers } = plan({
      snapshot: snapshotOf({
        now: start,
        policy: defaultPolicy,
        timeZone: 'UTC',
        orders,
        drivers,
        live: new Map(),
        cash: new Map(),
        demand: [],
        acceptance: { byDriver: new Map(), usual: 1 },
      }),
      policy: defaultPolicy,
      seed: 1,
    });
    const made = await market.write(
      ...offers.map((offer) => ({
        ...offer,
        offerId: newId('offer'),
        decision: offer.decisions[0]?.decision ?? {},
      })),
    );
    expect(made).toMatchObject([
      { driverId, orders: [{ orderId }], decision: { chosen: driverId } },
    ]);
  });
});
