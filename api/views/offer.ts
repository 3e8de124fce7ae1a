// Offers as JSON: what a driver needs to say yes or no, and nothing about people.

import type { Db } from '../../db/connect.ts';
import { offerDetails, type OfferDetails } from '../../db/offer-details.ts';
import type { Offer as OfferRow, OfferedOrder } from '../../db/offers.ts';
import type { Offer } from '../schemas/driver.ts';

export async function offerBodies(db: Db, offers: readonly OfferRow[]): Promise<Offer[]> {
  const orderIds = offers.flatMap((offer) => offer.orders.map((order) => order.orderId));
  const details = await offerDetails(db, orderIds);
  return offers.map((offer) => ({
    id: offer.offerId,
    status: offer.status,
    made_at: iso(offer.madeAt),
    expires_at: iso(offer.expiresAt),
    pickup_eta_at: iso(offer.pickupEtaAt),
    orders: offer.orders.map((order) => orderBody(order, details.get(order.orderId))),
  }));
}

const iso = (at: number): string => new Date(at).toISOString();

function orderBody(
  order: OfferedOrder,
  details: OfferDetails | undefined,
): Offer['orders'][number] {
  if (!details) throw new Error(`offered order ${order.orderId} has vanished`);
  return {
    order_id: order.orderId,
    number: order.number,
    status: order.status,
    branch: { name: details.branchName, location: order.pickup },
    dropoff: { location: order.dropoff },
    pay_minor: details.payMinor,
    currency: details.currency,
    ready_estimate_at: details.readyEstimateAt?.toISOString() ?? null,
  };
}
