// Offers, as their driver sees and answers them.

import type { LiveRedis } from '../../adapters/redis.ts';
import type { Db } from '../../db/connect.ts';
import { offerById, openOffersOf } from '../../db/offers.ts';
import type { Vault } from '../../db/vault.ts';
import type { createAnswerOffer } from '../actions/answer-offer.ts';
import { doOnce } from '../actions/once.ts';
import { pollUntil } from '../poll.ts';
import { access, callerOf, driverOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { AcceptOffer, DeclineOffer, Offer, OfferQuery, Offers } from '../schemas/driver.ts';
import { pollTimeoutMs, send, type Api } from '../server.ts';
import { offerBodies } from '../views/offer.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly redis: Pick<LiveRedis, 'waitFor'>;
  readonly answerOffer: ReturnType<typeof createAnswerOffer>;
};

const drivers = access({ roles: ['driver'] });

export function offerRoutes(app: Api, { db, vault, redis, answerOffer }: Deps): void {
  app.get(
    '/v1/offers',
    {
      ...drivers,
      handlerTimeout: pollTimeoutMs,
      schema: { summary: 'Open offers; waits for the first', tags: ['drivers'], querystring: OfferQuery, response: { 200: Offers } },
    },
    async (request) => {
      const driverId = driverOf(callerOf(request));
      const look = () => openOffersOf(db, { driverId, now: Date.now() });
      const wait = { waitMs: (request.query.wait ?? 0) * 1_000, signal: request.signal };
      const offers = await pollUntil(look, { ...wait, hint: (ms) => redis.waitFor(`driver:${driverId}`, ms) });
      return { data: await offerBodies(db, offers) };
    },
  );

  app.get(
    '/v1/offers/:id',
    { ...drivers, schema: { summary: 'Read an offer', tags: ['drivers'], params: IdParams('offer'), response: { 200: Offer } } },
    async (request) => {
      const offer = await offerById(db, request.params.id);
      if (!offer || offer.driverId !== driverOf(callerOf(request))) throw notFound('offer');
      const [body] = await offerBodies(db, [offer]);
      return body;
    },
  );

  app.post(
    '/v1/offers/:id/accept',
    {
      ...drivers,
      schema: {
        summary: 'Take the deliveries of an offer',
        description: '202: taken, but its orders have not answered yet; they will, or the offer is voided.',
        tags: ['drivers'],
        params: IdParams('offer'),
        body: AcceptOffer,
        response: { 200: Offer, 202: Offer },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const keyed = keyedRequest(request);
      const input = { offerId: request.params.id, driverId: driverOf(caller), actor: caller.actor, now: keyed.now };
      return send(reply, await doOnce({ db, vault }, { caller, request: keyed }, () => answerOffer.accept(input)));
    },
  );

  app.post(
    '/v1/offers/:id/decline',
    { ...drivers, schema: { summary: 'Decline an offer', tags: ['drivers'], params: IdParams('offer'), body: DeclineOffer, response: { 200: Offer } } },
    async (request, reply) => {
      const caller = callerOf(request);
      const keyed = keyedRequest(request);
      const input = { offerId: request.params.id, driverId: driverOf(caller), actor: caller.actor, now: keyed.now };
      return send(reply, await doOnce({ db, vault }, { caller, request: keyed }, () => answerOffer.decline(input)));
    },
  );
}
