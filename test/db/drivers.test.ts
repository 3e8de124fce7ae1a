import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goOffline, goOnline, storePositions } from '../../db/drivers.ts';
import { newId } from '../../db/new-id.ts';
import { acceptOffer } from '../../db/offers.ts';
import type { DriverId } from '../../domain/ids.ts';
import { beside, createMarket, planned, start, type Market } from './market.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const place = { lat: 1, lng: 2 };
const rowOf = (driverId: DriverId) =>
  market.db.selectFrom('drivers').selectAll().where('id', '=', driverId).executeTakeFirstOrThrow();

describe('goOnline', () => {
  test('a repeat moves the driver and keeps the start of the shift', async () => {
    const driverId = await market.addDriver({ online: false });
    const shift = { shiftStartsAt: start + 500, shiftEndsAt: start + 1_000 };
    const first = { driverId, place, ...shift, now: start };
    expect(await goOnline(market.db, first)).toEqual({
      kind: 'online',
      marketId: market.marketId,
    });
    await goOnline(market.db, {
      driverId,
      place: { lat: 3, lng: 4 },
      shiftStartsAt: undefined,
      shiftEndsAt: undefined,
      now: start + 5,
    });
    expect(await rowOf(driverId)).toMatchObject({
      online: true,
      online_since: new Date(start),
      shift_starts_at: null,
      shift_ends_at: null,
      lat: 3,
      position_at: new Date(start + 5),
    });
    await goOffline(market.db, { driverId, now: start });
    await goOnline(market.db, { ...first, now: start + 9 });
    expect((await rowOf(driverId)).online_since).toEqual(new Date(start + 9));
    expect(await goOnline(market.db, { ...first, driverId: newId('driver') })).toEqual({
      kind: 'not_found',
    });
  });

  test('ahead of another shift is refused to who has a delivery in hand, and changes nothing', async () => {
    const told = { shift_starts_at: new Date(start + 500) };
    const driverId = await market.addDriver(told);
    await market.addOrder({ delivery_status: 'confirmed', driver_id: driverId });
    const input = { driverId, place, shiftEndsAt: undefined, now: start };
    expect(await goOnline(market.db, { ...input, shiftStartsAt: start + 1_000 })).toEqual({
      kind: 'busy',
      deliveries: 1,
    });
    expect(await rowOf(driverId)).toMatchObject(told);
    for (const shiftStartsAt of [start + 500, start, undefined])
      expect(await goOnline(market.db, { ...input, shiftStartsAt })).toMatchObject({
        kind: 'online',
      });
  });
});

describe('goOffline', () => {
  test('takes the open offer back', async () => {
    const driverId = await market.addDriver();
    const orderId = await market.addOrder();
    await market.write(planned(driverId, orderId));
    const { marketId } = market;
    expect(await goOffline(market.db, { driverId, now: start })).toEqual({
      kind: 'offline',
      marketId,
    });
    expect(await market.seen(orderId)).toEqual({
      lines: [{ offer: 'withdrawn', line: 'withdrawn' }],
      events: ['offer.made', 'offer.withdrawn'],
    });
    expect((await rowOf(driverId)).online).toBe(false);
  });

  test('is refused while a delivery is accepted or carried, and then changes nothing', async () => {
    const driverId = await market.addDriver({ capacity: 3 });
    const fetched = await market.addOrder();
    const accepted = planned(driverId, fetched);
    await market.write(accepted);
    await acceptOffer(market.db, { ...accepted, now: start });
    const carried = await market.addOrder({ delivery_status: 'picked_up', driver_id: driverId });
    const orderId = await market.addOrder();
    await market.write(beside(planned(driverId, orderId), fetched, carried));
    expect(await goOffline(market.db, { driverId, now: start })).toEqual({
      kind: 'busy',
      deliveries: 2,
    });
    expect((await market.seen(orderId)).events).toEqual(['offer.made']);
    expect((await rowOf(driverId)).online).toBe(true);
    expect(await goOffline(market.db, { driverId: newId('driver'), now: start })).toEqual({
      kind: 'not_found',
    });
  });
});

const send = (driverId: DriverId, ...ats: readonly number[]) =>
  storePositions(market.db, {
    driverId,
    positions: ats.map((at) => ({ at, lat: at - start, lng: 0 })),
  });

describe('storePositions', () => {
  test('keeps every position and moves the known place at most every 15 s', async () => {
    const driverId = await market.addDriver({ lat: 0, lng: 0, position_at: new Date(start) });
    expect(await send(driverId, start + 14_999, start + 3)).toEqual({
      marketId: market.marketId,
      online: true,
    });
    expect((await rowOf(driverId)).lat).toBe(0);
    await send(driverId, start + 15_000, start + 7);
    expect(await rowOf(driverId)).toMatchObject({
      lat: 15_000,
      position_at: new Date(start + 15_000),
    });
    await send(driverId, start + 20_000, start - 60_000);
    expect((await rowOf(driverId)).lat).toBe(15_000);
    const stored = await market.db
      .selectFrom('driver_positions')
      .select('at')
      .where('driver_id', '=', driverId)
      .execute();
    expect(stored).toHaveLength(6);
  });

  test('knows no stranger', async () => {
    expect(await send(newId('driver'), start)).toBeUndefined();
  });
});
