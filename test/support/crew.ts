// People at work until told to stop: a merchant who accepts and prepares, a driver who takes every offer and carries.
// As real clients do, they say the same again, under the same key, until it is answered with yes.

import type { Shop } from './shop.ts';

type Seen = {
  readonly id: string;
  readonly order_status: string;
  readonly delivery_status: string;
};

const pauseMs = 150;

/** `isHeld`: orders whose merchant does not answer yet. `stop` resolves when nobody says anything any more. */
export function startCrew(shop: Shop, isHeld: (orderId: string) => boolean = () => false) {
  const stopping = new AbortController();
  const saying = new Map<string, Promise<void>>();

  /** Once at a time; what fails is said again in a later round. */
  function say(key: string, call: () => Promise<unknown>): void {
    if (saying.has(key)) return;
    const said = call()
      .then(() => undefined)
      .catch(() => undefined)
      .finally(() => saying.delete(key));
    saying.set(key, said);
  }

  function answer({ id, order_status, delivery_status }: Seen): void {
    if (order_status === 'pending' && !isHeld(id))
      say(`a-${id}`, () => shop.merchantSays(id, 'accept', { prep_seconds: 60 }, `a-${id}`));
    if (order_status === 'preparing')
      say(`r-${id}`, () => shop.merchantSays(id, 'ready', {}, `r-${id}`));
    if (order_status === 'ready' && delivery_status === 'confirmed')
      say(`p-${id}`, () => shop.driverSays(id, 'pick-up', `p-${id}`));
    if (delivery_status === 'picked_up')
      say(`d-${id}`, () => shop.driverSays(id, 'deliver', `d-${id}`));
  }

  async function takeOffers(): Promise<void> {
    const { driverKey: secret } = shop;
    const { body } = await shop.get({ secret, path: '/v1/offers' });
    for (const { id } of (body['data'] ?? []) as { id: string }[])
      say(id, () => shop.post({ secret, path: `/v1/offers/${id}/accept`, key: `accept-${id}` }));
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      await takeOffers().catch(() => undefined);
      const open = await shop
        .get({ secret: shop.merchantKey, path: '/v1/orders?open=true&limit=100' })
        .catch(() => undefined);
      for (const order of (open?.body['data'] ?? []) as Seen[]) answer(order);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    await Promise.all(saying.values());
  }

  const working = work();
  return {
    stop: async (): Promise<void> => {
      stopping.abort();
      await working;
    },
  };
}
