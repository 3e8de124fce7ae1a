// Support: works the queue of orders that need a person, and does about each what its script says; cancels
// when a customer calls.

import type { SupportDeed } from './plan.ts';
import { command, passes, type City, type Said } from './robot.ts';
import { readQueue } from './wire.ts';

type Acting = {
  readonly orderId: string;
  readonly action: SupportDeed;
  readonly reason: string;
  /** What else the action takes. */
  readonly body?: object;
};

export const actOn = (city: City, { orderId, action, reason, body }: Acting): Promise<Said> =>
  command(city, {
    action,
    orderId,
    path: `/v1/support/orders/${orderId}/actions`,
    secret: city.market.support.secret,
    body: { reason, ...body },
    intention: 'support',
  });

/** How long support takes from one look at the queue to the next. */
const lookEveryMinutes = 3;

/** Until the day ends. */
export async function workTheQueue(city: City): Promise<void> {
  const { client, market, world } = city;
  const path = `/v1/support/exceptions?reason=problem&market_id=${market.id}`;
  while (await passes(city, lookEveryMinutes)) {
    const { status, body } = await client.call({
      method: 'GET',
      path,
      secret: market.support.secret,
    });
    if (status !== 200) world.odd(`exceptions: HTTP ${status}`);
    for (const orderId of readQueue(body)) {
      const action = world.lifeOf(orderId)?.plan.script.support;
      // The second driver says when the goods are taken over; while nobody is free, support looks again.
      if (action === 'transfer') world.sendHelp(orderId);
      else if (action !== undefined && world.isFirst(orderId, action))
        await actOn(city, { orderId, action, reason: 'driver_request' });
    }
  }
}
