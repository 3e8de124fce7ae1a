// A driver's presence: online or not, and the last place that PostgreSQL knows. Redis holds the fresh one; the columns
// here are what is left when Redis is lost. Called by the API.

import { sql } from 'kysely';
import type { Place } from '../domain/geo.ts';
import type { DriverId, MarketId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import { carriedStatuses } from './carried.ts';
import { withdrawOpenOffers } from './offers.ts';

/** `drivers.lat/lng` follow the positions at most this often. */
const placeEveryMs = 15_000;

export type WentOnline =
  | { readonly kind: 'online'; readonly marketId: MarketId }
  /** A shift that is yet to begin, told by who has deliveries under way or accepted: nothing has changed. */
  | { readonly kind: 'busy'; readonly deliveries: number }
  | { readonly kind: 'not_found' };

/** Repeatable; a repeat keeps `online_since`. */
export async function goOnline(
  db: Db,
  input: {
    readonly driverId: string;
    readonly place: Place;
    readonly shiftStartsAt: number | undefined;
    readonly shiftEndsAt: number | undefined;
    readonly now: number;
  },
): Promise<WentOnline> {
  const { driverId, place, shiftStartsAt, shiftEndsAt, now } = input;
  const at = new Date(now);
  return db.transaction().execute(async (trx) => {
    const driver = await lockDriver(trx, driverId);
    if (!driver) return { kind: 'not_found' };
    const isAhead = shiftStartsAt !== undefined && shiftStartsAt > now;
    if (isAhead && driver.shift_starts_at?.getTime() !== shiftStartsAt) {
      const deliveries = await deliveriesOf(trx, driverId);
      if (deliveries > 0) return { kind: 'busy', deliveries };
    }
    await trx
      .updateTable('drivers')
      .set({
        online: true,
        online_since: sql<Date>`CASE WHEN online THEN online_since ELSE ${at} END`,
        shift_starts_at: shiftStartsAt === undefined ? null : new Date(shiftStartsAt),
        shift_ends_at: shiftEndsAt === undefined ? null : new Date(shiftEndsAt),
        lat: place.lat,
        lng: place.lng,
        position_at: at,
      })
      .where('id', '=', driverId)
      .execute();
    return { kind: 'online', marketId: driver.market_id as MarketId };
  });
}

/** The lock under which offers are made and accepted: neither can happen while it is held. */
const lockDriver = (trx: Db, driverId: string) =>
  trx
    .selectFrom('drivers')
    .select(['market_id', 'shift_starts_at'])
    .where('id', '=', driverId)
    .forNoKeyUpdate()
    .executeTakeFirst();

export type WentOffline =
  | { readonly kind: 'offline'; readonly marketId: MarketId }
  /** Deliveries are under way or accepted: nothing has changed. */
  | { readonly kind: 'busy'; readonly deliveries: number }
  | { readonly kind: 'not_found' };

/** Takes the driver's open offer back. Refused while deliveries are under way. Repeatable. */
export async function goOffline(
  db: Db,
  { driverId, now }: { readonly driverId: string; readonly now: number },
): Promise<WentOffline> {
  return db.transaction().execute(async (trx) => {
    const driver = await lockDriver(trx, driverId);
    if (!driver) return { kind: 'not_found' };
    const deliveries = await deliveriesOf(trx, driverId);
    if (deliveries > 0) return { kind: 'busy', deliveries };
    await withdrawOpenOffers(trx, { driverId, now });
    await trx.updateTable('drivers').set({ online: false }).where('id', '=', driverId).execute();
    return { kind: 'offline', marketId: driver.market_id as MarketId };
  });
}

async function deliveriesOf(db: Db, driverId: string): Promise<number> {
  const { rows } = await sql<{ deliveries: number }>`
    SELECT count(*)::int AS deliveries FROM (
      SELECT id FROM orders WHERE driver_id = ${driverId}
        AND delivery_status IN (${carriedStatuses})
      UNION
      SELECT order_id FROM offer_orders JOIN offers ON offers.id = offer_id
      WHERE driver_id = ${driverId} AND offer_orders.status = 'accepted') AS held`.execute(db);
  return rows[0]?.deliveries ?? 0;
}

/** `at` is epoch milliseconds. */
export type Position = Place & { readonly at: number };

/**
 * Keeps a batch of positions and, when the newest is 15 s newer than the known place, moves that. Returns the
 * driver's market for Redis, or undefined when there is no such driver. A batch sent twice is stored twice.
 */
export async function storePositions(
  db: Db,
  input: { readonly driverId: DriverId; readonly positions: readonly Position[] },
): Promise<{ readonly marketId: MarketId; readonly online: boolean } | undefined> {
  const { driverId, positions } = input;
  const driver = await db
    .selectFrom('drivers')
    .select(['market_id', 'online', 'position_at'])
    .where('id', '=', driverId)
    .executeTakeFirst();
  if (!driver) return undefined;
  const newest = newestOf(positions);
  if (newest) {
    const rows = positions.map(({ at, lat, lng }) => ({
      driver_id: driverId,
      at: new Date(at),
      lat,
      lng,
    }));
    await db.insertInto('driver_positions').values(rows).execute();
    if (newest.at >= (driver.position_at?.getTime() ?? 0) + placeEveryMs) {
      await movePlace(db, driverId, newest);
    }
  }
  return { marketId: driver.market_id as MarketId, online: driver.online };
}

/** The one with the greatest `at`; undefined for none. */
export const newestOf = (positions: readonly Position[]): Position | undefined =>
  positions.toSorted((a, b) => b.at - a.at)[0];

async function movePlace(db: Db, driverId: DriverId, newest: Position): Promise<void> {
  const at = new Date(newest.at);
  await db
    .updateTable('drivers')
    .set({ lat: newest.lat, lng: newest.lng, position_at: at })
    .where('id', '=', driverId)
    .where((eb) => eb.or([eb('position_at', 'is', null), eb('position_at', '<', at)]))
    .execute();
}
