// CamPay's API for MTN and Orange money in Cameroon, as far as it is described in public (documenter of campay.net):
// collect, transaction, withdraw, history, a webhook signed by a JWT of the account's key. It documents no idempotency
// keys. Assumption, to be checked against the live API: history is searched by our `external_reference`.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decimalOf, minorOf } from '../domain/money.ts';
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

export type CampayOptions = {
  readonly baseUrl: string;
  /** A permanent access token of the application. */
  readonly token: string;
  readonly webhookKey: string;
  readonly timeoutMs?: number | undefined;
};

const statuses: Readonly<Record<string, MobileMoneyTransaction['status']>> = {
  PENDING: 'pending',
  SUCCESSFUL: 'successful',
  FAILED: 'failed',
};
const failures: Readonly<Record<string, DeclineCode>> = {
  ER101: 'payment_method_invalid',
  ER102: 'payment_method_invalid',
  ER201: 'amount_too_small',
  ER301: 'insufficient_funds',
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function readTransaction(body: Readonly<Record<string, unknown>>): MobileMoneyTransaction {
  const currency = text(body['currency']) || 'XAF';
  const amountMinor = minorOf(String(body['amount']), currency);
  const status = statuses[text(body['status'])];
  // A shape that we do not know says nothing about the money.
  if (amountMinor === undefined || status === undefined)
    throw outage({ system: 'campay', code: 'server_error' });
  return {
    ref: text(body['reference']),
    reference: text(body['external_reference']),
    status,
    amountMinor,
    currency,
    payer: text(body['phone_number']),
    dial: text(body['ussd_code']),
    declineCode:
      status === 'failed' ? (failures[text(body['code'])] ?? 'card_declined') : undefined,
  };
}

const refusedOr = ({ status, body }: JsonAnswer): MobileMoneyTransaction | Refused =>
  status < 300
    ? readTransaction({ status: 'PENDING', ...body })
    : { refused: failures[text(body['error_code'])] ?? 'card_declined' };

export function createCampayApi({
  baseUrl,
  token,
  webhookKey,
  timeoutMs = 8_000,
}: CampayOptions): MobileMoneyApi {
  const http = createJsonHttp({ system: 'campay', baseUrl, timeoutMs });
  const headers = { authorization: `Token ${token}` };
  const post = (path: string, body: object): Promise<JsonAnswer> =>
    http({ method: 'POST', path, headers, body });

  async function find(reference: string): Promise<MobileMoneyTransaction | undefined> {
    const answer = await post('/api/history/', { external_reference: reference });
    const row = rowIn('campay', answer, (each) => each['external_reference'] === reference);
    return row && readTransaction(row);
  }

  return {
    find,
    async collect({ reference, amountMinor, currency, phone }) {
      const request = {
        amount: decimalOf(amountMinor, currency),
        currency,
        from: phone,
        description: 'order',
        external_reference: reference,
      };
      const answer = await post('/api/collect/', request);
      return refusedOr({ ...answer, body: { ...request, phone_number: phone, ...answer.body } });
    },
    async payOut({ reference, amountMinor, currency, phone }) {
      const request = {
        amount: decimalOf(amountMinor, currency),
        currency,
        to: phone,
        description: 'payment',
        external_reference: reference,
      };
      const answer = await post('/api/withdraw/', request);
      return refusedOr({ ...answer, body: { ...request, phone_number: phone, ...answer.body } });
    },
    async read(ref) {
      const path = `/api/transaction/${encodeURIComponent(ref)}/`;
      const { status, body } = await http({ method: 'GET', path, headers });
      return status === 200 ? readTransaction(body) : undefined;
    },
    readWebhook: (incoming) => readWebhook(incoming, webhookKey),
  };
}

/** The body names the transaction; `signature` is a JWT (HS256) of the account's webhook key over nothing we rely on. */
function readWebhook({ rawBody }: Incoming, webhookKey: string): WebhookFact {
  const body = parse(rawBody);
  if (body === undefined || !isSigned(text(body['signature']), webhookKey))
    return { kind: 'refused', code: 'invalid_signature' };
  const [reference, status] = [text(body['reference']), text(body['status'])];
  const key = text(body['external_reference']);
  const [orderId] = key.split(':');
  return {
    eventId: `${reference}:${status}`,
    ...newsOf(key, { type: `campay.${status.toLowerCase()}`, providerRef: reference }),
    orderId,
    createdAt: Date.now(),
  };
}

function parse(rawBody: string | Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(String(rawBody));
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** RFC 7515, HS256 and nothing else. */
function isSigned(token: string, key: string): boolean {
  const [head = '', payload = '', signature = ''] = token.split('.');
  const header = parse(Buffer.from(head, 'base64url'));
  if (header?.['alg'] !== 'HS256') return false;
  const expected = createHmac('sha256', key).update(`${head}.${payload}`).digest();
  const given = Buffer.from(signature, 'base64url');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
