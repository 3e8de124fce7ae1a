// PayPal's notifications: PayPal itself says whether one is its own
// (developer.paypal.com/docs/api/webhooks/v1/#verify-webhook-signature). A hint only; the order is read afterwards.
import type { WebhookFact } from './card-gateway.ts';
import type { PaypalApi } from './paypal-api.ts';
import { paymentOfCapture } from './paypal-disputes.ts';
import type { Incoming } from './payment-port.ts';

type Signed = { readonly incoming: Incoming; readonly webhookId: string };

const names = {
  auth_algo: 'paypal-auth-algo',
  cert_url: 'paypal-cert-url',
  transmission_id: 'paypal-transmission-id',
  transmission_sig: 'paypal-transmission-sig',
  transmission_time: 'paypal-transmission-time',
} as const;

type Resource = {
  readonly id?: string;
  readonly custom_id?: string;
  readonly purchase_units?: readonly { readonly reference_id?: string }[];
  readonly supplementary_data?: { readonly related_ids?: { readonly order_id?: string } };
  readonly disputed_transactions?: readonly { readonly seller_transaction_id?: string }[];
};
type Event = {
  readonly id: string;
  readonly event_type: string;
  readonly create_time: string;
  readonly resource: Resource;
};

export async function verifyPaypalWebhook(
  api: PaypalApi,
  { incoming, webhookId }: Signed,
): Promise<WebhookFact> {
  const fields = Object.entries(names).map(([field, header]) => [field, incoming.headers[header]]);
  const event = parse(incoming.rawBody);
  if (event === undefined || fields.some(([, value]) => value === undefined))
    return { kind: 'refused', code: 'invalid_signature' };
  const answer = await api.post('/v1/notifications/verify-webhook-signature', {
    ...Object.fromEntries(fields),
    webhook_id: webhookId,
    webhook_event: event,
  });
  if (answer.body['verification_status'] !== 'SUCCESS')
    return { kind: 'refused', code: 'invalid_signature' };
  return event.event_type.startsWith('CUSTOMER.DISPUTE.') ? disputeFact(api, event) : factOf(event);
}

async function disputeFact(api: PaypalApi, event: Event): Promise<WebhookFact> {
  const { id: eventId, event_type: type, create_time: time, resource } = event;
  const facts = { eventId, type, createdAt: Date.parse(time) };
  const capture = resource.disputed_transactions?.[0]?.seller_transaction_id ?? '';
  const payment = await paymentOfCapture(api, capture);
  return payment === undefined
    ? { kind: 'ignored', ...facts }
    : { kind: 'dispute_changed', ...facts, ...payment };
}

function factOf({
  id: eventId,
  event_type: type,
  create_time: time,
  resource,
}: Event): WebhookFact {
  const facts = { eventId, type, createdAt: Date.parse(time) };
  const providerRef = type.startsWith('CHECKOUT.ORDER.')
    ? resource.id
    : resource.supplementary_data?.related_ids?.order_id;
  if (providerRef === undefined) return { kind: 'ignored', ...facts };
  const [orderId] = (resource.purchase_units?.[0]?.reference_id ?? resource.custom_id ?? '').split(
    ':',
  );
  const kind = type.startsWith('PAYMENT.CAPTURE.REFUND') ? 'refund_changed' : 'payment_changed';
  return { kind, ...facts, providerRef, orderId: orderId || undefined };
}

function parse(rawBody: string | Buffer): Event | undefined {
  try {
    const value = JSON.parse(String(rawBody)) as Partial<Event>;
    return typeof value.id === 'string' && typeof value.event_type === 'string' && value.resource
      ? (value as Event)
      : undefined;
  } catch {
    return undefined;
  }
}
