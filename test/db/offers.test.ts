// The life of an offer's row: who may answer it, until when, and what an order's end does to it.

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  acceptOffer,
  declineOffer,
  markAssigned,
  markRefused,
  offerById,
  openOffersOf,
  withdrawOpenOffers,
  withdrawOrder,
} from '../../db/offers.ts';
import { newId } from '../../db/new-id.ts';
import { writeOffers } from '../../db/offer-rounds.ts';
import type { DriverId, OfferId, OrderId } from '../../domain/ids.ts';
import { beside, createMarket, planned, start, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const soon = start + 10_000;
const tooLate = start + 45_000;

type Offered = {
  readonly offerId: OfferId;
  readonly driverId: DriverId;
  readonly orderIds: readonly [OrderId, ...OrderId[]];
};

/** An open offer of so many orders. */
async function offered(count = 1): Promise<Offered> {
  const driverId = await market.addDriver({ capacity: 3 });
  const first = await market.addOrder();
  const others = await Promise.all(Array.from({ length: count - 1 }, () => market.addOrder()));
  const offer = planned(driverId, first, ...others);
  expect(await market.write(offer)).toHaveLength(1);
  return { offerId: offer.offerId, driverId, orderIds: [first, ...others] };
}

async function accepted(count = 1): Promise<Offered> {
  const offer = await offered(count);
  expect(await acceptOffer(market.db, { ...offer, now: soon })).toMatchObject({ kind: 'done' });
  return offer;
}

const refusedWith = (code: string) => ({ kind: 'refused', refusal: { code } });
const withdraw = (orderId: OrderId) =>
  market.db.transaction().execute((trx) => withdrawOrder(trx, { orderId, now: soon }));
const assign = (offerId: OfferId, orderId: OrderId) =>
  market.db
    .transaction()
    .execute((trx) =>
      markAssigned(trx, { offerId, orderId, driverId: newId('driver'), now: soon }),
    );

describe('acceptOffer', () => {
  test('accepts an open offer with all its orders, and again when repeated', async () => {
    const offer = await offered(2);
    const first = await acceptOffer(market.db, { ...offer, now: soon });
    expect(first).toMatchObject({
      kind: 'done',
      offer: {
        status: 'accepted',
        answeredAt: soon,
        orders: [{ status: 'accepted' }, { status: 'accepted' }],
      },
    });
    expect(await acceptOffer(market.db, { ...offer, now: tooLate + 1 })).toEqual(first);
    expect((await market.seen(offer.orderIds[0])).events).toEqual(['offer.made', 'offer.accepted']);
  });

  test('refuses from the moment at which the offer expires', async () => {
    const offer = await offered();
    expect(await acceptOffer(market.db, { ...offer, now: tooLate })).toMatchObject(
      refusedWith('offer_expired'),
    );
    expect((await market.seen(offer.orderIds[0])).events).toEqual(['offer.made']);
    expect(await acceptOffer(market.db, { ...offer, now: tooLate - 1 })).toMatchObject({
      kind: 'done',
    });
  });

  test('refuses what is too much beside what support has given by hand, and withdraws it', async () => {
    const { driverId, ...offer } = await offered(2);
    const byHand = { driver_id: driverId, search_since: null };
    const first = await market.addOrder({ ...byHand, delivery_status: 'problem' });
    const second = await market.addOrder({ ...byHand, delivery_status: 'confirmed' });
    const answer = { ...offer, driverId, now: soon };
    expect(await acceptOffer(market.db, answer)).toMatchObject(refusedWith('at_capacity'));
    expect((await market.seen(offer.orderIds[0])).events).toEqual([
      'offer.made',
      'offer.withdrawn',
    ]);
    expect(await acceptOffer(market.db, answer)).toMatchObject(refusedWith('offer_not_open'));
    await market.setOrder(first, { delivery_status: 'delivered' });
    const again = beside(planned(driverId, ...offer.orderIds), second);
    expect(await market.write(again)).toHaveLength(1);
    expect(await acceptOffer(market.db, { ...again, now: soon })).toMatchObject({ kind: 'done' });
  });

  test('counts loads, not deliveries', async () => {
    const offer = await offered();
    const { driverId } = offer;
    const light = await market.addOrder({ driver_id: driverId, delivery_status: 'confirmed' });
    await market.setOrder(light, { load: 3 });
    const answer = { ...offer, now: soon };
    expect(await acceptOffer(market.db, answer)).toMatchObject(refusedWith('at_capacity'));
    await market.setOrder(light, { load: 2 });
    const again = beside(planned(driverId, ...offer.orderIds), light);
    await market.setOrder(again.orders[0]?.orderId ?? light, { load: 2 });
    expect(await market.write(again)).toEqual([]);
    await market.setOrder(again.orders[0]?.orderId ?? light, { load: 1 });
    expect(await market.write(again)).toHaveLength(1);
    expect(await acceptOffer(market.db, { ...again, now: soon })).toMatchObject({ kind: 'done' });
  });

  test('an offer of somebody else does not exist', async () => {
    const offer = await offered();
    const driverId = await market.addDriver();
    for (const answer of [acceptOffer, declineOffer]) {
      expect(await answer(market.db, { ...offer, driverId, now: soon })).toMatchObject(
        refusedWith('not_found'),
      );
      expect(
        await answer(market.db, { ...offer, offerId: newId('offer'), now: soon }),
      ).toMatchObject(refusedWith('not_found'));
    }
    expect((await offerById(market.db, offer.offerId))?.status).toBe('open');
  });

  test('of many at once, accepting and declining have one winner', async () => {
    const offer = await offered();
    const answers = await Promise.all(
      [acceptOffer, declineOffer, acceptOffer, declineOffer].map((answer) =>
        answer(market.db, { ...offer, now: soon }),
      ),
    );
    const status = (await offerById(market.db, offer.offerId))?.status;
    const done = answers.flatMap((answer) => (answer.kind === 'done' ? [answer.offer.status] : []));
    expect(done).toEqual([status, status]);
    expect((await market.seen(offer.orderIds[0])).events).toEqual([
      'offer.made',
      `offer.${status}`,
    ]);
  });
});

describe('declineOffer', () => {
  test('frees driver and order for other offers; what is declined stays so', async () => {
    const offer = await offered();
    expect(await declineOffer(market.db, { ...offer, now: soon })).toMatchObject({ kind: 'done' });
    expect(await declineOffer(market.db, { ...offer, now: soon })).toMatchObject({ kind: 'done' });
    expect(await acceptOffer(market.db, { ...offer, now: soon })).toMatchObject(
      refusedWith('offer_not_open'),
    );
    expect(await market.write(planned(offer.driverId, offer.orderIds[0]))).toHaveLength(1);
    expect((await market.seen(offer.orderIds[0])).events).toEqual([
      'offer.made',
      'offer.declined',
      'offer.made',
    ]);
  });

  test('an accepted offer cannot be declined', async () => {
    const offer = await accepted();
    expect(await declineOffer(market.db, { ...offer, now: soon })).toMatchObject({
      refusal: { code: 'offer_not_open', reason: 'the offer is accepted', at: soon },
    });
  });
});

describe('withdrawOrder', () => {
  test('the last order takes the offer with it', async () => {
    const { offerId, orderIds } = await offered(2);
    const [one, two] = orderIds;
    await withdraw(one);
    expect(await offerById(market.db, offerId)).toMatchObject({ status: 'open' });
    expect(await market.seen(one)).toMatchObject({ lines: [{ line: 'withdrawn' }] });
    await withdraw(two ?? one);
    expect(await offerById(market.db, offerId)).toMatchObject({
      status: 'withdrawn',
      answeredAt: soon,
    });
    expect((await market.seen(one)).events).toEqual(['offer.made', 'offer.withdrawn']);
  });

  test('works on accepted offers, keeps assigned ones, and does nothing without an offer', async () => {
    const { offerId, orderIds } = await accepted(2);
    const [one, two = one] = orderIds;
    await assign(offerId, one);
    await withdraw(two);
    await withdraw(one);
    expect((await market.seen(one)).lines).toEqual([{ offer: 'accepted', line: 'assigned' }]);
    expect((await market.seen(two)).lines).toEqual([{ offer: 'accepted', line: 'withdrawn' }]);
    await withdraw(await market.addOrder());
  });

  test('beside an acceptance there is no deadlock and no line left behind', async () => {
    const offer = await offered(3);
    await Promise.all([
      acceptOffer(market.db, { ...offer, now: soon }),
      ...offer.orderIds.map(withdraw),
    ]);
    for (const orderId of offer.orderIds) {
      expect((await market.seen(orderId)).lines[0]?.line).toBe('withdrawn');
    }
    expect((await offerById(market.db, offer.offerId))?.status).toBe('withdrawn');
  });
});

describe('markAssigned', () => {
  test('ends the line; the offer stays accepted and the driver can be asked for more', async () => {
    const { offerId, driverId, orderIds } = await accepted();
    await assign(offerId, orderIds[0]);
    await assign(offerId, orderIds[0]);
    expect((await market.seen(orderIds[0])).lines).toEqual([
      { offer: 'accepted', line: 'assigned' },
    ]);
    expect(await market.write(planned(driverId, await market.addOrder()))).toHaveLength(1);
  });

  test('an order that was assigned elsewhere leaves its open offer', async () => {
    const { offerId, orderIds } = await offered();
    await assign(newId('offer'), orderIds[0]);
    expect((await offerById(market.db, offerId))?.status).toBe('withdrawn');
  });
});

describe('markRefused', () => {
  test('voids the offer when no order is left, and only then', async () => {
    const { offerId, orderIds } = await accepted(2);
    const [one, two = one] = orderIds;
    await markRefused(market.db, { offerId, orderId: one, now: soon });
    expect((await offerById(market.db, offerId))?.status).toBe('accepted');
    await markRefused(market.db, { offerId, orderId: two, now: soon });
    await markRefused(market.db, { offerId, orderId: two, now: soon });
    expect((await offerById(market.db, offerId))?.status).toBe('voided');
    expect((await market.seen(two)).events).toEqual([
      'offer.made',
      'offer.accepted',
      'offer.voided',
    ]);
  });

  test('an assigned line cannot be refused any more', async () => {
    const { offerId, orderIds } = await accepted();
    await assign(offerId, orderIds[0]);
    await markRefused(market.db, { offerId, orderId: orderIds[0], now: soon });
    expect((await market.seen(orderIds[0])).lines).toEqual([
      { offer: 'accepted', line: 'assigned' },
    ]);
  });
});

describe('withdrawOpenOffers', () => {
  test('takes back also what a round is just about to offer', async () => {
    const driverId = await market.addDriver();
    const offer = planned(driverId, await market.addOrder());
    const { db, marketId } = market;
    let withdrawn: Promise<void> | undefined;
    const beforeCommit = async (): Promise<void> => {
      withdrawn = db
        .transaction()
        .execute((trx) => withdrawOpenOffers(trx, { driverId, now: soon }));
      await Promise.race([withdrawn, delay(200)]);
    };
    const batch = { marketId, offers: [offer], now: start, expiresAt: tooLate, beforeCommit };
    expect((await writeOffers(db, batch)).made).toHaveLength(1);
    await withdrawn;
    expect((await offerById(db, offer.offerId))?.status).toBe('withdrawn');
  });
});

describe('openOffersOf', () => {
  test('shows what can be answered now, with its orders', async () => {
    const { offerId, driverId, orderIds } = await offered(2);
    const open = await openOffersOf(market.db, { driverId, now: soon });
    expect(open).toMatchObject([
      { offerId, expiresAt: tooLate, decision: { policyVersion: 'test' } },
    ]);
    expect(open[0]?.orders.map((order) => order.orderId)).toEqual(orderIds.toSorted());
    expect(await openOffersOf(market.db, { driverId, now: tooLate })).toEqual([]);
    await acceptOffer(market.db, { offerId, driverId, now: soon });
    expect(await openOffersOf(market.db, { driverId, now: soon })).toEqual([]);
  });
});
