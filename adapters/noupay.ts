// NouPay mobile money. Assumption: there is no public contract, so this is what such an API usually looks like: payments
// and payouts as resources, found again by our reference, a webhook with an HMAC over the body. Everything that depends
// on it stands in this file and in its fake.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DeclineCode, WebhookFact } from './card-gateway.ts';
import { createJsonHttp, type JsonAnswer } from './http-json.ts';
import {
  newsOf,
  rowIn,
  type MobileMoneyApi,
  type MobileMoneyTransaction,
  type Refused,
} from './mobile-money.ts';
import { outage } from './outage.ts';
import type { Incoming } from './payment-port.ts';

export type NoupayOptions = {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  readonly timeoutMs?: number | undefined;
};

const statuses: Readonly<Record<string, MobileMoneyTransaction['status']>> = {
  pending: 'pending',
  completed: 'successful',
  failed: 'failed',
  expired: 'failed',
};
const failures: Readonly<Record<string, DeclineCode>> = {
  insufficient_funds: 'insufficient_funds',
  invalid_number: 'payment_method_invalid',
  amount_too_small: 'amount_too_small',
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function readTransaction(body: Readonly<Record<string, unknown>>): MobileMoneyTransaction {
  const status = statuses[text(body['status'])];
  const amountMinor = body['amount'];
  if (status === undefined || typeof amountMinor !== 'number' || !Number.isSafeInteger(amountMinor))
    throw outage({ system: 'noupay', code: 'server_error' });
  return {
    ref: text(body['id']),
    reference: text(body['reference']),
    status,
    amountMinor,
    currency: text(body['currency']),
    payer: text(body['msisdn']),
    dial: text(body['ussd']),
    declineCode:
      status === 'failed' ? (failures[text(body['reason'])] ?? 'card_declined') : undefined,
  };
}

const refusedOr = ({ status, body }: JsonAnswer): MobileMoneyTransaction | Refused =>
  status < 300
    ? readTransaction(body)
    : { refused: failures[text(body['error'])] ?? 'card_declined' };

export function createNoupayApi({
  baseUrl,
  apiKey,
  webhookSecret,
  timeoutMs = 8_000,
}: NoupayOptions): MobileMoneyApi {
  const http = createJsonHttp({ system: 'noupay', baseUrl, timeoutMs });
  const headers = { 'x-api-key': apiKey };
  type Asked = Parameters<MobileMoneyApi['collect']>[0];
  const send =
    (path: string) =>
    async ({ reference, amountMinor: amount, currency, phone: msisdn }: Asked) =>
      refusedOr(
        await http({
          method: 'POST',
          path,
          headers: { ...headers, 'idempotency-key': reference },
          body: { reference, amount, currency, msisdn },
        }),
      );
  const get = (path: string): Promise<JsonAnswer> => http({ method: 'GET', path, headers });
  return {
    collect: send('/v1/payments'),
    payOut: send('/v1/payouts'),
    async read(ref) {
      const { status, body } = await get(`/v1/transactions/${encodeURIComponent(ref)}`);
      return status === 200 ? readTransaction(body) : undefined;
    },
    async find(reference) {
      const path = `/v1/transactions?reference=${encodeURIComponent(reference)}`;
      const row = rowIn('noupay', await get(path), (each) => each['reference'] === reference);
      return row && readTransaction(row);
    },
    readWebhook: (incoming) => readWebhook(incoming, webhookSecret),
  };
}

function readWebhook({ rawBody, headers }: Incoming, secret: string): WebhookFact {
  const expected = createHmac('sha256', secret).update(rawBody).digest();
  const given = Buffer.from(headers['x-noupay-signature'] ?? '', 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return { kind: 'refused', code: 'invalid_signature' };
  const body = JSON.parse(String(rawBody)) as Readonly<Record<string, unknown>>;
  const key = text(body['reference']);
  const [orderId] = key.split(':');
  return {
    eventId: text(body['event_id']),
    ...newsOf(key, {
      type: `noupay.${text(body['status'])}`,
      providerRef: text(body['id']),
    }),
    orderId,
    createdAt: Date.now(),
  };
}
