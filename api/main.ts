// The API process: listens until SIGTERM or SIGINT, then answers what is under way and closes.

import { createMoneyEngine } from '../adapters/money-engine.ts';
import { createCrashPoint, withCrashPoints } from '../adapters/crash-point.ts';
import { createProofStore } from '../adapters/proof-store.ts';
import { createRedis } from '../adapters/redis.ts';
import { createPaymentPorts } from '../adapters/payment-ports.ts';
import { createStripeGateway } from '../adapters/stripe.ts';
import { withCatchUp } from '../adapters/catch-up.ts';
import { createTemporalEngine } from '../adapters/temporal.ts';
import { createUberDirect } from '../adapters/uber-direct.ts';
import { readConfig } from '../config.ts';
import { connect, poolSizesOf } from '../db/connect.ts';
import { ensureAdminKey } from '../db/keys.ts';
import { claimPayment } from '../db/payment-claims.ts';
import { createLog } from '../log.ts';
import { recordedSequence } from '../db/upkeep.ts';
import { buildApi } from './app.ts';

const closeWithinMs = 15_000;

const config = readConfig(process.env);
const log = createLog({ name: 'api', level: config.logLevel });
const db = connect({ url: config.databaseUrl, poolSize: 20 });
const redis = createRedis(config.redisUrl, log);
const { temporalAddress: address, temporalNamespace: namespace } = config;
const engine = withCrashPoints(
  withCatchUp(createTemporalEngine({ address, namespace }), (orderId) =>
    recordedSequence(db, orderId),
  ),
  createCrashPoint(process.env['CRASH_AT']),
);
const money = createMoneyEngine({
  address: config.temporalAddress,
  namespace: config.temporalNamespace,
});
const gateway = createStripeGateway({
  secretKey: config.stripeSecretKey,
  webhookSecret: config.stripeWebhookSecret,
  apiBase: config.stripeApiBase,
});
// Only what providers send is read here; they are asked by the worker.
const ports = createPaymentPorts({
  gateway,
  settings: config.providers,
  phoneOf: async () => undefined,
  claim: (key, kind) => claimPayment(db, key, kind),
});
if (config.adminKey !== undefined) await ensureAdminKey(db, config.adminKey);
const app = await buildApi({
  db,
  engine,
  money,
  redis,
  ports,
  partner: config.partnerFleet && createUberDirect(config.partnerFleet),
  proofs: createProofStore(config.proofsUrl, config.bucketKeys),
  log,
  masterKey: config.masterKey,
  trustedProxies: config.trustedProxies,
  poolSizes: () => poolSizesOf(db),
});

async function close(signal: string): Promise<void> {
  log.info({ signal }, 'the API is closing');
  setTimeout(() => process.exit(1), closeWithinMs).unref();
  await app.close();
  await Promise.all([engine.close(), money.close(), redis.close(), db.destroy()]);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void close(signal));

await app.listen({ host: config.host, port: config.port });
log.info({ host: config.host, port: config.port }, 'the API listens');
