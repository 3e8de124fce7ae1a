// Prometheus metrics of this process: requests, calls to the engine, the database pool. Labels are route patterns and
// outcomes, never ids.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { Api, ApiDeps } from '../server.ts';

const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Adds `GET /metrics`; returns the engine with its calls counted. */
export function registerMetrics(
  app: Api,
  { engine, poolSizes }: Pick<ApiDeps, 'engine' | 'poolSizes'>,
): OrderEngine {
  const registry = new Registry();
  const requests = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time to answer a request',
    labelNames: ['route', 'method', 'status'] as const,
    buckets: secondsBuckets,
    registers: [registry],
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'unmatched' : (request.routeOptions.url ?? 'unmatched');
    requests.observe(
      { route, method: request.method, status: reply.statusCode },
      reply.elapsedTime / 1_000,
    );
  });
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics', tags: ['operations'], hide: true } },
    async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  );
  if (poolSizes) gaugePool(registry, poolSizes);
  return countCalls(registry, engine);
}

function gaugePool(registry: Registry, poolSizes: NonNullable<ApiDeps['poolSizes']>): void {
  const gauge: Gauge<'state'> = new Gauge({
    name: 'database_pool_connections',
    help: 'Connections of the pool; waiting: callers without one',
    labelNames: ['state'] as const,
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(poolSizes())) gauge.set({ state }, count);
    },
  });
}

function countCalls(registry: Registry, engine: OrderEngine): OrderEngine {
  const calls = new Counter({
    name: 'engine_calls_total',
    help: 'Messages to orders by outcome',
    labelNames: ['call', 'outcome'] as const,
    registers: [registry],
  });
  const seconds = new Histogram({
    name: 'engine_call_duration_seconds',
    help: 'Time until an order answered',
    labelNames: ['call'] as const,
    buckets: secondsBuckets,
    registers: [registry],
  });
  async function counted<T extends { readonly kind: string }>(
    call: string,
    answer: Promise<T>,
  ): Promise<T> {
    const end = seconds.startTimer({ call });
    const outcome = await answer.finally(end);
    calls.inc({ call, outcome: outcome.kind });
    return outcome;
  }
  return {
    ...engine,
    place: (input) => counted('place', engine.place(input)),
    send: (input) => counted(input.command.kind, engine.send(input)),
  };
}
