// Tips after the delivery: asked for by the customer or the merchant's app, carried out by a workflow of their own.

import type { MoneyEngine } from '../../adapters/money-engine.ts';
import type { Db } from '../../db/connect.ts';
import { findOrder } from '../../db/orders.ts';
import { requestTip, tipsOfOrder } from '../../db/tips.ts';
import type { Vault } from '../../db/vault.ts';
import { parseId } from '../../domain/ids.ts';
import type { Logger } from '../../log.ts';
import { createOnce } from '../actions/once.ts';
import { access, callerOf, merchantRoles } from '../plugins/auth.ts';
import { keyedRequest } from '../plugins/idempotency.ts';
import { notFound, refusal } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { NewTip, Tip, Tips } from '../schemas/tips.ts';
import { send, type Api } from '../server.ts';
import { tipBody } from '../views/tip.ts';

type Deps = {
  readonly db: Db;
  readonly vault: Vault;
  readonly money: Pick<MoneyEngine, 'startTip'> | undefined;
  readonly log: Logger;
};

const tags = ['orders'];
const roles = [...merchantRoles, 'customer'] as const;

export function tipRoutes(app: Api, deps: Deps): void {
  const params = IdParams('order');

  /** After the commit; best effort. */
  async function start(id: string, n: number): Promise<void> {
    const orderId = parseId('order', id);
    if (!orderId) return;
    await deps.money
      ?.startTip({ orderId, n })
      .catch((error: unknown) =>
        deps.log.warn({ err: error, order_id: id }, 'the housekeeping will start this tip'),
      );
  }

  const request = {
    ...access({ roles }),
    schema: {
      summary: 'Tip the driver once the order is completed',
      description:
        'A payment of its own: whatever becomes of it, the order stays as it is. 201: it is asked for; the list tells.',
      tags,
      params,
      body: NewTip,
      response: { 201: Tip },
    },
  };
  app.post('/v1/orders/:id/tips', request, async (req, reply) => {
    const caller = callerOf(req);
    const answer = await createOnce(deps, { caller, request: keyedRequest(req) }, async (trx) => {
      const asked = await requestTip(trx, {
        scope: caller.scope,
        orderId: req.params.id,
        amountMinor: req.body.amount_minor,
        paymentMethod: req.body.token,
        actor: caller.actor,
        now: new Date(),
      });
      if (asked.kind === 'no_order') throw notFound('order');
      if (asked.kind === 'refused') throw refusal(asked.refusal);
      return { body: tipBody(asked.tip, caller.scope) };
    });
    if ('n' in answer.body) await start(req.params.id, Number(answer.body.n));
    return send(reply, answer);
  });

  const list = {
    ...access({ roles: [...roles, 'support'] }),
    schema: {
      summary: 'Tips after the delivery, oldest first',
      tags,
      params,
      response: { 200: Tips },
    },
  };
  app.get('/v1/orders/:id/tips', list, async (req, reply) => {
    const orderId = req.params.id;
    const { scope } = callerOf(req);
    if (!(await findOrder(deps.db, { scope, orderId }))) throw notFound('order');
    const data = (await tipsOfOrder(deps.db, orderId)).map((tip) => tipBody(tip, scope));
    return send(reply, { status: 200, body: { data } });
  });
}
