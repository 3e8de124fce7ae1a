// An order as JSON. What concerns people is added per viewer and never stored with an answer.

import { isCarriedBy, openPeople, type OrderView } from '../../db/orders.ts';
import type { Scope } from '../../db/scope.ts';
import type { Vault } from '../../db/vault.ts';
import type { Place } from '../../domain/geo.ts';
import type { Deadline } from '../../domain/lifecycle.ts';
import { roundFor } from '../../domain/money/rounding.ts';
import { priceOf } from '../../domain/money/price.ts';
import { priceTermsOf, railOf } from '../../domain/order.ts';
import { publicDelivery } from '../../domain/view.ts';
import type { Order } from '../schemas/orders.ts';

/** What an order is, without people: safe to store as the answer of a request. */
export function orderBody(row: OrderView): Order {
  const deadlines = row.deadlines.map(deadlineBody);
  const [next] = deadlines;
  return {
    id: row.id,
    external_id: row.external_id,
    number: row.number,
    status: row.status,
    order_status: row.order_status,
    delivery_status: deliveryStatus(row),
    payment_status: publicPayments[row.payment_status] ?? row.payment_status,
    end_reason: row.end_reason,
    type: row.fulfilment,
    scheduled_for: iso(row.promised_at),
    payment_method: row.terms.method,
    goods_kind: row.terms.goods_kind,
    age_check: row.terms.age_check,
    prescription: row.terms.prescription,
    substitution: row.terms.substitution,
    undeliverable_action: row.terms.undeliverable,
    proof: [...row.terms.proofs],
    merchant_id: row.merchant_id,
    branch_id: row.branch_id,
    market_id: row.market_id,
    customer_id: row.customer_id,
    currency: row.currency,
    totals: totalsOf(row),
    delivery: row.fulfilment === 'delivery' ? deliveryOf(row.terms.delivery) : null,
    items: row.items,
    placed_at: row.placed_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    sequence: row.sequence,
    driver_id: row.driver_id,
    owner: row.owner,
    deadlines,
    next_step: next ? { at: next.at, exit: next.exit, says: next.says } : null,
    by_itself: row.is_over ? null : byItself(row.deadlines[0]),
    ready_estimate_at: iso(row.ready_estimate_at),
    ready_at: iso(row.ready_at),
    pickup_eta_at: iso(row.pickup_eta_at),
    dropoff_eta_at: iso(row.dropoff_eta_at),
    pickup: { location: { lat: row.pickup_lat, lng: row.pickup_lng } },
    dropoff: { location: { lat: row.dropoff_lat, lng: row.dropoff_lng } },
  };
}

const deliveryOf = (terms: OrderView['terms']['delivery']): Order['delivery'] => ({
  load: terms?.load ?? 1,
  vehicles: terms?.vehicles ? [...terms.vehicles] : null,
  own_drivers_only: terms?.ownDriversOnly ?? false,
  direct: terms?.direct ?? false,
});

/** What happens to an order for which nobody does anything. */
export const byItself = (next: Deadline | undefined): string =>
  next
    ? `${new Date(next.at).toISOString()}: ${next.says}`
    : 'a call to the outside is under way; it is repeated by itself';

function totalsOf(row: OrderView): Order['totals'] {
  const { terms, currency, total_minor: totalMinor, goods_minor: goodsMinor } = row;
  const { taxMinor, discountMinor } = priceOf(goodsMinor, priceTermsOf(terms.pricing));
  const rail = railOf({ method: terms.method, paymentMethod: terms.payment_token });
  return {
    goods_minor: goodsMinor,
    merchant_discount_minor: discountMinor,
    delivery_fee_minor: row.delivery_fee_minor,
    tip_minor: row.tip_minor,
    total_minor: totalMinor,
    payable_minor: roundFor(rail, { totalMinor, currency }).payableMinor,
    tax_minor: taxMinor,
    tax_mode: terms.pricing.taxes?.mode ?? 'inclusive',
  };
}

const iso = (at: Date | null): string | null => at?.toISOString() ?? null;

/** `offered` is known by the offer alone. */
function deliveryStatus({ delivery_status, is_offered, end_reason }: OrderView): string {
  if (is_offered) return 'offered';
  // What a partner fleet still owes us is no delivery to wait for.
  return end_reason !== null && delivery_status.startsWith('partner_')
    ? 'cancelled'
    : publicDelivery(delivery_status);
}

/** What we are about to do with the money is our own business; until it is done, nothing has changed. */
const publicPayments: Readonly<Record<string, string>> = {
  authorizing: 'pending',
  capturing: 'authorized',
  voiding: 'authorized',
};

const deadlineBody = ({
  machine,
  status,
  owner,
  policy,
  at,
  exit,
  irreversible,
  says,
}: Deadline) => ({
  machine,
  status,
  owner,
  policy,
  at: new Date(at).toISOString(),
  exit,
  irreversible,
  says,
});

type Personal = Pick<Order, 'customer' | 'note' | 'pin' | 'payment_client_secret'> & {
  readonly address?: string;
  /** The drop-off to about a kilometre only. */
  readonly isCoarse?: boolean;
};

/** The people's part of an order that this viewer may see. */
export function personalPart(vault: Vault, row: OrderView, viewer: Scope): Personal {
  const isNear = seesPeople(row, viewer);
  const people = isNear ? openPeople(vault, row) : undefined;
  const secret = paysFor(row, viewer) ? row.client_secret : null;
  return {
    ...(!isNear && { isCoarse: true }),
    ...(people && {
      customer: { name: people.name, phone: people.phone },
      address: people.address,
    }),
    ...(people?.note !== undefined && { note: people.note }),
    ...(saysPin(row, viewer) && { pin: vault.pinOf(row.id) }),
    ...(secret !== null && { payment_client_secret: secret }),
  };
}

const seesPeople = (row: OrderView, viewer: Scope): boolean =>
  viewer.kind !== 'driver' || isCarriedBy(row, viewer.driverId);

const saysPin = (row: OrderView, { kind }: Scope): boolean =>
  kind === 'customer' && !row.is_over && row.terms.proofs.includes('pin');

const paysFor = (row: OrderView, viewer: Scope): boolean =>
  row.payment_status === 'requires_action' && isPayersSide(viewer);

/** Who may see what the payer confirms a payment with. */
export const isPayersSide = ({ kind }: Scope): boolean =>
  kind === 'customer' || kind === 'merchant';

export function withPersonal(
  order: Order,
  { address, isCoarse = false, ...personal }: Personal,
): Order {
  const { location } = order.dropoff;
  const dropoff = {
    location: isCoarse ? coarsePlace(location) : location,
    ...(address !== undefined && { address }),
  };
  return { ...order, dropoff, ...personal };
}

/** To 0.01°: which part of town, not which door. */
export const coarsePlace = ({ lat, lng }: Place): Place => ({
  lat: Math.round(lat * 100) / 100,
  lng: Math.round(lng * 100) / 100,
});

export const orderFor = (vault: Vault, row: OrderView, viewer: Scope): Order =>
  withPersonal(orderBody(row), personalPart(vault, row, viewer));
