// Why this driver, or why nobody yet: the decisions of the dispatch rounds about one order.

import type { Db } from '../../db/connect.ts';
import { findOrder, type OrderView } from '../../db/orders.ts';
import {
  offersOfOrder,
  orderNames,
  readPart,
  roundsAbout,
  roundsKeptDays,
  timeZoneOf,
} from '../../db/rounds.ts';
import { reroutesAbout, type StoredReroute } from '../../db/reroutes.ts';
import type { Scope } from '../../db/scope.ts';
import { readTimeline } from '../../db/timeline.ts';
import { lostTo } from '../../dispatch/change-words.ts';
import type { Decision, Plan } from '../../dispatch/decision.ts';
import type { PlanInput } from '../../dispatch/plan.ts';
import { leftOut, whyNot } from '../../dispatch/why-not.ts';
import { parseId, type DriverId, type OrderId } from '../../domain/ids.ts';
import { access, callerOf } from '../plugins/auth.ts';
import { notFound, problem } from '../problems.ts';
import { IdParams } from '../schemas/common.ts';
import { ExplainQuery, Explanation } from '../schemas/explain.ts';
import { send, type Api } from '../server.ts';
import {
  decisionIn,
  explained,
  inRuns,
  rerouteExplained,
  verdictsOf,
  type Decided,
  type Reading,
  type Verdict,
} from '../views/explain.ts';
import { timelineEntry } from '../views/timeline.ts';

/** Each round is read as the plan of a whole market. */
const roundsPerPage = 20;
const mostNamed = 50;
const rateLimit = { max: 5, timeWindow: 1_000 };

export function explainRoutes(app: Api, { db }: { readonly db: Db }): void {
  const schema = {
    summary: 'Why this driver, or why nobody yet',
    description:
      'The dispatch rounds that looked at the order, 20 a page: who was considered and at what cost, who was not and why, who was chosen, with which orders and why, in figures and in sentences; with `driver_id` why it was not that one. A key may ask five times per second.',
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
    const { every_round: each, cursor: after, driver_id: driver } = request.query;
    const isPlatform = scope.kind === 'platform';
    if (driver !== undefined && !isPlatform)
      throw problem('forbidden', 'driver_id is for the platform only');
    const driverId = driver === undefined ? undefined : parseId('driver', driver);
    const wish = { order, after, driverId, isPlatform };
    const { verdicts: all, next } = await verdictsAbout(db, wish);
    const verdicts = each === true ? all : inRuns(all);
    const stored = after === undefined ? await reroutesAbout(db, order.id) : [];
    const reading = await readingOf(db, { order, scope, verdicts, stored, driverId });
    const data = verdicts.map((verdict) => explained(verdict, reading));
    return send(reply, {
      status: 200,
      body: {
        order_id: order.id,
        data,
        reroutes: stored.map((change) => rerouteExplained(change, reading)),
        partner: await partnerWords(db, { order, scope }),
        next_cursor: next ?? null,
        kept_days: roundsKeptDays,
      },
    });
  });
}

type Wish = {
  readonly order: OrderView;
  readonly after: string | undefined;
  readonly driverId: DriverId | undefined;
  readonly isPlatform: boolean;
};

async function verdictsAbout(
  db: Db,
  { order, after, driverId, isPlatform }: Wish,
): Promise<{ readonly verdicts: readonly Verdict[]; readonly next: string | undefined }> {
  const orderId = order.id as OrderId;
  const until = order.is_over ? order.updated_at : new Date();
  const about = { orderId, marketId: order.market_id, until, after, limit: roundsPerPage };
  const [page, offers] = await Promise.all([roundsAbout(db, about), offersOfOrder(db, orderId)]);
  let before = await decisionBehind(db, { ...about, after: page.next, limit: 1 });
  const rounds: Decided[] = [];
  for (const round of page.rows.toReversed()) {
    const plan = (await readPart(db, round, 'plan')) as Plan | undefined;
    const decision = plan && decisionIn(plan, orderId);
    if (!decision) continue;
    const names = isPlatform && round === page.rows[0];
    const gone = before?.chosen === decision.chosen ? undefined : before?.chosen;
    const told = gone && lostTo(gone, plan, decision);
    const isLookedUp = isPlatform && gone !== undefined && told === undefined;
    const input =
      names || driverId || isLookedUp
        ? ((await readPart(db, round, 'input')) as PlanInput | undefined)
        : undefined;
    const decided = input && { orderId, decision, input, plan };
    const asked = {
      excluded: names && decided ? leftOut(decided, mostNamed) : undefined,
      whyNot: driverId && decided ? whyNot(decided, driverId) : undefined,
    };
    const lost = isLookedUp && decided ? whyNot(decided, gone) : told;
    const change = before && { at: round.at.getTime(), before, lost };
    rounds.unshift({ roundId: round.id, at: round.at, decision, asked, change });
    before = decision;
  }
  // Behind the last round that is kept.
  const isLast = page.next === undefined;
  const older = offers.filter(
    ({ roundId }) => isLast && (after === undefined || roundId === null || roundId < after),
  );
  return { verdicts: verdictsOf({ orderId, rounds, offers, older }), next: page.next };
}

/** Of the newest round that the page no longer shows. */
async function decisionBehind(
  db: Db,
  about: Parameters<typeof roundsAbout>[1] & { readonly orderId: OrderId },
): Promise<Decision | undefined> {
  if (about.after === undefined) return undefined;
  const [round] = (await roundsAbout(db, about)).rows;
  const plan = round && ((await readPart(db, round, 'plan')) as Plan | undefined);
  return plan && decisionIn(plan, about.orderId);
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
  readonly stored: readonly StoredReroute[];
  readonly driverId: DriverId | undefined;
};

async function readingOf(
  db: Db,
  { order, scope, verdicts, stored, driverId }: Asking,
): Promise<Reading> {
  const driven = stored.flatMap(({ route }) => route.map(({ orderId }) => orderId));
  const ids = new Set([...verdicts.flatMap(ordersNamed), ...driven]);
  const names = await orderNames(db, [...ids]);
  return {
    orderId: order.id as OrderId,
    orders: new Map([...names].filter(([, each]) => isIn(scope, each))),
    timeZone: await timeZoneOf(db, order.market_id),
    currency: order.currency,
    seesDrivers: scope.kind === 'platform',
    driverId: order.driver_id,
    askedDriver: driverId,
  };
}

function ordersNamed({ decision, asked, change }: Verdict): readonly OrderId[] {
  const lost = change?.lost;
  const instead = asked?.whyNot?.kind === 'possible' ? [asked.whyNot.considered] : [];
  return [
    ...decision.together,
    ...[...decision.best, ...instead].flatMap(({ takes }) => takes ?? []),
    ...(change?.before.together ?? []),
    ...(lost?.kind === 'needed' ? [lost.orderId] : []),
  ];
}

const isIn = (
  scope: Scope,
  { merchantId, branchId }: { readonly merchantId: string; readonly branchId: string },
): boolean =>
  scope.kind === 'platform' ||
  (scope.kind === 'merchant' &&
    scope.merchantId === merchantId &&
    (scope.branchId === undefined || scope.branchId === branchId));
