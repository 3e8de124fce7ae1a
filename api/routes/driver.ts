// A driver's presence and positions.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import type { Vault } from '../../db/vault.ts';
import { createDriverPresence } from '../actions/driver-presence.ts';
import { doOnce } from '../actions/once.ts';
import { access, callerOf, driverOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { Offline, Online, Positions, PositionsTaken, Presence } from '../schemas/driver.ts';
import { send, type Api } from '../server.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly redis: Pick<LiveRedis, 'writePositions' | 'forgetPosition'>;
};

export function driverRoutes(app: Api, { db, vault, redis }: Deps): void {
  const presence = createDriverPresence({ db, redis });
  const roles = ['driver'] as const;

  app.post(
    '/v1/driver/online',
    { ...access({ roles }), schema: { summary: 'Start taking offers', tags: ['drivers'], body: Online, response: { 200: Presence } } },
    async (request, reply) => {
      const caller = callerOf(request);
      const keyed = keyedRequest(request);
      const input = { driverId: driverOf(caller), body: request.body, now: keyed.now };
      return send(reply, await doOnce({ db, vault }, { caller, request: keyed }, () => presence.online(input)));
    },
  );

  app.post(
    '/v1/driver/offline',
    { ...access({ roles }), schema: { summary: 'Take no more offers', tags: ['drivers'], body: Offline, response: { 200: Presence } } },
    async (request, reply) => {
      const caller = callerOf(request);
      const keyed = keyedRequest(request);
      const input = { driverId: driverOf(caller), now: keyed.now };
      return send(reply, await doOnce({ db, vault }, { caller, request: keyed }, () => presence.offline(input)));
    },
  );

  app.post(
    '/v1/positions',
    {
      ...access({ roles, keyless: true }),
      schema: { summary: 'Report where the driver was', tags: ['drivers'], body: Positions, response: { 200: PositionsTaken } },
    },
    async (request) => presence.move({ driverId: driverOf(callerOf(request)), body: request.body, now: Date.now() }),
  );
}
