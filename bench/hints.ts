// Hears the hints that the worker publishes after each recorded step, and counts them per merchant: the cheapest way
// to know that a payment has been authorized. A lost hint costs a lane its patience, never its life.

import { Redis } from 'ioredis';

export type Hints = {
  /** How many have come for this merchant so far. */
  readonly count: (merchantId: string) => number;
  /** Resolves when more than `count` have come, or after `patienceMs`. */
  readonly beyond: (merchantId: string, count: number) => Promise<void>;
  readonly close: () => void;
};

const pattern = 'hint:merchant:';
const patienceMs = 1_000;

export async function hearHints(redisUrl: string): Promise<Hints> {
  const redis = new Redis(redisUrl);
  const counts = new Map<string, number>();
  const waiting = new Map<string, { readonly count: number; readonly done: () => void }>();
  const count = (merchantId: string): number => counts.get(merchantId) ?? 0;
  redis.on('pmessage', (_pattern: string, channel: string) => {
    const merchantId = channel.slice(pattern.length);
    counts.set(merchantId, count(merchantId) + 1);
    const waiter = waiting.get(merchantId);
    if (waiter && count(merchantId) > waiter.count) waiter.done();
  });
  await redis.psubscribe(`${pattern}*`);
  return {
    count,
    beyond: (merchantId, known) =>
      count(merchantId) > known
        ? Promise.resolve()
        : new Promise((resolve) => {
            const done = (): void => {
              clearTimeout(timer);
              waiting.delete(merchantId);
              resolve();
            };
            const timer = setTimeout(done, patienceMs);
            waiting.set(merchantId, { count: known, done });
          }),
    close: () => redis.disconnect(),
  };
}
