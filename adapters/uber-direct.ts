// Uber Direct behind the port (developer.uber.com/docs/deliveries): quotes, deliveries, webhooks signed with HMAC-SHA256.
// A key is kept for an hour and answered with what it made, so a refusal is believed only when nothing is found under it.
// Assumptions, to be checked against the live API: the list is searched by `external_id`; the fee of a cancelled delivery
// is what is charged for it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { currencies, exponentOf } from '../domain/money.ts';
import type { PartnerProgress } from '../domain/parts.ts';
import type {
  Cancelled,
  Created,
  DeliveryPartner,
  PartnerDelivery,
  PartnerFact,
  PartnerRequest,
} from './delivery-partner.ts';
import type { JsonAnswer } from './http-json.ts';
import { isOutage, outage, type Outage } from './outage.ts';
import type { Incoming } from './payment-port.ts';
import {
  createUberDirectApi,
  type UberDirectAccount,
  type UberDirectApi,
} from './uber-direct-api.ts';

export type UberDirectOptions = UberDirectAccount & {
  readonly webhookKey: string;
  /** Whom a courier calls about a pickup, E.164. */
  readonly contactPhone: string;
};

/** A request that is not to be found so long after it was sent has never arrived. */
const settledAfterMs = 60_000;
const pageSize = 100;

type Json = Readonly<Record<string, unknown>>;
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const unknownShape = (): Outage => outage({ system: 'uber-direct', code: 'server_error' });

const progressOf: Readonly<Record<string, PartnerProgress>> = {
  pending: 'pending',
  pickup: 'pending',
  pickup_complete: 'picked_up',
  dropoff: 'picked_up',
  delivered: 'delivered',
  returned: 'returned',
  canceled: 'cancelled',
};
const customerFaults: ReadonlySet<string> = new Set([
  'customer_unavailable',
  'customer_rejected_order',
  'cannot_find_customer_address',
]);
/** What may be recorded of a refusal; anything else is `refused`. */
const refusals: ReadonlySet<string> = new Set([
  'address_undeliverable',
  'address_undeliverable_limited_couriers',
  'couriers_busy',
  'expired_quote',
  'used_quote',
  'unknown_location',
  'invalid_params',
  'pickup_duration_too_small',
  'missing_payment',
]);

/** Amounts are hundredths, whatever the currency: so many times its minor unit, or it so many times them. */
const scaleOf = (currency: string) => ({
  times: 10 ** Math.max(0, exponentOf(currency) - 2),
  parts: 10 ** Math.max(0, 2 - exponentOf(currency)),
});

/** A shape that we do not know, or a part of a minor unit, says nothing. */
function minorIn(hundredths: unknown, currency: string): number {
  if (!currencies.includes(currency)) throw unknownShape();
  const { times, parts } = scaleOf(currency);
  const amount = Number.isSafeInteger(hundredths) ? Number(hundredths) : -1;
  if (amount < 0 || amount % parts !== 0) throw unknownShape();
  return (amount / parts) * times;
}

/** Rounded down: nobody is promised a part of a hundredth. */
function hundredthsOf(minor: number, currency: string): number {
  const { times, parts } = scaleOf(currency);
  return ((minor - (minor % times)) / times) * parts;
}

function readDelivery(body: Json): PartnerDelivery {
  const progress = progressOf[text(body['status'])];
  const currency = text(body['currency']).toUpperCase();
  const [pickupEtaAt, dropoffEtaAt] = [body['pickup_eta'], body['dropoff_eta']].map((time) =>
    Date.parse(text(time)),
  );
  const partnerRef = text(body['id']);
  if (!progress || !partnerRef || !pickupEtaAt || !dropoffEtaAt) throw unknownShape();
  const charged = Number(body['fee'] ?? 0) + Number(body['tip'] ?? 0);
  return {
    partnerRef,
    externalId: text(body['external_id']),
    progress,
    priceMinor: minorIn(charged, currency),
    pickupEtaAt,
    dropoffEtaAt,
    customerFault: customerFaults.has(text(body['undeliverable_reason'])),
  };
}

const refusedBy = ({ body }: JsonAnswer) => {
  const code = text(body['code']);
  return { status: 'refused', code: refusals.has(code) ? code : 'refused' } as const;
};

const places = ({ pickup, dropoff }: PartnerRequest) => ({
  pickup_address: pickup.address,
  pickup_latitude: pickup.place.lat,
  pickup_longitude: pickup.place.lng,
  dropoff_address: dropoff.address,
  dropoff_latitude: dropoff.place.lat,
  dropoff_longitude: dropoff.place.lng,
});

type Tools = { readonly api: UberDirectApi; readonly contactPhone: string };

const createEstimate =
  ({ api }: Tools): DeliveryPartner['estimate'] =>
  async (request) => {
    const answer = await api.post('/delivery_quotes', places(request));
    if (answer.status >= 300) return refusedBy(answer);
    const currency = text(answer.body['currency']).toUpperCase();
    if (currency !== request.currency) return { status: 'refused', code: 'other_currency' };
    const priceMinor = minorIn(answer.body['fee'], currency);
    return { status: 'quoted', quoteRef: text(answer.body['id']), priceMinor };
  };

async function find(api: UberDirectApi, key: string): Promise<PartnerDelivery | undefined> {
  const { status, body } = await api.get(`/deliveries?external_id=${encodeURIComponent(key)}`);
  if (status >= 300) throw unknownShape();
  const rows = (body['data'] ?? []) as readonly Json[];
  const row = rows.find((each) => each['external_id'] === key);
  return row && readDelivery(row);
}

type Creating = Parameters<DeliveryPartner['create']>[0];

const creationOf = (request: Creating, contactPhone: string) => ({
  ...places(request),
  quote_id: request.quoteRef,
  idempotency_key: request.key,
  external_id: request.key,
  pickup_name: request.pickup.name,
  pickup_phone_number: contactPhone,
  dropoff_name: request.dropoff.name,
  dropoff_phone_number: request.dropoff.phone,
  dropoff_notes: request.dropoff.note?.slice(0, 280),
  manifest_items: [{ name: 'order', quantity: request.itemCount }],
  manifest_total_value: hundredthsOf(request.goodsMinor, request.currency),
  tip: hundredthsOf(request.tipMinor, request.currency),
  deliverable_action: request.leaveAtDoor
    ? 'deliverable_action_leave_at_door'
    : 'deliverable_action_meet_at_door',
  undeliverable_action: 'return',
});

const createCreate = ({ api, contactPhone }: Tools): DeliveryPartner['create'] =>
  async function create(request): Promise<Created> {
    const answer = await api
      .post('/deliveries', creationOf(request, contactPhone))
      .catch((error: unknown) => {
        // "Such a delivery exists" names a key that is in use, or one that was.
        if (isOutage(error) && error.code === 'key_in_use') return error;
        throw error;
      });
    if (!(answer instanceof Error) && answer.status < 300)
      return { status: 'confirmed', delivery: readDelivery(answer.body) };
    const delivery = await find(api, request.key);
    if (delivery) return { status: 'confirmed', delivery };
    if (answer instanceof Error) throw answer;
    return refusedBy(answer);
  };

async function track(api: UberDirectApi, partnerRef: string): Promise<PartnerDelivery | undefined> {
  const answer = await api.get(`/deliveries/${encodeURIComponent(partnerRef)}`);
  if (answer.status === 404) return undefined;
  if (answer.status >= 300) throw unknownShape();
  return readDelivery(answer.body);
}

const createCancel = ({ api }: Tools, now: () => number): DeliveryPartner['cancel'] =>
  async function cancel({ partnerRef, createKey, lastSentAt }): Promise<Cancelled> {
    const ref = partnerRef ?? (await find(api, createKey))?.partnerRef;
    if (ref === undefined) {
      if (now() - lastSentAt < settledAfterMs)
        throw outage({ system: 'uber-direct', code: 'not_settled' });
      return { status: 'nothing_to_cancel' };
    }
    await api.post(`/deliveries/${encodeURIComponent(ref)}/cancel`, {});
    const delivery = await track(api, ref);
    switch (delivery?.progress) {
      case undefined:
        return { status: 'nothing_to_cancel' };
      case 'cancelled':
        return { status: 'cancelled', chargedMinor: delivery.priceMinor };
      // Refused, and yet nothing has happened: asked again.
      case 'pending':
        throw outage({ system: 'uber-direct', code: 'not_settled' });
      case 'picked_up':
      case 'delivered':
      case 'returned':
        return { status: 'too_late', progress: delivery.progress, delivery };
    }
  };

async function* list(api: UberDirectApi): AsyncIterable<PartnerDelivery> {
  for (let offset = 0; ; offset += pageSize) {
    const { status, body } = await api.get(`/deliveries?limit=${pageSize}&offset=${offset}`);
    if (status >= 300) throw unknownShape();
    const rows = (body['data'] ?? []) as readonly Json[];
    yield* rows.map(readDelivery);
    if (rows.length < pageSize) return;
  }
}

function isSigned({ rawBody, headers }: Incoming, key: string): boolean {
  const given = Buffer.from(
    headers['x-uber-signature'] ?? headers['x-postmates-signature'] ?? '',
    'hex',
  );
  const expected = createHmac('sha256', key).update(rawBody).digest();
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function readWebhook(incoming: Incoming, key: string): PartnerFact {
  if (!isSigned(incoming, key)) return { kind: 'refused', code: 'invalid_signature' };
  const event = JSON.parse(String(incoming.rawBody)) as Json;
  const [eventId, kind] = [text(event['id']), text(event['kind'])];
  const type = `partner.${text(event['status']) || kind}`;
  const data = (event['data'] ?? {}) as Json;
  const [orderId = ''] = text(data['external_id']).split(':');
  const partnerRef = text(event['delivery_id']);
  return kind === 'event.delivery_status' && partnerRef !== ''
    ? { kind: 'delivery_changed', eventId, type, partnerRef, orderId }
    : { kind: 'ignored', eventId, type };
}

/** Safe to share; one per process keeps the token. */
export function createUberDirect(options: UberDirectOptions): DeliveryPartner {
  const { contactPhone, webhookKey, now = Date.now } = options;
  const api = createUberDirectApi(options);
  const tools: Tools = { api, contactPhone };
  return {
    estimate: createEstimate(tools),
    create: createCreate(tools),
    track: ({ partnerRef }) => track(api, partnerRef),
    cancel: createCancel(tools, now),
    list: () => list(api),
    readWebhook: (incoming) => readWebhook(incoming, webhookKey),
  };
}
