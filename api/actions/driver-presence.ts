// A driver's presence and positions: PostgreSQL keeps them, Redis has the fresh ones.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import { goOffline, goOnline, newestOf, storePositions } from '../../db/drivers.ts';
import type { DriverId } from '../../domain/ids.ts';
import { badField, notFound, problem } from '../problems.ts';
import { pastProblem } from '../routes/order-times.ts';
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
  async function online({ driverId, body, now }: Input<Online>): Promise<Answer> {
    const past = pastProblem('shift_ends_at', body.shift_ends_at, now);
    if (past) throw past;
    const shiftEndsAt =
      body.shift_ends_at === undefined ? undefined : Date.parse(body.shift_ends_at);
    const driver = await goOnline(db, { driverId, place: body.location, shiftEndsAt, now });
    if (!driver) throw notFound('driver');
    await redis.writePositions([
      { driverId, marketId: driver.marketId, ...body.location, at: now },
    ]);
    return { status: 200, body: { driver_id: driverId, online: true } };
  }

  /** Refused with driver_busy while deliveries are under way. */
  async function offline({ driverId, now }: Omit<Input<never>, 'body'>): Promise<Answer> {
    const gone = await goOffline(db, { driverId, now });
    if (gone.kind === 'not_found') throw notFound('driver');
    if (gone.kind === 'busy')
      throw problem('driver_busy', `deliveries under way: ${gone.deliveries}`);
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
