// A driver: goes online, waits for offers, accepts, drives, waits at the counter, delivers. Time passes
// on the city's clock while the robot drives; the system is told at the moments when a person would tap.

import { command, saidBy } from './robot.ts';
import { drive, tellPlace } from './drive.ts';
import { createErrands, type Errand, type Errands } from './errands.ts';
import { failAtTheDoor, goSilent, meetTrouble, stayAway, type Position } from './mishaps.ts';
import { saysNo } from './moods.ts';
import { isMine, pickUp, setOffAt, type Driver } from './fetching.ts';
import type { Script } from './plan.ts';
import type { Place } from '../../domain/geo.ts';
import { halfWay, placeOf, spotOf, type Spot } from './projection.ts';
import { askForThePin } from './proofs.ts';
import { actOn } from './support.ts';
import {
  dropoffOf,
  readOffer,
  readOffers,
  readRoute,
  totalOf,
  type OfferView,
  type OfferedStop,
} from './wire.ts';
import type { Helper } from './world.ts';

const longestWaitS = 25;
/** A driver who has dropped out takes a rest before the next offer. */
const restMinutes = 10;
/** Shifts are planned ahead. */
const toldAheadMinutes = 40;

export type DriverRobot = { readonly run: () => Promise<void> };

export function createDriver(driver: Driver): DriverRobot {
  const { city, plan } = driver;
  return {
    async run() {
      try {
        if (!(await city.clock.waitUntil(plan.onAt - toldAheadMinutes, city.signal))) return;
        const timeOf = (minute: number): string =>
          new Date(city.clock.realAt(minute) + city.awayMs).toISOString();
        await tellPresence(driver, 'online', {
          location: placeOf(plan.home),
          shift_starts_at: timeOf(plan.onAt),
          shift_ends_at: timeOf(plan.offAt),
        });
        await work(driver);
      } catch (error) {
        if (!city.signal.aborted)
          city.world.odd(`driver: ${error instanceof Error ? error.message : String(error)}`);
      }
    },
  };
}

type Shift = {
  readonly errands: Errands;
  position: Position;
  /** What the driver does instead of the errands; no offers are taken meanwhile. */
  instead: ((position: Position) => Promise<Position>) | undefined;
  /** No more offers come. */
  over: boolean;
};

/** Until the shift is over or the day ends. A driver with a delivery finishes it first. */
async function work(driver: Driver): Promise<void> {
  const position = { spot: driver.plan.home, freeAt: driver.plan.onAt };
  const shift: Shift = { errands: createErrands(), position, instead: undefined, over: false };
  driver.city.world.standBy(helperOf(driver, shift));
  const listening = listen(driver, shift).finally(() => {
    shift.over = true;
    shift.errands.wake();
  });
  await Promise.all([listening, driveAll(driver, shift)]);
  if (!driver.city.signal.aborted) await goOffline(driver);
}

const helperOf = (driver: Driver, shift: Shift): Helper => ({
  idleAt: () =>
    shift.over || shift.instead || shift.errands.deliveries() > 0 ? undefined : shift.position.spot,
  come(orderId, to) {
    shift.instead = (position) => takeOver(driver, { orderId, to, position });
    shift.errands.wake();
  },
});

/** Takes offers while there is room, also on the way. */
async function listen(driver: Driver, shift: Shift): Promise<void> {
  const { city, identity, plan } = driver;
  const { clock, signal } = city;
  while (!signal.aborted && clock.minute() < plan.offAt) {
    if (shift.errands.deliveries() >= plan.capacity || shift.instead) {
      await shift.errands.changed(signal);
      continue;
    }
    const offer = await nextOffer(driver);
    if (offer && !shift.instead) await answerOffer(driver, { offer, shift });
    else if (shift.errands.deliveries() === 0)
      tellPlace(city, { secret: identity.secret, spot: shift.position.spot });
  }
}

/** One errand after the other, until there is none left and no more will come. */
async function driveAll(driver: Driver, shift: Shift): Promise<void> {
  const { signal } = driver.city;
  while (!signal.aborted) {
    if (shift.errands.deliveries() > 1) shift.errands.follow(await readOwnRoute(driver));
    const [errand] = shift.errands.left();
    if (shift.instead) {
      shift.position = await shift.instead(shift.position);
      shift.instead = undefined;
      shift.errands.wake();
    } else if (errand) shift.position = await drivenErrand(driver, { errand, shift });
    else if (shift.over) return;
    else await shift.errands.changed(signal);
  }
}

/** Empty when it cannot be read: then everything stays as it is. */
async function readOwnRoute({ city, identity }: Driver): Promise<OfferView['route']> {
  const { secret } = identity;
  const { status, body } = await city.client.call({
    method: 'GET',
    path: '/v1/driver/route',
    secret,
  });
  return status === 200 ? readRoute(body) : [];
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

type Answering = { readonly offer: OfferView; readonly shift: Shift };

async function answerOffer(driver: Driver, { offer, shift }: Answering): Promise<void> {
  const { city, identity, plan, random } = driver;
  const [asked] = offer.orders;
  const declines = asked !== undefined && declinesOrder(driver, asked);
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
  if (declines || said.kind === 'refused') return;
  const accepted = readOffer(said.body);
  const orders = accepted.orders.filter(isMine);
  const [first] = orders;
  if (first === undefined) return;
  const isIdle = shift.errands.deliveries() === 0;
  if (isUpTo(driver, first, 'never_comes'))
    shift.instead = (position) => stayAway(city, { identity, order: first, position });
  else if (random.chance(plan.abandons) && isIdle)
    shift.instead = (position) => dropOut(driver, { orders, position });
  else return shift.errands.take(accepted, orders);
  shift.errands.wake();
}

const declinesOrder = ({ city: { world }, plan }: Driver, { orderId }: OfferedStop): boolean =>
  saysNo(plan.declines, {
    seed: world.plan.seed,
    driver: plan.name,
    order: world.lifeOf(orderId)?.plan.name ?? orderId,
  });

/** It is the script of this order that its first driver does this. */
const isUpTo = (
  { city: { world } }: Driver,
  { orderId }: OfferedStop,
  ...deeds: readonly Script['driver'][]
): boolean => {
  const deed = world.lifeOf(orderId)?.plan.script.driver;
  return deed !== undefined && deeds.includes(deed) && world.isFirst(orderId, deed);
};

type Carrying = { readonly orders: readonly OfferedStop[]; readonly position: Position };

/** Half-way to the branch the driver gives up, and rests. */
async function dropOut(driver: Driver, { orders, position }: Carrying): Promise<Position> {
  const { city, identity } = driver;
  const [first] = orders;
  if (first === undefined) return position;
  const to = spotOf(first.pickup);
  const way = await drive(city, {
    secret: identity.secret,
    from: position.spot,
    to: halfWay(position.spot, to),
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

async function drivenErrand(
  driver: Driver,
  { errand, shift }: { readonly errand: Errand; readonly shift: Shift },
): Promise<Position> {
  const { errands, position } = shift;
  const { order } = errand;
  if (errand.kind === 'dropoff') {
    const at = await dropOff(driver, { order, position });
    errands.done(errand);
    return at;
  }
  const fetched = await pickUp(driver, { errand, errands, position });
  if (fetched.picked) errands.done(errand);
  else errands.forget(order.orderId);
  return fetched.position;
}

type Taking = { readonly orderId: string; readonly to: Spot; readonly position: Position };

/** Goes where another driver stands with the goods, and brings them. */
async function takeOver(driver: Driver, { orderId, to, position }: Taking): Promise<Position> {
  const { city, identity } = driver;
  const { secret, id } = identity;
  const departAt = setOffAt(driver, position);
  const { spot, at: freeAt } = await drive(city, { secret, from: position.spot, to, departAt });
  const body = { driver_id: id };
  const action = 'transfer';
  const said = await actOn(city, { orderId, action, reason: 'driver_unreachable', body });
  const here = { spot, freeAt };
  if (said.kind === 'refused') return here;
  const at = placeOf(to);
  const order = { orderId, pickup: at, dropoff: await doorOf(driver, orderId), status: 'assigned' };
  return dropOff(driver, { order, position: here });
}

/** Where the phone says at this moment that it goes. */
const doorOf = async ({ city, identity }: Driver, orderId: string): Promise<Place> => {
  const { secret } = identity;
  const answer = await city.client.call({ method: 'GET', path: `/v1/orders/${orderId}`, secret });
  return dropoffOf(answer.body);
};

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
  const moved = script.support === 'change-address';
  const way = await drive(city, {
    secret: identity.secret,
    from: from.spot,
    to: spotOf(moved ? await doorOf(driver, orderId) : order.dropoff),
    departAt: setOffAt(driver, from),
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
