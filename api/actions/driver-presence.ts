// A driver's presence and positions: PostgreSQL keeps them, Redis has the fresh ones.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import { goOffline, goOnline, newestOf, storePositions } from '../../db/drivers.ts';
import type { DriverId } from '../../domain/ids.ts';
import { badField, notFound, problem } from '../problems.ts';
import { farProblem, pastProblem } from '../routes/order-times.ts';
import type { Online, Positions } from '../schemas/driver.ts';
import type { Answer } from '../server.ts';

type Deps = {
  readonly db: Db;
  readonly redis: Pick<LiveRedis, 'writePositions' | 'forgetPosition'>;
};
type Input<Body> = { readonly driverId: DriverId; readonly body: Body; readonly now: number };

/** Phones sync late, but what is older says nothing about a driver any more. */
const oldestPositionMs = 86_400_000;
const clockSkewMs = 30_000;

export function createDriverPresence({ db, redis }: Deps) {
  /** A shift that is yet to begin is refused with driver_busy while deliveries are under way. */
  async function online({ driverId, body, now }: Input<Online>): Promise<Answer> {
    const shift = shiftOf(body, now);
    const gone = await goOnline(db, { driverId, place: body.location, ...shift, now });
    if (gone.kind === 'not_found') throw notFound('driver');
    if (gone.kind === 'busy') throw busyWith(gone.deliveries);
    await redis.writePositions([{ driverId, marketId: gone.marketId, ...body.location, at: now }]);
    return { status: 200, body: { driver_id: driverId, online: true } };
  }

  /** Refused with driver_busy while deliveries are under way. */
  async function offline({ driverId, now }: Omit<Input<never>, 'body'>): Promise<Answer> {
    const gone = await goOffline(db, { driverId, now });
    if (gone.kind === 'not_found') throw notFound('driver');
    if (gone.kind === 'busy') throw busyWith(gone.deliveries);
    await redis.forgetPosition({ driverId, marketId: gone.marketId });
    return { status: 200, body: { driver_id: driverId, online: false } };
  }

  /** The newest goes to Redis, all of them to PostgreSQL. */
  async function move({
    driverId,
    body,
    now,
  }: Input<Positions>): Promise<{ readonly stored: number; readonly online: boolean }> {
    const positions = body.positions.map(({ at, lat, lng }, index) => ({
      at: timeOf(at, { index, now }),
      lat,
      lng,
    }));
    const driver = await storePositions(db, { driverId, positions });
    if (!driver) throw notFound('driver');
    const newest = newestOf(positions);
    if (newest && driver.online)
      await redis.writePositions([{ driverId, marketId: driver.marketId, ...newest }]);
    return { stored: positions.length, online: driver.online };
  }

  return { online, offline, move };
}

const busyWith = (deliveries: number) =>
  problem('driver_busy', `deliveries under way: ${deliveries}`);

/** A beginning that has passed is now. */
function shiftOf({ shift_starts_at: starts, shift_ends_at: ends }: Online, now: number) {
  const unfit =
    pastProblem('shift_ends_at', ends, now) ??
    (starts === undefined ? undefined : farProblem('shift_starts_at', starts, now));
  if (unfit) throw unfit;
  const shiftStartsAt = starts === undefined ? undefined : Date.parse(starts);
  const shiftEndsAt = ends === undefined ? undefined : Date.parse(ends);
  if (shiftStartsAt !== undefined && shiftEndsAt !== undefined && shiftStartsAt >= shiftEndsAt)
    throw badField('shift_starts_at', 'is not before shift_ends_at', ends ?? '');
  return { shiftStartsAt, shiftEndsAt };
}

function timeOf(
  text: string,
  { index, now }: { readonly index: number; readonly now: number },
): number {
  const at = Date.parse(text);
  const field = `positions.${index}.at`;
  if (at > now + clockSkewMs)
    throw badField(field, 'lies in the future', new Date(now).toISOString());
  if (at < now - oldestPositionMs)
    throw badField(
      field,
      'lies more than a day back',
      new Date(now - oldestPositionMs).toISOString(),
    );
  return Math.min(at, now);
}
