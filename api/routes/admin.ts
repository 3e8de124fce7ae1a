// Setting up markets, tenants, people and keys. For platform_admin only.

import type { FastifyRequest } from 'fastify';
import { Type, type TObject, type TSchema } from 'typebox';
import type { Db } from '../../db/connect.ts';
import { listDrivers, rateDriver } from '../../db/driver-accounts.ts';
import { listKeys, revokeKey } from '../../db/keys.ts';
import { eraseCustomer, listCustomers } from '../../db/people.ts';
import { listBranches, listMarkets, listMerchants } from '../../db/tenants.ts';
import type { Vault } from '../../db/vault.ts';
import type { WebhookPorts } from '../actions/receive-webhook.ts';
import * as make from '../actions/create.ts';
import { createOnce, doOnce } from '../actions/once.ts';
import { pageBody, pageFrom } from '../pages.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import * as schemas from '../schemas/admin.ts';
import { IdParams, PageOf, PageQuery } from '../schemas/common.ts';
import { send, type Api } from '../server.ts';
import * as view from '../views/admin.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly ports: WebhookPorts;
};

/** What needs no provider is always there. */
const booked = ['cash', 'wallet', 'external'] as const;

const admins = access({ roles: ['platform_admin'] });
const tags = ['admin'];

export function adminRoutes(app: Api, deps: Deps): void {
  creations(app, deps);
  ratings(app, deps);
  lists(app, deps);
  deletions(app, deps.db);
}

function creations(app: Api, deps: Deps): void {
  const { vault, ports } = deps;
  const known = Object.entries(ports).flatMap(([name, port]) => (port ? [name] : []));
  const makeMarket = make.market(new Set([...known, ...booked]));
  const once = (request: FastifyRequest, create: (trx: Db) => Promise<make.Created>) =>
    createOnce(deps, { caller: callerOf(request), request: keyedRequest(request) }, create);

  const market = creation('a market', schemas.NewMarket, schemas.Market);
  app.post('/v1/admin/markets', market, async (request, reply) =>
    send(reply, await once(request, (trx) => makeMarket(trx, request.body))),
  );
  const merchant = creation('a merchant', schemas.NewMerchant, schemas.Merchant);
  app.post('/v1/admin/merchants', merchant, async (request, reply) =>
    send(reply, await once(request, (trx) => make.merchant(trx, request.body))),
  );
  const branch = creation('a branch', schemas.NewBranch, schemas.Branch);
  app.post('/v1/admin/branches', branch, async (request, reply) =>
    send(reply, await once(request, (trx) => make.branch(trx, request.body))),
  );
  const driver = creation('a driver', schemas.NewDriver, schemas.Driver);
  app.post('/v1/admin/drivers', driver, async (request, reply) =>
    send(reply, await once(request, (trx) => make.driver(vault)(trx, request.body))),
  );
  const customer = creation('a customer', schemas.NewCustomer, schemas.Customer);
  app.post('/v1/admin/customers', customer, async (request, reply) =>
    send(reply, await once(request, (trx) => make.customer(vault)(trx, request.body))),
  );
  const key = creation('an API key', schemas.NewKey, schemas.Key);
  app.post('/v1/admin/keys', key, async (request, reply) =>
    send(reply, await once(request, (trx) => make.key(trx, request.body))),
  );
}

function ratings(app: Api, { db, vault }: Deps): void {
  const rate = {
    summary: 'Say how customers find a driver',
    description:
      'From the next dispatch round on, within what the market’s policy has stars weigh.',
    tags,
    params: IdParams('driver'),
    body: schemas.Rating,
    response: { 200: schemas.Rating },
  };
  app.post('/v1/admin/drivers/:id/rating', { ...admins, schema: rate }, async (request, reply) => {
    const keyed = { caller: callerOf(request), request: keyedRequest(request) };
    const { rating } = request.body;
    const answer = await doOnce({ db, vault }, keyed, async () => {
      if (!(await rateDriver(db, { driverId: request.params.id, rating })))
        throw notFound('driver');
      return { status: 200, body: { rating } };
    });
    return send(reply, answer);
  });
}

function lists(app: Api, { db, vault }: Deps): void {
  const merchants = list('merchants', schemas.Merchant);
  app.get('/v1/admin/markets', list('markets', schemas.Market), async ({ query }) =>
    pageBody(await listMarkets(db, pageFrom(query)), view.marketBody),
  );
  app.get('/v1/admin/merchants', merchants, async ({ query }) =>
    pageBody(await listMerchants(db, pageFrom(query)), view.merchantBody),
  );
  app.get('/v1/admin/branches', list('branches', schemas.Branch), async ({ query }) =>
    pageBody(await listBranches(db, pageFrom(query)), view.branchBody),
  );
  app.get('/v1/admin/drivers', list('drivers', schemas.Driver), async ({ query }) =>
    pageBody(await listDrivers(db, vault, pageFrom(query)), view.namedDriver),
  );
  app.get('/v1/admin/customers', list('customers', schemas.Customer), async ({ query }) =>
    pageBody(await listCustomers(db, vault, pageFrom(query)), view.namedCustomer),
  );
  const keys = list('API keys, without their secrets', schemas.Key);
  app.get('/v1/admin/keys', keys, async ({ query }) =>
    pageBody(await listKeys(db, pageFrom(query)), view.keyBody),
  );
}

function deletions(app: Api, db: Db): void {
  const revoke = deletion('Revoke an API key; it may work for five more seconds', 'key');
  app.delete('/v1/admin/keys/:id', revoke, async (request, reply) => {
    if (!(await revokeKey(db, request.params.id, new Date()))) throw notFound('key');
    return reply.code(204).send();
  });
  const erase = deletion('Erase a customer: the key of their data is destroyed', 'customer');
  app.delete('/v1/admin/customers/:id', erase, async (request, reply) => {
    if (!(await eraseCustomer(db, request.params.id, new Date()))) throw notFound('customer');
    return reply.code(204).send();
  });
}

const creation = <B extends TSchema, R extends TObject>(what: string, body: B, answer: R) => ({
  ...admins,
  schema: { summary: `Create ${what}`, tags, body, response: { 201: answer } },
});

const list = <R extends TObject>(what: string, item: R) => ({
  ...admins,
  schema: {
    summary: `List ${what}, newest first`,
    tags,
    querystring: PageQuery,
    response: { 200: PageOf(item) },
  },
});

const deletion = (summary: string, kind: 'key' | 'customer') => ({
  ...admins,
  schema: {
    summary,
    tags,
    params: IdParams(kind),
    response: { 204: Type.Null({ description: 'Done' }) },
  },
});
