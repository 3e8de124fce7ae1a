// Fetching goods: the driver drives to the branch, waits for the food, takes it, or is sent away meanwhile. Called by
// the driver for each errand of this kind.

import { drive } from './drive.ts';
import type { Errand, Errands } from './errands.ts';
import { findClosed, type Position } from './mishaps.ts';
import type { Identity } from './open-market.ts';
import type { PlannedDriver } from './plan.ts';
import { spotOf, type Spot } from './projection.ts';
import type { Random } from './random.ts';
import { command, type City } from './robot.ts';
import { readOffer, type OfferedStop } from './wire.ts';

const triesToPickUp = 20;

export type Driver = {
  readonly city: City;
  readonly identity: Identity;
  readonly plan: PlannedDriver;
  readonly random: Random;
};

export const setOffAt = ({ city }: Driver, { freeAt }: Position): number =>
  Math.max(freeAt, city.clock.minute());

export const isMine = ({ status }: OfferedStop): boolean =>
  status === 'accepted' || status === 'assigned';

const isAt = (a: Spot, b: Spot): boolean => a.x === b.x && a.y === b.y;

const same = (a: OfferedStop['pickup'], b: OfferedStop['pickup']): boolean =>
  a.lat === b.lat && a.lng === b.lng;

type Fetching = {
  readonly errand: Errand;
  readonly errands: Errands;
  readonly position: Position;
};
type Fetched = { readonly picked: boolean; readonly position: Position };

/** Half of the service lies before the first pickup at a counter, half after the last. */
export async function pickUp(
  driver: Driver,
  { errand, errands, position }: Fetching,
): Promise<Fetched> {
  const { city, identity } = driver;
  const { order } = errand;
  const { clock, world } = city;
  const half = world.plan.pickupServiceMinutes / 2;
  const to = spotOf(order.pickup);
  const before = position.servedAt && isAt(position.servedAt, to) ? 0 : half;
  const sentAway = whenSentAway(driver, order.orderId);
  try {
    const way = await drive(city, {
      secret: identity.secret,
      from: position.spot,
      to,
      departAt: setOffAt(driver, position),
      signal: sentAway.signal,
    });
    if (way.whole && world.lifeOf(order.orderId)?.plan.merchantMood === 'closed') {
      const here = { spot: way.spot, freeAt: way.at };
      return {
        picked: false,
        position: await findClosed(city, { identity, order, position: here }),
      };
    }
    const served = way.whole ? await world.food(order.orderId, sentAway.signal) : undefined;
    const pickupAt = Math.max(way.at + before, served ?? 0);
    const there = served !== undefined && (await clock.waitUntil(pickupAt, sentAway.signal));
    const stays = (freeAt: number): Position => ({ spot: way.spot, freeAt });
    if (!there) return { picked: false, position: stays(clock.minute()) };
    const picked = await takeFood(driver, { errand, arrivedAt: way.at });
    const [, next] = errands.left();
    const goesOn = next?.kind === 'pickup' && same(next.order.pickup, order.pickup);
    const freeAt = Math.max(pickupAt + (goesOn ? 0 : half), clock.minute());
    return { picked, position: { ...stays(freeAt), ...(goesOn ? { servedAt: to } : {}) } };
  } finally {
    sentAway.stop();
  }
}

/** The signal of an order that ended, or was given to somebody else, before it was picked up. */
function whenSentAway(
  { city, identity }: Driver,
  orderId: string,
): { readonly signal: AbortSignal; readonly stop: () => void } {
  const controller = new AbortController();
  const stop = city.world.listen(orderId, ({ type, driverId, endReason }) => {
    const ended = endReason !== undefined && type.startsWith('order.');
    const taken = type === 'delivery.unassigned' && driverId === identity.id;
    if (ended || taken) controller.abort();
  });
  return { signal: AbortSignal.any([controller.signal, city.signal]), stop };
}

/** False when the order is not this driver's any more. While the assignment is still on its way, asks again. */
async function takeFood(
  driver: Driver,
  { errand, arrivedAt }: { readonly errand: Errand; readonly arrivedAt: number },
): Promise<boolean> {
  const { city, identity } = driver;
  const { order, offerId } = errand;
  const body = { arrived_at: new Date(city.clock.realAt(arrivedAt)).toISOString() };
  for (let attempt = 1; attempt <= triesToPickUp; attempt++) {
    const said = await command(city, {
      action: 'pick-up',
      orderId: order.orderId,
      secret: identity.secret,
      body,
      intention: `${offerId}-${attempt}`,
    });
    if (said.kind === 'done') return true;
    if (said.code !== 'not_your_delivery' || !(await isStillMine(driver, errand))) return false;
    await city.clock.waitUntil(
      Math.max(city.clock.minute() + 0.5, city.clock.minuteAt(Date.now() + 500)),
      city.signal,
    );
  }
  city.world.odd('pick-up: the assignment did not arrive');
  return false;
}

async function isStillMine(
  { city, identity }: Driver,
  { offerId, order }: Errand,
): Promise<boolean> {
  const { body } = await city.client.call({
    method: 'GET',
    path: `/v1/offers/${offerId}`,
    secret: identity.secret,
  });
  return readOffer(body).orders.some((line) => line.orderId === order.orderId && isMine(line));
}
