// One dispatch round of a market. Everything it decides stands in rows that are guarded by themselves, so a round may
// die anywhere, be repeated, or run beside another one: what is done is seen as done. Called by workflows/dispatcher.ts.

import type { CrashPoint } from '../adapters/crash-point.ts';
import type { LiveRedis } from '../adapters/redis.ts';
import type { OrderEngine, Outcome } from '../adapters/order-engine.ts';
import type { Db } from '../db/connect.ts';
import { readDemand, type Demand } from '../db/demand.ts';
import { readCash, readDrivers, readPolicy, readSearching } from '../db/dispatch-snapshot.ts';
import { endRound } from '../db/dispatchers.ts';
import { newId } from '../db/new-id.ts';
import { pack, type NewRound } from '../db/rounds.ts';
import {
  acceptedNotAssigned,
  lapseExpired,
  writeOffers,
  type NewOffer,
  type Unassigned,
} from '../db/offer-rounds.ts';
import { markRefused } from '../db/offers.ts';
import type { Plan } from '../dispatch/decision.ts';
import type { PlanInput } from '../dispatch/plan.ts';
import type { MarketId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import type { Logger } from '../log.ts';
import type { DispatchActivities, DispatchRound } from './contract.ts';
import { engineId } from './engine-id.ts';
import { snapshotOf } from './market-view.ts';
import { createPlanner } from './planner.ts';
import { createPreparations } from './preparations.ts';
import { sendAll } from './send-all.ts';

type Dependencies = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'send'>;
  readonly log: Logger;
  /** Absent: places come from PostgreSQL, and drivers find their offers by looking. */
  readonly redis?: Pick<LiveRedis, 'hint' | 'readPositions'>;
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

export function createDispatchActivities(dependencies: Dependencies): DispatchActivities {
  const clock = dependencies.now ?? Date.now;
  const demandOf = createDemand(dependencies.db, clock);
  return {
    async dispatchRound({ marketId }): Promise<DispatchRound> {
      const { db, log } = dependencies;
      const policy = await readPolicy(db, marketId);
      if (!policy) throw new Error(`there is no market ${marketId}`);
      const round: Round = { ...dependencies, marketId, policy, clock, demandOf };
      const lapsed = await lapseExpired(db, { marketId, now: clock() });
      await assignAgain(round);
      const planned = await makePlan(round);
      const { exhausted = [], skipped = [] } = planned?.plan ?? {};
      await endExhausted(round, exhausted);
      const made = planned ? await offer(round, planned) : [];
      const { open, nextSearchAt } = await endRound(db, { marketId, now: clock() });
      if (open > 0 || lapsed > 0) {
        const counts = { offers: made.length, lapsed, skipped: skipped.length, open };
        log.info({ market_id: marketId, ...counts }, 'a dispatch round has ended');
      }
      const untilNextMs = (nextSearchAt ?? Number.POSITIVE_INFINITY) - clock();
      const waitMs =
        open > 0
          ? policy.dispatchTickMs
          : Math.max(1, Math.min(policy.dispatchIdleMs, untilNextMs));
      return { open, offersMade: made.length, waitMs };
    },
  };
}

type Round = Dependencies & {
  readonly marketId: MarketId;
  readonly policy: Policy;
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

/** Finishes acceptances whose API process died before every order had answered. */
async function assignAgain(round: Round): Promise<void> {
  const { db, engine, marketId, clock } = round;
  const lines = await acceptedNotAssigned(db, { marketId, olderThan: clock() - assignGraceMs });
  await sendAll({ items: lines, log: round.log }, async (line) => {
    const { orderId, offerId, driverId, pickupEtaAt } = line;
    const outcome = await engine.send({
      orderId,
      command: { kind: 'assign', offerId, driverId, pickupEtaAt },
      actor: system,
      commandId: `assign:${offerId}`,
      deadlineMs: sendDeadlineMs,
    });
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

/** Undefined when nobody looks for a driver. */
async function makePlan({
  db,
  redis,
  marketId,
  policy,
  clock,
  demandOf,
}: Round): Promise<Planned | undefined> {
  const orders = await readSearching(db, { marketId, now: clock() });
  if (orders.length === 0) return undefined;
  const drivers = await readDrivers(db, marketId);
  const driverIds = drivers.map((driver) => driver.driverId);
  const isCash = orders.some(({ needs }) => needs.includes('cash'));
  const cash = isCash ? await readCash(db, { driverIds, now: clock() }) : new Map<string, number>();
  const seen = await redis?.readPositions(driverIds);
  const demand = await demandOf(marketId);
  const now = clock();
  const live = new Map(
    [...(seen ?? [])].map(([id, { lat, lng, at }]) => [id, { place: { lat, lng }, at }]),
  );
  const announced = snapshotOf({ now, policy, orders, drivers, live, cash, demand });
  const snapshot = await withPreparations({ db, marketId, policy, snapshot: announced });
  const input = { snapshot, policy, seed: now };
  return { input, plan: await planner.plan(input) };
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
  { engine, log, clock }: Round,
  exhausted: Plan['exhausted'],
): Promise<void> {
  const minute = Math.floor(clock() / sayAgainMs);
  await sendAll({ items: exhausted, log }, async ({ orderId, search }) => {
    const { kind } = await engine.send({
      orderId,
      command: { kind: 'exhaustSearch', search },
      actor: system,
      commandId: `exhaustSearch:${search}:${minute}`,
      deadlineMs: sendDeadlineMs,
    });
    log.info({ order_id: orderId, search, outcome: kind }, 'a search has used up its offers');
  });
}

async function offer(round: Round, planned: Planned): Promise<readonly NewOffer[]> {
  const { db, redis, crashPoint, marketId, policy, clock } = round;
  const now = clock();
  const tags = planned.plan.offers.flatMap(({ orders }) => orders.map(({ orderId }) => orderId));
  const made = await writeOffers(db, {
    marketId,
    now,
    expiresAt: now + policy.offerTtlMs,
    round: await roundOf(round, planned),
    offers: planned.plan.offers.map(({ driverId, orders, pickupEtaAt, route, decisions }) => ({
      offerId: newId('offer', now),
      driverId,
      orders,
      pickupEtaAt,
      route: route.map(({ kind, orderId }) => ({ kind, orderId })),
      decision: Object.fromEntries(decisions.map(({ orderId, decision }) => [orderId, decision])),
    })),
    beforeCommit: () => crashPoint?.('dispatch:before-commit', tags),
  });
  await crashPoint?.('dispatch:after-commit', tags);
  if (redis) await Promise.all(made.map(({ driverId }) => redis.hint(`driver:${driverId}`)));
  await crashPoint?.('dispatch:after', tags);
  return made;
}
