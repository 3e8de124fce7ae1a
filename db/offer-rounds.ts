// What a dispatch round does to offers: lapse the expired, find the accepted that were never assigned, write new ones.
// Any number of rounds may run on one market at once: rows are locked with SKIP LOCKED and what the plan assumed is
// read again under the locks, so what was taken meanwhile is left out. The partial unique indexes are the second wall.

import { sql, type Transaction } from 'kysely';
import type { Reroute } from '../domain/eta.ts';
import type { DriverId, MarketId, OfferId, OrderId } from '../domain/ids.ts';
import type { Db } from './connect.ts';
import { plannedEtas } from './offers.ts';
import { insertReroutes } from './reroutes.ts';
import { insertRound, type NewRound } from './rounds.ts';
import type { Database, OfferedRoute } from './schema.ts';
import { carriedStatuses, reachedStatuses } from './carried.ts';

/** An offer as planned. Times in epoch milliseconds. */
export type NewOffer = {
  readonly offerId: OfferId;
  readonly driverId: DriverId;
  /** Each with the number of the search that the plan saw, and what it brings beyond the pay, minor units. */
  readonly orders: readonly {
    readonly orderId: OrderId;
    readonly search: number;
    readonly bonusMinor?: number;
  }[];
  readonly pickupEtaAt: number;
  readonly isAddOn: boolean;
  /** Everything that the driver then still drives, in driving order. */
  readonly route: OfferedRoute;
  /** Why this driver: the decision record of each order, by order id. */
  readonly decision: object;
};

type Batch = {
  readonly marketId: MarketId;
  readonly offers: readonly NewOffer[];
  readonly reroutes?: readonly Reroute[];
  /** When the round looked at the market; absent: now. */
  readonly seenAt?: number;
  readonly now: number;
  readonly expiresAt: number;
  /** What the offers were planned from; written even when none can be made. */
  readonly round?: NewRound | undefined;
  /** Called in the transaction, just before its commit. */
  readonly beforeCommit?: () => void | Promise<void>;
};

/** What of a round could be written. */
export type Written = {
  readonly made: readonly NewOffer[];
  readonly rerouted: readonly Reroute[];
};

/**
 * Reserves the drivers and writes offers and routes in one transaction; returns those that were made. Left out: an order
 * that no longer searches, searches anew, or has a live offer; a driver who is offline, has an open offer, no room,
 * other deliveries in hand than the planned route says, or has arrived at another stop than the first of a new route;
 * an offer along a new route that is left out.
 */
export async function writeOffers(db: Db, batch: Batch): Promise<Written> {
  const { round, reroutes = [], seenAt = batch.now } = batch;
  if (batch.offers.length + reroutes.length === 0) {
    if (round) await insertRound(db, round);
    return { made: [], rerouted: [] };
  }
  return db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx) => {
      if (round) await insertRound(trx, round);
      const free = await lockWhatIsFree(trx, batch);
      const drivable = reroutes.filter((reroute) => isDrivable(reroute, free));
      const rerouted = await insertReroutes(trx, { ...batch, reroutes: drivable, seenAt });
      const asBefore = new Set(reroutes.map(({ driverId }) => driverId));
      for (const { driverId } of rerouted) asBefore.delete(driverId);
      // What was planned along a route that could not be written would bring it in with the offer.
      const offers = batch.offers.filter(({ driverId }) => !asBefore.has(driverId));
      const made = fitting(offers, free);
      await insertOffers(trx, { ...batch, offers: made });
      await batch.beforeCommit?.();
      return { made, rerouted };
    });
}

type Free = {
  readonly orders: ReadonlyMap<string, FreeOrder>;
  readonly drivers: ReadonlyMap<string, FreeDriver>;
};

/** In which search, and how many units of capacity it takes. */
type FreeOrder = { readonly search: number; readonly load: number };

type FreeDriver = {
  readonly capacity: number;
  /** Carried and accepted, each with its load. */
  readonly held: ReadonlyMap<string, number>;
  /** Of these the ones at whose branch or door the driver is. */
  readonly reached: ReadonlySet<string>;
};

async function lockWhatIsFree(
  trx: Transaction<Database>,
  { offers, reroutes = [] }: Pick<Batch, 'offers' | 'reroutes'>,
): Promise<Free> {
  const orderIds = offers.flatMap((offer) => offer.orders.map((order) => order.orderId));
  const orders = await lockOrders(trx, orderIds);
  // Rounds that plan the same must not hold each other's drivers: only those whose orders are ours are locked.
  const driverIds = offers
    .filter((offer) => offer.orders.every((order) => orders.has(order.orderId)))
    .map((offer) => offer.driverId);
  const all = new Set([...driverIds, ...reroutes.map((reroute) => reroute.driverId)]);
  return { orders, drivers: await lockDrivers(trx, [...all]) };
}

/** Statements after a lock see what others have committed before it, so what is live is read after it. */
async function lockOrders(
  trx: Transaction<Database>,
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, FreeOrder>> {
  const locked = await sql<FreeOrder & { id: string }>`
    SELECT id, search, load FROM orders WHERE id = ANY(${orderIds}::text[]) AND delivery_status = 'searching'
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`.execute(trx);
  const live = await sql<{ order_id: string }>`
    SELECT order_id FROM offer_orders
    WHERE order_id = ANY(${orderIds}::text[]) AND status IN ('open', 'accepted')`.execute(trx);
  const taken = new Set(live.rows.map((row) => row.order_id));
  return new Map(
    locked.rows.filter(({ id }) => !taken.has(id)).map(({ id, ...order }) => [id, order]),
  );
}

async function lockDrivers(
  trx: Transaction<Database>,
  driverIds: readonly string[],
): Promise<ReadonlyMap<string, FreeDriver>> {
  const locked = await sql<{ id: string; capacity: number }>`
    SELECT id, capacity FROM drivers WHERE id = ANY(${driverIds}::text[]) AND online
    ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`.execute(trx);
  const open = await sql<{ driver_id: string }>`
    SELECT driver_id FROM offers
    WHERE driver_id = ANY(${driverIds}::text[]) AND status = 'open'`.execute(trx);
  // One statement, and after the open ones: an offer moves from open over accepted to carried, never back.
  const { rows } = await sql<HeldRow>`
    SELECT driver_id, id AS order_id, load, delivery_status IN (${reachedStatuses}) AS reached FROM orders WHERE driver_id = ANY(${driverIds}::text[])
      AND delivery_status IN (${carriedStatuses})
    UNION
    SELECT f.driver_id, l.order_id, o.load, false FROM offer_orders l JOIN offers f ON f.id = l.offer_id
      JOIN orders o ON o.id = l.order_id
    WHERE l.status = 'accepted' AND f.driver_id = ANY(${driverIds}::text[])`.execute(trx);
  const asked = new Set(open.rows.map((row) => row.driver_id));
  const held = Map.groupBy(rows, (row) => row.driver_id);
  return new Map(
    locked.rows
      .filter(({ id }) => !asked.has(id))
      .map(({ id, capacity }) => [id, { capacity, ...handOf(held.get(id) ?? []) }]),
  );
}

type HeldRow = {
  readonly driver_id: string;
  readonly order_id: string;
  readonly load: number;
  readonly reached: boolean;
};

const handOf = (rows: readonly HeldRow[]): Pick<FreeDriver, 'held' | 'reached'> => ({
  held: new Map(rows.map((row) => [row.order_id, row.load])),
  reached: new Set(rows.filter((row) => row.reached).map((row) => row.order_id)),
});

function fitting(
  offers: readonly NewOffer[],
  { orders: free, drivers }: Free,
): readonly NewOffer[] {
  const taken = new Set<string>();
  return offers.filter((offer) => {
    const { driverId, orders } = offer;
    const ids = [driverId, ...orders.map((order) => order.orderId)];
    const loads = orders.map(({ orderId }) => free.get(orderId)?.load ?? 0);
    const driver = drivers.get(driverId);
    const fits =
      driver !== undefined &&
      orders.length > 0 &&
      sumOf([...loads, ...driver.held.values()]) <= driver.capacity &&
      isPlannedWith(driver.held, offer) &&
      orders.every((order) => free.get(order.orderId)?.search === order.search) &&
      ids.every((id) => !taken.has(id));
    if (fits) for (const id of ids) taken.add(id);
    return fits;
  });
}

const sumOf = (loads: readonly number[]): number => loads.reduce((sum, load) => sum + load, 0);

/** What was given by hand or taken away since the snapshot makes another route: the next round plans it. */
function isPlannedWith(
  held: ReadonlyMap<string, number>,
  { orders, route }: Pick<NewOffer, 'orders' | 'route'>,
): boolean {
  const planned = new Set<string>(route.map(({ orderId }) => orderId));
  for (const { orderId } of orders) planned.delete(orderId);
  return planned.size === held.size && [...held.keys()].every((id) => planned.has(id));
}

/** Nobody is sent away from where they have arrived meanwhile. */
function isDrivable({ driverId, route }: Reroute, { drivers }: Free): boolean {
  const driver = drivers.get(driverId);
  return (
    driver !== undefined &&
    isPlannedWith(driver.held, { orders: [], route }) &&
    route.slice(0, driver.reached.size).every(({ orderId }) => driver.reached.has(orderId))
  );
}

async function insertOffers(trx: Transaction<Database>, batch: Batch): Promise<void> {
  const { marketId, offers, now, expiresAt, round } = batch;
  if (offers.length === 0) return;
  const lines = offers.flatMap(({ offerId, driverId, orders }) =>
    orders.map((order) => ({ offerId, driverId, bonusMinor: 0, ...order })),
  );
  const made = new Date(now);
  await sql`
    INSERT INTO offers (id, market_id, driver_id, status, made_at, expires_at, pickup_eta_at, round_id, route, is_add_on,
      decision)
    SELECT id, ${marketId}, driver_id, 'open', ${made}, ${new Date(expiresAt)}, pickup_eta_at, ${round?.roundId ?? null},
      route, is_add_on, decision
    FROM unnest(${offers.map((offer) => offer.offerId)}::text[],
      ${offers.map((offer) => offer.driverId)}::text[],
      ${offers.map((offer) => new Date(offer.pickupEtaAt))}::timestamptz[],
      ${offers.map((offer) => JSON.stringify(offer.route))}::jsonb[],
      ${offers.map((offer) => offer.isAddOn)}::boolean[],
      ${offers.map((offer) => JSON.stringify(offer.decision))}::jsonb[])
      AS planned (id, driver_id, pickup_eta_at, route, is_add_on, decision)`.execute(trx);
  await sql`
    WITH line AS (
      SELECT * FROM unnest(${lines.map((line) => line.offerId)}::text[],
        ${lines.map((line) => line.driverId)}::text[], ${lines.map((line) => line.orderId)}::text[],
        ${lines.map((line) => line.search)}::int[], ${lines.map((line) => line.bonusMinor)}::bigint[])
        AS planned (offer_id, driver_id, order_id, search, bonus_minor)
    ), written AS (
      INSERT INTO offer_orders (offer_id, order_id, search, status, bonus_minor)
      SELECT offer_id, order_id, search, 'open', bonus_minor FROM line
    )
    INSERT INTO offer_events (offer_id, order_id, driver_id, type, at)
    SELECT offer_id, order_id, driver_id, 'offer.made', ${made} FROM line`.execute(trx);
}

type Lapse = {
  readonly marketId: MarketId;
  readonly now: number;
  /** Called in the transaction, just before its commit, when something lapses. */
  readonly beforeCommit?: (orderIds: readonly string[]) => void | Promise<void>;
};

/** Ends the open offers whose time has come; returns their orders. Safe beside itself and beside answers. */
export async function lapseExpired(
  db: Db,
  { marketId, now, beforeCommit }: Lapse,
): Promise<readonly string[]> {
  const at = new Date(now);
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ order_id: string }>`
      WITH due AS (
        SELECT id FROM offers WHERE market_id = ${marketId} AND status = 'open' AND expires_at <= ${at}
        FOR UPDATE SKIP LOCKED
      ), lapsed AS (
        UPDATE offers SET status = 'expired' FROM due WHERE offers.id = due.id RETURNING offers.id, driver_id
      ), line AS (
        UPDATE offer_orders SET status = 'expired' FROM lapsed
        WHERE offer_id = lapsed.id AND status = 'open' RETURNING offer_id, order_id, driver_id
      )
      INSERT INTO offer_events (offer_id, order_id, driver_id, type, at)
      SELECT offer_id, order_id, driver_id, 'offer.expired', ${at} FROM line RETURNING order_id`.execute(
      trx,
    );
    const orderIds = rows.map((row) => row.order_id);
    if (orderIds.length > 0) await beforeCommit?.(orderIds);
    return orderIds;
  });
}

export type Unassigned = {
  readonly offerId: OfferId;
  readonly driverId: DriverId;
  readonly orderId: OrderId;
  readonly bonusMinor: number;
} & ReturnType<typeof plannedEtas>;

/** Lines accepted at or before `olderThan` (epoch ms) whose order has not answered `assign` yet, oldest first. */
export async function acceptedNotAssigned(
  db: Db,
  { marketId, olderThan }: { readonly marketId: MarketId; readonly olderThan: number },
): Promise<readonly Unassigned[]> {
  const rows = await db
    .selectFrom('offer_orders')
    .innerJoin('offers', 'offers.id', 'offer_orders.offer_id')
    .select(['offer_id', 'driver_id', 'order_id', 'pickup_eta_at', 'route', 'bonus_minor'])
    .where('offer_orders.status', '=', 'accepted')
    .where('market_id', '=', marketId)
    .where('answered_at', '<=', new Date(olderThan))
    .orderBy('answered_at')
    .orderBy('order_id')
    .execute();
  return rows.map((row) => ({
    offerId: row.offer_id as OfferId,
    driverId: row.driver_id as DriverId,
    orderId: row.order_id as OrderId,
    bonusMinor: row.bonus_minor,
    ...plannedEtas({ pickupEtaAt: row.pickup_eta_at.getTime(), route: row.route }, row.order_id),
  }));
}
