// The worker process: all workflows on `orders`, activities on `orders`, `payments` and `dispatch`. Stateless; run
// as many as needed. SIGTERM finishes what is in hand.

import { createServer } from 'node:http';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { collectDefaultMetrics, register } from 'prom-client';
import { createCrashPoint } from '../activities/crash-point.ts';
import { createDispatchActivities } from '../activities/dispatch.ts';
import { createMaintenanceActivities } from '../activities/maintain.ts';
import { createMoneyUpkeep } from '../activities/money-upkeep.ts';
import { createPaymentActivities } from '../activities/payments.ts';
import { createReconcileActivities } from '../activities/reconcile.ts';
import { createRecordActivities } from '../activities/record.ts';
import { createRefundActivities } from '../activities/refunds.ts';
import { wakeIfAsleep } from '../activities/wake-dispatcher.ts';
import { withCatchUp } from '../adapters/catch-up.ts';
import { createMoneyEngine } from '../adapters/money-engine.ts';
import { createRedis } from '../adapters/redis.ts';
import { createStripeGateway } from '../adapters/stripe.ts';
import { createTemporalEngine } from '../adapters/temporal.ts';
import { readConfig, type Config } from '../config.ts';
import { connect } from '../db/connect.ts';
import { recordedSequence } from '../db/upkeep.ts';
import { createLog } from '../log.ts';
import { ensureSearchAttributes } from './search-attributes.ts';

const config = readConfig(process.env);
const log = createLog({ name: 'worker', level: config.logLevel });
const maintenanceEveryMs = 60_000;

async function main(): Promise<void> {
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      log.warn({ level, ...meta }, message),
    ),
    telemetryOptions: { logging: { filter: 'WARN', forward: {} } },
  });
  const { temporalAddress: address, temporalNamespace: namespace } = config;
  await ensureSearchAttributes({ address, namespace });
  const connection = await NativeConnection.connect({ address });
  const { workers, close } = await createWorkers(connection, namespace);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => workers.forEach((worker) => worker.shutdown()));
  }
  if (config.metricsPort !== undefined) serveMetrics(config.metricsPort);
  log.info({ namespace }, 'the worker is ready');
  await Promise.all(workers.map((worker) => worker.run()));
  await close();
  await connection.close();
}

async function createWorkers(connection: NativeConnection, namespace: string) {
  const { activities, engine, money, close } = await createActivities(config);
  const shared: Pick<WorkerOptions, 'connection' | 'namespace' | 'shutdownGraceTime'> = {
    connection,
    namespace,
    shutdownGraceTime: '10s',
  };
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: 'orders',
      workflowsPath: new URL('../workflows/index.ts', import.meta.url).pathname,
      activities,
      // Bounds memory: beyond it a workflow is rebuilt from its history when it is next needed.
      maxCachedWorkflows: 400,
      stickyQueueScheduleToStartTimeout: '2s',
    }),
    Worker.create({
      ...shared,
      taskQueue: 'payments',
      activities,
      maxConcurrentActivityTaskExecutions: 50,
    }),
    Worker.create({
      ...shared,
      taskQueue: 'dispatch',
      activities,
      maxConcurrentActivityTaskExecutions: 10,
    }),
  ]);
  await engine.startMaintenance();
  await money.scheduleReconciliation();
  // Terminated by hand, it comes back.
  setInterval(() => {
    engine
      .startMaintenance()
      .catch((error: unknown) => log.debug({ err: error }, 'no housekeeping'));
  }, maintenanceEveryMs).unref();
  return { workers, close };
}

async function createActivities({
  databaseUrl,
  redisUrl,
  temporalAddress,
  temporalNamespace,
  stripeSecretKey,
  stripeApiBase,
  stripeWebhookSecret,
}: Config) {
  const db = connect({ url: databaseUrl, poolSize: 20 });
  const redis = createRedis(redisUrl, log);
  const engine = withCatchUp(
    createTemporalEngine({ address: temporalAddress, namespace: temporalNamespace }),
    (orderId) => recordedSequence(db, orderId),
  );
  const gateway = createStripeGateway({
    secretKey: stripeSecretKey,
    webhookSecret: stripeWebhookSecret,
    ...(stripeApiBase === undefined ? {} : { apiBase: stripeApiBase }),
  });
  const money = createMoneyEngine({ address: temporalAddress, namespace: temporalNamespace });
  const crashPoint = createCrashPoint(process.env['CRASH_AT']);
  const activities = {
    ...createRecordActivities({
      db,
      log,
      crashPoint,
      hint: (channel) => redis.hint(channel),
      wakeDispatcher: (marketId) => wakeIfAsleep({ db, engine }, marketId),
    }),
    ...createPaymentActivities({ gateway, db, crashPoint }),
    ...createRefundActivities({ gateway, db, crashPoint }),
    ...createReconcileActivities({ gateway, db, log }),
    ...createDispatchActivities({ db, redis, engine, log, crashPoint }),
    ...createMaintenanceActivities({
      db,
      engine,
      log,
      also: createMoneyUpkeep({ db, money, gateway, log }),
    }),
  };
  const close = async (): Promise<void> => {
    await Promise.all([db.destroy(), redis.close(), engine.close(), money.close()]);
  };
  return { activities, engine, money, close };
}

function serveMetrics(port: number): void {
  collectDefaultMetrics();
  createServer((_request, response) => {
    void register
      .metrics()
      .then((text) => response.setHeader('content-type', register.contentType).end(text));
  }).listen(port, config.host);
}

await main();
