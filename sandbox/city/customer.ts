// A customer: orders through the merchant's shop, and then does with an own key what the mood says:
// tries another card, completes 3-D Secure, cancels.

import { setTimeout as delay } from 'node:timers/promises';
import { noteOf, personOf } from './people.ts';
import { placeOf } from './projection.ts';
import { command, saidBy, type City } from './robot.ts';
import type { CustomerMood, PlannedOrder } from './plan.ts';
import { fieldOf, type FeedEvent } from './wire.ts';

const cards: Readonly<Record<CustomerMood['kind'], string>> = {
  calm: 'pm_card_visa',
  impatient: 'pm_card_mastercard',
  authenticates: 'pm_card_threeDSecure2Required',
  second_card: 'pm_card_visa_chargeDeclinedInsufficientFunds',
  gives_up: 'pm_card_visa_chargeDeclined',
};

/** Lives one order; resolves when the customer has nothing more to do. */
export async function orderMeal(city: City, order: PlannedOrder, index: number): Promise<void> {
  const { clock, world, signal } = city;
  if (!(await clock.waitUntil(order.placedAt, signal))) return;
  try {
    world.placed(order.name, order.placedAt);
    const orderId = await place(city, order, index);
    if (orderId === undefined) return;
    world.know(orderId, order.name);
    await followMood(city, { order, orderId });
  } catch (error) {
    if (!signal.aborted)
      world.odd(`customer: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function place(city: City, order: PlannedOrder, index: number): Promise<string | undefined> {
  const { market, client, log, world } = city;
  const branch = market.branches.get(order.branch);
  const merchant = market.merchants.get(branch?.merchant ?? '');
  if (branch === undefined || merchant === undefined)
    throw new Error(`${order.name} is for an unknown branch`);
  const idempotencyKey = `place-${market.id}-${order.name}`;
  const answer = await client.call({
    method: 'POST',
    path: '/v1/orders',
    secret: merchant.secret,
    idempotencyKey,
    body: bodyOf(city, { order, index, branchId: branch.id }),
  });
  const said = saidBy(answer);
  if (said.kind === 'refused') {
    world.odd(`place: HTTP ${answer.status} ${said.code}`);
    return undefined;
  }
  const orderId = fieldOf(said.body, 'id') ?? answer.location?.split('/').at(-1);
  if (orderId === undefined) throw new Error('the placed order has no id');
  const at = new Date().toISOString();
  log.write({
    kind: 'answer',
    at,
    action: 'place',
    status: answer.status,
    orderId,
    idempotencyKey,
    externalId: order.name,
  });
  return orderId;
}

function bodyOf(
  { market }: City,
  {
    order,
    index,
    branchId,
  }: { readonly order: PlannedOrder; readonly index: number; readonly branchId: string },
): object {
  const person = personOf(index);
  const known = market.customers.get(order.name);
  return {
    branch_id: branchId,
    external_id: order.name,
    customer: known === undefined ? { name: person.name, phone: person.phone } : { id: known.id },
    dropoff: { location: placeOf(order.dropoff), address: person.address },
    items: order.items.map(({ name, quantity, unitPriceMinor }) => ({
      name,
      quantity,
      unit_price_minor: unitPriceMinor,
    })),
    currency: market.currency,
    tip_minor: order.tipMinor,
    payment: { method: 'card', token: cards[order.customerMood.kind] },
    ...(index % 5 === 0 ? { note: noteOf(person) } : {}),
  };
}

type Acting = { readonly order: PlannedOrder; readonly orderId: string };

async function followMood(city: City, acting: Acting): Promise<void> {
  const { clock, signal } = city;
  const {
    order: { customerMood, placedAt, name },
    orderId,
  } = acting;
  const secret = city.market.customers.get(name)?.secret;
  if (secret === undefined) return;
  switch (customerMood.kind) {
    case 'calm':
      return;
    case 'impatient':
      if (!(await clock.waitUntil(placedAt + customerMood.cancelsAfterMinutes, signal))) return;
      await command(city, {
        action: 'cancel',
        orderId,
        secret,
        body: { note: noteOf(personOf(1)) },
        intention: '1',
      });
      return;
    case 'second_card':
      if ((await hears(city, { orderId, type: 'payment.declined' })) === undefined) return;
      await command(city, {
        action: 'payment',
        orderId,
        secret,
        body: { token: 'pm_card_visa' },
        intention: '2',
      });
      return;
    case 'gives_up':
      if ((await hears(city, { orderId, type: 'payment.declined' })) === undefined) return;
      await command(city, { action: 'cancel', orderId, secret, intention: '1' });
      return;
    case 'authenticates': {
      const asked = await hears(city, { orderId, type: 'payment.requires_action' });
      if (asked?.providerRef === undefined) return;
      if (await clock.waitUntil(clock.minute() + customerMood.afterMinutes, signal))
        await authenticate(city, asked.providerRef);
      return;
    }
  }
}

/** The first event of this type; undefined when the day or the order ends without it. */
function hears(
  { world, signal }: City,
  { orderId, type }: { readonly orderId: string; readonly type: string },
): Promise<FeedEvent | undefined> {
  return new Promise((resolve) => {
    let heard = false;
    const end = (event: FeedEvent | undefined): void => {
      heard = true;
      resolve(event);
      stop?.();
    };
    let stop: (() => void) | undefined;
    stop = world.listen(orderId, (event) => {
      if (event.type === type) end(event);
      else if (event.endReason !== undefined || event.type === 'order.completed') end(undefined);
    });
    if (heard) stop();
    signal.addEventListener('abort', () => end(undefined), { once: true });
  });
}

/** In the bank's app, not in ours. */
async function authenticate({ bankUrl, world }: City, providerRef: string): Promise<void> {
  if (bankUrl === undefined) return world.odd('3-D Secure without a bank');
  for (let attempt = 1; attempt <= 20; attempt++) {
    const response = await fetch(`${bankUrl}/sandbox/payment_intents/${providerRef}/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"outcome":"succeed"}',
    }).catch(() => undefined);
    await response?.arrayBuffer();
    if (response !== undefined && response.status < 500) return;
    await delay(250);
  }
  world.odd('the bank did not answer');
}
