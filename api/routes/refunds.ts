// Refunds of orders: asked for by the merchant or support, large ones decided by a second person.

import type { MoneyEngine } from '../../adapters/money-engine.ts';
import type { Db } from '../../db/connect.ts';
import { findRefundTarget } from '../../db/refund-basis.ts';
import { refundsOfOrder } from '../../db/refunds.ts';
import type { Vault } from '../../db/vault.ts';
import type { Logger } from '../../log.ts';
import type { WebhookPorts } from '../actions/receive-webhook.ts';
import { createOnce, doOnce } from '../actions/once.ts';
import { createRefundDecisions, createRefunds } from '../actions/refunds.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { Decision, NewRefund, PayOut, Refund, Refunds, SettleRefund } from '../schemas/refunds.ts';
import { send, type Api } from '../server.ts';
import { refundBody } from '../views/refund.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly money: Pick<MoneyEngine, 'startRefund' | 'refundChanged'> | undefined;
  readonly ports: WebhookPorts;
  readonly log: Logger;
};

const tags = ['refunds'];
const merchants = ['owner', 'manager', 'support', 'platform_admin'] as const;

export function refundRoutes(app: Api, deps: Deps): void {
  const refunds = createRefunds(deps);
  const params = IdParams('order');

  const request = {
    ...access({ roles: merchants }),
    schema: {
      summary: 'Give money back: all, an amount, or items, fee and tip',
      description:
        'Above the market’s limit it waits for a second person. 201: it will be carried out.',
      tags,
      params,
      body: NewRefund,
      response: { 201: Refund },
    },
  };
  app.post('/v1/orders/:id/refunds', request, async (req, reply) => {
    const asked = {
      orderId: req.params.id,
      body: req.body,
      caller: callerOf(req),
      now: new Date(),
    };
    const answer = await createOnce(
      deps,
      { caller: asked.caller, request: keyedRequest(req) },
      async (trx) => ({ body: refundBody(await refunds.request(trx, asked)) }),
    );
    if ('id' in answer.body) await refunds.start(String(answer.body.id));
    return send(reply, answer);
  });

  const list = {
    ...access({ roles: merchants }),
    schema: {
      summary: 'Refunds of an order, oldest first',
      tags,
      params,
      response: { 200: Refunds },
    },
  };
  app.get('/v1/orders/:id/refunds', list, async (req, reply) => {
    const { scope } = callerOf(req);
    const orderId = req.params.id;
    if (!(await findRefundTarget(deps.db, { scope, orderId }))) throw notFound('order');
    const data = (await refundsOfOrder(deps.db, orderId)).map(refundBody);
    return send(reply, { status: 200, body: { data } });
  });
  decisions(app, deps);
  payOuts(app, deps);
  settlements(app, deps);
}

function settlements(app: Api, deps: Deps): void {
  const refunds = createRefundDecisions(deps);
  const route = {
    ...access({ roles: ['support', 'platform_admin'] }),
    schema: {
      summary: 'Ask for the end of a refund whose provider says something else than was asked',
      description:
        'Its books are read now, and again when a second person approves: they alone say how much. Nothing is sent meanwhile. Kept in the audit.',
      tags,
      params: IdParams('refund'),
      body: SettleRefund,
      response: { 200: Refund },
    },
  };
  app.post('/v1/refunds/:id/settle', route, async (req, reply) => {
    const [caller, request] = [callerOf(req), keyedRequest(req)];
    const asked = { id: req.params.id, body: req.body, caller, request };
    const answer = await doOnce(deps, { caller, request }, async () => ({
      status: 200,
      body: refundBody(await refunds.propose(asked)),
    }));
    return send(reply, answer);
  });
}

function payOuts(app: Api, deps: Deps): void {
  const refunds = createRefundDecisions(deps);
  const route = {
    ...access({ roles: ['support', 'platform_admin'] }),
    schema: {
      summary: 'A refund in cash was paid out',
      description: 'By another person than the one who asked for it. Final.',
      tags,
      params: IdParams('refund'),
      body: PayOut,
      response: { 200: Refund },
    },
  };
  app.post('/v1/refunds/:id/pay-out', route, async (req, reply) => {
    const caller = callerOf(req);
    const { id } = req.params;
    const { reference } = req.body;
    const answer = await doOnce(deps, { caller, request: keyedRequest(req) }, async () => ({
      status: 200,
      body: refundBody(await refunds.payOut(caller, { id, reference })),
    }));
    return send(reply, answer);
  });
}

const says = {
  approve: 'Approve a refund, or its settlement, that waits for a decision',
  reject: 'Reject a refund or settlement that waits for a decision, or one to be paid out by hand',
} as const;

function decisions(app: Api, deps: Deps): void {
  const refunds = createRefundDecisions(deps);
  for (const verb of ['approve', 'reject'] as const) {
    const decision = {
      ...access({ roles: ['platform_admin'] }),
      schema: {
        summary: says[verb],
        tags,
        params: IdParams('refund'),
        body: Decision,
        response: { 200: Refund },
      },
    };
    app.post(`/v1/refunds/:id/${verb}`, decision, async (req, reply) => {
      const caller = callerOf(req);
      const { id } = req.params;
      const answer = await doOnce(deps, { caller, request: keyedRequest(req) }, async () => ({
        status: 200,
        body: refundBody(await refunds.decide(caller, { id, approve: verb === 'approve' })),
      }));
      return send(reply, answer);
    });
  }
}
