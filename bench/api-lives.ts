// A whole life through the API, with the pauses of people between its commands. Every answer is timed; the first
// that is not 2xx ends the life.

import { setTimeout as delay } from 'node:timers/promises';
import { orderBody, type Merchant } from './api-town.ts';
import type { Drivers } from './drivers.ts';
import type { Http } from './http.ts';

export type Step = 'place' | 'accept' | 'ready' | 'offer accept' | 'pick-up' | 'deliver';

/** Milliseconds of every answered request, by step. */
export type Times = ReturnType<typeof createTimes>;

export function createTimes() {
  const byStep = new Map<string, number[]>();
  return {
    byStep,
    /** Counts from `sinceMs` (performance.now) when the request should have gone out earlier than it does. */
    async timed<T>(
      step: string,
      call: () => Promise<T>,
      sinceMs: number = performance.now(),
    ): Promise<T> {
      const result = await call();
      const times = byStep.get(step) ?? [];
      byStep.set(step, times);
      times.push(performance.now() - sinceMs);
      return result;
    },
  };
}

type Parts = {
  readonly http: Http;
  readonly drivers: Drivers;
  readonly times: Times;
  /** The pause before a step, in milliseconds. */
  readonly pauseMs: (step: Step) => number;
};

/** Resolves with the order's id once it is delivered. `dueMs`: when it should have been placed (performance.now). */
export function createApiLife({ http, drivers, times, pauseMs }: Parts) {
  return async function live({ branchId, secret }: Merchant, dueMs?: number): Promise<string> {
    const place = { path: '/v1/orders', secret, body: orderBody({ branchId, secret }) };
    const { id } = await times.timed(
      'place',
      () => http.demand<{ readonly id: string }>(place),
      dueMs,
    );
    const say = async (step: Step, by: string): Promise<void> => {
      await delay(pauseMs(step));
      await times.timed(step, () =>
        http.demand({ path: `/v1/orders/${id}/${step}`, secret: by, body: {} }),
      );
    };
    await say('accept', secret);
    const found = drivers.carrierOf(id);
    found.catch(() => undefined);
    await say('ready', secret);
    const driver = await found;
    await say('pick-up', driver.secret);
    await say('deliver', driver.secret);
    return id;
  };
}
