// The worker process: all workflows on `orders`, activities on `orders`, `payments` and `dispatch`. Stateless; run
// as many as needed. SIGTERM finishes what is in hand. Its version is that of its workflows' code (worker/version.ts).

import { createServer } from 'node:http';
import { Client, Connection } from '@temporalio/client';
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import { collectDefaultMetrics, register } from 'prom-client';
import { createCrashPoint } from '../adapters/crash-point.ts';
import { createBankPayouts } from '../activities/bank-payouts.ts';
import { createDispatchActivities } from '../activities/dispatch.ts';
import { createMaintenanceActivities } from '../activities/maintain.ts';
import { createMoneyUpkeep } from '../activities/money-upkeep.ts';
import { createPartnerActivities } from '../activities/partner.ts';
import { createPayoutActivities, createPayoutRuns } from '../activities/payouts.ts';
import { createPaymentActivities } from '../activities/payments.ts';
import { alive, heartbeats } from '../activities/progress.ts';
import { createReconcileActivities, type Progress } from '../activities/reconcile.ts';
import { createRecordActivities } from '../activities/record.ts';
import { createRefundActivities } from '../activities/refunds.ts';
import { createSupportActivities } from '../activities/support.ts';
import { createTipActivities } from '../activities/tips.ts';
import { createWalletActivities } from '../activities/wallet.ts';
import { wakeIfAsleep } from '../activities/wake-dispatcher.ts';
import { withCatchUp } from '../adapters/catch-up.ts';
import { createMoneyEngine, type MoneyEngine } from '../adapters/money-engine.ts';
import type { OrderEngine } from '../adapters/order-engine.ts';
import { createPaymentPorts, othersIn, portIn } from '../adapters/payment-ports.ts';
import { createPayoutPorts, payoutPortIn } from '../adapters/payout-ports.ts';
import { createRedis } from '../adapters/redis.ts';
import { createRoads } from '../adapters/roads.ts';
import { createStripeGateway } from '../adapters/stripe.ts';
import { createTemporalEngine } from '../adapters/temporal.ts';
import { deploymentName, type Fleet } from '../adapters/temporal-versions.ts';
import { createUberDirect } from '../adapters/uber-direct.ts';
import { readConfig, type Config } from '../config.ts';
import { connect, type Db } from '../db/connect.ts';
import { noteBehind } from '../db/notes.ts';
import { claimPayment } from '../db/payment-claims.ts';
import { recordedSequence } from '../db/upkeep.ts';
import { createVault, type Vault } from '../db/vault.ts';
import { createWalletBooks } from '../db/wallet.ts';
import { createLog } from '../log.ts';
import { promote, takeOverAll } from './promote.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import { bundleWorkflows, type WorkflowCode } from './version.ts';

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
  const code = await bundleWorkflows({ buildId: config.buildId });
  const connection = await NativeConnection.connect({ address });
  const { workers, engine, money, close } = await createWorkers({ connection, namespace, code });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => workers.forEach((worker) => worker.shutdown()));
  }
  const running = workers.map((worker) => worker.run());
  const own = await Connection.connect({ address });
  const client = new Client({ connection: own, namespace });
  const ending = new AbortController();
  const { signal } = ending;
  void beginVersion({ connection: own, client, namespace }, { code, signal }).then(
    () => signal.aborted || keepHouse(engine, money),
  );
  await Promise.all(running);
  ending.abort();
  await close();
  await Promise.all([connection.close(), own.close()]);
}

/** Resolves when orders can come. What an earlier version left open is taken over behind that. */
async function beginVersion(
  fleet: Fleet,
  { code, signal }: { readonly code: WorkflowCode; readonly signal: AbortSignal },
): Promise<void> {
  const { promote: promotion, metricsPort } = config;
  await promote({ fleet, code, promotion, log, signal });
  if (signal.aborted) return;
  if (metricsPort !== undefined) serveMetrics(metricsPort);
  log.info({ namespace: fleet.namespace, build_id: code.buildId }, 'the worker is ready');
  if (promotion !== 'always') return;
  takeOverAll({ fleet, code, log }).catch((error: unknown) =>
    log.error({ err: error }, 'the orders of an earlier version could not be taken over'),
  );
}

/** Terminated by hand, it comes back. */
function keepHouse(engine: OrderEngine, money: MoneyEngine): void {
  const start = (): void => {
    Promise.all([engine.startMaintenance(), money.scheduleReconciliation()]).catch(
      (error: unknown) => log.debug({ err: error }, 'no housekeeping'),
    );
  };
  start();
  setInterval(start, maintenanceEveryMs).unref();
}

type Making = {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly code: WorkflowCode;
};

async function createWorkers({ connection, namespace, code }: Making) {
  const { activities, engine, money, close } = await createActivities(config);
  const shared = {
    connection,
    namespace,
    shutdownGraceTime: '10s',
    workerDeploymentOptions: {
      version: { deploymentName, buildId: code.buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'PINNED',
    },
  } as const satisfies Partial<WorkerOptions>;
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: 'orders',
      workflowBundle: { code: code.code },
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
      // What a killed worker did after its last heartbeat is done again.
      maxHeartbeatThrottleInterval: '5s',
    }),
    Worker.create({
      ...shared,
      taskQueue: 'dispatch',
      activities,
      maxConcurrentActivityTaskExecutions: 10,
    }),
  ]);
  return { workers, engine, money, close };
}

type Stores = { readonly db: Db; readonly vault: Vault };

/** Who takes money and who is paid out, as far as they are set up here. */
function createProviders(
  { stripeSecretKey: secretKey, stripeApiBase: apiBase, stripeWebhookSecret, providers }: Config,
  { db, vault }: Stores,
) {
  const stripe = { secretKey, apiBase };
  const gateway = createStripeGateway({ ...stripe, webhookSecret: stripeWebhookSecret });
  const needs = {
    settings: providers,
    phoneOf: (paymentMethod: string) => noteBehind({ db, vault }, paymentMethod),
    claim: (key: string, kind: 'sent' | 'burnt') => claimPayment(db, key, kind),
  };
  const ports = createPaymentPorts({ gateway, wallets: createWalletBooks(db), ...needs });
  const payouts = createPayoutPorts({ stripe, ...needs });
  return {
    gateway,
    others: othersIn(ports),
    portOf: portIn(ports),
    payouts: payouts.stripe,
    payoutPortOf: payoutPortIn({ ...payouts, bank: createBankPayouts(db) }),
  };
}

async function createActivities(settings: Config) {
  const { temporalAddress: address, temporalNamespace: namespace, partnerFleet } = settings;
  const db = connect({ url: settings.databaseUrl, poolSize: 20 });
  const redis = createRedis(settings.redisUrl, log);
  const engine = withCatchUp(createTemporalEngine({ address, namespace }), (orderId) =>
    recordedSequence(db, orderId),
  );
  const vault = createVault(Buffer.from(settings.masterKey, 'base64'));
  const { gateway, others, portOf, payouts, payoutPortOf } = createProviders(settings, {
    db,
    vault,
  });
  const money = createMoneyEngine({ address, namespace });
  const crashPoint = createCrashPoint(process.env['CRASH_AT']);
  const progress = heartbeats<Progress>();
  const upkeep = { db, engine, money, accounts: payouts, portOf, log };
  const housekeeping = createMaintenanceActivities({
    db,
    engine,
    log,
    also: createMoneyUpkeep(upkeep),
  });
  const activities = {
    ...createRecordActivities({
      db,
      log,
      crashPoint,
      hint: (channel) => redis.hint(channel),
      wakeDispatcher: (marketId) => wakeIfAsleep({ db, engine }, marketId),
    }),
    ...createPaymentActivities({ portOf, db, crashPoint }),
    ...createPartnerActivities({
      partner: partnerFleet && createUberDirect(partnerFleet),
      vault,
      db,
      crashPoint,
    }),
    ...createRefundActivities({ portOf, db, crashPoint }),
    ...createTipActivities({ portOf, db, crashPoint }),
    ...createWalletActivities({ portOf, db, crashPoint }),
    ...createPayoutActivities({ payoutPortOf, db, crashPoint }),
    ...createPayoutRuns({ db, money, log }),
    ...createReconcileActivities({ gateway, payouts, others, db, log, progress }),
    ...createDispatchActivities({
      db,
      redis,
      roads: settings.roads && createRoads(settings.roads, log),
      engine,
      log,
      crashPoint,
    }),
    ...createSupportActivities({ db, engine, log, crashPoint }),
    maintain: (...given: Parameters<typeof housekeeping.maintain>) =>
      alive(() => housekeeping.maintain(...given)),
  };
  const close = async (): Promise<void> => {
    await Promise.all([db.destroy(), redis.close(), engine.close(), money.close()]);
  };
  return { activities, engine, money, close };
}

/** A port that is taken costs the metrics, not the worker: several may run on one host. */
function serveMetrics(port: number): void {
  collectDefaultMetrics();
  createServer((_request, response) => {
    register
      .metrics()
      .then((text) => response.setHeader('content-type', register.contentType).end(text))
      .catch((error: unknown) => {
        log.error({ err: error }, 'the metrics could not be read');
        response.writeHead(500).end();
      });
  })
    .on('error', (error) => log.error({ err: error, port }, 'the metrics cannot be served'))
    .listen(port, config.host);
}

await main();
