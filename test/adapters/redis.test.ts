// Redis as it is, and Redis as it is when it is not there.

import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, inject, test, vi } from 'vitest';
import { createRedis, type LiveRedis } from '../../adapters/redis.ts';
import { newId } from '../../db/new-id.ts';

const opened: LiveRedis[] = [];
const lines: { readonly cut: () => void }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((redis) => redis.close()));
  for (const line of lines.splice(0)) line.cut();
});

function open(url: string = inject('redisUrl')) {
  const log = { warn: vi.fn<() => void>(), info: vi.fn<() => void>() };
  const redis = createRedis(url, log);
  opened.push(redis);
  return { redis, log };
}

async function openReady(url?: string) {
  const both = open(url);
  await vi.waitFor(() => expect(both.redis.isUp()).toBe(true), { timeout: 5_000 });
  // The server may have been slower to start than its client.
  both.log.warn.mockClear();
  both.log.info.mockClear();
  return both;
}

/** A line to the real Redis that can be cut, mended, and go dead. */
async function openLine() {
  const { hostname, port } = new URL(inject('redisUrl'));
  const sockets = new Set<Socket>();
  const server: Server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    near.on('close', () => far.destroy()).on('data', (data) => far.write(data));
    far.on('close', () => near.destroy()).on('data', (data) => near.write(data));
  });
  async function mend(at = 0): Promise<number> {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }
  const nearPort = await mend();
  const line = {
    url: `redis://127.0.0.1:${nearPort}`,
    /** What is sent waits on the way. */
    setDead(dead: boolean): void {
      for (const socket of sockets)
        if (dead) socket.pause();
        else socket.resume();
    },
    mend: () => mend(nearPort),
    cut(): void {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
  lines.push(line);
  return line;
}

const marketId = newId('market');
const position = (at: number) => ({
  driverId: newId('driver'),
  marketId,
  lat: 52.5,
  lng: 13.4,
  at,
});

describe('positions', () => {
  test('the last one is read back, drivers without one are left out', async () => {
    const { redis } = open();
    const one = position(1_000);
    const two = position(2_000);
    await redis.writePositions([one, { ...one, lat: -1.25, at: 3_000 }, two]);
    const found = await redis.readPositions([one.driverId, newId('driver'), two.driverId]);
    expect([...found]).toEqual([
      [one.driverId, { lat: -1.25, lng: 13.4, at: 3_000 }],
      [two.driverId, { lat: 52.5, lng: 13.4, at: 2_000 }],
    ]);
    await redis.forgetPosition(one);
    expect((await redis.readPositions([one.driverId])).size).toBe(0);
    expect((await redis.readPositions([])).size).toBe(0);
  });
});

describe('waitFor', () => {
  test('hears a hint on its channel from another process, and any hint on all', async () => {
    const { redis } = await openReady();
    const { redis: other } = open();
    const waits = ['driver:1', 'driver:1', 'all', 'driver:2'].map((channel) =>
      redis.waitFor(channel, 400),
    );
    await other.hint('driver:1');
    expect(await Promise.all(waits)).toEqual([true, true, true, false]);
  });

  test('ends with false when nothing comes, and at once when closed', async () => {
    const { redis } = await openReady();
    expect(await redis.waitFor('driver:1', 20)).toBe(false);
    const wait = redis.waitFor('driver:1', 60_000);
    await redis.close();
    expect(await wait).toBe(false);
  });
});

describe('without Redis', () => {
  test('nothing throws, long waits end within a second, and it is said once', async () => {
    const line = await openLine();
    line.cut();
    const { redis, log } = open(line.url);
    const began = Date.now();
    const one = position(1_000);
    const waiting = redis.waitFor('driver:1', 30_000);
    await redis.hint('driver:1');
    await redis.writePositions([one]);
    expect((await redis.readPositions([one.driverId])).size).toBe(0);
    expect(await waiting).toBe(false);
    expect(Date.now() - began).toBeLessThan(3_000);
    expect(redis.isUp()).toBe(false);
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  test('all works again when it is back, and that is said too', async () => {
    const line = await openLine();
    const { redis, log } = await openReady(line.url);
    line.cut();
    await vi.waitFor(() => expect(log.warn).toHaveBeenCalledTimes(1), { timeout: 5_000 });
    expect(redis.isUp()).toBe(false);
    await line.mend();
    await vi.waitFor(() => expect(redis.isUp()).toBe(true), { timeout: 10_000 });
    const waiting = redis.waitFor('driver:1', 5_000);
    await redis.hint('driver:1');
    expect(await waiting).toBe(true);
    expect(log.info).toHaveBeenCalledTimes(1);
  });

  test('one that does not answer costs a second, not the caller', async () => {
    const line = await openLine();
    const { redis, log } = await openReady(line.url);
    line.setDead(true);
    const began = Date.now();
    await redis.hint('driver:1');
    expect(Date.now() - began).toBeLessThan(2_500);
    expect(log.warn).toHaveBeenCalledTimes(1);
    line.setDead(false);
    await redis.hint('driver:1');
    expect(log.info).toHaveBeenCalledTimes(1);
  });
});
