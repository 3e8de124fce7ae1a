// Builds the API without listening: what is not business (who calls, how often, what is measured, how refusals look)
// is set up here, then the routes with what they need.

import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import { fastify, LogController, type FastifyBaseLogger } from 'fastify';
import { randomUUID } from 'node:crypto';
import { createVault } from '../db/vault.ts';
import { createAnswerOffer } from './actions/answer-offer.ts';
import { createDisputeDesk } from './actions/dispute-evidence.ts';
import { createPlaceOrder } from './actions/place-order.ts';
import { createReceiveWebhook } from './actions/receive-webhook.ts';
import { createHearPartner } from './actions/hear-partner.ts';
import { createSendCommand } from './actions/send-command.ts';
import { createApprovals } from './actions/approvals.ts';
import { createBulkDesk } from './actions/bulk.ts';
import { createBreakGlass } from './actions/settle-order.ts';
import { createSupportDesk } from './actions/support-desk.ts';
import { createWriteDraft } from './actions/write-draft.ts';
import { findCaller, registerAuth } from './plugins/auth.ts';
import { registerBodies } from './plugins/bodies.ts';
import { registerErrors, sendProblem } from './plugins/errors.ts';
import { registerIdempotencyKeys } from './plugins/idempotency.ts';
import { registerMetrics } from './plugins/metrics.ts';
import { registerOpenApi } from './plugins/openapi.ts';
import { registerTextGuard } from './plugins/text-guard.ts';
import { registerValidation } from './plugins/validation.ts';
import { comeBack, problem } from './problems.ts';
import { adminRoutes } from './routes/admin.ts';
import { disputeRoutes } from './routes/disputes.ts';
import { driverBlockRoutes } from './routes/driver-blocks.ts';
import { driverRoutes } from './routes/driver.ts';
import { eventRoutes } from './routes/events.ts';
import { explainRoutes } from './routes/explain.ts';
import { healthRoutes } from './routes/health.ts';
import { offerRoutes } from './routes/offers.ts';
import { orderCommandRoutes } from './routes/order-commands.ts';
import { orderRoutes } from './routes/orders.ts';
import { supportMoreRoutes } from './routes/support-more.ts';
import { supportActionRoutes } from './routes/support-actions.ts';
import { supportRoutes } from './routes/support.ts';
import { payoutFileRoutes } from './routes/payout-files.ts';
import { payoutRoutes } from './routes/payouts.ts';
import { proofRoutes } from './routes/proofs.ts';
import { refundRoutes } from './routes/refunds.ts';
import { statementRoutes } from './routes/statements.ts';
import { tipRoutes } from './routes/tips.ts';
import { walletRoutes } from './routes/wallets.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import {
  bodyLimitBytes,
  defaultLimits,
  handlerTimeoutMs,
  requestTimeoutMs,
  withSchemaTypes,
  type Api,
  type ApiDeps,
  type Limits,
} from './server.ts';

/** Ready to listen or to `inject`. Closing it closes nothing of what it was given. */
export async function buildApi(deps: ApiDeps): Promise<Api> {
  const { requestsPerS, webhooksPerS, engineDeadlineMs } = { ...defaultLimits, ...deps.limits };
  const app = createServer(deps);
  registerErrors(app);
  registerValidation(app);
  registerBodies(app);
  registerAuth(app, { db: deps.db, guessesPerS: requestsPerS });
  await registerLimits(app, requestsPerS);
  registerIdempotencyKeys(app);
  registerTextGuard(app);
  await registerOpenApi(app);
  const engine = registerMetrics(app, deps);
  await registerRoutes(app, { ...deps, engine, engineDeadlineMs, webhooksPerS });
  await app.ready();
  return app;
}

type RouteDeps = ApiDeps & Pick<Limits, 'engineDeadlineMs' | 'webhooksPerS'>;

async function registerRoutes(app: Api, deps: RouteDeps): Promise<void> {
  const { db, redis, ports, log, engine, engineDeadlineMs, webhooksPerS } = deps;
  const vault = createVault(Buffer.from(deps.masterKey, 'base64'));
  const orders = { db, vault, engine, engineDeadlineMs };
  const closing = closingSignal(app);
  const placeOrder = createPlaceOrder({ ...orders, writeDraft: createWriteDraft(db) });
  orderRoutes(app, { db, vault, placeOrder });
  explainRoutes(app, { db });
  await proofRoutes(app, { db, vault, store: deps.proofs });
  orderCommandRoutes(app, { db: orders.db, sendCommand: createSendCommand(orders) });
  offerRoutes(app, { db, vault, redis, closing, answerOffer: createAnswerOffer(orders) });
  driverRoutes(app, { db, vault, redis, closing });
  eventRoutes(app, { db, redis, closing });
  const receiveWebhook = createReceiveWebhook({ db, engine, ports, log });
  const hearPartner = deps.partner && createHearPartner({ db, engine, partner: deps.partner });
  await webhookRoutes(app, { receiveWebhook, hearPartner, webhooksPerS });
  adminRoutes(app, { db, vault, ports });
  supportRoutes(app, { db, vault });
  driverBlockRoutes(app, { db, vault });
  supportActionRoutes(app, {
    db,
    vault,
    desk: createSupportDesk(orders),
    breakGlass: createBreakGlass(orders),
  });
  const approvals = createApprovals(orders);
  const bulk = createBulkDesk({ db, vault, engine, log });
  supportMoreRoutes(app, { db, vault, approvals, bulk });
  disputeRoutes(app, { db, vault, desk: createDisputeDesk({ db, vault, ports }) });
  statementRoutes(app, db);
  refundRoutes(app, { db, vault, money: deps.money, ports, log });
  tipRoutes(app, { db, vault, money: deps.money, log });
  payoutRoutes(app, { db, vault, money: deps.money, log });
  payoutFileRoutes(app, { db, vault, money: deps.money, log });
  walletRoutes(app, { db, vault, money: deps.money, log });
  healthRoutes(app, { db, engine, redis });
}

/** Long polls must not hold up a process that wants to end. */
function closingSignal(app: Api): AbortSignal {
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  return closing.signal;
}

function createServer({ log, trustedProxies = [] }: ApiDeps): Api {
  const loggerInstance: FastifyBaseLogger = log;
  const app = fastify({
    loggerInstance,
    logController: new LogController({
      disableRequestLogging: true,
      requestIdLogLabel: 'request_id',
    }),
    trustProxy: [...trustedProxies],
    bodyLimit: bodyLimitBytes,
    handlerTimeout: handlerTimeoutMs,
    requestTimeout: requestTimeoutMs,
    genReqId: () => `req_${randomUUID()}`,
    frameworkErrors: (error, request, reply) => void sendProblem(error, request, reply),
  });
  app.addHook('onRequest', async (request, reply) => void reply.header('x-request-id', request.id));
  app.addHook('onResponse', async (request, reply) => {
    const { method, is404, routeOptions } = request;
    const route = is404 ? 'unmatched' : routeOptions.url;
    request.log.debug(
      { method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    );
  });
  return withSchemaTypes(app);
}

async function registerLimits(app: Api, requestsPerS: number): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } },
  });
  await app.register(rateLimit, {
    max: requestsPerS,
    timeWindow: 1_000,
    keyGenerator: (request) => findCaller(request)?.keyId ?? request.ip,
    errorResponseBuilder: (_request, { max }) =>
      problem('rate_limited', `at most ${max} requests per second`, comeBack(1)),
  });
}
