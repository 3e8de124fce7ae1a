// The bodies that robots read, as far as they need them. Everything that is known about the shape of the
// API's answers is in this file.

import type { Place } from '../../domain/geo.ts';

export type FeedEvent = {
  readonly orderId: string;
  readonly sequence: number;
  readonly type: string;
  readonly endReason: string | undefined;
  readonly providerRef: string | undefined;
  readonly driverId: string | undefined;
  readonly amountMinor: number;
};

export type OfferedStop = {
  readonly orderId: string;
  readonly pickup: Place;
  readonly dropoff: Place;
  readonly status: string;
};
export type OfferView = {
  readonly id: string;
  readonly status: string;
  readonly orders: readonly OfferedStop[];
  /** In which order to drive, deliveries under way included. */
  readonly route: readonly { readonly kind: string; readonly orderId: string }[];
};

type Json = { readonly [name: string]: unknown };

const recordOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null ? (value as Json) : {};
const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? value.map(recordOf) : [];
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const maybeText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

/** Throws when an answer that must have an id has none. */
export function idOf(body: unknown): string {
  const id = maybeText(recordOf(body)['id']);
  if (id === undefined) throw new Error('the answer has no id');
  return id;
}

export const fieldOf = (body: unknown, name: string): string | undefined =>
  maybeText(recordOf(body)[name]);

/** What is to be paid for an order now, in minor units. */
export const totalOf = (body: unknown): number =>
  Number(recordOf(recordOf(body)['totals'])['payable_minor']);

/** Where an order goes. */
export const dropoffOf = (body: unknown): Place =>
  readPlace(recordOf(recordOf(body)['dropoff'])['location']);

export type PayoutView = {
  readonly id: string;
  readonly status: string;
  readonly code: string;
  readonly amountMinor: number;
  readonly finished: boolean;
};

export const readPayouts = (
  body: unknown,
): { readonly payouts: readonly PayoutView[]; readonly next: string | undefined } => ({
  payouts: listOf(recordOf(body)['data']).map((row) => ({
    id: textOf(row['id']),
    status: textOf(row['status']),
    code: textOf(row['code']),
    amountMinor: Number(row['amount_minor'] ?? 0),
    finished: typeof row['finished_at'] === 'string',
  })),
  next: maybeText(recordOf(body)['next_cursor']),
});

/** The orders in support's queue. */
export const readQueue = (body: unknown): readonly string[] =>
  listOf(recordOf(body)['data']).map((row) => textOf(row['order_id']));

/** Of a list's page. */
export const lengthOf = (body: unknown): number => listOf(recordOf(body)['data']).length;

export function readFeed(body: unknown): {
  readonly events: readonly FeedEvent[];
  readonly next: string | undefined;
} {
  const { data, next_cursor: next } = recordOf(body);
  return { events: listOf(data).map(readEvent), next: maybeText(next) };
}

function readEvent(event: Json): FeedEvent {
  const data = recordOf(event['data']);
  return {
    orderId: textOf(event['order_id']),
    sequence: Number(event['sequence']),
    type: textOf(event['type']),
    endReason: maybeText(data['end_reason']),
    providerRef: maybeText(data['provider_ref']),
    driverId: maybeText(data['driver_id']),
    amountMinor: Number(data['amount_minor'] ?? 0),
  };
}

export const readOffers = (body: unknown): readonly OfferView[] =>
  listOf(recordOf(body)['data']).map(readOffer);

export function readOffer(body: unknown): OfferView {
  const offer = recordOf(body);
  return {
    id: textOf(offer['id']),
    status: textOf(offer['status']),
    route: stopsOf(offer['route']),
    orders: listOf(offer['orders']).map((order) => ({
      orderId: textOf(order['order_id']),
      status: textOf(order['status']),
      pickup: readPlace(recordOf(order['goods_at'] ?? order['branch'])['location']),
      dropoff: readPlace(recordOf(order['dropoff'])['location']),
    })),
  };
}

const stopsOf = (value: unknown): OfferView['route'] =>
  listOf(value).map((stop) => ({ kind: textOf(stop['kind']), orderId: textOf(stop['order_id']) }));

/** What is left to drive. */
export const readRoute = (body: unknown): OfferView['route'] => stopsOf(recordOf(body)['data']);

const readPlace = (value: unknown): Place => {
  const { lat, lng } = recordOf(value);
  return { lat: Number(lat), lng: Number(lng) };
};
