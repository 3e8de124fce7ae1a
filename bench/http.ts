// Requests to the API as a bench sends them: kept-alive connections, one try, timed. What a careful client would
// repeat counts as an error here.

import { randomUUID } from 'node:crypto';
import { Agent, request as send } from 'node:http';
import { text } from 'node:stream/consumers';

export type Reply = { readonly status: number; readonly body: unknown };
export type Ask = {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly secret?: string;
  readonly body?: object;
};
export type Http = {
  readonly ask: (ask: Ask) => Promise<Reply>;
  /** Throws unless the answer is 2xx. */
  readonly demand: <T>(ask: Ask) => Promise<T>;
  readonly close: () => void;
};

const timeoutMs = 60_000;

export function createHttp(baseUrl: string): Http {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const { hostname, port } = new URL(baseUrl);

  function ask({ method = 'POST', path, secret, body }: Ask): Promise<Reply> {
    const json = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...(secret === undefined ? {} : { authorization: `Bearer ${secret}` }),
      ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
      ...(json === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) }),
    };
    return new Promise((resolve, reject) => {
      const outgoing = send(
        { agent, hostname, port, path, method, headers, timeout: timeoutMs },
        (response) => {
          const read = text(response).then((answer) => ({
            status: response.statusCode ?? 0,
            body: answer === '' ? undefined : (JSON.parse(answer) as unknown),
          }));
          read.then(resolve, reject);
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error('timeout')));
      outgoing.once('error', reject);
      outgoing.end(json);
    });
  }

  async function demand<T>(wish: Ask): Promise<T> {
    const { status, body } = await ask(wish);
    if (status < 200 || status > 299)
      throw new Error(`${wish.path}: ${status} ${JSON.stringify(body)}`);
    return body as T;
  }

  return { ask, demand, close: () => agent.destroy() };
}
