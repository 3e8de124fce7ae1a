// A provider that speaks HTTP and says what a test wants it to.

import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Heard = {
  readonly url: string;
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
};
export type HttpReply = { readonly status?: number; readonly body: unknown };

/** Answers every request with `reply`; undefined: never. */
export async function createHttpFake(reply: (heard: Heard) => HttpReply | undefined) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const each = { url: request.url ?? '', body, headers: request.headers };
      heard.push(each);
      const answer = reply(each);
      const text = typeof answer?.body === 'string' ? answer.body : JSON.stringify(answer?.body);
      if (answer) response.writeHead(answer.status ?? 200).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}
