// Payouts by bank: sealing those that wait into a file, fetching it, and saying what the bank made of it.

import type { MoneyEngine } from '../../adapters/money-engine.ts';
import {
  filePaid,
  findPayoutFile,
  listPayoutFiles,
  paymentReturned,
  readPayoutFile,
  sealPayoutFile,
  type PayoutFile as File,
} from '../../db/bank-payments.ts';
import type { Db } from '../../db/connect.ts';
import type { Vault } from '../../db/vault.ts';
import { isIban } from '../../domain/bank-file.ts';
import type { PayoutName } from '../../domain/payout.ts';
import type { Logger } from '../../log.ts';
import { createOnce, doOnce } from '../actions/once.ts';
import { pageBody, pageFrom } from '../pages.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { badField, notFound, problem } from '../problems.ts';
import { IdParams, PageOf } from '../schemas/common.ts';
import { NewPayoutFile, PayoutFile } from '../schemas/payout-files.ts';
import { Payout, PayoutQuery } from '../schemas/payouts.ts';
import { send, type Api } from '../server.ts';
import { findPayoutById } from '../../db/payouts.ts';
import { payoutBody } from '../views/payout.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly money: Pick<MoneyEngine, 'payoutChanged'> | undefined;
  readonly log: Logger;
};

const tags = ['payouts'];
const admins = access({ roles: ['platform_admin'] });
const params = IdParams('payoutFile');

const fileBody = (row: File) => ({
  id: row.id,
  market_id: row.market_id,
  currency: row.currency,
  payment_count: row.payment_count,
  total_minor: row.total_minor,
  sha256: row.sha256.toString('hex'),
  sealed_at: row.sealed_at.toISOString(),
});

export function payoutFileRoutes(app: Api, deps: Deps): void {
  files(app, deps);
  outcomes(app, deps);
}

function files(app: Api, deps: Deps): void {
  const seal = {
    ...admins,
    schema: {
      summary: 'Seal all payouts by bank that wait in a market into one file',
      description: 'Each payout is in one file, for ever. 409 no_effect: none waits.',
      tags,
      body: NewPayoutFile,
      response: { 201: PayoutFile },
    },
  };
  app.post('/v1/admin/payout-files', seal, async (request, reply) => {
    const caller = callerOf(request);
    const { market_id: marketId, debtor } = request.body;
    if (!isIban(debtor.iban)) throw badField('debtor.iban', 'has wrong check digits');
    const answer = await createOnce(
      deps,
      { caller, request: keyedRequest(request) },
      async (trx) => {
        const sealing = { marketId, debtor, by: caller.actor, now: new Date() };
        const file = await sealPayoutFile({ db: trx, vault: deps.vault }, sealing);
        if (!file) throw problem('no_effect', 'no payout by bank waits in this market');
        return { body: fileBody(file) };
      },
    );
    return send(reply, answer);
  });

  const list = {
    ...admins,
    schema: {
      summary: 'Files of payouts by bank, newest first',
      tags,
      querystring: PayoutQuery,
      response: { 200: PageOf(PayoutFile) },
    },
  };
  app.get('/v1/admin/payout-files', list, async ({ query }, reply) => {
    const asked = { marketId: query.market_id, page: pageFrom(query) };
    return send(reply, {
      status: 200,
      body: pageBody(await listPayoutFiles(deps.db, asked), fileBody),
    });
  });

  const fetch = {
    ...admins,
    schema: { summary: 'The file: ISO 20022 pain.001.001.09', tags, params },
  };
  app.get('/v1/admin/payout-files/:id/download', fetch, async ({ params: { id } }, reply) => {
    const file = await findPayoutFile(deps.db, id);
    if (!file) throw notFound('payout file');
    return reply
      .code(200)
      .header('content-disposition', `attachment; filename="${id}.xml"`)
      .type('application/xml; charset=utf-8')
      .send(await readPayoutFile(deps, file));
  });
}

function outcomes(app: Api, deps: Deps): void {
  /** After the commit; best effort: within the hour the payout looks itself. */
  async function tell(payouts: readonly PayoutName[]): Promise<void> {
    for (const payout of payouts)
      await deps.money
        ?.payoutChanged(payout)
        .catch((error: unknown) => deps.log.warn({ err: error }, 'a payout will look later'));
  }

  const paid = {
    ...admins,
    schema: {
      summary: 'The bank has carried the file out',
      tags,
      params,
      response: { 200: PayoutFile },
    },
  };
  app.post('/v1/admin/payout-files/:id/paid', paid, async (request, reply) => {
    const caller = callerOf(request);
    const { id: fileId } = request.params;
    const answer = await doOnce(deps, { caller, request: keyedRequest(request) }, async () => {
      const file = await findPayoutFile(deps.db, fileId);
      if (!file) throw notFound('payout file');
      await tell(await filePaid(deps.db, { fileId, by: caller.actor, now: new Date() }));
      return { status: 200, body: fileBody(file) };
    });
    return send(reply, answer);
  });

  const returned = {
    ...admins,
    schema: {
      summary: 'The bank has sent a payout back: it is the party’s again',
      tags,
      params: IdParams('payout'),
      response: { 200: Payout },
    },
  };
  app.post('/v1/admin/payouts/:id/returned', returned, async (request, reply) => {
    const caller = callerOf(request);
    const { id: payoutId } = request.params;
    const answer = await doOnce(deps, { caller, request: keyedRequest(request) }, async () => {
      const row = await findPayoutById(deps.db, payoutId);
      if (!row) throw notFound('payout');
      const payout = await paymentReturned(deps.db, {
        payoutId,
        by: caller.actor,
        now: new Date(),
      });
      if (!payout) throw problem('no_effect', `the payout is ${row.status} and not with a bank`);
      await tell([payout]);
      return { status: 200, body: payoutBody((await findPayoutById(deps.db, payoutId)) ?? row) };
    });
    return send(reply, answer);
  });
}
