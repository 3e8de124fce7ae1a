// The reference, generated from the schemas: `/openapi.json` (3.1) and a page at `/docs`.

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import { Problem } from '../schemas/common.ts';
import type { Api } from '../server.ts';
import { accessOf, type Access } from './auth.ts';

/** Before any route. */
export async function registerOpenApi(app: Api): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Waybill',
        version: '1',
        description:
          'Durable dispatch of on-demand deliveries. Money in minor units, times RFC 3339 in UTC.',
      },
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer' } } },
    },
    hideUntagged: true,
    transform: ({ schema, url, route }) => ({
      schema: describe(schema, { method: String(route.method), config: accessOf(route.config) }),
      url,
    }),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    // TLS is the proxy's; on plain HTTP the page would not find its own scripts.
    transformStaticCSP: (policy) => policy.replace('upgrade-insecure-requests;', ''),
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

type Operation = { readonly method: string; readonly config: Access };

/** What every route of a kind has in common is said here, not in each. */
function describe(schema: FastifySchema, { method, config }: Operation): FastifySchema {
  const { roles, keyless } = config;
  const answers = Object.entries((schema.response ?? {}) as Readonly<Record<string, object>>);
  const described = Object.fromEntries(
    answers.map(([status, answer]) => [status, { description: 'Done', ...answer }]),
  );
  if (roles === undefined) return { ...schema, response: described };
  const keyed = method === 'POST' && keyless !== true;
  const problems = { '4xx': problemOf('Refused'), '5xx': problemOf('Try again with the same key') };
  return {
    ...schema,
    security: [{ key: [] }],
    'x-roles': roles,
    response: { ...described, ...problems },
    ...(keyed ? { headers: idempotencyHeader } : {}),
  } as FastifySchema;
}

const problemOf = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
});

const idempotencyHeader = {
  type: 'object',
  required: ['Idempotency-Key'],
  properties: {
    'Idempotency-Key': {
      type: 'string',
      minLength: 1,
      maxLength: 255,
      description: 'New for every new request; the same for its retries',
    },
  },
};
