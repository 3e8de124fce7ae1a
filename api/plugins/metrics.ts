// Prometheus metrics: of this process its requests, calls to the engine and database pool; of all the orders what they
// wait for. Labels are route patterns and outcomes, never ids.

import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { Db } from '../../db/connect.ts';
import { readBacklog } from '../backlog.ts';
import type { Api, ApiDeps } from '../server.ts';

const backlogDeadlineMs = 2_000;
const secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Adds `GET /metrics`; returns the engine with its calls counted. */
export function registerMetrics(
  app: Api,
  { db, engine, poolSizes }: Pick<ApiDeps, 'db' | 'engine' | 'poolSizes'>,
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
  const measureBacklog = gaugeBacklog(registry, db);
  app.get(
    '/metrics',
    { schema: { summary: 'Metrics', tags: ['operations'], hide: true } },
    async (_request, reply) => {
      await measureBacklog();
      return reply.type(registry.contentType).send(await registry.metrics());
    },
  );
  if (poolSizes) gaugePool(registry, poolSizes);
  return countCalls(registry, engine);
}

/** Returns what reads the numbers anew. While the database does not answer they are NaN, not what they once were. */
function gaugeBacklog(registry: Registry, db: Db): () => Promise<void> {
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name, help, registers: [registry] });
  const overdue = gauge('orders_overdue', 'Orders whose deadline passed over two minutes ago');
  const incidents = gauge('incidents_open', 'Incidents that nobody has resolved, at most 10,000');
  const troubles = new Gauge({
    name: 'orders_in_trouble',
    help: 'Open orders whose workflow is gone, fails or is paused',
    labelNames: ['kind'] as const,
    registers: [registry],
  });
  const lag = gauge('event_feed_lag_seconds', 'Age of the first event that is held back');
  return async () => {
    const late = new Promise<undefined>((resolve) =>
      setTimeout(resolve, backlogDeadlineMs, undefined).unref(),
    );
    const read = readBacklog(db, new Date()).catch(() => undefined);
    const backlog = await Promise.race([read, late]);
    overdue.set(backlog?.overdue ?? NaN);
    incidents.set(backlog?.openIncidents ?? NaN);
    lag.set(backlog?.feedLagS ?? NaN);
    troubles.reset();
    for (const { kind, count } of backlog?.troubles ?? []) troubles.set({ kind }, count);
  };
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
