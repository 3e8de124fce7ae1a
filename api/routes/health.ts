// Is it up, what is it waiting for, how far behind is it? For load balancers and people on the inside; no key needed.

import { sql } from 'kysely';
import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import { countOpenOrders } from '../../db/orders.ts';
import { readBacklog } from '../backlog.ts';
import { Detailed, Health, Status } from '../schemas/health.ts';
import { send, type Api } from '../server.ts';

type Deps = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'ping'>;
  readonly redis: Pick<LiveRedis, 'isUp'>;
};

const checkDeadlineMs = 2_000;

export function healthRoutes(app: Api, { db, engine, redis }: Deps): void {
  app.get(
    '/health',
    { schema: { summary: 'The process answers', tags: ['operations'], response: { 200: Health } } },
    async () => ({
      ok: true,
    }),
  );

  app.get(
    '/health/detailed',
    {
      schema: {
        summary: 'What this process depends on',
        description:
          '503 when PostgreSQL or Temporal is away; without Redis everything works, only later.',
        tags: ['operations'],
        response: { 200: Detailed, 503: Detailed },
      },
    },
    async (_request, reply) => {
      const [postgres, temporal, live] = await Promise.all([
        check(() => pingDatabase(db)),
        check(() => engine.ping(checkDeadlineMs)),
        check(async () => assertUp(redis.isUp())),
      ]);
      const ok = postgres.ok && temporal.ok;
      return reply.code(ok ? 200 : 503).send({ ok, postgres, temporal, redis: live });
    },
  );

  app.get(
    '/status',
    {
      schema: {
        summary: 'What the orders are doing',
        tags: ['operations'],
        response: { 200: Status },
      },
    },
    async (_request, reply) => {
      const now = new Date();
      const [open, backlog] = await Promise.all([countOpenOrders(db), readBacklog(db, now)]);
      const { overdue, openIncidents, feedLagS } = backlog;
      const body = {
        open_orders: open,
        overdue,
        open_incidents: openIncidents,
        event_feed_lag_seconds: feedLagS,
      };
      return send(reply, { status: 200, body });
    },
  );
}

type Check = { readonly ok: boolean; readonly latency_ms: number };

async function check(ping: () => Promise<void>): Promise<Check> {
  const start = performance.now();
  const ok = await Promise.race([
    ping().then(
      () => true,
      () => false,
    ),
    new Promise<boolean>((resolve) => setTimeout(() => resolve(false), checkDeadlineMs).unref()),
  ]);
  return { ok, latency_ms: Math.round(performance.now() - start) };
}

async function pingDatabase(db: Db): Promise<void> {
  await sql`SELECT 1`.execute(db);
}

function assertUp(isUp: boolean): void {
  if (!isUp) throw new Error('not connected');
}
