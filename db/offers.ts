// Offers and their answers. The row is the arbiter of an offer: every transition is conditional on what the row says,
// and each one is logged in `offer_events`. Locks are always taken order → driver → offer → lines, so none wait in a circle.
// Called by the API (answers), by `record` (an order that ends or is assigned) and by the dispatch round.

import { sql, type Transaction } from 'kysely';
import type { Refusal } from '../domain/errors.ts';
import { etasOf } from '../domain/eta.ts';
import type { Place } from '../domain/geo.ts';
import type { BranchId, DriverId, MarketId, MerchantId, OfferId, OrderId } from '../domain/ids.ts';
import { carriedStatuses } from './carried.ts';
import type { Db } from './connect.ts';
import type { Database, OfferedRoute, OfferOrderStatus, OfferStatus } from './schema.ts';

export type OfferedOrder = {
  readonly orderId: OrderId;
  readonly status: OfferOrderStatus;
  readonly number: string;
  readonly merchantId: MerchantId;
  readonly branchId: BranchId;
  readonly pickup: Place;
  /** The goods are not at the branch any more: a driver with them had to stop here. */
  readonly goodsAt: Place | undefined;
  readonly dropoff: Place;
  /** What it brings beyond the delivery's pay, minor units. */
  readonly bonusMinor: number;
};

/** Times in epoch milliseconds; orders by id. */
export type Offer = {
  readonly offerId: OfferId;
  readonly marketId: MarketId;
  readonly driverId: DriverId;
  readonly status: OfferStatus;
  readonly madeAt: number;
  readonly expiresAt: number;
  readonly answeredAt: number | undefined;
  readonly pickupEtaAt: number;
  /** The driver was on the way to the counter already. */
  readonly isAddOn: boolean;
  /** What the driver still drives with it, in driving order; nothing of orders that have left it. */
  readonly route: OfferedRoute;
  /** Why this driver: the decision record of `dispatch.plan`. */
  readonly decision: object;
  readonly orders: readonly OfferedOrder[];
};

export type OfferAnswer =
  | { readonly kind: 'done'; readonly offer: Offer }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

type Answer = { readonly offerId: string; readonly driverId: string; readonly now: number };

/**
 * The driver says yes: one conditional UPDATE decides. A repeat by the same driver is `done` again. The caller then
 * sends `assign` to the orders that are `accepted`. Refuses with not_found, offer_expired, offer_not_open, at_capacity.
 */
export async function acceptOffer(db: Db, answer: Answer): Promise<OfferAnswer> {
  return db.transaction().execute(async (trx) => {
    const at = new Date(answer.now);
    // Who gives the driver something by hand meanwhile holds this lock: the statement below sees what they have given.
    await lockDriver(trx, answer.driverId);
    const { numUpdatedRows } = await trx
      .updateTable('offers')
      .set({ status: 'accepted', answered_at: at })
      .where('id', '=', answer.offerId)
      .where('driver_id', '=', answer.driverId)
      .where('status', '=', 'open')
      .where('expires_at', '>', at)
      .where(hasRoom)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) {
      await moveLines(trx, { ...answer, from: ['open'], to: 'accepted', event: 'offer.accepted' });
    }
    const given = await answered(trx, answer, 'accepted');
    // Somebody else is to have it now, not when it lapses.
    if (given.kind === 'refused' && given.refusal.code === 'at_capacity')
      await withdrawOpenOffers(trx, answer);
    return given;
  });
}

/** The load of what is offered fits in beside what the driver carries and has accepted; one offer of a driver is open at most. */
const hasRoom = sql<boolean>`(
  SELECT sum(load) FROM (
    SELECT o.load FROM orders o WHERE o.driver_id = offers.driver_id AND o.delivery_status IN (${carriedStatuses})
    UNION ALL
    SELECT o.load FROM offer_orders l JOIN offers f ON f.id = l.offer_id JOIN orders o ON o.id = l.order_id
    WHERE l.status IN ('open', 'accepted') AND f.driver_id = offers.driver_id) AS held
) <= (SELECT capacity FROM drivers d WHERE d.id = offers.driver_id)`;

/** The driver says no, also too late. Repeatable. Refuses with not_found, offer_expired, offer_not_open. */
export async function declineOffer(db: Db, answer: Answer): Promise<OfferAnswer> {
  return db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('offers')
      .set({ status: 'declined', answered_at: new Date(answer.now) })
      .where('id', '=', answer.offerId)
      .where('driver_id', '=', answer.driverId)
      .where('status', '=', 'open')
      .executeTakeFirst();
    if (numUpdatedRows > 0n) {
      await moveLines(trx, { ...answer, from: ['open'], to: 'declined', event: 'offer.declined' });
    }
    return answered(trx, answer, 'declined');
  });
}

async function answered(
  trx: Transaction<Database>,
  { offerId, driverId, now }: Answer,
  wanted: OfferStatus,
): Promise<OfferAnswer> {
  const offer = await offerById(trx, offerId);
  if (!offer || offer.driverId !== driverId) {
    return { kind: 'refused', refusal: { code: 'not_found', reason: 'there is no such offer' } };
  }
  if (offer.status === wanted) return { kind: 'done', offer };
  const expired = offer.status === 'expired' || (offer.status === 'open' && offer.expiresAt <= now);
  if (offer.status === 'open' && !expired) {
    const reason = 'with what the driver has in hand it is more than they can carry';
    return { kind: 'refused', refusal: { code: 'at_capacity', reason } };
  }
  return {
    kind: 'refused',
    refusal: expired
      ? { code: 'offer_expired', reason: 'the offer has expired', at: offer.expiresAt }
      : {
          code: 'offer_not_open',
          reason: `the offer is ${offer.status}`,
          ...(offer.answeredAt === undefined ? {} : { at: offer.answeredAt }),
        },
  };
}

/** An order that refused `assign` leaves the accepted offer; none left: the offer is voided, the driver free. */
export async function markRefused(
  db: Db,
  input: { readonly offerId: string; readonly orderId: string; readonly now: number },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await lockOffer(trx, input.offerId);
    await moveLines(trx, { ...input, from: ['accepted'], to: 'refused', event: 'offer.voided' });
    await closeIfEmpty(trx, { ...input, status: 'voided' });
  });
}

/**
 * Takes an order that has ended out of its open or accepted offer; none left: the offer is withdrawn. Call it in the
 * transaction that ends the order, after its row in `orders` is updated: the row's lock keeps new offers away.
 */
export async function withdrawOrder(
  trx: Transaction<Database>,
  input: { readonly orderId: string; readonly now: number },
): Promise<void> {
  const offerId = await liveOfferOf(trx, input.orderId);
  if (offerId !== undefined) await withdrawLine(trx, { ...input, offerId });
}

/** The order's workflow has taken the driver: the line is done. Another live offer of the order is withdrawn. */
export async function markAssigned(
  trx: Transaction<Database>,
  input: {
    readonly offerId: string;
    readonly orderId: string;
    readonly driverId: string;
    readonly now: number;
  },
): Promise<void> {
  const live = await liveOfferOf(trx, input.orderId);
  if (live !== input.offerId) {
    await withdrawOpenOffers(trx, input);
    if (live !== undefined) await withdrawLine(trx, { ...input, offerId: live });
    return;
  }
  await lockOffer(trx, live);
  await trx
    .updateTable('offer_orders')
    .set({ status: 'assigned' })
    .where('offer_id', '=', live)
    .where('order_id', '=', input.orderId)
    .where('status', '=', 'accepted')
    .execute();
}

/** The driver goes, or was given another delivery by hand, of which the plan behind the offer knew nothing. */
export async function withdrawOpenOffers(
  trx: Transaction<Database>,
  { driverId, now }: { readonly driverId: string; readonly now: number },
): Promise<void> {
  await lockDriver(trx, driverId);
  const at = new Date(now);
  await sql`
    WITH withdrawn AS (
      UPDATE offers SET status = 'withdrawn', answered_at = ${at}
      WHERE driver_id = ${driverId} AND status = 'open' RETURNING id
    ), line AS (
      UPDATE offer_orders SET status = 'withdrawn' FROM withdrawn
      WHERE offer_id = withdrawn.id AND status = 'open' RETURNING offer_id, order_id
    )
    INSERT INTO offer_events (offer_id, order_id, driver_id, type, at)
    SELECT offer_id, order_id, ${driverId}, 'offer.withdrawn', ${at} FROM line`.execute(trx);
}

/** Before a delivery is given to a driver by hand: what they say to an offer from now on comes after it. */
export async function lockToGive(
  trx: Transaction<Database>,
  { orderId, driverId }: { readonly orderId: string; readonly driverId: string },
): Promise<void> {
  await sql`SELECT FROM orders WHERE id = ${orderId} FOR NO KEY UPDATE`.execute(trx);
  await lockDriver(trx, driverId);
}

/** The lock under which offers are made and accepted: what was written under it before is seen by the next statement. */
async function lockDriver(trx: Transaction<Database>, driverId: string): Promise<void> {
  await sql`SELECT FROM drivers WHERE id = ${driverId} FOR NO KEY UPDATE`.execute(trx);
}

async function liveOfferOf(
  trx: Transaction<Database>,
  orderId: string,
): Promise<string | undefined> {
  const line = await trx
    .selectFrom('offer_orders')
    .select('offer_id')
    .where('order_id', '=', orderId)
    .where('status', 'in', ['open', 'accepted'])
    .executeTakeFirst();
  return line?.offer_id;
}

type Line = { readonly offerId: string; readonly orderId: string; readonly now: number };

async function withdrawLine(trx: Transaction<Database>, line: Line): Promise<void> {
  await lockOffer(trx, line.offerId);
  await moveLines(trx, {
    ...line,
    from: ['open', 'accepted'],
    to: 'withdrawn',
    event: 'offer.withdrawn',
  });
  await closeIfEmpty(trx, { ...line, status: 'withdrawn' });
}

async function lockOffer(trx: Transaction<Database>, offerId: string): Promise<void> {
  await trx.selectFrom('offers').select('id').where('id', '=', offerId).forUpdate().execute();
}

type Move = {
  readonly offerId: string;
  /** All lines of the offer when absent. */
  readonly orderId?: string;
  readonly from: readonly OfferOrderStatus[];
  readonly to: OfferOrderStatus;
  readonly event: `offer.${'accepted' | 'declined' | 'withdrawn' | 'voided'}`;
  readonly now: number;
};

/** Moves lines and logs it, in one statement. The caller holds the offer's row. */
async function moveLines(trx: Transaction<Database>, move: Move): Promise<void> {
  const { offerId, orderId = null, from, to, event, now } = move;
  await sql`
    WITH moved AS (
      UPDATE offer_orders SET status = ${to}
      WHERE offer_id = ${offerId} AND status = ANY(${from}::text[])
        AND (${orderId}::text IS NULL OR order_id = ${orderId})
      RETURNING offer_id, order_id
    )
    INSERT INTO offer_events (offer_id, order_id, driver_id, type, at)
    SELECT moved.offer_id, moved.order_id, offers.driver_id, ${event}, ${new Date(now)}
    FROM moved JOIN offers ON offers.id = moved.offer_id
    ORDER BY moved.order_id`.execute(trx);
}

async function closeIfEmpty(
  trx: Transaction<Database>,
  input: {
    readonly offerId: string;
    readonly status: 'withdrawn' | 'voided';
    readonly now: number;
  },
): Promise<void> {
  await sql`
    UPDATE offers SET status = ${input.status}, answered_at = coalesce(answered_at, ${new Date(input.now)})
    WHERE id = ${input.offerId} AND status IN ('open', 'accepted') AND NOT EXISTS (
      SELECT FROM offer_orders
      WHERE offer_id = ${input.offerId} AND status IN ('open', 'accepted', 'assigned'))`.execute(
    trx,
  );
}

export async function offerById(db: Db, offerId: string): Promise<Offer | undefined> {
  const offers = await toOffers(db, await selectOffers(db).where('id', '=', offerId).execute());
  return offers[0];
}

/** What a driver can answer at `now`. */
export async function openOffersOf(
  db: Db,
  { driverId, now }: { readonly driverId: string; readonly now: number },
): Promise<readonly Offer[]> {
  const rows = await selectOffers(db)
    .where('driver_id', '=', driverId)
    .where('status', '=', 'open')
    .where('expires_at', '>', new Date(now))
    .execute();
  return toOffers(db, rows);
}

const selectOffers = (db: Db) =>
  db
    .selectFrom('offers')
    .select(['id', 'market_id', 'driver_id', 'status', 'made_at', 'expires_at'])
    .select(['answered_at', 'pickup_eta_at', 'route', 'is_add_on', 'decision']);

type OfferRow = Awaited<ReturnType<ReturnType<typeof selectOffers>['execute']>>[number];

async function toOffers(db: Db, rows: readonly OfferRow[]): Promise<readonly Offer[]> {
  if (rows.length === 0) return [];
  const lines = await linesOf(
    db,
    rows.map((row) => row.id),
  );
  const gone = new Set(
    lines.filter(({ status }) => isGone(status)).map((line) => `${line.offer_id}:${line.order_id}`),
  );
  return rows.map((row) => ({
    offerId: row.id as OfferId,
    marketId: row.market_id as MarketId,
    driverId: row.driver_id as DriverId,
    status: row.status,
    madeAt: row.made_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    answeredAt: row.answered_at?.getTime(),
    pickupEtaAt: row.pickup_eta_at.getTime(),
    isAddOn: row.is_add_on,
    route: row.route.filter(({ orderId }) => !gone.has(`${row.id}:${orderId}`)),
    decision: row.decision,
    orders: lines.filter((line) => line.offer_id === row.id).map(toOfferedOrder),
  }));
}

/** Of one of its orders, as planned. */
export const plannedEtas = (
  { pickupEtaAt, route }: Pick<Offer, 'pickupEtaAt' | 'route'>,
  orderId: string,
) => ({ pickupEtaAt, ...etasOf(route, orderId) });

/** Without having been the driver's. */
export const isGone = (status: OfferOrderStatus): boolean =>
  status === 'withdrawn' || status === 'refused';

const linesOf = (db: Db, offerIds: readonly string[]) =>
  db
    .selectFrom('offer_orders')
    .innerJoin('orders', 'orders.id', 'offer_orders.order_id')
    .select([
      'offer_orders.offer_id',
      'order_id',
      'offer_orders.status',
      'number',
      'merchant_id',
      'branch_id',
      'bonus_minor',
    ])
    .select(['pickup_lat', 'pickup_lng', 'goods_lat', 'goods_lng', 'dropoff_lat', 'dropoff_lng'])
    .where('offer_orders.offer_id', 'in', offerIds)
    .orderBy('order_id')
    .execute();

const toOfferedOrder = (line: Awaited<ReturnType<typeof linesOf>>[number]): OfferedOrder => ({
  orderId: line.order_id as OrderId,
  status: line.status,
  number: line.number,
  merchantId: line.merchant_id as MerchantId,
  branchId: line.branch_id as BranchId,
  pickup: { lat: line.pickup_lat, lng: line.pickup_lng },
  goodsAt:
    line.goods_lat === null || line.goods_lng === null
      ? undefined
      : { lat: line.goods_lat, lng: line.goods_lng },
  dropoff: { lat: line.dropoff_lat, lng: line.dropoff_lng },
  bonusMinor: line.bonus_minor,
});
