// The Idempotency-Key of a request, and what the request is: the same key with another request is refused.

import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { KeyedRequest } from '../../db/idempotency.ts';
import { problem } from '../problems.ts';
import type { Api } from '../server.ts';
import { accessOf, callerOf } from './auth.ts';

/** Every POST that is not `keyless` needs a key, before its body is looked at. */
export function registerIdempotencyKeys(app: Api): void {
  app.addHook('preValidation', async (request) => {
    const { roles, keyless } = accessOf(request.routeOptions.config);
    if (request.method === 'POST' && roles !== undefined && keyless !== true) keyOf(request);
  });
}

export function keyedRequest(request: FastifyRequest): KeyedRequest {
  const route = `${request.method} ${request.routeOptions.url ?? ''}`;
  const path = request.url.split('?')[0] ?? '';
  const { body } = request;
  const bodyHash = createHash('sha256')
    .update(`${request.method} ${path}\n`)
    .update(Buffer.isBuffer(body) ? body : canonical(body))
    .digest();
  return {
    tenant: callerOf(request).tenant,
    key: keyOf(request),
    route,
    bodyHash,
    now: Date.now(),
  };
}

function keyOf(request: FastifyRequest): string {
  const header = request.headers['idempotency-key'];
  if (typeof header !== 'string' || header === '') {
    throw problem(
      'idempotency_key_missing',
      'send Idempotency-Key, a new one for every new request',
    );
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(header)) {
    throw problem('invalid_request', 'the Idempotency-Key is not 1–255 visible ASCII characters', {
      errors: [
        { field: 'idempotency-key', problem: 'is not 1–255 visible ASCII characters', limit: 255 },
      ],
    });
  }
  return header;
}

/** The same object in another order of its fields is the same request. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_name, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? ''
  );
}
