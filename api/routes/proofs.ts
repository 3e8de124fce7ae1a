// Giving proofs of a hand-over, and looking at them.

import type { FastifyRequest } from 'fastify';
import type { ProofStore } from '../../adapters/proof-store.ts';
import type { Db } from '../../db/connect.ts';
import { findOrder, type OrderView } from '../../db/orders.ts';
import { proofsOf } from '../../db/proofs.ts';
import type { Vault } from '../../db/vault.ts';
import { createGiveProof, proofBody, readPicture } from '../actions/give-proof.ts';
import { doOnce } from '../actions/once.ts';
import { access, callerOf, merchantRoles } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import { Id, IdParams } from '../schemas/common.ts';
import { Picture, pictureTypes, Proof, ProofCode, ProofQuery, Proofs } from '../schemas/proofs.ts';
import { send, withSchemaTypes, type Api } from '../server.ts';

type Deps = { readonly db: Db; readonly vault: Vault; readonly store: ProofStore };

const pictureLimitBytes = 4_194_304;
const tags = ['proofs'];
const params = IdParams('order');

export async function proofRoutes(app: Api, deps: Deps): Promise<void> {
  await app.register(async (plain) => {
    plain.addContentTypeParser([...pictureTypes], { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    giveRoute(withSchemaTypes(plain), deps);
  });
  lookRoutes(app, deps);
}

function giveRoute(app: Api, deps: Deps): void {
  const giveProof = createGiveProof(deps);
  const pictures = pictureTypes.map((type) => [type, { schema: Picture }]);
  const schema = {
    summary: 'Give a proof before the hand-over',
    description: `Photo and signature as a picture of at most ${pictureLimitBytes} bytes, the others as JSON.`,
    tags,
    params,
    querystring: ProofQuery,
    body: {
      content: { 'application/json': { schema: ProofCode }, ...Object.fromEntries(pictures) },
    },
    response: { 201: Proof },
  };
  const options = {
    ...access({ roles: ['driver', ...merchantRoles] }),
    bodyLimit: pictureLimitBytes,
  };
  app.post('/v1/orders/:id/proofs', { ...options, schema }, async (request, reply) => {
    const caller = callerOf(request);
    const keyed = keyedRequest(request);
    const { kind } = request.query;
    const shown = request.body as Buffer | ProofCode;
    const given = { caller, request: keyed, orderId: request.params.id, kind, shown };
    return send(reply, await doOnce(deps, { caller, request: keyed }, () => giveProof(given)));
  });
}

function lookRoutes(app: Api, deps: Deps): void {
  const roles = ['driver', ...merchantRoles, 'support', 'customer'] as const;
  const list = { summary: 'The proofs of an order', tags, params, response: { 200: Proofs } };
  app.get(
    '/v1/orders/:id/proofs',
    { ...access({ roles }), schema: list },
    async (request, reply) => {
      const order = await orderOf(request, deps.db, request.params.id);
      const data = (await proofsOf(deps.db, order.id)).map(proofBody);
      return send(reply, { status: 200, body: { data } });
    },
  );

  const look = {
    summary: 'A picture that was given as a proof',
    tags,
    params: { ...params, properties: { ...params.properties, proof_id: Id('proof') } },
  };
  const viewers = ['support', ...merchantRoles] as const;
  const options = { ...access({ roles: viewers }), schema: look };
  app.get('/v1/orders/:id/proofs/:proof_id', options, async (request, reply) => {
    const { id, proof_id: proofId } = request.params as {
      readonly id: string;
      readonly proof_id: string;
    };
    const order = await orderOf(request, deps.db, id);
    const picture = await readPicture(deps, { order, proofId });
    if (!picture) throw notFound('picture');
    return reply.type(picture.type).header('cache-control', 'private').send(picture.bytes);
  });
}

async function orderOf(request: FastifyRequest, db: Db, orderId: string): Promise<OrderView> {
  const order = await findOrder(db, { scope: callerOf(request).scope, orderId });
  if (!order) throw notFound('order');
  return order;
}
