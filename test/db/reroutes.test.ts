// A new order of a driver's stops is written where it still can be driven, and is then what the driver has.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeOffers } from '../../db/offer-rounds.ts';
import { acceptOffer, markAssigned } from '../../db/offers.ts';
import { reroutesAbout } from '../../db/reroutes.ts';
import { roundsKeptDays } from '../../db/rounds.ts';
import { routesOf } from '../../db/routes.ts';
import { pruneRoutes } from '../../db/upkeep.ts';
import type { Reroute, RouteStop } from '../../domain/eta.ts';
import type { DriverId, OrderId } from '../../domain/ids.ts';
import { beside, createMarket, planned, start, type Market } from './market.ts';

let market: Market;
beforeEach(async () => {
  market = await createMarket();
});
afterEach(() => market.close());

const soon = start + 10_000;
const seenAt = start + 20_000;
const now = start + 30_000;

type Hand = {
  readonly driverId: DriverId;
  readonly one: OrderId;
  readonly two: OrderId;
  readonly better: Reroute;
};

const stopOf = ({ orderId, ...stop }: RouteStop) => ({ ...stop, orderId: orderId as OrderId });

/** A driver who has accepted two orders, and the other way round in which they could be driven. */
async function inHand(): Promise<Hand> {
  const driverId = await market.addDriver({ capacity: 3 });
  const [one, two] = [await market.addOrder(), await market.addOrder()];
  const offer = planned(driverId, one, two);
  await market.write(offer);
  await acceptOffer(market.db, { ...offer, now: soon });
  for (const orderId of [one, two]) {
    await market.setOrder(orderId, { delivery_status: 'confirmed', driver_id: driverId });
    const assigned = { offerId: offer.offerId, orderId, driverId, now: soon };
    await market.db.transaction().execute((trx) => markAssigned(trx, assigned));
    await market.setOrder(orderId, { offer_id: offer.offerId });
  }
  const before = offer.route.map(stopOf);
  const [first, second, third, fourth] = before;
  if (!first || !second || !third || !fourth) throw new Error('four stops');
  const route = [second, fourth, first, third];
  return {
    driverId,
    one,
    two,
    better: { driverId, before, route, lateMs: 600_000, gainMs: 400_000 },
  };
}

async function write(reroute: Reroute, more: object = {}): Promise<boolean> {
  const batch = { marketId: market.marketId, offers: [], reroutes: [reroute], seenAt, now };
  const { rerouted } = await writeOffers(market.db, { ...batch, expiresAt: now, ...more });
  return rerouted.length > 0;
}

async function driven({ driverId, one }: Hand): Promise<string> {
  const { stops } = (await routesOf(market.db, { driverId })).get(driverId) ?? { stops: [] };
  return stops
    .map(({ kind, orderId }) => `${kind === 'pickup' ? '+' : '-'}${orderId === one ? 1 : 2}`)
    .join(' ');
}

const die = (): never => {
  throw new Error('killed');
};

describe('a new order of the stops', () => {
  test('is what the driver has from then on, until the next offer is accepted', async () => {
    const hand = await inHand();
    expect(await driven(hand)).toBe('+1 +2 -1 -2');
    expect(await write(hand.better)).toBe(true);
    expect(await driven(hand)).toBe('+2 -2 +1 -1');
    expect((await routesOf(market.db, hand)).get(hand.driverId)?.decidedAt).toBe(now);
    await market.setOrder(hand.two, { delivery_status: 'picked_up' });
    expect(await driven(hand)).toBe('-2 +1 -1');
    expect(await reroutesAbout(market.db, hand.one)).toEqual([
      { ...hand.better, at: new Date(now) },
    ]);
    const third = await market.addOrder();
    const more = beside(planned(hand.driverId, third), hand.two, hand.one);
    expect(await market.write(more)).toHaveLength(1);
    await acceptOffer(market.db, { ...more, now: start + 40_000 });
    expect((await routesOf(market.db, hand)).get(hand.driverId)?.decidedAt).toBe(start + 40_000);
  });

  test('counts as long as one of its orders is in hand, and is kept as long as rounds are', async () => {
    const hand = await inHand();
    const decidedAt = async () => (await routesOf(market.db, hand)).get(hand.driverId)?.decidedAt;
    await write(hand.better);
    const carried = { delivery_status: 'picked_up', driver_id: hand.driverId };
    await market.addOrder(carried);
    await market.setOrder(hand.two, { delivery_status: 'delivered', is_over: true });
    expect(await decidedAt()).toBe(now);
    await market.setOrder(hand.one, { delivery_status: 'delivered', is_over: true });
    expect(await decidedAt()).toBeUndefined();
    const goesAt = now + roundsKeptDays * 86_400_000;
    await pruneRoutes(market.db, new Date(goesAt));
    expect(await reroutesAbout(market.db, hand.one)).toHaveLength(1);
    await pruneRoutes(market.db, new Date(goesAt + 1));
    expect(await reroutesAbout(market.db, hand.one)).toEqual([]);
  });

  test('is left out when its driver is being asked for more', async () => {
    const hand = await inHand();
    const offer = beside(planned(hand.driverId, await market.addOrder()), hand.one, hand.two);
    expect(await market.write(offer)).toHaveLength(1);
    expect(await write(hand.better)).toBe(false);
    expect(await driven(hand)).toBe('+1 +2 -1 -2');
  });

  test('is left out when its driver has other deliveries in hand by now', async () => {
    const hand = await inHand();
    await market.setOrder(hand.one, { delivery_status: 'cancelled' });
    expect(await write(hand.better)).toBe(false);
  });

  test('is left out when its driver has arrived somewhere else than at its first stop', async () => {
    const hand = await inHand();
    await market.setOrder(hand.one, { delivery_status: 'arrived_at_pickup' });
    expect(await write(hand.better)).toBe(false);
    await market.setOrder(hand.one, { delivery_status: 'confirmed' });
    await market.setOrder(hand.two, { delivery_status: 'arrived_at_pickup' });
    expect(await write(hand.better)).toBe(true);
    const stops = (await routesOf(market.db, hand)).get(hand.driverId)?.stops ?? [];
    expect(stops.map(({ reached }) => reached)).toEqual([true, false, false, false]);
  });

  test('is left out together with the offer that was planned along it', async () => {
    const hand = await inHand();
    const orderId = await market.addOrder();
    const along = beside(planned(hand.driverId, orderId), hand.two, hand.one);
    await market.setOrder(hand.one, { delivery_status: 'arrived_at_pickup' });
    expect(await write(hand.better, { offers: [along] })).toBe(false);
    expect((await market.seen(orderId)).events).toEqual([]);
    await market.setOrder(hand.one, { delivery_status: 'confirmed' });
    expect(await write(hand.better, { offers: [along] })).toBe(true);
    expect((await market.seen(orderId)).events).toEqual(['offer.made']);
  });

  test('is left out when the route was decided anew since it was seen', async () => {
    const hand = await inHand();
    expect(await write(hand.better, { seenAt: soon - 1 })).toBe(false);
    expect(await write(hand.better, { seenAt: soon })).toBe(false);
    const both = await Promise.all([write(hand.better), write(hand.better, { now: now + 1 })]);
    expect(both.filter(Boolean)).toHaveLength(1);
    expect(await write(hand.better, { seenAt: now + 2, now: now + 3 })).toBe(true);
  });

  test('is not there when the round dies before its commit', async () => {
    const hand = await inHand();
    await expect(write(hand.better, { beforeCommit: die })).rejects.toThrow('killed');
    expect(await driven(hand)).toBe('+1 +2 -1 -2');
  });
});
