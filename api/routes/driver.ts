// A driver's presence and positions.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import { routesOf, type DriverRoute, type Stop } from '../../db/routes.ts';
import type { Vault } from '../../db/vault.ts';
import { createDriverPresence } from '../actions/driver-presence.ts';
import { doOnce } from '../actions/once.ts';
import { access, callerOf, driverOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { pollUntil } from '../poll.ts';
import {
  Offline,
  Online,
  Positions,
  PositionsTaken,
  Presence,
  Route,
  RouteQuery,
} from '../schemas/driver.ts';
import { pollTimeoutMs, send, type Api } from '../server.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly redis: Pick<LiveRedis, 'writePositions' | 'forgetPosition' | 'waitFor'>;
  readonly closing: AbortSignal;
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
  description:
    'With `after` it waits until the order of the stops has been decided anew since then.',
  tags,
  querystring: RouteQuery,
  response: { 200: Route },
};

export function driverRoutes(app: Api, deps: Deps): void {
  const { db, vault, redis } = deps;
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

  routeRoutes(app, deps);

  app.post('/v1/positions', { ...keyless, schema: positions }, async (request, reply) => {
    const driverId = driverOf(callerOf(request));
    const input = { driverId, body: request.body, now: Date.now() };
    return send(reply, { status: 200, body: await presence.move(input) });
  });
}

function routeRoutes(app: Api, { db, redis, closing }: Deps): void {
  const waits = { ...access({ roles }), handlerTimeout: pollTimeoutMs };
  app.get('/v1/driver/route', { ...waits, schema: route }, async (request, reply) => {
    const driverId = driverOf(callerOf(request));
    const { after, wait = 0 } = request.query;
    const since = after === undefined ? undefined : Date.parse(after);
    const read = async (): Promise<DriverRoute> =>
      (await routesOf(db, { driverId })).get(driverId) ?? { stops: [], decidedAt: undefined };
    const [news] = await pollUntil(
      async () => {
        const known = await read();
        return since === undefined || (known.decidedAt ?? 0) > since ? [known] : [];
      },
      {
        lookEveryMs: 5_000,
        waitMs: wait * 1_000,
        signals: [request.signal, closing],
        hint: (ms) => redis.waitFor(`driver:${driverId}`, ms),
      },
    );
    return send(reply, { status: 200, body: routeBody(news ?? (await read())) });
  });
}

const routeBody = ({ stops, decidedAt }: DriverRoute): Route => ({
  data: stops.map(stopBody),
  decided_at: decidedAt === undefined ? null : new Date(decidedAt).toISOString(),
});

const stopBody = ({ kind, orderId, place, etaAt }: Stop): Route['data'][number] => ({
  kind,
  order_id: orderId,
  location: place,
  eta_at: etaAt === undefined ? null : new Date(etaAt).toISOString(),
});
