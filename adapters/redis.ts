// Redis: the drivers' fresh positions and live hints. It holds nothing that cannot be rebuilt within one ping
// interval, so every failure is swallowed here and logged once per outage: a lost Redis costs seconds, never an order.

import { Redis } from 'ioredis';
import type { DriverId, MarketId } from '../domain/ids.ts';

/** WGS 84; `at` is epoch milliseconds. */
export type DriverPosition = {
  readonly driverId: DriverId;
  readonly marketId: MarketId;
  readonly lat: number;
  readonly lng: number;
  readonly at: number;
};
export type LastPosition = Pick<DriverPosition, 'lat' | 'lng' | 'at'>;

export type LiveRedis = ReturnType<typeof createRedis>;

type Log = {
  readonly warn: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
};

const positionTtlMs = 5 * 60_000;
const commandTimeoutMs = 1_000;
/** How long a waiter waits while hints cannot arrive: then its caller looks for itself. */
const blindWaitMs = 1_000;
const hintPrefix = 'hint:';

const options = {
  commandTimeout: commandTimeoutMs,
  connectTimeout: 2_000,
  maxRetriesPerRequest: 1,
  retryStrategy: (attempt: number) => Math.min(attempt * 100, 2_000),
};

/** Connects by itself, now and after every outage. Nothing here ever throws. */
export function createRedis(url: string, log: Log) {
  const commands = new Redis(url, options);
  const report = reportOnce(log);

  /** Undefined when Redis did not answer in time. */
  async function attempt<T>(call: () => Promise<T>): Promise<T | undefined> {
    if (commands.status === 'reconnecting' || commands.status === 'end') return undefined;
    try {
      const result = await call();
      report.works();
      return result;
    } catch (error) {
      report.fails(error);
      return undefined;
    }
  }

  commands.on('error', (error) => report.fails(error)).on('ready', () => report.works());
  const hints = listen(new Redis(url, { ...options, maxRetriesPerRequest: null }));
  return {
    ...positions(commands, attempt),
    /** Tells whoever waits for `driver:<id>` or `merchant:<id>` to look. Losing it costs only time. */
    async hint(channel: string): Promise<void> {
      await attempt(() => commands.publish(hintPrefix + channel, ''));
    },
    waitFor: hints.waitFor,
    /** Whether commands and hints get through at present. */
    isUp: (): boolean => commands.status === 'ready' && hints.isListening(),
    async close(): Promise<void> {
      hints.close();
      commands.disconnect();
    },
  };
}

type Attempt = <T>(call: () => Promise<T>) => Promise<T | undefined>;

const geoKey = (marketId: MarketId): string => `positions:${marketId}`;
const lastKey = (driverId: DriverId): string => `position:${driverId}`;

function positions(redis: Redis, attempt: Attempt) {
  return {
    /** One round trip. The last entry of a driver wins: oldest first. Known for five minutes. */
    async writePositions(batch: readonly DriverPosition[]): Promise<void> {
      if (batch.length === 0) return;
      const pipeline = redis.pipeline();
      for (const { driverId, marketId, lat, lng, at } of batch) {
        pipeline.geoadd(geoKey(marketId), lng, lat, driverId);
        pipeline.set(lastKey(driverId), `${lat},${lng},${at}`, 'PX', positionTtlMs);
      }
      await attempt(() => pipeline.exec());
    },
    /** The drivers whose position is at most five minutes old; empty when Redis is away. */
    async readPositions(
      driverIds: readonly DriverId[],
    ): Promise<ReadonlyMap<DriverId, LastPosition>> {
      if (driverIds.length === 0) return new Map();
      const values = await attempt(() => redis.mget(driverIds.map(lastKey)));
      return new Map(
        driverIds.flatMap((driverId, index) => {
          const position = parsePosition(values?.[index]);
          return position ? [[driverId, position]] : [];
        }),
      );
    },
    /** A driver who has gone offline is nowhere. */
    async forgetPosition(driver: Pick<DriverPosition, 'driverId' | 'marketId'>): Promise<void> {
      const pipeline = redis.pipeline();
      pipeline.zrem(geoKey(driver.marketId), driver.driverId);
      pipeline.del(lastKey(driver.driverId));
      await attempt(() => pipeline.exec());
    },
  };
}

function parsePosition(text: string | null | undefined): LastPosition | undefined {
  const [lat, lng, at] = (text ?? '').split(',').map(Number);
  return lat === undefined || lng === undefined || at === undefined ? undefined : { lat, lng, at };
}

/** One connection hears all hints; waiters are kept here, so that waiting costs no round trip. */
function listen(redis: Redis) {
  const waiters = new Map<string, Set<(hinted: boolean) => void>>();
  let listening = false;
  const wake = (channel: string): void => waiters.get(channel)?.forEach((resolve) => resolve(true));

  // The other connection reports the outage; without a listener it would be printed again.
  redis.on('error', () => undefined);
  redis.on('close', () => (listening = false));
  redis.on('ready', () => {
    redis.psubscribe(`${hintPrefix}*`).then(
      () => (listening = true),
      () => undefined,
    );
  });
  redis.on('pmessage', (_pattern: string, channel: string) => {
    wake(channel.slice(hintPrefix.length));
    wake('all');
  });

  /**
   * Channels: `driver:<id>`, `merchant:<id>`, `all` (any hint). True when a hint has come, false after `timeoutMs`, or after a second when hints cannot arrive: the caller then
   * looks for itself and waits again. Call it before looking, and await it after, so that no hint falls between.
   */
  function waitFor(channel: string, timeoutMs: number): Promise<boolean> {
    const waitMs = listening ? timeoutMs : Math.min(timeoutMs, blindWaitMs);
    return new Promise((resolve) => {
      const here = waiters.get(channel) ?? new Set();
      waiters.set(channel, here);
      const timer = setTimeout(() => done(false), waitMs);
      const done = (hinted: boolean): void => {
        clearTimeout(timer);
        here.delete(done);
        if (here.size === 0 && waiters.get(channel) === here) waiters.delete(channel);
        resolve(hinted);
      };
      here.add(done);
    });
  }

  function close(): void {
    redis.disconnect();
    for (const here of waiters.values()) for (const resolve of here) resolve(false);
  }

  return { waitFor, close, isListening: (): boolean => listening };
}

function reportOnce(log: Log) {
  let away = false;
  return {
    fails(error: unknown): void {
      if (!away) {
        log.warn({ err: error }, 'Redis is away: positions come from PostgreSQL, hints are lost');
      }
      away = true;
    },
    works(): void {
      if (away) log.info({}, 'Redis is back');
      away = false;
    },
  };
}
