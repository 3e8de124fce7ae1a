// A driver's presence and positions.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import { routesOf, type Stop } from '../../db/routes.ts';
import type { Vault } from '../../db/vault.ts';
import { createDriverPresence } from '../actions/driver-presence.ts';
import { doOnce } from '../actions/once.ts';
import { access, callerOf, driverOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { Offline, Online, Positions, PositionsTaken, Presence, Route } from '../schemas/driver.ts';
import { send, type Api } from '../server.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly redis: Pick<LiveRedis, 'writePositions' | 'forgetPosition'>;
};

const tags = ['drivers'];
const roles = ['driver'] as const;
const online = {
  summary: 'Start taking offers',
  tags,
  body: Online,
  response: { 200: Presence },
};
const offline = {
  summary: 'Take no more offers',
  description: 'Refused while deliveries are under way.',
  tags,
  body: Offline,
  response: { 200: Presence },
};
const positions = {
  summary: 'Report where the driver was',
  tags,
  body: Positions,
  response: { 200: PositionsTaken },
};
const route = {
  summary: 'What is left to drive',
  tags,
  response: { 200: Route },
};

export function driverRoutes(app: Api, { db, vault, redis }: Deps): void {
  const presence = createDriverPresence({ db, redis });
  const keyed = access({ roles });
  const keyless = access({ roles, keyless: true });

  app.post('/v1/driver/online', { ...keyed, schema: online }, async (request, reply) => {
    const caller = callerOf(request);
    const own = { caller, request: keyedRequest(request) };
    const input = { driverId: driverOf(caller), body: request.body, now: own.request.now };
    return send(reply, await doOnce({ db, vault }, own, () => presence.online(input)));
  });

  app.post('/v1/driver/offline', { ...keyed, schema: offline }, async (request, reply) => {
    const caller = callerOf(request);
    const own = { caller, request: keyedRequest(request) };
    const input = { driverId: driverOf(caller), now: own.request.now };
    return send(reply, await doOnce({ db, vault }, own, () => presence.offline(input)));
  });

  app.get('/v1/driver/route', { ...access({ roles }), schema: route }, async (request, reply) => {
    const driverId = driverOf(callerOf(request));
    const stops = (await routesOf(db, { driverId })).get(driverId) ?? [];
    return send(reply, { status: 200, body: { data: stops.map(stopBody) } });
  });

  app.post('/v1/positions', { ...keyless, schema: positions }, async (request, reply) => {
    const driverId = driverOf(callerOf(request));
    const input = { driverId, body: request.body, now: Date.now() };
    return send(reply, { status: 200, body: await presence.move(input) });
  });
}

const stopBody = ({ kind, orderId, place, etaAt }: Stop): Route['data'][number] => ({
  kind,
  order_id: orderId,
  location: place,
  eta_at: etaAt === undefined ? null : new Date(etaAt).toISOString(),
});
