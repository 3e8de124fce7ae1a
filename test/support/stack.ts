// The whole stack for end-to-end tests: API and worker as processes that can be killed, the sandbox Stripe beside
// them, a database and a Temporal namespace of its own.

import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { engineOf, searchAttributes } from '../../adapters/temporal.ts';
import { connect } from '../../db/connect.ts';
import { maintenanceWorkflowId } from '../../domain/ids.ts';
import { wakeSignal } from '../../domain/messages.ts';
import { startPartnerFleet } from '../../sandbox/partner-fleet/server.ts';
import { startStripeSandbox } from '../../sandbox/stripe/server.ts';
import { ensureNamespace } from '../../scripts/local/temporal-namespace.ts';
import { startProviders } from './providers.ts';
import { createTestDatabase } from './database.ts';

/** A second fleet is another worker by another name. */
type Name = 'api' | 'worker' | `worker ${string}`;
export type Stack = Awaited<ReturnType<typeof startStack>>;

const entryOf = (name: Name): string => (name === 'api' ? 'api/main.ts' : 'worker/main.ts');
/** Longer than a busy machine takes to start two processes. */
const readyWithinMs = 90_000;

type StackOptions = {
  /** Of the sandbox Stripe. */
  readonly latencyMs?: number;
  /** A Temporal server of its own, for tests that kill it. */
  readonly temporalAddress?: string;
  /** Where API and worker write; the tests' own output when absent. */
  readonly logFile?: string;
  /** For both. */
  readonly env?: Readonly<Record<string, string>>;
  /** PayPal and mobile money beside cards. */
  readonly withProviders?: boolean;
};

const partnerAccount = (url: string, webhookKey: string) => ({
  PARTNER_FLEET_URL: url,
  PARTNER_FLEET_WEBHOOK_KEY: webhookKey,
  PARTNER_FLEET_CUSTOMER_ID: 'cus_waybill',
  PARTNER_FLEET_CLIENT_ID: 'waybill',
  PARTNER_FLEET_CLIENT_SECRET: 'secret',
  PARTNER_FLEET_PHONE: '+4930000000',
});

const startFleet = (apiUrl: string, webhookSecret: string) =>
  startPartnerFleet({
    mood: 'delivers',
    stepMs: 300,
    webhookUrl: `${apiUrl}/v1/webhooks/partner-fleet`,
    webhookSecret,
  });

/** `read`, right after the housekeeping was made to look around: by itself it does every 15 s. */
const lookingFirst =
  ({ workflow }: Client) =>
  <T>(read: () => T) =>
  async (): Promise<Awaited<T>> => {
    await workflow.getHandle(maintenanceWorkflowId).signal(wakeSignal);
    return await read();
  };

/** Everything of it is ended by `close`. */
export async function startStack(options: StackOptions = {}) {
  const { latencyMs = 0, logFile } = options;
  const namespace = `e2e-${randomUUID()}`;
  const address = options.temporalAddress ?? inject('temporalAddress');
  await ensureNamespace({ address, namespace, searchAttributes, withinMs: 30_000 });
  const database = await createTestDatabase();
  const [port, webhookSecret] = [await freePort(), 'whsec_test'];
  const apiUrl = `http://127.0.0.1:${port}`;
  const stripe = await startStripeSandbox({
    latencyMs,
    webhooks: { url: `${apiUrl}/v1/webhooks/stripe`, secret: webhookSecret },
  });
  const providers = options.withProviders ? await startProviders(apiUrl) : undefined;
  const fleet = await startFleet(apiUrl, webhookSecret);
  const adminKey = `wbk_${randomBytes(32).toString('base64url')}`;
  const environment = {
    ...process.env,
    DATABASE_URL: database.url,
    REDIS_URL: inject('redisUrl'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    STRIPE_SECRET_KEY: 'sk_test_waybill',
    STRIPE_API_BASE: stripe.url,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    ...partnerAccount(fleet.url, webhookSecret),
    WAYBILL_MASTER_KEY: randomBytes(32).toString('base64'),
    WAYBILL_ADMIN_KEY: adminKey,
    PORT: String(port),
    LOG_LEVEL: 'warn',
    ...providers?.env,
    ...options.env,
  };
  const processes = createProcesses({ environment, logFile });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const db = connect({ url: database.url, poolSize: 5 });
  async function close(): Promise<void> {
    await processes.killAll();
    for (const each of [stripe, providers, fleet, connection]) await each?.close();
    await db.destroy();
    await database.drop();
  }
  try {
    await Promise.all([processes.start('api'), processes.start('worker')]);
    await answers(`${apiUrl}/health/detailed`);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    apiUrl,
    adminKey,
    stripe,
    providers,
    fleet,
    db,
    client,
    engine: engineOf(client, connection),
    lookFirst: lookingFirst(client),
    namespace,
    databaseUrl: database.url,
    /** For a program of the test's own that is to meet this stack. */
    environment,
    ...processes,
    apiAnswers: () => answers(`${apiUrl}/health/detailed`),
    close,
  };
}

type Surroundings = {
  readonly environment: NodeJS.ProcessEnv;
  readonly logFile: string | undefined;
};

function createProcesses({ environment, logFile }: Surroundings) {
  const running = new Map<Name, ChildProcess>();
  // A test run that is cut off must not leave them behind: whoever reads its output would wait for them.
  process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

  /** `folder`: another checkout to run. */
  async function start(
    name: Name,
    extra: Readonly<Record<string, string>> = {},
    folder = process.cwd(),
  ): Promise<void> {
    const log = logFile === undefined ? undefined : openSync(logFile, 'a');
    const child = spawn(process.execPath, [entryOf(name)], {
      cwd: folder,
      env: { ...environment, ...extra },
      stdio: ['ignore', log ?? 'ignore', log ?? 'inherit'],
    });
    if (log !== undefined) closeSync(log);
    running.set(name, child);
  }

  /** SIGKILL, and the process is gone when it resolves. */
  async function kill(name: Name): Promise<void> {
    const child = running.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Resolves when the process has ended by itself, as one with `CRASH_AT` does. */
  async function ended(name: Name): Promise<void> {
    const child = running.get(name);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => child.once('exit', resolve));
  }
  /** SIGTERM: what is in hand is finished. */
  async function stop(name: Name): Promise<void> {
    running.get(name)?.kill('SIGTERM');
    await ended(name);
  }
  const killAll = async (): Promise<void> =>
    void (await Promise.all([...running.keys()].map(kill)));
  const runs = (name: Name): boolean => {
    const child = running.get(name);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  };
  return { start, kill, killAll, stop, ended, runs };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(url: string): Promise<void> {
  const until = Date.now() + readyWithinMs;
  for (;;) {
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() > until) throw new Error(`${url} did not answer in ${readyWithinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
