// An order's explanation, asked for as often as one may.

import { setTimeout as delay } from 'node:timers/promises';
import type { Json, Reply, World } from './world.ts';

/** Who is told to wait does so. */
export async function explained(
  world: World,
  orderId: string,
  { secret = world.support, query = '' } = {},
): Promise<Reply> {
  const reply = await world.call('GET', `/v1/orders/${orderId}/explain${query}`, { secret });
  if (reply.status !== 429) return reply;
  await delay(1_000);
  return explained(world, orderId, { secret, query });
}

/** As the platform is told. */
export async function latestDecision(world: World, orderId: string): Promise<Json | undefined> {
  const { body } = await explained(world, orderId);
  return (body['data'] as readonly Json[])[0];
}
