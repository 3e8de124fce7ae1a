// A merchant's system: reads the feed of its orders, answers them, cooks, says when they are ready, hands over
// what is collected, takes cash and returned goods. What it hears it also tells the world: its people stand at
// the counter.

import type { ClientAction } from './client-log.ts';
import type { ApiClient } from './http.ts';
import { command, hears, is, passes, type City } from './robot.ts';
import type { OrderLife } from './world.ts';
import { fieldOf, readFeed, totalOf, type FeedEvent } from './wire.ts';
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
      void serve(city, { identity, event });
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
type Served = Serving & { readonly life: OrderLife };

/** What the merchant does about an event of its order, if anything. */
const duties: Readonly<Record<string, (city: City, served: Served) => Promise<void>>> = {
  'order.submitted': answerOrder,
  'order.remade': (city, served) => cook(city, { ...served, saidAt: saidBy(city, served) }),
  'payment.collected': remit,
  'delivery.arrived_at_return': takeBack,
};

async function serve(city: City, serving: Serving): Promise<void> {
  const duty = duties[serving.event.type];
  if (duty === undefined) return;
  try {
    const life = await findOrder(city, serving);
    if (life !== undefined) await duty(city, { ...serving, life });
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

type Ask = { readonly action: ClientAction; readonly body?: object };

const tell = (
  city: City,
  { identity, event }: Serving,
  { action, body = {} }: Ask,
): ReturnType<typeof command> =>
  command(city, {
    action,
    orderId: event.orderId,
    secret: identity.secret,
    body,
    intention: `${event.sequence}`,
  });

/** Takes the order or not, and prepares what it takes. */
async function answerOrder(city: City, served: Served): Promise<void> {
  const { clock, signal } = city;
  const { acceptsAfter, merchantMood, script } = served.life.plan;
  if (merchantMood === 'silent') return;
  if (acceptsAfter > 0 && !(await clock.waitUntil(clock.minute() + acceptsAfter, signal))) return;
  if (merchantMood === 'denies')
    return void (await tell(city, served, { action: 'deny', body: { code: 'capacity' } }));
  const saidAt = saidBy(city, served);
  // The system refuses a time that has passed; food that is ready already is ready in a moment.
  const readyAt = new Date(Math.max(clock.realAt(saidAt), Date.now() + 500)).toISOString();
  const accepted = await tell(city, served, { action: 'accept', body: { ready_at: readyAt } });
  if (accepted.kind === 'refused') return;
  if (script.pharmacist !== undefined && !(await approves(city, served))) return;
  if (merchantMood === 'cancels') {
    if (await passes(city, 3)) await tell(city, served, { action: 'cancel' });
    return;
  }
  if (script.shortage !== undefined && !(await replaces(city, served))) return;
  if (merchantMood !== 'closed') await cook(city, { ...served, saidAt });
}

/** The minute for which the food is promised. */
function saidBy({ clock }: City, { life: { plan } }: Served): number {
  const { food, placedAt, script } = plan;
  if (food.kind === 'ready_at') return food.minute;
  const wantedAt = placedAt + (script.wantedAfterMinutes ?? 0) - food.minutes;
  return Math.max(clock.minute() + food.minutes, wantedAt);
}

async function approves(city: City, served: Served): Promise<boolean> {
  const { pharmacist } = served.life.plan.script;
  if (pharmacist === 'is_silent' || !(await passes(city, 2))) return false;
  if (pharmacist === 'approves')
    return (await tell(city, served, { action: 'approve-prescription' })).kind === 'done';
  await tell(city, served, { action: 'reject-prescription' });
  return false;
}

/** Something is missing: true once it is known what the customer gets instead. */
async function replaces(city: City, served: Served): Promise<boolean> {
  const { items, script } = served.life.plan;
  const { orderId } = served.event;
  if (!(await passes(city, 2))) return false;
  const substitute = { substitute_minor: (items[0]?.unitPriceMinor ?? 0) + 100 };
  const missing = { line: 0, quantity: 1, ...(script.shortage?.substitute ? substitute : {}) };
  const told = await tell(city, served, { action: 'shortages', body: missing });
  if (told.kind === 'refused') return false;
  return (await hears(city, { orderId, heard: is('order.shortage_resolved') })) !== undefined;
}

async function cook(city: City, served: Served & { readonly saidAt: number }): Promise<void> {
  const { clock, world, signal } = city;
  const { life, event, saidAt } = served;
  const { food, placedAt, lateByMinutes, merchantMood, script } = life.plan;
  const standsAt = Math.max(saidAt + lateByMinutes, food.kind === 'ready_at' ? placedAt : saidAt);
  if (!(await clock.waitUntil(standsAt, signal))) return;
  world.serve(event.orderId, standsAt);
  if (merchantMood !== 'forgetful') await tell(city, served, { action: 'ready' });
  if (script.counter?.collects === true && (await passes(city, 6))) await handOver(city, served);
}

/** The customer is here. */
async function handOver(city: City, served: Served): Promise<void> {
  const { method } = served.life.plan.script;
  const paid = method === 'cash' ? { collected_minor: await priceOf(city, served) } : {};
  await tell(city, served, { action: 'hand-over', body: paid });
}

async function priceOf({ client }: City, { identity, event }: Serving): Promise<number> {
  const path = `/v1/orders/${event.orderId}`;
  return totalOf((await client.call({ method: 'GET', path, secret: identity.secret })).body);
}

/** The driver brings the cash, or some of it. */
async function remit(city: City, served: Served): Promise<void> {
  const { remits = 'nothing' } = served.life.plan.script;
  if (remits === 'nothing' || !(await passes(city, 15))) return;
  const { amountMinor } = served.event;
  const broughtMinor = remits === 'all' ? amountMinor : amountMinor - 500;
  await tell(city, served, { action: 'remittance', body: { amount_minor: broughtMinor } });
}

/** The goods are on the counter again, and it is the merchant who says so. */
async function takeBack(city: City, served: Served): Promise<void> {
  if (served.life.plan.script.backBy === 'merchant' && (await passes(city, 2)))
    await tell(city, served, { action: 'complete-return' });
}
