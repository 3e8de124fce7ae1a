// A driver: goes online, waits for offers, accepts, drives, waits at the counter, delivers. Time passes
// on the city's clock while the robot drives; the system is told at the moments when a person would tap.

import { command, saidBy, type City } from './robot.ts';
import { drive, tellPlace } from './drive.ts';
import {
  failAtTheDoor,
  findClosed,
  goSilent,
  meetTrouble,
  stayAway,
  type Position,
} from './mishaps.ts';
import type { Identity } from './open-market.ts';
import type { PlannedDriver, Script } from './plan.ts';
import { placeOf, spotOf } from './projection.ts';
import { askForThePin } from './proofs.ts';
import type { Random } from './random.ts';
import { readOffer, readOffers, totalOf, type OfferView, type OfferedStop } from './wire.ts';

const longestWaitS = 25;
/** A driver who has dropped out takes a rest before the next offer. */
const restMinutes = 10;
const triesToPickUp = 20;

export type DriverRobot = { readonly run: () => Promise<void> };

type Driver = {
  readonly city: City;
  readonly identity: Identity;
  readonly plan: PlannedDriver;
  readonly random: Random;
};

export function createDriver(driver: Driver): DriverRobot {
  const { city, plan } = driver;
  return {
    async run() {
      try {
        if (!(await city.clock.waitUntil(plan.onAt, city.signal))) return;
        const shiftEndsAt = new Date(city.clock.realAt(plan.offAt) + city.awayMs).toISOString();
        await tellPresence(driver, 'online', {
          location: placeOf(plan.home),
          shift_ends_at: shiftEndsAt,
        });
        await work(driver);
      } catch (error) {
        if (!city.signal.aborted)
          city.world.odd(`driver: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}

/** Until the shift is over or the day ends. A driver with a delivery finishes it first. */
async function work(driver: Driver): Promise<void> {
  const { city, plan } = driver;
  const { clock, signal } = city;
  let position: Position = { spot: plan.home, freeAt: plan.onAt };
  while (!signal.aborted && clock.minute() < plan.offAt) {
    const offer = await nextOffer(driver);
    if (offer === undefined)
      tellPlace(city, { secret: driver.identity.secret, spot: position.spot });
    else position = await answerOffer(driver, { offer, position });
  }
  if (!signal.aborted) await goOffline(driver);
}

async function nextOffer({ city, identity, plan }: Driver): Promise<OfferView | undefined> {
  const leftS = (city.clock.realAt(plan.offAt) - Date.now()) / 1_000;
  const wait = Math.max(1, Math.min(longestWaitS, Math.ceil(leftS)));
  const { status, body } = await city.client.call({
    method: 'GET',
    path: `/v1/offers?wait=${wait}`,
    secret: identity.secret,
    timeoutMs: (wait + 10) * 1_000,
  });
  if (status !== 200) {
    city.world.odd(`offers: HTTP ${status}`);
    await city.clock.waitUntil(city.clock.minute() + 1, city.signal);
    return undefined;
  }
  return readOffers(body).find((offer) => offer.status === 'open');
}

type Answering = { readonly offer: OfferView; readonly position: Position };

async function answerOffer(driver: Driver, { offer, position }: Answering): Promise<Position> {
  const { city, identity, plan, random } = driver;
  const declines = random.chance(plan.declines);
  const path = `/v1/offers/${offer.id}/${declines ? 'decline' : 'accept'}`;
  const answer = await city.client.call({
    method: 'POST',
    path,
    secret: identity.secret,
    body: {},
    idempotencyKey: `answer-${offer.id}`,
  });
  const said = saidBy(answer);
  if (said.kind === 'refused' && answer.status !== 409)
    city.world.odd(`offer: HTTP ${answer.status} ${said.code}`);
  if (declines || said.kind === 'refused') return position;
  const accepted = readOffer(said.body);
  const orders = accepted.orders.filter(isMine);
  const [first] = orders;
  if (first === undefined) return position;
  if (isUpTo(driver, first, 'never_comes'))
    return stayAway(city, { identity, order: first, position });
  return random.chance(plan.abandons)
    ? dropOut(driver, { orders, position })
    : deliverAll(driver, { offer, orders, position });
}

/** It is the script of this order that its first driver does this. */
const isUpTo = (
  { city: { world } }: Driver,
  { orderId }: OfferedStop,
  ...deeds: readonly Script['driver'][]
): boolean => {
  const deed = world.lifeOf(orderId)?.plan.script.driver;
  return deed !== undefined && deeds.includes(deed) && world.isFirst(orderId, deed);
};

const isMine = ({ status }: OfferedStop): boolean => status === 'accepted' || status === 'assigned';

type Carrying = { readonly orders: readonly OfferedStop[]; readonly position: Position };

/** Half-way to the branch the driver gives up, and rests. */
async function dropOut(driver: Driver, { orders, position }: Carrying): Promise<Position> {
  const { city, identity } = driver;
  const [first] = orders;
  if (first === undefined) return position;
  const to = spotOf(first.pickup);
  const half = {
    x: Math.round((position.spot.x + to.x) / 2),
    y: Math.round((position.spot.y + to.y) / 2),
  };
  const way = await drive(city, {
    secret: identity.secret,
    from: position.spot,
    to: half,
    departAt: setOffAt(driver, position),
  });
  for (const { orderId } of orders) {
    await command(city, {
      action: 'abandon',
      orderId,
      secret: identity.secret,
      intention: first.orderId,
    });
  }
  const freeAt = way.at + restMinutes;
  await city.clock.waitUntil(freeAt, city.signal);
  return { spot: way.spot, freeAt };
}

const setOffAt = ({ city }: Driver, { freeAt }: Position): number =>
  Math.max(freeAt, city.clock.minute());

async function deliverAll(
  driver: Driver,
  { offer, orders, position }: Carrying & { readonly offer: OfferView },
): Promise<Position> {
  let at = position;
  const carried: OfferedStop[] = [];
  for (const [index, order] of orders.entries()) {
    const before = orders[index - 1];
    const sameDoor = before !== undefined && same(before.pickup, order.pickup);
    const fetched = await pickUp(driver, { offer, order, position: at, sameDoor });
    at = fetched.position;
    if (fetched.picked) carried.push(order);
  }
  for (const order of carried) at = await dropOff(driver, { order, position: at });
  return at;
}

const same = (a: OfferedStop['pickup'], b: OfferedStop['pickup']): boolean =>
  a.lat === b.lat && a.lng === b.lng;

type Fetching = {
  readonly offer: OfferView;
  readonly order: OfferedStop;
  readonly position: Position;
  readonly sameDoor: boolean;
};

/** Drives to the branch, waits for the food, takes it. Half of the service lies before the pickup, half after. */
async function pickUp(
  driver: Driver,
  fetching: Fetching,
): Promise<{ readonly picked: boolean; readonly position: Position }> {
  const { city, identity } = driver;
  const { order, position, sameDoor } = fetching;
  const { clock, world } = city;
  const half = sameDoor ? 0 : world.plan.pickupServiceMinutes / 2;
  const sentAway = whenSentAway(driver, order.orderId);
  try {
    const to = spotOf(order.pickup);
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
    const pickupAt = Math.max(way.at + half, served ?? 0);
    const there = served !== undefined && (await clock.waitUntil(pickupAt, sentAway.signal));
    const stays = (freeAt: number): Position => ({ spot: way.spot, freeAt });
    if (!there) return { picked: false, position: stays(clock.minute()) };
    const picked = await takeFood(driver, { ...fetching, arrivedAt: way.at });
    return { picked, position: stays(Math.max(pickupAt + half, clock.minute())) };
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
  { offer, order, arrivedAt }: Fetching & { readonly arrivedAt: number },
): Promise<boolean> {
  const { city, identity } = driver;
  const body = { arrived_at: new Date(city.clock.realAt(arrivedAt)).toISOString() };
  for (let attempt = 1; attempt <= triesToPickUp; attempt++) {
    const said = await command(city, {
      action: 'pick-up',
      orderId: order.orderId,
      secret: identity.secret,
      body,
      intention: `${offer.id}-${attempt}`,
    });
    if (said.kind === 'done') return true;
    if (said.code !== 'not_your_delivery' || !(await isStillMine(driver, { offer, order })))
      return false;
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
  { offer, order }: Pick<Fetching, 'offer' | 'order'>,
): Promise<boolean> {
  const { body } = await city.client.call({
    method: 'GET',
    path: `/v1/offers/${offer.id}`,
    secret: identity.secret,
  });
  return readOffer(body).orders.some((line) => line.orderId === order.orderId && isMine(line));
}

async function dropOff(
  driver: Driver,
  { order, position }: { readonly order: OfferedStop; readonly position: Position },
): Promise<Position> {
  const { city, identity } = driver;
  const { world } = city;
  const { orderId } = order;
  const trip = { identity, order, position };
  const script = world.lifeOf(orderId)?.plan.script ?? {};
  if (isUpTo(driver, order, 'loses_phone', 'vanishes')) return goSilent(city, trip);
  let from = position;
  if (script.problem !== undefined && world.isFirst(orderId, 'problem')) {
    const met = await meetTrouble(city, trip);
    if (!met.goesOn) return met.position;
    from = met.position;
  }
  const half = world.plan.dropoffServiceMinutes / 2;
  const way = await drive(city, {
    secret: identity.secret,
    from: from.spot,
    to: spotOf(order.dropoff),
    departAt: from.freeAt,
  });
  if (script.atDoor !== undefined)
    return failAtTheDoor(city, { ...trip, position: { spot: way.spot, freeAt: way.at } });
  const deliveredAt = way.at + half;
  await handOver(driver, { order, arrivedAt: way.at, deliveredAt });
  return { spot: way.spot, freeAt: deliveredAt + half };
}

type HandingOver = {
  readonly order: OfferedStop;
  readonly arrivedAt: number;
  readonly deliveredAt: number;
};

async function handOver(
  { city, identity }: Driver,
  { order: { orderId }, arrivedAt, deliveredAt }: HandingOver,
): Promise<void> {
  const { world, clock, client, signal } = city;
  const { method, goods, pin } = world.lifeOf(orderId)?.plan.script ?? {};
  await clock.waitUntil(deliveredAt, signal);
  const { secret } = identity;
  const price = async (): Promise<number> =>
    totalOf((await client.call({ method: 'GET', path: `/v1/orders/${orderId}`, secret })).body);
  const body = {
    arrived_at: new Date(clock.realAt(arrivedAt)).toISOString(),
    ...(method === 'cash' ? { collected_minor: await price() } : {}),
    proofs: [
      ...(goods === 'age_restricted' ? [{ kind: 'age' }] : []),
      ...(pin === true ? [await askForThePin(city, { identity, orderId })] : []),
    ],
  };
  const said = await command(city, { action: 'deliver', orderId, secret, body, intention: '1' });
  if (said.kind === 'done') world.delivered(orderId, deliveredAt);
  else world.odd(`deliver: ${said.code}`);
}

/** Refused while an offer was accepted in the last moment; then that is delivered first by `work`. */
async function goOffline(driver: Driver): Promise<void> {
  await tellPresence(driver, 'offline', {});
}

async function tellPresence(
  { city, identity }: Driver,
  what: 'online' | 'offline',
  body: object,
): Promise<void> {
  const answer = await city.client.call({
    method: 'POST',
    path: `/v1/driver/${what}`,
    secret: identity.secret,
    body,
    idempotencyKey: `${what}-${identity.id}-${Math.round(city.clock.minute() * 100)}`,
  });
  if (answer.status >= 300)
    city.world.odd(`${what}: HTTP ${answer.status} ${JSON.stringify(answer.body)}`);
}
