// A client as a careful integrator writes one: kept-alive connections, one Idempotency-Key per command,
// and the same request again, after a pause, until the answer is definitive. The only way in which
// robots reach the system.

import { Agent, request as send, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

export type Answer = {
  readonly status: number;
  readonly body: unknown;
  readonly location: string | undefined;
};

export type ApiRequest = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From the root, with its query. */
  readonly path: string;
  readonly secret: string;
  readonly body?: object | undefined;
  /** Instead of a body: a JPEG. */
  readonly picture?: Buffer | undefined;
  readonly idempotencyKey?: string | undefined;
  /** For one try; 15 s unless told. */
  readonly timeoutMs?: number | undefined;
  /** Not worth sending again. */
  readonly perishable?: boolean | undefined;
};

export type ApiClient = {
  /** Retries what has no definitive answer; throws when `giveUpMs` have passed without one. */
  readonly call: (request: ApiRequest) => Promise<Answer>;
  /** Why requests were sent again so far, and how often. */
  readonly retries: () => ReadonlyMap<string, number>;
  readonly close: () => void;
};

export type ClientOptions = {
  readonly baseUrl: string;
  readonly giveUpMs: number;
  /** Ends all waiting when the city stops. */
  readonly signal?: AbortSignal | undefined;
};

const defaultTimeoutMs = 15_000;
const firstPauseMs = 50;
const longestPauseMs = 2_000;

export function createApiClient({ baseUrl, giveUpMs, signal }: ClientOptions): ApiClient {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const retries = new Map<string, number>();

  async function call(request: ApiRequest): Promise<Answer> {
    const deadline = Date.now() + giveUpMs;
    let last = 'no try';
    for (
      let pauseMs = firstPauseMs;
      Date.now() < deadline;
      pauseMs = Math.min(pauseMs * 2, longestPauseMs)
    ) {
      signal?.throwIfAborted();
      const tried = await attempt(request, { baseUrl, agent, signal });
      if (tried.kind === 'answer' && isDefinitive(tried.answer)) return tried.answer;
      last = tried.kind === 'answer' ? `HTTP ${tried.answer.status}` : tried.reason;
      signal?.throwIfAborted();
      if (request.perishable === true) break;
      const why = `${request.path.split('/').slice(1, 3).join('/').split('?')[0] ?? ''}: ${last}`;
      retries.set(why, (retries.get(why) ?? 0) + 1);
      await delay(
        pauseMs * (0.5 + Math.random()),
        undefined,
        signal === undefined ? {} : { signal },
      );
    }
    throw new Error(
      `${request.method} ${request.path}: no definitive answer in ${giveUpMs} ms (${last})`,
    );
  }

  return { call, retries: () => retries, close: () => agent.destroy() };
}

/** 5xx, 429 and a request in flight say nothing about the outcome. */
function isDefinitive({ status, body }: Answer): boolean {
  if (status >= 500 || status === 429) return false;
  return !(status === 409 && codeOf(body) === 'idempotency_in_flight');
}

/** The `code` of a problem document. */
export const codeOf = (body: unknown): string | undefined => {
  const code = (body as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
};

type Tried =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly reason: string };

type Wire = {
  readonly baseUrl: string;
  readonly agent: Agent;
  readonly signal: AbortSignal | undefined;
};

function attempt(request: ApiRequest, { baseUrl, agent, signal }: Wire): Promise<Tried> {
  const { method, path, secret, idempotencyKey, picture, timeoutMs = defaultTimeoutMs } = request;
  const body = picture ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
  return new Promise((resolve) => {
    const outgoing = send(
      new URL(path, baseUrl),
      {
        method,
        agent,
        timeout: timeoutMs,
        ...(signal === undefined ? {} : { signal }),
        headers: {
          authorization: `Bearer ${secret}`,
          ...(body === undefined
            ? {}
            : {
                'content-type': picture === undefined ? 'application/json' : 'image/jpeg',
                'content-length': Buffer.byteLength(body),
              }),
          ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        },
      },
      (response) => void readAnswer(response).then(resolve),
    );
    outgoing.once('timeout', () => outgoing.destroy(new Error('timeout')));
    outgoing.once('error', (error) => resolve({ kind: 'failed', reason: error.message }));
    outgoing.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<Tried> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const { location } = response.headers;
    return { kind: 'answer', answer: { status: response.statusCode ?? 0, body, location } };
  } catch (error) {
    return { kind: 'failed', reason: String(error) };
  }
}
