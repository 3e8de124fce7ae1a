// Who calls: every route but the public ones needs an API key whose role it names in `config.roles`. What a key may
// see follows from its scope, in the repositories.

import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import type { Db } from '../../db/connect.ts';
import { keyBySecret, type Key } from '../../db/keys.ts';
import type { Role } from '../../db/schema.ts';
import type { Scope } from '../../db/scope.ts';
import type { Actor } from '../../domain/events.ts';
import type { DriverId } from '../../domain/ids.ts';
import { createCache } from '../cache.ts';
import { problem } from '../problems.ts';
import type { Api } from '../server.ts';
import { createGuessLimit } from './guess-limit.ts';

export type Caller = {
  readonly keyId: string;
  readonly role: Role;
  readonly scope: Scope;
  /** Idempotency keys are unique per tenant. */
  readonly tenant: string;
  readonly actor: Actor;
};

/** Who may call a route; without roles it is public. `keyless` POSTs carry ids of their own instead of a key. */
export type Access = { readonly roles?: readonly Role[]; readonly keyless?: boolean };

export const merchantRoles = [
  'owner',
  'manager',
  'staff',
  'platform_admin',
] as const satisfies readonly Role[];

/** `config` of a route: `app.post(path, { ...access({ roles }), schema }, handler)`. */
export const access = (config: Access): { readonly config: Access } => ({ config });

export const accessOf = (config: object | undefined): Access => config ?? {};

const cacheTtlMs = 5_000;
const maxSeen = 100_000;
const callerName = 'caller';

/**
 * Identifies before the rate limit (which counts per key) and refuses after it, so that guessing is limited too; what
 * is no key costs a bounded number of look-ups per address. A key seen before is served even while others guess.
 */
export function registerAuth(
  app: Api,
  { db, guessesPerS }: { readonly db: Db; readonly guessesPerS: number },
): void {
  const guesses = createGuessLimit(guessesPerS);
  const seen = new Set<string>();
  const cache = createCache<Caller>({ ttlMs: cacheTtlMs, size: 10_000 });
  app.decorateRequest(callerName, undefined);
  app.addHook('onRequest', async (request) => {
    const secret = bearer(request.headers.authorization);
    if (secret === undefined) return;
    const digest = createHash('sha256').update(secret).digest('base64');
    const caller = await cache(digest, async () => {
      if (!seen.has(digest)) guesses.check(request.ip);
      const key = await keyBySecret(db, secret);
      if (!key) guesses.missed(request.ip);
      else if (seen.size < maxSeen) seen.add(digest);
      return key && toCaller(key);
    });
    request.setDecorator(callerName, caller);
  });
  app.addHook('preParsing', async (request) => {
    const { roles } = accessOf(request.routeOptions.config);
    if (roles === undefined || request.is404) return;
    const caller = request.getDecorator<Caller | undefined>(callerName);
    if (!caller) {
      throw problem('unauthenticated', 'send Authorization: Bearer <secret of a live key>', {
        headers: { 'www-authenticate': 'Bearer' },
      });
    }
    if (!roles.includes(caller.role))
      throw problem('forbidden', `the role ${caller.role} may not call this route`);
  });
}

export const findCaller = (request: FastifyRequest): Caller | undefined =>
  request.getDecorator<Caller | undefined>(callerName);

/** In a route with roles; the hook above has made sure of it. */
export function callerOf(request: FastifyRequest): Caller {
  const caller = findCaller(request);
  if (!caller) throw new Error('a route without roles asked for its caller');
  return caller;
}

function bearer(header: string | undefined): string | undefined {
  const [, secret] = /^Bearer ([\x21-\x7e]{8,256})$/i.exec(header ?? '') ?? [];
  return secret;
}

function toCaller({ id: keyId, role, ...key }: Key): Caller {
  const { merchantId, branchId, driverId, customerId } = key;
  if (driverId !== undefined) {
    return {
      keyId,
      role,
      scope: { kind: 'driver', driverId },
      tenant: driverId,
      actor: { kind: 'driver', id: driverId },
    };
  }
  if (customerId !== undefined) {
    const scope = { kind: 'customer', customerId } as const;
    return { keyId, role, scope, tenant: customerId, actor: { kind: 'customer', id: customerId } };
  }
  if (merchantId !== undefined) {
    const scope = {
      kind: 'merchant',
      merchantId,
      ...(branchId === undefined ? {} : { branchId }),
    } as const;
    return { keyId, role, scope, tenant: merchantId, actor: { kind: 'merchant', id: keyId } };
  }
  return {
    keyId,
    role,
    scope: { kind: 'platform' },
    tenant: 'platform',
    actor: { kind: 'support', id: keyId },
  };
}

/** In a route for drivers only. */
export function driverOf({ scope }: Caller): DriverId {
  if (scope.kind !== 'driver') throw new Error('a driver route without a driver');
  return scope.driverId as DriverId;
}
