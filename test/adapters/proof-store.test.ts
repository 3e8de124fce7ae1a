// Both places for proofs: a real folder, and a bucket over HTTP whose signatures are checked.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProofStore, type ProofStore } from '../../adapters/proof-store.ts';
import { startFakeBucket, type FakeBucket } from '../../sandbox/s3/server.ts';

const secrets = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
const key = 'ord_1/prf_1';
let bucket: FakeBucket;
let folder: string;
const bucketStore = (secretAccessKey = secrets.secretAccessKey): ProofStore =>
  createProofStore(new URL('s3://proofs'), {
    ...secrets,
    secretAccessKey,
    region: 'eu-central-1',
    endpoint: bucket.url,
  });

beforeAll(async () => {
  bucket = await startFakeBucket(secrets);
  folder = await mkdtemp(path.join(tmpdir(), 'waybill-proofs-'));
});
afterAll(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
});

describe.each([
  ['a folder', () => createProofStore(pathToFileURL(folder))],
  ['a bucket', () => bucketStore()],
])('%s', (_, open) => {
  it('gives back what was put last, and nothing for what was never put', async () => {
    const store = open();
    expect(await store.get(key)).toBeUndefined();
    await store.put(key, Buffer.from('first'));
    await store.put(key, Buffer.of(0, 255, 128));
    expect(await store.get(key)).toEqual(Buffer.of(0, 255, 128));
  });
});

describe('a bucket', () => {
  it('is tried again when it is away for a moment, and is an outage when it stays away', async () => {
    bucket.fail(1);
    await bucketStore().put('ord_1/prf_2', Buffer.from('late'));
    expect(bucket.objects.get('/proofs/ord_1/prf_2')?.toString()).toBe('late');
    bucket.fail(3);
    await expect(bucketStore().get('ord_1/prf_2')).rejects.toThrow('503');
  });

  it('refuses a wrong secret', async () => {
    await expect(bucketStore('wrong').put(key, Buffer.from('x'))).rejects.toThrow('403');
  });
});
