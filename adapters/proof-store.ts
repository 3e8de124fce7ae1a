// Where the pictures of hand-overs are kept: a folder, or a bucket of anything that speaks S3. What is stored is sealed
// before it comes here. Writing the same key again replaces it.

import { AwsClient } from 'aws4fetch';
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Both throw on an outage; `key` is `order/proof`. */
export type ProofStore = {
  readonly put: (key: string, bytes: Buffer) => Promise<void>;
  /** Undefined: there is none. */
  readonly get: (key: string) => Promise<Buffer | undefined>;
};

export type BucketKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
  /** Undefined: Amazon's own. */
  readonly endpoint: string | undefined;
};

/** `url`: `file:///a/folder` or `s3://bucket`. */
export function createProofStore(url: URL, keys?: BucketKeys): ProofStore {
  if (url.protocol === 'file:') return folderStore(fileURLToPath(url));
  if (!keys) throw new Error('a bucket needs keys');
  return bucketStore(url.hostname, keys);
}

function folderStore(folder: string): ProofStore {
  return {
    async put(key, bytes) {
      const file = path.join(folder, key);
      const part = `${file}.${randomUUID()}`;
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(part, bytes);
      await rename(part, file);
    },
    async get(key) {
      try {
        return await readFile(path.join(folder, key));
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw error;
      }
    },
  };
}

const callTimeoutMs = 8_000;

/** Addressed by path, which every vendor understands. */
function bucketStore(bucket: string, { endpoint, region, ...secrets }: BucketKeys): ProofStore {
  const client = new AwsClient({ ...secrets, region, service: 's3', retries: 2 });
  const base = endpoint ?? `https://s3.${region}.amazonaws.com`;
  const call = (key: string, init: RequestInit): Promise<Response> =>
    client.fetch(`${base.replace(/\/$/, '')}/${bucket}/${key}`, {
      ...init,
      signal: AbortSignal.timeout(callTimeoutMs),
    });
  return {
    async put(key, bytes) {
      const hash = createHash('sha256').update(bytes).digest('hex');
      const headers = { 'x-amz-content-sha256': hash };
      const response = await call(key, { method: 'PUT', body: new Uint8Array(bytes), headers });
      await response.body?.cancel();
      if (!response.ok) throw failed(response);
    },
    async get(key) {
      const response = await call(key, { method: 'GET' });
      if (response.ok) return Buffer.from(await response.arrayBuffer());
      await response.body?.cancel();
      if (response.status === 404) return undefined;
      throw failed(response);
    },
  };
}

const failed = ({ status }: Response): Error => new Error(`the proof store answered ${status}`);
