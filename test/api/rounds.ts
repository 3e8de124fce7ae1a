// Real dispatch rounds over the API's own orders: orders that look for a driver, drivers who are online, offers.

import { pino } from 'pino';
import { createDispatchActivities } from '../../activities/dispatch.ts';
import type { RoadTimes } from '../../adapters/road-times.ts';
import { parseId } from '../../domain/ids.ts';
import { branchAt, type Json, type Reply, type Shop, type World } from './world.ts';

export type OnlineDriver = Awaited<ReturnType<ReturnType<typeof createRounds>['driver']>>;
type DriverOptions = { readonly location?: object; readonly more?: object };

export function createRounds(world: World, shop: Shop) {
  /** Placed and accepted; the goods are ready at once unless told. */
  async function searching(
    body: object = {},
    { secret = shop.owner, prepSeconds = 0 } = {},
  ): Promise<string> {
    const placed = await world.call('POST', '/v1/orders', { secret, body: shop.orderBody(body) });
    const accept = { secret, body: { prep_seconds: prepSeconds } };
    const accepted = await world.call('POST', `/v1/orders/${placed.body.id}/accept`, accept);
    if (accepted.status !== 200) throw new Error(JSON.stringify([placed.body, accepted.body]));
    return placed.body.id;
  }

  async function listed(path: string, secret: string): Promise<readonly Json[]> {
    const { body } = await world.call('GET', path, { secret });
    return body['data'] as readonly Json[];
  }

  async function driver(capacity = 1, { location = branchAt, more = {} }: DriverOptions = {}) {
    const made = { market_id: shop.market.id, name: 'Dana', phone: '+4915100000009', capacity };
    const { id } = await world.make('drivers', { ...made, ...more });
    const secret = await world.keyOf({ role: 'driver', driver_id: id });
    const says = (path: string, body: object = {}): Promise<Reply> =>
      world.call('POST', path, { secret, body });
    await says('/v1/driver/online', { location });
    return {
      id,
      says,
      offers: () => listed('/v1/offers', secret),
      route: () => listed('/v1/driver/route', secret),
    };
  }

  async function round({ roads }: { readonly roads?: RoadTimes } = {}): Promise<void> {
    const marketId = parseId('market', shop.market.id);
    if (!marketId) throw new Error('no market');
    const { db, engine } = world;
    const log = pino({ level: 'silent' });
    await createDispatchActivities({ db, engine, log, roads }).dispatchRound({ marketId });
  }

  return { searching, driver, round };
}

/** `+a -a`: the offer's route in words, with the names given to its orders. */
export function routeOf(offer: Json | undefined, names: Readonly<Record<string, string>>): string {
  const route = (offer?.['route'] ?? []) as readonly { kind: string; order_id: string }[];
  return route
    .map(({ kind, order_id: id }) => `${kind === 'pickup' ? '+' : '-'}${names[id] ?? id}`)
    .join(' ');
}
