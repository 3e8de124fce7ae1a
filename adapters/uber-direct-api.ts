// Uber Direct's REST API as calls: a bearer token that is fetched when it is needed. Called by uber-direct.ts.
import { createJsonHttp, type JsonAnswer } from './http-json.ts';

export type UberDirectAccount = {
  readonly baseUrl: string;
  /** Where tokens come from; the same server when undefined. */
  readonly authUrl?: string | undefined;
  readonly customerId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Per request; 8,000 unless told. */
  readonly timeoutMs?: number | undefined;
  readonly now?: (() => number) | undefined;
};

export type UberDirectApi = {
  readonly get: (path: string) => Promise<JsonAnswer>;
  readonly post: (path: string, body: object) => Promise<JsonAnswer>;
};

/** Paths are below the customer's. */
export function createUberDirectApi(account: UberDirectAccount): UberDirectApi {
  const { baseUrl, authUrl = baseUrl, customerId, clientId, clientSecret } = account;
  const { timeoutMs = 8_000, now = Date.now } = account;
  const system = 'uber-direct';
  const http = createJsonHttp({ system, baseUrl, timeoutMs });
  const auth = createJsonHttp({ system, baseUrl: authUrl, timeoutMs });
  let token = { value: '', until: 0 };

  async function bearer(): Promise<{ readonly authorization: string }> {
    if (token.until <= now()) {
      const form = {
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'client_credentials',
        scope: 'eats.deliveries',
      };
      const { body } = await auth({ method: 'POST', path: '/oauth/v2/token', form });
      const lifeMs = Number(body['expires_in'] ?? 0) * 1_000;
      token = { value: String(body['access_token']), until: now() + lifeMs / 2 };
    }
    return { authorization: `Bearer ${token.value}` };
  }
  const below = (path: string): string => `/v1/customers/${encodeURIComponent(customerId)}${path}`;
  return {
    get: async (path) => http({ method: 'GET', path: below(path), headers: await bearer() }),
    post: async (path, body) =>
      http({ method: 'POST', path: below(path), headers: await bearer(), body }),
  };
}
