// One dispatch round of a market. Everything it decides stands in rows that are guarded by themselves, so a round may
// die anywhere, be repeated, or run beside another one: what is done is seen as done. Called by workflows/dispatcher.ts.

import type { CrashPoint } from '../adapters/crash-point.ts';
import type { LiveRedis } from '../adapters/redis.ts';
import type { RoadTimes } from '../adapters/road-times.ts';
import type { OrderEngine, Outcome } from '../adapters/order-engine.ts';
import type { Db } from '../db/connect.ts';
import { readDemand, type Demand } from '../db/demand.ts';
import {
  readCash,
  readDrivers,
  readRules,
  readSearching,
  type MarketRules,
} from '../db/dispatch-snapshot.ts';
import { endRound, type RoundEnd } from '../db/dispatchers.ts';
import { newId } from '../db/new-id.ts';
import { driverPayOf } from '../db/offer-details.ts';
import { pack, type NewRound } from '../db/rounds.ts';
import {
  acceptedNotAssigned,
  lapseExpired,
  writeOffers,
  type NewOffer,
  type Unassigned,
  type Written,
} from '../db/offer-rounds.ts';
import { markRefused } from '../db/offers.ts';
import { readTold, type Told } from '../db/routes.ts';
import { reportSetAside, type SetAside } from '../db/set-aside.ts';
import type { Plan } from '../dispatch/decision.ts';
import type { PlanInput } from '../dispatch/plan.ts';
import { planAround, type Aside } from '../dispatch/plan-around.ts';
import { reroute, withReroutes } from '../dispatch/reroute.ts';
import type { Snapshot } from '../dispatch/snapshot.ts';
import type { Reroute } from '../domain/eta.ts';
import type { MarketId, OrderId } from '../domain/ids.ts';
import { bonusAt } from '../domain/policy.ts';
import type { Logger } from '../log.ts';
import { createAcceptance } from './acceptance.ts';
import type { DispatchActivities, DispatchRound } from './contract.ts';
import { engineId } from './engine-id.ts';
import { createTimings, tellEtas } from './etas.ts';
import { snapshotOf } from './market-view.ts';
import { createPlanner } from './planner.ts';
import { createPreparations } from './preparations.ts';
import { withRoads } from './roads.ts';
import { sendAll } from './send-all.ts';

type Dependencies = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'send'>;
  readonly log: Logger;
  /** Absent: places come from PostgreSQL, and drivers find their offers by looking. */
  readonly redis?: Pick<LiveRedis, 'hint' | 'readPositions'>;
  /** Absent: ways are estimated. */
  readonly roads?: RoadTimes | undefined;
  readonly crashPoint?: CrashPoint;
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

/** The API sends `assign` itself right after an acceptance: only what it left undone is sent again. */
const assignGraceMs = 2_000;
const sendDeadlineMs = 2_000;
const system = { kind: 'system' } as const;
const planner = createPlanner();
const withPreparations = createPreparations();
const acceptanceOf = createAcceptance();

export function createDispatchActivities(dependencies: Dependencies): DispatchActivities {
  const clock = dependencies.now ?? Date.now;
  const demandOf = createDemand(dependencies.db, clock);
  const timings = createTimings(dependencies.db);
  return {
    async dispatchRound({ marketId }): Promise<DispatchRound> {
      const { db, log } = dependencies;
      const rules = await readRules(db, marketId);
      if (!rules) throw new Error(`there is no market ${marketId}`);
      const { policy } = rules;
      const round: Round = { ...dependencies, marketId, ...rules, clock, demandOf };
      const lapsed = await lapse(round);
      await assignAgain(round);
      const told = await timings.due({ marketId, policy, now: clock() });
      const seen = await look(round, told.length > 0);
      const reroutes = seen ? reroute(seen, policy) : [];
      const planned = seen && (await makePlan(round, withReroutes(seen, reroutes)));
      const { exhausted = [], skipped = [] } = planned?.plan ?? {};
      await endExhausted(round, exhausted);
      const { made, rerouted } = seen
        ? await write(round, { planned, reroutes, seenAt: seen.now })
        : nothing;
      if (seen) await tell(round, { told, snapshot: withReroutes(seen, rerouted), rerouted });
      const { open, nextSearchAt } = await end(round, planned);
      if (open > 0 || lapsed.length > 0 || rerouted.length > 0) {
        const counts = {
          offers: made.length,
          reroutes: rerouted.length,
          lapsed: lapsed.length,
          skipped: skipped.length,
          open,
        };
        log.info({ market_id: marketId, ...counts }, 'a dispatch round has ended');
      }
      const now = clock();
      const untilNextMs = (nextSearchAt ?? Number.POSITIVE_INFINITY) - now;
      const untilTimedMs = timings.untilNextMs({ marketId, policy, now });
      const waitMs =
        open > 0
          ? policy.dispatchTickMs
          : Math.max(1, Math.min(policy.dispatchIdleMs, untilNextMs, untilTimedMs));
      return { open, offersMade: made.length, waitMs };
    },
  };
}

type Round = Dependencies &
  MarketRules & {
    readonly marketId: MarketId;
    readonly clock: () => number;
    readonly demandOf: (marketId: MarketId) => Promise<Demand>;
  };

const demandWindowMs = 4 * 3_600_000;
const demandFreshMs = 60_000;

/** Where orders arise changes slowly: looked at once a minute and market. */
function createDemand(db: Db, clock: () => number): Round['demandOf'] {
  const known = new Map<MarketId, { readonly at: number; readonly demand: Demand }>();
  return async (marketId) => {
    const at = clock();
    const before = known.get(marketId);
    if (before && before.at + demandFreshMs > at) return before.demand;
    const demand = await readDemand(db, { marketId, since: at - demandWindowMs });
    known.set(marketId, { at, demand });
    return demand;
  };
}

async function lapse({ db, crashPoint, marketId, clock }: Round): Promise<readonly string[]> {
  const lapsed = await lapseExpired(db, {
    marketId,
    now: clock(),
    beforeCommit: (orderIds) => crashPoint?.('dispatch:before-lapse', orderIds),
  });
  if (lapsed.length > 0) await crashPoint?.('dispatch:after-lapse', lapsed);
  return lapsed;
}

/** Finishes acceptances whose API process died before every order had answered. */
async function assignAgain(round: Round): Promise<void> {
  const { db, engine, crashPoint, marketId, clock } = round;
  const lines = await acceptedNotAssigned(db, { marketId, olderThan: clock() - assignGraceMs });
  await sendAll({ items: lines, log: round.log }, async (line) => {
    const { orderId, ...assignment } = line;
    await crashPoint?.('dispatch:before-assign', [orderId]);
    const outcome = await engine.send({
      orderId,
      command: { kind: 'assign', ...assignment },
      actor: system,
      commandId: `assign:${assignment.offerId}`,
      deadlineMs: sendDeadlineMs,
    });
    await crashPoint?.('dispatch:after-assign', [orderId]);
    await concludeAssign(round, line, outcome);
  });
}

async function concludeAssign(
  { db, log, clock }: Round,
  { offerId, orderId }: Unassigned,
  outcome: Outcome,
): Promise<void> {
  const fields = { offer_id: offerId, order_id: orderId, outcome: outcome.kind };
  switch (outcome.kind) {
    case 'done':
      // The order's own transaction has marked the line.
      log.info(fields, 'an accepted offer was assigned by the dispatcher');
      return;
    case 'refused':
    case 'not_running':
      await markRefused(db, { offerId, orderId, now: clock() });
      log.info(fields, 'an order refused its accepted offer; the driver is free');
      return;
    case 'paused':
    case 'unknown':
    case 'unavailable':
      log.warn(fields, 'an accepted offer is not assigned yet; the next round tries again');
  }
}

type Planned = { readonly input: PlanInput; readonly plan: Plan };

/** Undefined when nobody looks for a driver, and nobody wants to know where they are. */
async function look(
  { db, redis, roads, marketId, policy, timeZone, clock, demandOf }: Round,
  isWanted: boolean,
): Promise<Snapshot | undefined> {
  const orders = await readSearching(db, { marketId, now: clock() });
  if (orders.length === 0 && !isWanted) return undefined;
  const drivers = await readDrivers(db, marketId);
  const driverIds = drivers.map((driver) => driver.driverId);
  const isCash = orders.some(({ needs }) => needs.includes('cash'));
  const cash = isCash ? await readCash(db, { driverIds, now: clock() }) : new Map<string, number>();
  const seen = await redis?.readPositions(driverIds);
  const demand = await demandOf(marketId);
  const now = clock();
  const acceptance = await acceptanceOf({ db, marketId, now });
  const live = new Map(
    [...(seen ?? [])].map(([id, { lat, lng, at }]) => [id, { place: { lat, lng }, at }]),
  );
  const announced = snapshotOf({
    now,
    policy,
    timeZone,
    orders,
    drivers,
    live,
    cash,
    demand,
    acceptance,
  });
  const learnt = await withPreparations({ db, marketId, policy, snapshot: announced });
  return withRoads({ roads, policy, snapshot: learnt });
}

/** Undefined when nobody looks for a driver. */
async function makePlan(round: Round, snapshot: Snapshot): Promise<Planned | undefined> {
  if (snapshot.orders.length === 0) return undefined;
  const input = { snapshot, policy: round.policy, seed: snapshot.now };
  const { aside, ...planned } = await planAround(input, (each) => planner.plan(each));
  await report(round, aside);
  return planned;
}

async function report({ db, log, marketId, clock }: Round, aside: readonly Aside[]): Promise<void> {
  const news = await reportSetAside(db, { aside: aside.flatMap(setAsideOf), now: clock() });
  for (const { driverId, orderId, says } of news)
    log.error(
      { market_id: marketId, driver_id: driverId, order_id: orderId, says },
      'a row is set aside',
    );
}

function setAsideOf(row: Aside): readonly SetAside[] {
  if (row.kind === 'order') {
    const { orderId } = row.order;
    return [{ orderId, says: `no driver can be found for the order: ${row.why}` }];
  }
  const { driverId, route } = row.driver;
  const says = `nothing more is offered to the driver: ${row.why}`;
  const orderIds = [...new Set(route.map(({ orderId }) => orderId))];
  return (orderIds.length > 0 ? orderIds : [undefined]).map((orderId) => ({
    driverId,
    orderId,
    says,
  }));
}

/** What the round saw and decided, for explaining it and for planning it again. */
async function roundOf({ marketId }: Round, { input, plan: decided }: Planned): Promise<NewRound> {
  const { snapshot, policy } = input;
  const { now: at, orders, drivers } = snapshot;
  return {
    roundId: newId('round', at),
    marketId,
    at,
    engine: engineId,
    policyVersion: policy.version,
    inputHash: decided.inputHash,
    orderIds: orders.map(({ orderId }) => orderId),
    drivers: drivers.length,
    input: await pack(input),
    plan: await pack(decided),
  };
}

const sayAgainMs = 60_000;

/** Under a new id every minute: one that was refused for a hold, or ignored, is spent. */
async function endExhausted(
  { engine, log, crashPoint, clock }: Round,
  exhausted: Plan['exhausted'],
): Promise<void> {
  const minute = Math.floor(clock() / sayAgainMs);
  await sendAll({ items: exhausted, log }, async ({ orderId, search }) => {
    await crashPoint?.('dispatch:before-exhaust', [orderId]);
    const { kind } = await engine.send({
      orderId,
      command: { kind: 'exhaustSearch', search },
      actor: system,
      commandId: `exhaustSearch:${search}:${minute}`,
      deadlineMs: sendDeadlineMs,
    });
    await crashPoint?.('dispatch:after-exhaust', [orderId]);
    log.info({ order_id: orderId, search, outcome: kind }, 'a search has used up its offers');
  });
}

/** What each offer brings beyond the pay, by the rung on which the plan saw the order's search. */
async function readBonuses(
  { db, policy }: Round,
  { input, plan: { offers } }: Planned,
): Promise<ReadonlyMap<OrderId, number>> {
  const offered = new Set(offers.flatMap(({ orders }) => orders.map(({ orderId }) => orderId)));
  const rungs = new Map(
    input.snapshot.orders
      .filter(({ orderId, rung }) => rung > 0 && offered.has(orderId))
      .map(({ orderId, rung }) => [orderId, rung]),
  );
  const pay = await driverPayOf(db, [...rungs.keys()]);
  return new Map(
    [...pay].map(([orderId, payMinor]) => [
      orderId,
      bonusAt(policy, { rung: rungs.get(orderId) ?? 0, payMinor }),
    ]),
  );
}

async function offersOf(round: Round, planned: Planned, now: number): Promise<NewOffer[]> {
  const bonuses = await readBonuses(round, planned);
  return planned.plan.offers.map(({ decisions, orders, ...each }) => ({
    ...each,
    offerId: newId('offer', now),
    orders: orders.map((order) => ({ ...order, bonusMinor: bonuses.get(order.orderId) ?? 0 })),
    decision: Object.fromEntries(decisions.map(({ orderId, decision }) => [orderId, decision])),
  }));
}

type Deciding = {
  readonly planned: Planned | undefined;
  readonly reroutes: readonly Reroute[];
  readonly seenAt: number;
};

const nothing: Written = { made: [], rerouted: [] };

/** Offers and new routes in one transaction; then their drivers are told to look. */
async function write(round: Round, { planned, reroutes, seenAt }: Deciding): Promise<Written> {
  const { db, redis, crashPoint, marketId, policy, clock } = round;
  if (!planned && reroutes.length === 0) return nothing;
  const now = clock();
  const offers = planned ? await offersOf(round, planned, now) : [];
  const tags = offers.flatMap(({ orders }) => orders.map(({ orderId }) => orderId));
  const written = await writeOffers(db, {
    marketId,
    now,
    expiresAt: now + policy.offerTtlMs,
    round: planned && (await roundOf(round, planned)),
    offers,
    reroutes,
    seenAt,
    beforeCommit: () => crashPoint?.('dispatch:before-commit', tags),
  });
  await crashPoint?.('dispatch:after-commit', tags);
  const drivers = new Set([...written.made, ...written.rerouted].map(({ driverId }) => driverId));
  if (redis) await Promise.all([...drivers].map((driverId) => redis.hint(`driver:${driverId}`)));
  await crashPoint?.('dispatch:after', tags);
  return written;
}

type Telling = {
  readonly told: readonly Told[];
  readonly snapshot: Snapshot;
  readonly rerouted: readonly Reroute[];
};

/** Whose stops come in another order now hears of it at once. */
async function tell(round: Round, { told, snapshot, rerouted }: Telling): Promise<void> {
  const isDue = told.length > 0 || rerouted.length === 0;
  const heard = isDue ? told : await readTold(round.db, round.marketId);
  await tellEtas({ ...round, told: heard, snapshot, deadlineMs: sendDeadlineMs });
}

/** Known by the orders that the round has looked at. */
async function end(round: Round, planned: Planned | undefined): Promise<RoundEnd> {
  const { db, crashPoint, marketId, clock } = round;
  const tags = planned?.input.snapshot.orders.map(({ orderId }) => orderId);
  await crashPoint?.('dispatch:before-end', tags);
  const ended = await endRound(db, { marketId, now: clock() });
  await crashPoint?.('dispatch:after-end', tags);
  return ended;
}
