// What befalls a driver: a branch that is closed, a lost phone, an accident, nobody at the door, the way back.
// Each resolves with where the driver is then, and from when on free. Called by the driver.

import type { ClientAction } from './client-log.ts';
import { drive } from './drive.ts';
import type { Identity } from './open-market.ts';
import type { Script } from './plan.ts';
import { halfWay, spotOf, type Spot } from './projection.ts';
import { showTheDoor } from './proofs.ts';
import { command, hears, hearsTheEnd, is, passes, type City, type Said } from './robot.ts';
import { fieldOf, type FeedEvent, type OfferedStop } from './wire.ts';

/** Where the driver is, from when on free for the next drive. */
export type Position = {
  readonly spot: Spot;
  readonly freeAt: number;
  /** The counter where the driver stands and takes one order after the other. */
  readonly servedAt?: Spot;
};

export type Trip = {
  readonly identity: Identity;
  readonly order: OfferedStop;
  readonly position: Position;
};

type Telling = { readonly action: ClientAction; readonly body?: object; readonly nth?: number };

const tell = (
  city: City,
  { identity, order: { orderId } }: Pick<Trip, 'identity' | 'order'>,
  { action, body = {}, nth = 1 }: Telling,
): Promise<Said> =>
  command(city, { action, orderId, secret: identity.secret, body, intention: `trip-${nth}` });

const arrivedAt = ({ clock }: City, minute: number): object => ({
  arrived_at: new Date(clock.realAt(minute)).toISOString(),
});

const scriptOf = (city: City, { orderId }: OfferedStop): Script =>
  city.world.lifeOf(orderId)?.plan.script ?? {};

const nowAt = ({ clock }: City, spot: Spot): Position => ({ spot, freeAt: clock.minute() });

/** Accepts, and never comes: until the system has given the order to somebody else. */
export async function stayAway(city: City, { identity, order, position }: Trip): Promise<Position> {
  await leftAlone(city, { identity, order });
  return nowAt(city, position.spot);
}

/** Resolves when the driver has nothing to do with the order any more. */
const leftAlone = (
  city: City,
  { identity, order: { orderId } }: Pick<Trip, 'identity' | 'order'>,
): Promise<FeedEvent | undefined> =>
  hears(city, {
    orderId,
    heard: ({ type, driverId }) => type === 'delivery.unassigned' && driverId === identity.id,
  });

const triesAtTheCounter = 12;

/** At the branch there is nobody: says so, again until it is late enough to be believed. */
export async function findClosed(city: City, trip: Trip): Promise<Position> {
  await tell(city, trip, {
    action: 'arrive-at-pickup',
    body: arrivedAt(city, trip.position.freeAt),
  });
  for (let nth = 1; nth <= triesAtTheCounter; nth++) {
    const said = await tell(city, trip, { action: 'fail-pickup', body: { code: 'closed' }, nth });
    if (said.kind === 'done' || said.code !== 'too_early' || !(await passes(city, 2))) break;
  }
  return nowAt(city, trip.position.spot);
}

/** The goods are delivered, the phone is silent: the proof comes when it is found, or never. */
export async function goSilent(city: City, trip: Trip): Promise<Position> {
  const { order, position } = trip;
  const { clock, world, signal } = city;
  const door = spotOf(order.dropoff);
  const deliveredAt = position.freeAt + world.driveMinutes(position.spot, door);
  await clock.waitUntil(deliveredAt, signal);
  if (scriptOf(city, order).driver === 'vanishes') {
    await hearsTheEnd(city, order.orderId);
    return nowAt(city, door);
  }
  const missed = await hears(city, {
    orderId: order.orderId,
    heard: is('delivery.unconfirmed'),
  });
  if (missed !== undefined && (await passes(city, 5))) {
    const happenedAt = new Date(clock.realAt(deliveredAt)).toISOString();
    const said = await tell(city, trip, { action: 'deliver', body: { happened_at: happenedAt } });
    if (said.kind === 'done') world.delivered(order.orderId, deliveredAt);
  }
  return nowAt(city, door);
}

/** Half-way something happens. `goesOn`: support has asked the driver to try again. */
export async function meetTrouble(
  city: City,
  trip: Trip,
): Promise<{ readonly goesOn: boolean; readonly position: Position }> {
  const { identity, order, position } = trip;
  const { orderId } = order;
  const to = spotOf(order.dropoff);
  const way = await drive(city, {
    secret: identity.secret,
    from: position.spot,
    to: halfWay(position.spot, to),
    departAt: position.freeAt,
  });
  const { problem } = scriptOf(city, order);
  const said = await tell(city, trip, { action: 'problem', body: { problem } });
  city.world.breakDown(orderId, way.spot);
  const decided =
    said.kind === 'refused'
      ? undefined
      : await hears(city, {
          orderId,
          heard: ({ type, driverId }) =>
            type === 'delivery.redelivery_started' ||
            type === 'delivery.transferred' ||
            (type === 'delivery.unassigned' && driverId === identity.id),
        });
  return {
    goesOn: decided?.type === 'delivery.redelivery_started',
    position: nowAt(city, way.spot),
  };
}

/** At the door, and it is not handed over: tries to reach the customer, says so, and does what is asked then. */
export async function failAtTheDoor(city: City, trip: Trip): Promise<Position> {
  const { order, position } = trip;
  const { atDoor, undeliverable } = scriptOf(city, order);
  if (atDoor === undefined) return position;
  const { reason, tries = [] } = atDoor;
  await tell(city, trip, { action: 'arrive-at-dropoff', body: arrivedAt(city, position.freeAt) });
  for (const [index, channel] of tries.entries())
    await tell(city, trip, { action: 'contact', body: { channel }, nth: index + 1 });
  const proofs =
    undeliverable === 'leave_at_door'
      ? [await showTheDoor(city, { identity: trip.identity, orderId: order.orderId })]
      : [];
  const said = await insist(city, trip, { reason, proofs });
  const becomes =
    said.kind === 'done'
      ? fieldOf(said.body, 'delivery_status')
      : await decidedAlready(city, order.orderId);
  if (becomes === 'delivered') city.world.delivered(order.orderId, city.clock.minute());
  const here = nowAt(city, position.spot);
  return becomes === 'enroute_to_return' ? bringBack(city, { ...trip, position: here }) : here;
}

const triesAtTheDoor = 8;

/** The customer has some minutes: until then nobody may give up. */
async function insist(city: City, trip: Trip, body: object): Promise<Said> {
  for (let nth = 1; ; nth++) {
    const said = await tell(city, trip, { action: 'fail-dropoff', body, nth });
    const waits = said.kind === 'refused' && said.code === 'too_early' && nth < triesAtTheDoor;
    if (!waits || !(await passes(city, 2))) return said;
  }
}

/** The wait at the door was over first: the driver's phone shows what the order has become by itself. */
const decidedAlready = async (city: City, orderId: string): Promise<string | undefined> =>
  (await hears(city, { orderId, heard: is('delivery.return_started') })) && 'enroute_to_return';

async function bringBack(city: City, trip: Trip): Promise<Position> {
  const { identity, order, position } = trip;
  const { backBy = 'driver' } = scriptOf(city, order);
  if (backBy === 'nobody') {
    await hearsTheEnd(city, order.orderId);
    return nowAt(city, position.spot);
  }
  const way = await drive(city, {
    secret: identity.secret,
    from: position.spot,
    to: spotOf(order.pickup),
    departAt: position.freeAt,
  });
  await tell(city, trip, { action: 'arrive-at-return' });
  if (backBy === 'driver') await tell(city, trip, { action: 'complete-return' });
  else await hearsTheEnd(city, order.orderId);
  return nowAt(city, way.spot);
}
