// Many messages to many orders within one activity: a few at a time, and no more once the time is up. What is left
// out or fails is due again in the next round.

import type { Logger } from '../log.ts';

const atOnce = 8;
/** Well below the activity's time-out, which the rest of the round needs too. */
const budgetMs = 10_000;

/** Never rejects: a failure is logged and concerns its item only. Returns how many were begun. */
export async function sendAll<T>(
  { items, log }: { readonly items: readonly T[]; readonly log: Logger },
  send: (item: T) => Promise<void>,
): Promise<number> {
  const endAt = Date.now() + budgetMs;
  let next = 0;
  async function lane(): Promise<void> {
    while (next < items.length && Date.now() < endAt) {
      const item = items[next];
      next += 1;
      if (item === undefined) continue;
      try {
        await send(item);
      } catch (error) {
        log.warn({ err: error }, 'a message to an order failed; the next round sends it again');
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane));
  return next;
}
