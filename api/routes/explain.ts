// Why this driver, or why nobody yet: the decisions of the dispatch rounds about one order.

import type { Db } from '../../db/connect.ts';
import { findOrder, type OrderView } from '../../db/orders.ts';
import {
  offersOfOrder,
  orderNames,
  readRoundsOf,
  roundsKeptDays,
  timeZoneOf,
} from '../../db/rounds.ts';
import type { Scope } from '../../db/scope.ts';
import type { OrderId } from '../../domain/ids.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { notFound } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { ExplainQuery, Explanation } from '../schemas/explain.ts';
import { send, type Api } from '../server.ts';
import { explained, inRuns, verdictsOf, type Reading, type Verdict } from '../views/explain.ts';

/** More rounds than a search has at its limit would not be read by anybody. */
const mostRounds = 300;

export function explainRoutes(app: Api, { db }: { readonly db: Db }): void {
  const schema = {
    summary: 'Why this driver, or why nobody yet',
    description:
      'Every dispatch round that looked at the order: who was considered and at what cost, who was not and why, who was chosen, in figures and in sentences.',
    tags: ['orders'],
    params: IdParams('order'),
    querystring: ExplainQuery,
    response: { 200: Explanation },
  };
  const options = {
    ...access({ roles: ['owner', 'manager', 'support', 'platform_admin'] }),
    schema,
  };
  app.get('/v1/orders/:id/explain', options, async (request, reply) => {
    const { scope } = callerOf(request);
    const order = await findOrder(db, { scope, orderId: request.params.id });
    if (!order) throw notFound('order');
    const all = await verdictsAbout(db, order);
    const verdicts = request.query.every_round === true ? all : inRuns(all);
    const reading = await readingOf(db, { order, scope, verdicts });
    const data = verdicts.map((verdict) => explained(verdict, reading));
    return send(reply, {
      status: 200,
      body: { order_id: order.id, data, kept_days: roundsKeptDays },
    });
  });
}

async function verdictsAbout(db: Db, order: OrderView): Promise<readonly Verdict[]> {
  const until = order.is_over ? order.updated_at : new Date();
  const [rounds, offers] = await Promise.all([
    readRoundsOf(db, { orderId: order.id, marketId: order.market_id, until, limit: mostRounds }),
    offersOfOrder(db, order.id),
  ]);
  return verdictsOf({ orderId: order.id as OrderId, rounds, offers });
}

type Asking = {
  readonly order: OrderView;
  readonly scope: Scope;
  readonly verdicts: readonly Verdict[];
};

async function readingOf(db: Db, { order, scope, verdicts }: Asking): Promise<Reading> {
  const ids = new Set(verdicts.flatMap(({ decision }) => decision.together));
  const names = await orderNames(db, [...ids]);
  return {
    orderId: order.id as OrderId,
    orders: new Map([...names].filter(([, each]) => isIn(scope, each))),
    timeZone: await timeZoneOf(db, order.market_id),
    seesDrivers: scope.kind === 'platform',
  };
}

const isIn = (
  scope: Scope,
  { merchantId, branchId }: { readonly merchantId: string; readonly branchId: string },
): boolean =>
  scope.kind === 'platform' ||
  (scope.kind === 'merchant' &&
    scope.merchantId === merchantId &&
    (scope.branchId === undefined || scope.branchId === branchId));
