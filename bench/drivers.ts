// Drivers who wait for offers by long poll, think for a moment and accept every one; a life asks here who carries it.
// They go on polling while they carry, as their apps do, so that idle and busy stacks have the same polls to answer.

import { setTimeout as delay } from 'node:timers/promises';
import type { Driver } from './api-town.ts';
import type { Times } from './api-lives.ts';
import type { Http } from './http.ts';

export type Drivers = {
  /** Resolves when a driver has accepted the offer of this order; rejects after `patienceMs`. */
  readonly carrierOf: (orderId: string) => Promise<Driver>;
  readonly stop: () => void;
};

type Offer = { readonly id: string; readonly orders: readonly { readonly order_id: string }[] };
type Wish = {
  readonly http: Http;
  readonly drivers: readonly Driver[];
  readonly thinkMs: () => number;
  /** A request that failed; the driver goes on. */
  readonly onError: (error: unknown) => void;
  readonly times: Times;
};

const pollS = 30;
const patienceMs = 120_000;
const afterFailureMs = 1_000;

export function startDrivers({ http, drivers, thinkMs, onError, times }: Wish): Drivers {
  const found = new Map<string, PromiseWithResolvers<Driver>>();
  const ending = new AbortController();
  const slotOf = (orderId: string): PromiseWithResolvers<Driver> => {
    const slot = found.get(orderId) ?? Promise.withResolvers<Driver>();
    found.set(orderId, slot);
    return slot;
  };

  async function takeOne(driver: Driver): Promise<void> {
    const { secret } = driver;
    const path = `/v1/offers?wait=${pollS}`;
    const { data } = await http.demand<{ readonly data: readonly Offer[] }>({
      method: 'GET',
      path,
      secret,
    });
    const [offer] = data;
    if (!offer || ending.signal.aborted) return;
    await delay(thinkMs());
    await times.timed('offer accept', () =>
      http.demand({ path: `/v1/offers/${offer.id}/accept`, secret, body: {} }),
    );
    for (const { order_id: orderId } of offer.orders) slotOf(orderId).resolve(driver);
  }

  for (const driver of drivers) void work(driver);
  async function work(driver: Driver): Promise<void> {
    while (!ending.signal.aborted) await takeOne(driver).catch(fail);
  }

  async function fail(error: unknown): Promise<void> {
    if (ending.signal.aborted) return;
    onError(error);
    await delay(afterFailureMs);
  }

  return {
    async carrierOf(orderId) {
      const tooLate = delay(patienceMs, undefined, { ref: false }).then(() => {
        throw new Error(`nobody carries ${orderId}`);
      });
      return Promise.race([slotOf(orderId).promise, tooLate]).finally(() => found.delete(orderId));
    },
    stop: () => ending.abort(),
  };
}
