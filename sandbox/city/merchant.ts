// A merchant's system: reads the feed of its orders, accepts them, cooks, says when they are ready. What
// it hears it also tells the world: its people stand at the counter.

import type { ApiClient } from './http.ts';
import { command, type City } from './robot.ts';
import type { OrderLife } from './world.ts';
import { fieldOf, readFeed, type FeedEvent } from './wire.ts';
import type { Identity } from './open-market.ts';

const waitS = 20;
const pageSize = 100;

export type MerchantRobot = {
  /** Reads until the city's signal. */
  readonly run: () => Promise<void>;
  /** Reads what is left and returns; after `run` has ended. */
  readonly drain: (client: ApiClient) => Promise<void>;
};

export function createMerchant(city: City, identity: Identity): MerchantRobot {
  let cursor: string | undefined;

  /** True when something came. */
  async function read(client: ApiClient, wait: number): Promise<boolean> {
    const after = cursor === undefined ? '' : `&after=${encodeURIComponent(cursor)}`;
    const path = `/v1/events?limit=${pageSize}&wait=${wait}${after}`;
    const answer = await client.call({
      method: 'GET',
      path,
      secret: identity.secret,
      timeoutMs: (wait + 10) * 1_000,
    });
    if (answer.status !== 200) {
      city.world.odd(`events: HTTP ${answer.status}`);
      return false;
    }
    const { events, next } = readFeed(answer.body);
    for (const event of events) {
      city.log.write({
        kind: 'event',
        merchantId: identity.id,
        orderId: event.orderId,
        sequence: event.sequence,
      });
      city.world.observe(event);
      if (event.type === 'order.submitted') void serve(city, { identity, event });
    }
    cursor = next ?? cursor;
    return events.length > 0;
  }

  return {
    async run() {
      while (!city.signal.aborted) await read(city.client, waitS);
    },
    async drain(client) {
      while (await read(client, 0));
    },
  };
}

type Serving = { readonly identity: Identity; readonly event: FeedEvent };

async function serve(city: City, serving: Serving): Promise<void> {
  try {
    const life = await findOrder(city, serving);
    if (life !== undefined && life.plan.merchantMood !== 'silent')
      await cook(city, { ...serving, life });
  } catch (error) {
    if (!city.signal.aborted)
      city.world.odd(`merchant: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The shop knows its order; when the answer to it was lost, the order itself names it. */
async function findOrder(
  { world, client }: City,
  { identity, event: { orderId } }: Serving,
): Promise<OrderLife | undefined> {
  const known = world.lifeOf(orderId);
  if (known !== undefined) return known;
  const { body } = await client.call({
    method: 'GET',
    path: `/v1/orders/${orderId}`,
    secret: identity.secret,
  });
  const name = fieldOf(body, 'external_id');
  if (name !== undefined) world.know(orderId, name);
  return world.lifeOf(orderId);
}

async function cook(
  city: City,
  { identity, event, life }: Serving & { readonly life: OrderLife },
): Promise<void> {
  const { clock, world, signal } = city;
  const { orderId } = event;
  const { food, acceptsAfter, lateByMinutes } = life.plan;
  if (acceptsAfter > 0 && !(await clock.waitUntil(clock.minute() + acceptsAfter, signal))) return;
  const saidAt = food.kind === 'ready_at' ? food.minute : clock.minute() + food.minutes;
  // The system refuses a time that has passed; food that is ready already is ready in a moment.
  const readyAt = new Date(Math.max(clock.realAt(saidAt), Date.now() + 500)).toISOString();
  const accepted = await command(city, {
    action: 'accept',
    orderId,
    secret: identity.secret,
    body: { ready_at: readyAt },
    intention: '1',
  });
  if (accepted.kind === 'refused') return;
  const standsAt = Math.max(
    saidAt + lateByMinutes,
    food.kind === 'ready_at' ? life.plan.placedAt : saidAt,
  );
  if (!(await clock.waitUntil(standsAt, signal))) return;
  world.serve(orderId, standsAt);
  await command(city, { action: 'ready', orderId, secret: identity.secret, intention: '1' });
}
