// What a mode measures: fresh local services with durable writes, a migrated database, the fake Stripe, and the
// project's own programs as processes. One stack per mode, so that no mode works on what another left behind.

import { Client, Connection } from '@temporalio/client';
import { engineOf } from '../adapters/temporal.ts';
import type { OrderEngine } from '../adapters/order-engine.ts';
import { connect, type Db } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { pickPorts } from '../scripts/local/ports.ts';
import { startServices, type Services } from '../scripts/local/services.ts';
import { startChild, type Child } from './children.ts';
import type { Pids } from './processes.ts';
import type { Say } from './report.ts';

export type Stack = {
  readonly services: Services;
  readonly db: Db;
  readonly client: Client;
  readonly engine: OrderEngine;
  readonly stripe: Child;
  /** Where the API listens once it is started. */
  readonly apiUrl: string;
  /** The environment that the project's programs are started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly say: Say;
};

export type StackWish = {
  readonly say: Say;
  readonly stripeLatencyMs: number;
  /** Whether the fake Stripe sends its webhooks to the API. */
  readonly webhooks?: boolean;
};

const webhookSecret = 'whsec_bench';
export const adminSecret = `wbk_${'b'.repeat(43)}`;
const masterKey = Buffer.alloc(32, 7).toString('base64');

/** Runs `measure` on a stack and takes everything down afterwards, also when it throws. */
export async function withStack<T>(
  wish: StackWish,
  measure: (stack: Stack) => Promise<T>,
): Promise<T> {
  const services = await startServices({ profile: 'bench', log: wish.say });
  try {
    await migrate(services.databaseUrl);
    const { api: port = 0 } = await pickPorts(['api'], {});
    const apiUrl = `http://127.0.0.1:${port}`;
    const stripe = await startStripe(services, { ...wish, apiUrl });
    const connection = await Connection.connect({ address: services.temporalAddress });
    const db = connect({ url: services.databaseUrl, poolSize: 10 });
    try {
      const client = new Client({ connection, namespace: services.temporalNamespace });
      const engine = engineOf(client, connection);
      const env = { ...environmentOf(services, stripe), PORT: String(port) };
      return await measure({ services, db, client, engine, stripe, apiUrl, env, say: wish.say });
    } finally {
      await Promise.all([connection.close(), db.destroy()]);
    }
  } finally {
    await services.stop();
  }
}

type StripeWish = Pick<StackWish, 'stripeLatencyMs' | 'webhooks'> & { readonly apiUrl: string };

const startStripe = (services: Services, wish: StripeWish): Promise<Child> =>
  startChild(services, {
    name: 'stripe',
    script: 'sandbox/stripe/main.ts',
    args: [
      `--latency-ms=${wish.stripeLatencyMs}`,
      `--webhook-secret=${webhookSecret}`,
      ...(wish.webhooks === true ? [`--webhook-url=${wish.apiUrl}/v1/webhooks/stripe`] : []),
    ],
    isReady: (output) => output.includes('\n'),
  });

const environmentOf = (services: Services, stripe: Child): Readonly<Record<string, string>> => ({
  DATABASE_URL: services.databaseUrl,
  REDIS_URL: services.redisUrl,
  TEMPORAL_ADDRESS: services.temporalAddress,
  TEMPORAL_NAMESPACE: services.temporalNamespace,
  STRIPE_SECRET_KEY: 'sk_test_bench',
  STRIPE_API_BASE: (JSON.parse(stripe.output()) as { readonly url: string }).url,
  STRIPE_WEBHOOK_SECRET: webhookSecret,
  WAYBILL_MASTER_KEY: masterKey,
  WAYBILL_ADMIN_KEY: adminSecret,
});

/** `nodeFlags`: for profiles. Resolves once it polls. */
export const startWorker = (
  { services, env }: Stack,
  nodeFlags: readonly string[] = [],
): Promise<Child> =>
  startChild(services, {
    name: 'worker',
    script: 'worker/main.ts',
    env,
    nodeFlags,
    isReady: (output) => output.includes('the worker is ready'),
  });

/** Resolves once it listens. */
export const startApi = ({ services, env }: Stack): Promise<Child> =>
  startChild(services, {
    name: 'api',
    script: 'api/main.ts',
    env,
    isReady: (output) => output.includes('the API listens'),
  });

/** Whose CPU is told apart. PostgreSQL's helpers and connections count with it. */
export const sharedPids = ({ services, stripe }: Stack): Pids => ({
  temporal: services.pid('temporal'),
  postgres: services.pid('postgres'),
  redis: services.pid('redis'),
  stripe: stripe.pid,
  client: process.pid,
});
