// Setting up markets, tenants, people and keys. For platform_admin only.

import { Type, type TObject, type TSchema } from 'typebox';
import type { Db } from '../../db/connect.ts';
import { listDrivers } from '../../db/driver-accounts.ts';
import { listKeys, revokeKey } from '../../db/keys.ts';
import { eraseCustomer, listCustomers } from '../../db/people.ts';
import { listBranches, listMarkets, listMerchants } from '../../db/tenants.ts';
import type { Vault } from '../../db/vault.ts';
import { createAdmin } from '../actions/create.ts';
import { createOnce } from '../actions/once.ts';
import { pageBody, pageFrom } from '../pages.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import {
  Branch, Customer, Driver, Key, Market, Merchant, NewBranch, NewCustomer, NewDriver, NewKey, NewMarket, NewMerchant,
} from '../schemas/admin.ts';
import { IdParams, PageOf, PageQuery } from '../schemas/common.ts';
import { send, type Api } from '../server.ts';
import { branchBody, customerBody, driverBody, keyBody, marketBody, merchantBody, nameBody } from '../views/admin.ts';

type Deps = { readonly db: Db; readonly vault: Vault };

const admins = access({ roles: ['platform_admin'] });

export function adminRoutes(app: Api, { db, vault }: Deps): void {
  const create = createAdmin(vault);
  const once = { db, vault };

  app.post('/v1/admin/markets', creation('a market', NewMarket, Market), async (request, reply) => {
    const keyed = { caller: callerOf(request), request: keyedRequest(request) };
    return send(reply, await createOnce(once, keyed, (trx) => create.market(trx, request.body)));
  });
  app.post('/v1/admin/merchants', creation('a merchant', NewMerchant, Merchant), async (request, reply) => {
    const keyed = { caller: callerOf(request), request: keyedRequest(request) };
    return send(reply, await createOnce(once, keyed, (trx) => create.merchant(trx, request.body)));
  });
  app.post('/v1/admin/branches', creation('a branch', NewBranch, Branch), async (request, reply) => {
    const keyed = { caller: callerOf(request), request: keyedRequest(request) };
    return send(reply, await createOnce(once, keyed, (trx) => create.branch(trx, request.body)));
  });
  app.post('/v1/admin/drivers', creation('a driver', NewDriver, Driver), async (request, reply) => {
    const keyed = { caller: callerOf(request), request: keyedRequest(request) };
    return send(reply, await createOnce(once, keyed, (trx) => create.driver(trx, request.body)));
  });
  app.post('/v1/admin/customers', creation('a customer', NewCustomer, Customer), async (request, reply) => {
    const keyed = { caller: callerOf(request), request: keyedRequest(request) };
    return send(reply, await createOnce(once, keyed, (trx) => create.customer(trx, request.body)));
  });
  app.post('/v1/admin/keys', creation('an API key', NewKey, Key), async (request, reply) => {
    const keyed = { caller: callerOf(request), request: keyedRequest(request) };
    return send(reply, await createOnce(once, keyed, (trx) => create.key(trx, request.body)));
  });

  adminLists(app, { db, vault });
  adminDeletions(app, db);
}

function adminLists(app: Api, { db, vault }: Deps): void {
  app.get('/v1/admin/markets', list('markets', Market), async ({ query }) =>
    pageBody(await listMarkets(db, pageFrom(query)), marketBody),
  );
  app.get('/v1/admin/merchants', list('merchants', Merchant), async ({ query }) =>
    pageBody(await listMerchants(db, pageFrom(query)), merchantBody),
  );
  app.get('/v1/admin/branches', list('branches', Branch), async ({ query }) =>
    pageBody(await listBranches(db, pageFrom(query)), branchBody),
  );
  app.get('/v1/admin/drivers', list('drivers', Driver), async ({ query }) =>
    pageBody(await listDrivers(db, vault, pageFrom(query)), (row) => ({ ...driverBody(row), ...nameBody(row) })),
  );
  app.get('/v1/admin/customers', list('customers', Customer), async ({ query }) =>
    pageBody(await listCustomers(db, vault, pageFrom(query)), (row) => ({ ...customerBody(row), ...nameBody(row) })),
  );
  app.get('/v1/admin/keys', list('API keys, without their secrets', Key), async ({ query }) =>
    pageBody(await listKeys(db, pageFrom(query)), keyBody),
  );
}

function adminDeletions(app: Api, db: Db): void {
  const deletion = (summary: string, kind: 'key' | 'customer') => ({
    ...admins,
    schema: { summary, tags: ['admin'], params: IdParams(kind), response: { 204: Type.Null({ description: 'Done' }) } },
  });
  app.delete('/v1/admin/keys/:id', deletion('Revoke an API key; it works for five more seconds at most', 'key'), async (request, reply) => {
    if (!(await revokeKey(db, request.params.id, new Date()))) throw notFound('key');
    return reply.code(204).send();
  });
  app.delete('/v1/admin/customers/:id', deletion('Erase a customer: the key of their data is destroyed', 'customer'), async (request, reply) => {
    if (!(await eraseCustomer(db, request.params.id, new Date()))) throw notFound('customer');
    return reply.code(204).send();
  });
}

const creation = <B extends TSchema, R extends TObject>(what: string, body: B, answer: R) => ({
  ...admins,
  schema: { summary: `Create ${what}`, tags: ['admin'], body, response: { 201: answer } },
});

const list = <R extends TObject>(what: string, item: R) => ({
  ...admins,
  schema: { summary: `List ${what}, newest first`, tags: ['admin'], querystring: PageQuery, response: { 200: PageOf(item) } },
});
