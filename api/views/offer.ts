// Offers as JSON: what a driver needs to say yes or no, and nothing about people.

import type { Db } from '../../db/connect.ts';
import { offerDetails, type OfferDetails } from '../../db/offer-details.ts';
import { isGone, type Offer as OfferRow, type OfferedOrder } from '../../db/offers.ts';
import { ordersCarriedBy } from '../../db/orders.ts';
import type { Offer } from '../schemas/driver.ts';
import { coarsePlace } from './order.ts';

export async function offerBodies(db: Db, offers: readonly OfferRow[]): Promise<Offer[]> {
  const orderIds = offers.flatMap((offer) => offer.orders.map((order) => order.orderId));
  const details = await offerDetails(db, orderIds);
  const near = await nearOrders(db, offers);
  return offers.map((offer) => ({
    id: offer.offerId,
    status: offer.status,
    made_at: iso(offer.madeAt),
    expires_at: iso(offer.expiresAt),
    pickup_eta_at: iso(offer.pickupEtaAt),
    is_add_on: offer.isAddOn,
    route: offer.route.map(({ kind, orderId, arriveAt, doneAt }) => ({
      kind,
      order_id: orderId,
      eta_at: iso(kind === 'pickup' ? arriveAt : doneAt),
    })),
    left_out: leftOut(offer),
    orders: offer.orders.map((order) =>
      orderBody(order, {
        details: details.get(order.orderId),
        isNear: near.has(`${offer.offerId}:${order.orderId}`),
      }),
    ),
  }));
}

/** `offer:order` whose driver may know the very door: while the offer lives, then while they carry the order. */
async function nearOrders(db: Db, offers: readonly OfferRow[]): Promise<ReadonlySet<string>> {
  const near = await Promise.all(
    offers.map(async ({ offerId, driverId, orders }) => {
      const assigned = orders.filter(({ status }) => status === 'assigned');
      const orderIds = assigned.map(({ orderId }) => orderId);
      const carried = await ordersCarriedBy(db, { driverId, orderIds });
      return orders
        .filter(({ orderId, status }) => isLive(status) || carried.has(orderId))
        .map(({ orderId }) => `${offerId}:${orderId}`);
    }),
  );
  return new Set(near.flat());
}

/** A bundle may lose deliveries before the driver has them: the rest is still theirs. */
function leftOut({ status, orders }: OfferRow): string | null {
  const gone = orders.filter((order) => isGone(order.status)).map(({ number }) => number);
  if (gone.length === 0 || gone.length === orders.length) return null;
  const stays = status === 'accepted' ? 'the rest is yours' : 'the rest is still offered';
  return gone.length === 1
    ? `Order ${gone[0]} needs no driver any more; ${stays}.`
    : `Orders ${gone.join(', ')} need no driver any more; ${stays}.`;
}

const isLive = (status: string): boolean => status === 'open' || status === 'accepted';

const iso = (at: number): string => new Date(at).toISOString();

function orderBody(
  order: OfferedOrder,
  { details, isNear }: { readonly details: OfferDetails | undefined; readonly isNear: boolean },
): Offer['orders'][number] {
  if (!details) throw new Error(`offered order ${order.orderId} has vanished`);
  return {
    order_id: order.orderId,
    number: order.number,
    status: order.status,
    branch: { name: details.branchName, location: order.pickup },
    goods_at: order.goodsAt && isNear ? { location: order.goodsAt } : null,
    dropoff: { location: isNear ? order.dropoff : coarsePlace(order.dropoff) },
    pay_minor: details.payMinor + order.bonusMinor,
    bonus_minor: order.bonusMinor,
    currency: details.currency,
    ready_estimate_at: details.readyEstimateAt?.toISOString() ?? null,
  };
}
