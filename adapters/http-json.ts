// JSON over HTTP to a provider without a client package of its own. Invariant: an answer is the provider's; everything
// that is none (time-out, lost connection, 409, 429, 5xx, bad credentials, no JSON) is an Outage. Never retries by itself.
import { outage, type Outage, type OutageCode } from './outage.ts';

export type JsonCall = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: object | undefined;
  /** Instead of `body`. */
  readonly form?: Readonly<Record<string, string>> | undefined;
};
export type JsonAnswer = {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
};
export type JsonHttp = (call: JsonCall) => Promise<JsonAnswer>;

const codes: Readonly<Record<number, OutageCode>> = {
  401: 'credentials',
  403: 'credentials',
  408: 'timeout',
  409: 'key_in_use',
  425: 'key_in_use',
  429: 'rate_limited',
};

export function createJsonHttp(options: {
  readonly system: string;
  readonly baseUrl: string;
  readonly timeoutMs: number;
}): JsonHttp {
  const { system, baseUrl, timeoutMs } = options;
  const fail = (code: OutageCode, retryAfterMs?: number): Outage =>
    outage({ system, code, retryAfterMs });

  return async function call({ method, path, headers = {}, body, form }) {
    const content = form ? new URLSearchParams(form) : body && JSON.stringify(body);
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...(content === undefined ? {} : { body: content }),
    }).catch((error: unknown) => {
      throw fail((error as Error).name === 'TimeoutError' ? 'timeout' : 'connection');
    });
    const { status } = response;
    const known = status >= 500 ? 'server_error' : codes[status];
    if (known) throw fail(known, retryAfterOf(response));
    const text = await response.text().catch(() => {
      throw fail('connection');
    });
    return { status, body: parse(text) ?? raise(fail('server_error')) };
  };
}

function raise(error: Error): never {
  throw error;
}

function retryAfterOf({ headers }: Response): number | undefined {
  const text = headers.get('retry-after');
  const seconds = text === null ? Number.NaN : Number(text);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}

/** Undefined: not an object of JSON. An empty answer is an empty object. */
function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
