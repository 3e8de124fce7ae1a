// A bucket in memory over HTTP that speaks as much S3 as the proof store needs: PUT and GET of an object by path, with
// AWS Signature Version 4 and the hash of the body checked.

import { createHash, createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

type Secrets = { readonly accessKeyId: string; readonly secretAccessKey: string };
export type FakeBucket = {
  readonly url: string;
  readonly objects: Map<string, Buffer>;
  /** Answers the next so many requests with 503. */
  readonly fail: (times: number) => void;
  readonly close: () => Promise<void>;
};

export async function startFakeBucket(secrets: Secrets): Promise<FakeBucket> {
  const objects = new Map<string, Buffer>();
  let failures = 0;
  const server: Server = createServer((request, response) => {
    void bytesOf(request).then((body) => {
      failures -= 1;
      if (failures >= 0) return response.writeHead(503).end();
      const { status, bytes } = answer(objects, secrets, { request, body });
      return response.writeHead(status).end(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    fail: (times) => (failures = times),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

type Sent = { readonly request: IncomingMessage; readonly body: Buffer };
type Reply = { readonly status: number; readonly bytes?: Buffer };

function answer(objects: Map<string, Buffer>, secrets: Secrets, sent: Sent): Reply {
  const { request, body } = sent;
  const hash = request.headers['x-amz-content-sha256'];
  if (request.headers.authorization !== signature(secrets, sent)) return { status: 403 };
  if (request.method === 'PUT') {
    if (hash !== sha256(body)) return { status: 400 };
    objects.set(request.url ?? '', body);
    return { status: 200 };
  }
  const bytes = objects.get(request.url ?? '');
  return bytes ? { status: 200, bytes } : { status: 404 };
}

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function signature({ accessKeyId, secretAccessKey }: Secrets, { request }: Sent): string {
  const { headers, method, url = '' } = request;
  const [, scope = '', names = ''] =
    /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? [];
  const signed = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
  const canonical = [method, url, '', signed.join(''), names, headers['x-amz-content-sha256']];
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical.join('\n'))];
  const key = scope
    .split('/')
    .reduce<Buffer | string>((derived, part) => hmac(derived, part), `AWS4${secretAccessKey}`);
  const sign = hmac(key, text.join('\n')).toString('hex');
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${sign}`;
}
