// Offers, as their driver sees and answers them.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import { offerById, openOffersOf } from '../../db/offers.ts';
import type { Vault } from '../../db/vault.ts';
import type { createAnswerOffer } from '../actions/answer-offer.ts';
import { doOnce } from '../actions/once.ts';
import { access, callerOf, driverOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { pollUntil } from '../poll.ts';
import { notFound } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { AcceptOffer, DeclineOffer, Offer, OfferQuery, Offers } from '../schemas/driver.ts';
import { pollTimeoutMs, send, type Api } from '../server.ts';
import { offerBodies } from '../views/offer.ts';

type ReadDeps = {
  readonly db: Db;
  readonly redis: Pick<LiveRedis, 'waitFor'>;
  readonly closing: AbortSignal;
};
type AnswerDeps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly answerOffer: ReturnType<typeof createAnswerOffer>;
};

const drivers = access({ roles: ['driver'] });
const tags = ['drivers'];
const params = IdParams('offer');

export function offerRoutes(app: Api, deps: ReadDeps & AnswerDeps): void {
  readRoutes(app, deps);
  answerRoutes(app, deps);
}

function readRoutes(app: Api, { db, redis, closing }: ReadDeps): void {
  const list = {
    summary: 'Open offers; waits for the first',
    tags,
    querystring: OfferQuery,
    response: { 200: Offers },
  };
  const waits = { ...drivers, handlerTimeout: pollTimeoutMs };
  app.get('/v1/offers', { ...waits, schema: list }, async (request, reply) => {
    const driverId = driverOf(callerOf(request));
    const offers = await pollUntil(() => openOffersOf(db, { driverId, now: Date.now() }), {
      lookEveryMs: 5_000,
      waitMs: (request.query.wait ?? 0) * 1_000,
      signals: [request.signal, closing],
      hint: (ms) => redis.waitFor(`driver:${driverId}`, ms),
    });
    return send(reply, { status: 200, body: { data: await offerBodies(db, offers) } });
  });

  const read = { summary: 'Read an offer', tags, params, response: { 200: Offer } };
  app.get('/v1/offers/:id', { ...drivers, schema: read }, async (request, reply) => {
    const driverId = driverOf(callerOf(request));
    const offer = await offerById(db, request.params.id);
    const own = offer?.driverId === driverId ? [offer] : [];
    const [body] = await offerBodies(db, own);
    if (!body) throw notFound('offer');
    return send(reply, { status: 200, body });
  });
}

function answerRoutes(app: Api, { db, vault, answerOffer }: AnswerDeps): void {
  const accept = {
    summary: 'Take the deliveries of an offer',
    description:
      '202: taken, but its orders have not answered yet; they will, or the offer is voided.',
    tags,
    params,
    body: AcceptOffer,
    response: { 200: Offer, 202: Offer },
  };
  app.post('/v1/offers/:id/accept', { ...drivers, schema: accept }, async (request, reply) => {
    const caller = callerOf(request);
    const keyed = { caller, request: keyedRequest(request) };
    const input = { offerId: request.params.id, driverId: driverOf(caller), actor: caller.actor };
    return send(reply, await doOnce({ db, vault }, keyed, () => answerOffer.accept(input)));
  });

  const decline = {
    summary: 'Decline an offer',
    tags,
    params,
    body: DeclineOffer,
    response: { 200: Offer },
  };
  app.post('/v1/offers/:id/decline', { ...drivers, schema: decline }, async (request, reply) => {
    const caller = callerOf(request);
    const keyed = { caller, request: keyedRequest(request) };
    const input = { offerId: request.params.id, driverId: driverOf(caller), actor: caller.actor };
    return send(reply, await doOnce({ db, vault }, keyed, () => answerOffer.decline(input)));
  });
}
