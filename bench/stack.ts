// What a mode measures: fresh local services with durable writes, a migrated database, the fake Stripe, and the
// project's own programs as processes. One stack per mode, so that no mode works on what another left behind.

import { Client, Connection } from '@temporalio/client';
import { engineOf } from '../adapters/temporal.ts';
import type { OrderEngine } from '../adapters/order-engine.ts';
import { connect, type Db } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';
import { startServices, type Services } from '../scripts/local/services.ts';
import { startChild, type Child } from './children.ts';
import type { Say } from './report.ts';

export type Stack = {
  readonly services: Services;
  readonly db: Db;
  readonly client: Client;
  readonly engine: OrderEngine;
  readonly stripe: Child;
  /** The environment that the project's programs are started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly say: Say;
};

export type StackWish = {
  readonly say: Say;
  readonly stripeLatencyMs: number;
  /** Where the fake Stripe sends its webhooks; none when absent. */
  readonly webhookUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
};

const webhookSecret = 'whsec_bench';
const masterKey = Buffer.alloc(32, 7).toString('base64');

/** Runs `measure` on a stack and takes everything down afterwards, also when it throws. */
export async function withStack<T>(wish: StackWish, measure: (stack: Stack) => Promise<T>): Promise<T> {
  const services = await startServices({ profile: 'bench', log: wish.say });
  try {
    await migrate(services.databaseUrl);
    const stripe = await startStripe(services, wish);
    const connection = await Connection.connect({ address: services.temporalAddress });
    const db = connect({ url: services.databaseUrl, poolSize: 10 });
    try {
      const client = new Client({ connection, namespace: services.temporalNamespace });
      const engine = engineOf(client, connection);
      const env = { ...environmentOf(services, stripe), ...wish.env };
      return await measure({ services, db, client, engine, stripe, env, say: wish.say });
    } finally {
      await Promise.all([connection.close(), db.destroy()]);
    }
  } finally {
    await services.stop();
  }
}

const startStripe = (services: Services, wish: StackWish): Promise<Child> =>
  startChild(services, {
    name: 'stripe',
    script: 'sandbox/stripe/main.ts',
    args: [
      ...['--port', '0', '--latency-ms', String(wish.stripeLatencyMs)],
      ...['--webhook-secret', webhookSecret],
      ...(wish.webhookUrl === undefined ? [] : ['--webhook-url', wish.webhookUrl]),
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
});

/** `nodeFlags`: for profiles. Resolves once it polls. */
export const startWorker = ({ services, env }: Stack, nodeFlags: readonly string[] = []): Promise<Child> =>
  startChild(services, {
    name: 'worker',
    script: 'worker/main.ts',
    env,
    nodeFlags,
    isReady: (output) => output.includes('the worker is ready'),
  });
