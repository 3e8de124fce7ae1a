// Wallets of customers: what is in them, money in by a payment of its own, money out to where it came from.

import type { MoneyEngine } from '../../adapters/money-engine.ts';
import type { Db } from '../../db/connect.ts';
import { newId } from '../../db/new-id.ts';
import { customerExists } from '../../db/people.ts';
import { takesWallets } from '../../db/tenants.ts';
import { requestTopUp, topUpsOf } from '../../db/top-ups.ts';
import type { Vault } from '../../db/vault.ts';
import { walletsOf } from '../../db/wallet.ts';
import { requestWithdrawal, withdrawableMinor, withdrawalsOf } from '../../db/withdrawals.ts';
import { parseId } from '../../domain/ids.ts';
import { cardMinimumOf, stepOf } from '../../domain/money.ts';
import type { Logger } from '../../log.ts';
import { createOnce } from '../actions/once.ts';
import { access, callerOf, type Caller } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound, problem, refusal } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import * as schemas from '../schemas/wallets.ts';
import { send, type Api } from '../server.ts';
import { topUpBody, withdrawalBody } from '../views/wallet.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly money: Pick<MoneyEngine, 'startTopUp' | 'startWithdrawal'> | undefined;
  readonly log: Logger;
};

const tags = ['wallets'];
const params = IdParams('customer');
const readers = access({ roles: ['customer', 'support', 'platform_admin'] });
const owners = access({ roles: ['customer', 'platform_admin'] });
const shown = 100;

export function walletRoutes(app: Api, deps: Deps): void {
  const { db } = deps;
  const summary = 'What is in a customer’s wallets';
  const schema = { summary, tags, params, response: { 200: schemas.Wallets } };
  app.get('/v1/customers/:id/wallet', { ...readers, schema }, async (req, reply) => {
    const customerId = await ownCustomer(db, callerOf(req), req.params.id);
    const data = [];
    for (const { currency, balanceMinor, heldMinor } of await walletsOf(db, customerId))
      data.push({
        currency,
        balance_minor: balanceMinor,
        held_minor: heldMinor,
        withdrawable_minor: await withdrawableMinor(db, { customerId, currency }),
      });
    return send(reply, { status: 200, body: { customer_id: customerId, data } });
  });
  topUps(app, deps);
  withdrawals(app, deps);
}

function topUps(app: Api, deps: Deps): void {
  const { db } = deps;
  const path = '/v1/customers/:id/wallet/top-ups';
  const request = {
    ...owners,
    schema: {
      summary: 'Put money into a wallet, by card',
      description: 'A payment of its own. 201: it is asked for; the list tells what became of it.',
      tags,
      params,
      body: schemas.NewTopUp,
      response: { 201: schemas.TopUp },
    },
  };
  app.post(path, request, async (req, reply) => {
    const caller = callerOf(req);
    const { amount_minor: amountMinor, currency, token: paymentMethod } = req.body;
    const now = new Date();
    const answer = await createOnce(deps, { caller, request: keyedRequest(req) }, async (trx) => {
      const customerId = await ownCustomer(trx, caller, req.params.id);
      await mayMove(trx, req.body);
      const id = newId('topUp', now.getTime());
      const { actor } = caller;
      const asked = { id, customerId, currency, amountMinor, paymentMethod, actor, now };
      const outcome = await requestTopUp(trx, asked);
      if (outcome.kind === 'refused') throw refusal(outcome.refusal);
      return { body: topUpBody(outcome.topUp, caller.scope) };
    });
    const id = parseId('topUp', idIn(answer.body));
    if (id) await started(deps, id, deps.money?.startTopUp(id));
    return send(reply, answer);
  });
  const list = {
    ...readers,
    schema: {
      summary: `The last ${shown} top-ups, newest first`,
      tags,
      params,
      response: { 200: schemas.TopUps },
    },
  };
  app.get(path, list, async (req, reply) => {
    const caller = callerOf(req);
    const customerId = await ownCustomer(db, caller, req.params.id);
    const rows = await topUpsOf(db, customerId, shown);
    const data = rows.map((row) => topUpBody(row, caller.scope));
    return send(reply, { status: 200, body: { data } });
  });
}

function withdrawals(app: Api, deps: Deps): void {
  const { db } = deps;
  const path = '/v1/customers/:id/wallet/withdrawals';
  const request = {
    ...owners,
    schema: {
      summary: 'Take money out of a wallet',
      description:
        'Back to the payments that filled it, oldest first, as far as they have not been given back yet.',
      tags,
      params,
      body: schemas.NewWithdrawal,
      response: { 201: schemas.Withdrawal },
    },
  };
  app.post(path, request, async (req, reply) => {
    const caller = callerOf(req);
    const { amount_minor: amountMinor, currency } = req.body;
    const now = new Date();
    const answer = await createOnce(deps, { caller, request: keyedRequest(req) }, async (trx) => {
      const customerId = await ownCustomer(trx, caller, req.params.id);
      inSteps(req.body);
      const id = newId('withdrawal', now.getTime());
      const { actor } = caller;
      const asked = { id, customerId, currency, amountMinor, actor, now };
      const outcome = await requestWithdrawal(trx, asked);
      if (outcome.kind === 'refused') throw refusal(outcome.refusal);
      return { body: withdrawalBody(outcome.withdrawal) };
    });
    const id = parseId('withdrawal', idIn(answer.body));
    if (id) await started(deps, id, deps.money?.startWithdrawal(id));
    return send(reply, answer);
  });
  const list = {
    ...readers,
    schema: {
      summary: `The last ${shown} withdrawals, newest first`,
      tags,
      params,
      response: { 200: schemas.Withdrawals },
    },
  };
  app.get(path, list, async (req, reply) => {
    const customerId = await ownCustomer(db, callerOf(req), req.params.id);
    const data = (await withdrawalsOf(db, customerId, shown)).map(withdrawalBody);
    return send(reply, { status: 200, body: { data } });
  });
}

/** Another's does not exist. */
async function ownCustomer(db: Db, { scope }: Caller, id: string): Promise<string> {
  const mayBe = scope.kind === 'platform' || (scope.kind === 'customer' && scope.customerId === id);
  if (!mayBe || !(await customerExists(db, id))) throw notFound('customer');
  return id;
}

type Amount = { readonly amount_minor: number; readonly currency: string };

/** What a card can move. */
function inSteps({ amount_minor: minor, currency }: Amount): void {
  const step = stepOf(currency, 'card');
  if (minor % step === 0) return;
  throw problem('amount_out_of_range', `cards move ${currency} in steps of ${step}`, {
    errors: [{ field: 'amount_minor', problem: 'must be a multiple of limit', limit: step }],
  });
}

/** Nobody can spend it otherwise. */
async function mayMove(db: Db, amount: Amount): Promise<void> {
  inSteps(amount);
  const { amount_minor: minor, currency } = amount;
  const limit = cardMinimumOf(currency);
  if (minor < limit)
    throw problem('amount_out_of_range', `cards take ${currency} from ${limit} on`, {
      errors: [{ field: 'amount_minor', problem: 'must be at least limit', limit }],
    });
  if (await takesWallets(db, currency)) return;
  throw problem('payment_method_unavailable', `no market takes wallets in ${currency}`, {
    errors: [{ field: 'currency', problem: 'is not that of a market that takes wallets' }],
  });
}

const idIn = (body: object): string => ('id' in body ? String(body.id) : '');

/** After the commit; best effort. */
async function started(
  { log }: Pick<Deps, 'log'>,
  id: string,
  starting: Promise<void> | undefined,
): Promise<void> {
  await starting?.catch((error: unknown) =>
    log.warn({ err: error, id }, 'the housekeeping will start this'),
  );
}
