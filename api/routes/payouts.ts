// Payouts: what merchants and drivers were paid and when, asking for one at once, keeping them back, and where they go.

import type { MoneyEngine } from '../../adapters/money-engine.ts';
import type { Db } from '../../db/connect.ts';
import { findParty, holdPayouts } from '../../db/payout-accounts.ts';
import { listPayouts } from '../../db/payouts.ts';
import type { Vault } from '../../db/vault.ts';
import type { Logger } from '../../log.ts';
import { createOnce, doOnce } from '../actions/once.ts';
import { requestPayout, saveAccount, startPayout } from '../actions/payouts.ts';
import { pageBody, pageFrom } from '../pages.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import { IdParams, PageOf, PageQuery } from '../schemas/common.ts';
import { NewPayoutAccount, Payout, PayoutAccount, PayoutQuery } from '../schemas/payouts.ts';
import { send, type Api } from '../server.ts';
import { payoutAccountBody, payoutBody } from '../views/payout.ts';
import { mayRead } from './statements.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly money: Pick<MoneyEngine, 'startPayout'> | undefined;
  readonly log: Logger;
};

const tags = ['payouts'];
const parties = [
  { which: 'merchants', kind: 'merchant', roles: ['owner', 'manager'] },
  { which: 'drivers', kind: 'driver', roles: ['driver'] },
] as const;
const desk = ['support', 'platform_admin'] as const;

export function payoutRoutes(app: Api, deps: Deps): void {
  for (const party of parties) {
    partyRoutes(app, deps, party);
    holdRoutes(app, deps, party);
  }
  adminRoutes(app, deps);
}

type PartyRow = (typeof parties)[number];

function partyRoutes(app: Api, deps: Deps, { which, kind, roles }: PartyRow): void {
  const readers = access({ roles: [...roles, ...desk] });
  const params = IdParams(kind);
  const list = {
    ...readers,
    schema: {
      summary: `What a ${kind} was paid out, newest first`,
      tags,
      params,
      querystring: PageQuery,
      response: { 200: PageOf(Payout) },
    },
  };
  app.get(`/v1/${which}/:id/payouts`, list, async (request, reply) => {
    const party = request.params.id;
    if (!mayRead(request, party)) throw notFound(kind);
    const page = await listPayouts(deps.db, { party, page: pageFrom(request.query) });
    return send(reply, { status: 200, body: pageBody(page, payoutBody) });
  });

  const ask = {
    ...readers,
    schema: {
      summary: 'Pay out at once all that is due now',
      description: '201: it is under way; the list tells. Refused while nothing can be paid.',
      tags,
      params,
      response: { 201: Payout },
    },
  };
  app.post(`/v1/${which}/:id/payouts`, ask, async (request, reply) => {
    const party = request.params.id;
    if (!mayRead(request, party)) throw notFound(kind);
    const asked = { party, caller: callerOf(request), now: new Date() };
    const answer = await createOnce(
      deps,
      { caller: asked.caller, request: keyedRequest(request) },
      async (trx) => ({ body: payoutBody(await requestPayout(trx, asked)) }),
    );
    if ('period' in answer.body)
      await startPayout(deps, { party, period: String(answer.body.period) });
    return send(reply, answer);
  });
}

const verbs = {
  hold: 'Keep payouts back; what is on its way stays so',
  release: 'Let payouts go again',
} as const;

function holdRoutes(app: Api, deps: Deps, { which, kind }: PartyRow): void {
  for (const verb of ['hold', 'release'] as const) {
    const route = {
      ...access({ roles: desk }),
      schema: {
        summary: verbs[verb],
        tags,
        params: IdParams(kind),
        response: { 200: PayoutAccount },
      },
    };
    app.post(`/v1/${which}/:id/payouts/${verb}`, route, async (request, reply) => {
      const caller = callerOf(request);
      const answer = await doOnce(deps, { caller, request: keyedRequest(request) }, async () => {
        const by = verb === 'hold' ? caller.actor : undefined;
        const party = request.params.id;
        if (!(await findParty(deps.db, party))) throw notFound(kind);
        const account = await holdPayouts(deps.db, { party, by, now: new Date() });
        return { status: 200, body: payoutAccountBody(account) };
      });
      return send(reply, answer);
    });
  }
}

function adminRoutes(app: Api, deps: Deps): void {
  const account = {
    ...access({ roles: ['platform_admin'] }),
    schema: {
      summary: 'Where a merchant or driver is paid to, in place of what was there before',
      tags,
      body: NewPayoutAccount,
      response: { 201: PayoutAccount },
    },
  };
  app.post('/v1/admin/payout-accounts', account, async (request, reply) =>
    send(
      reply,
      await createOnce(
        deps,
        { caller: callerOf(request), request: keyedRequest(request) },
        async (trx) => ({
          body: payoutAccountBody(
            await saveAccount({ trx, vault: deps.vault, now: new Date() }, request.body),
          ),
        }),
      ),
    ),
  );
  const list = {
    ...access({ roles: desk }),
    schema: {
      summary: 'Payouts of all parties, newest first',
      tags,
      querystring: PayoutQuery,
      response: { 200: PageOf(Payout) },
    },
  };
  app.get('/v1/admin/payouts', list, async ({ query }, reply) => {
    const page = pageFrom(query);
    const found = await listPayouts(deps.db, { marketId: query.market_id, page });
    return send(reply, { status: 200, body: pageBody(found, payoutBody) });
  });
}
