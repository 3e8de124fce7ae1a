// PayPal's REST API as calls: a bearer token that is fetched when it is needed, and PayPal-Request-Id. Called by paypal.ts.
import { minorOf } from '../domain/money.ts';
import { createJsonHttp, type JsonAnswer } from './http-json.ts';
import { outage } from './outage.ts';

export type PaypalAccount = {
  readonly baseUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly timeoutMs?: number | undefined;
  readonly now?: (() => number) | undefined;
};

export type PaypalApi = {
  readonly get: (path: string) => Promise<JsonAnswer>;
  readonly post: (path: string, body: object, key?: string) => Promise<JsonAnswer>;
};

export function createPaypalApi(options: PaypalAccount): PaypalApi {
  const { baseUrl, clientId, clientSecret, timeoutMs = 8_000, now = Date.now } = options;
  const http = createJsonHttp({ system: 'paypal', baseUrl, timeoutMs });
  let token = { value: '', until: 0 };

  async function bearer(): Promise<string> {
    if (token.until > now()) return token.value;
    const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const { body } = await http({
      method: 'POST',
      path: '/v1/oauth2/token',
      headers: { authorization: `Basic ${basic}` },
      form: { grant_type: 'client_credentials' },
    });
    const lifeMs = Number(body['expires_in'] ?? 0) * 1_000;
    const value = body['access_token'];
    token = { value: typeof value === 'string' ? value : '', until: now() + lifeMs / 2 };
    return token.value;
  }
  const headers = async (key?: string): Promise<Record<string, string>> => ({
    authorization: `Bearer ${await bearer()}`,
    ...(key === undefined ? {} : { 'paypal-request-id': key }),
  });
  return {
    get: async (path) => http({ method: 'GET', path, headers: await headers() }),
    post: async (path, body, key) =>
      http({
        method: 'POST',
        path,
        headers: { ...(await headers(key)), prefer: 'return=representation' },
        body,
      }),
  };
}

export type Body = JsonAnswer['body'];
export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const list = (value: unknown): readonly Body[] =>
  Array.isArray(value) ? (value as Body[]) : [];
export const inner = (value: unknown): Body =>
  typeof value === 'object' && value ? (value as Body) : {};

/** Throws an Outage: an answer without its amount is none. */
export function minorIn(object: Body, field = 'amount'): number {
  const { currency_code: currency, value } = inner(object[field]);
  const minor = minorOf(text(value), text(currency));
  if (minor === undefined) throw outage({ system: 'paypal', code: 'server_error' });
  return minor;
}
