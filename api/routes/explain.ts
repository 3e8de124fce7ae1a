// Why this driver, or why nobody yet: the decisions of the dispatch rounds about one order.

import type { Db } from '../../db/connect.ts';
import { findOrder, type OrderView } from '../../db/orders.ts';
import {
  offersOfOrder,
  orderNames,
  readPlan,
  roundsAbout,
  roundsKeptDays,
  timeZoneOf,
} from '../../db/rounds.ts';
import type { Scope } from '../../db/scope.ts';
import { readTimeline } from '../../db/timeline.ts';
import type { Plan } from '../../dispatch/decision.ts';
import type { OrderId } from '../../domain/ids.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { notFound } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { ExplainQuery, Explanation } from '../schemas/explain.ts';
import { send, type Api } from '../server.ts';
import {
  decisionIn,
  explained,
  inRuns,
  verdictsOf,
  type Decided,
  type Reading,
  type Verdict,
} from '../views/explain.ts';
import { timelineEntry } from '../views/timeline.ts';

/** Each round is read as the plan of a whole market. */
const roundsPerPage = 20;
const rateLimit = { max: 5, timeWindow: 1_000 };

export function explainRoutes(app: Api, { db }: { readonly db: Db }): void {
  const schema = {
    summary: 'Why this driver, or why nobody yet',
    description:
      'The dispatch rounds that looked at the order, 20 a page: who was considered and at what cost, who was not and why, who was chosen, in figures and in sentences. A key may ask five times per second.',
    tags: ['orders'],
    params: IdParams('order'),
    querystring: ExplainQuery,
    response: { 200: Explanation },
  };
  const { config } = access({ roles: ['owner', 'manager', 'support', 'platform_admin'] });
  const options = { config: { ...config, rateLimit }, schema };
  app.get('/v1/orders/:id/explain', options, async (request, reply) => {
    const { scope } = callerOf(request);
    const order = await findOrder(db, { scope, orderId: request.params.id });
    if (!order) throw notFound('order');
    const { every_round: each, cursor } = request.query;
    const { verdicts: all, next } = await verdictsAbout(db, order, cursor);
    const verdicts = each === true ? all : inRuns(all);
    const reading = await readingOf(db, { order, scope, verdicts });
    const data = verdicts.map((verdict) => explained(verdict, reading));
    return send(reply, {
      status: 200,
      body: {
        order_id: order.id,
        data,
        partner: await partnerWords(db, { order, scope }),
        next_cursor: next ?? null,
        kept_days: roundsKeptDays,
      },
    });
  });
}

async function verdictsAbout(
  db: Db,
  order: OrderView,
  after: string | undefined,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly next: string | undefined }> {
  const orderId = order.id as OrderId;
  const until = order.is_over ? order.updated_at : new Date();
  const asked = { orderId, marketId: order.market_id, until, after, limit: roundsPerPage };
  const [page, offers] = await Promise.all([roundsAbout(db, asked), offersOfOrder(db, orderId)]);
  const rounds: Decided[] = [];
  for (const round of page.rows) {
    const plan = (await readPlan(db, round)) as Plan | undefined;
    const decision = plan && decisionIn(plan, orderId);
    if (decision) rounds.push({ roundId: round.id, at: round.at, decision });
  }
  // Behind the last round that is kept.
  const isLast = page.next === undefined;
  const older = offers.filter(
    ({ roundId }) => isLast && (after === undefined || roundId === null || roundId < after),
  );
  return { verdicts: verdictsOf({ orderId, rounds, offers, older }), next: page.next };
}

/** Behind the last round: how it went with the partner fleet, but not each question how far it is. */
async function partnerWords(db: Db, { order, scope }: Pick<Asking, 'order' | 'scope'>) {
  const rows = await readTimeline(db, { orderId: order.id, forSupport: false });
  return rows
    .filter(({ type }) => /^delivery\.partner_(?!checking|unchanged)/.test(type))
    .map((row) => timelineEntry(row, { viewer: scope, currency: order.currency }))
    .map(({ at, text }) => ({ at, text }));
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
    currency: order.currency,
    seesDrivers: scope.kind === 'platform',
    driverId: order.driver_id,
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
