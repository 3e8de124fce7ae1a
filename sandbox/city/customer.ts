// A customer: orders through the merchant's shop, and then does with an own key what the mood says:
// tries another card, completes 3-D Secure, answers about missing goods, cancels, calls support.

import { setTimeout as delay } from 'node:timers/promises';
import type { Substitution } from '../../domain/order.ts';
import { actAfterwards } from './afterwards.ts';
import { noteOf, personOf } from './people.ts';
import { placeOf } from './projection.ts';
import { command, hears, is, passes, saidBy, type City } from './robot.ts';
import { usesWallet, type CustomerMood, type PlannedOrder } from './plan.ts';
import { fillWallet } from './wallet.ts';
import { actOn } from './support.ts';
import { fieldOf, type FeedEvent } from './wire.ts';

const fillsBeforeMinutes = 10;
const declinedCard = 'pm_card_visa_chargeDeclined';
const cards: Readonly<Record<CustomerMood['kind'], string>> = {
  calm: 'pm_card_visa',
  impatient: 'pm_card_mastercard',
  authenticates: 'pm_card_threeDSecure2Required',
  second_card: 'pm_card_visa_chargeDeclinedInsufficientFunds',
  gives_up: declinedCard,
  has_no_good_card: declinedCard,
  forgets_the_bank: 'pm_card_threeDSecure2Required',
  calls_support: 'pm_card_visa',
};

/** Lives one order; resolves when the customer has nothing more to do. */
export async function orderMeal(city: City, order: PlannedOrder, index: number): Promise<void> {
  const { clock, world, signal } = city;
  if (usesWallet(order)) await fillBefore(city, order);
  if (!(await clock.waitUntil(order.placedAt, signal))) return;
  try {
    world.placed(order.name, order.placedAt);
    const orderId = await place(city, order, index);
    if (orderId === undefined) return;
    world.know(orderId, order.name);
    void confirmPayment(city, { order, orderId });
    await followMood(city, { order, orderId });
    await actAfterwards(city, { order, orderId });
  } catch (error) {
    if (!signal.aborted)
      world.odd(`customer: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** In good time. */
async function fillBefore(city: City, order: PlannedOrder): Promise<void> {
  const { clock, signal, world } = city;
  if (!(await clock.waitUntil(order.placedAt - fillsBeforeMinutes, signal))) return;
  await fillWallet(city, order).catch((error: unknown) => {
    if (!signal.aborted)
      world.odd(`wallet: ${error instanceof Error ? error.message : String(error)}`);
  });
}

/** The order's id. At a branch that takes no orders at the moment the next one of the merchant is asked. */
async function place(city: City, order: PlannedOrder, index: number): Promise<string | undefined> {
  for (const [attempt, branch] of branchesFor(city, order).entries()) {
    const placed = await placeAt(city, { order, index, branch, attempt });
    if (placed.kind === 'placed') return placed.orderId;
    if (placed.kind === 'refused') return undefined;
  }
  city.world.odd('place: every branch is paused');
  return undefined;
}

function branchesFor({ market }: City, order: PlannedOrder): readonly Branch[] {
  const wanted = market.branches.get(order.branch);
  if (wanted === undefined) throw new Error(`${order.name} is for an unknown branch`);
  const others = [...market.branches.values()].filter(
    ({ id, merchant }) => merchant === wanted.merchant && id !== wanted.id,
  );
  return [wanted, ...others];
}

type Branch = { readonly id: string; readonly merchant: string };

type Placing = {
  readonly order: PlannedOrder;
  readonly index: number;
  readonly branch: Branch;
  readonly attempt: number;
};

type Placed =
  | { readonly kind: 'placed'; readonly orderId: string }
  | { readonly kind: 'paused' | 'refused' };

async function placeAt(city: City, placing: Placing): Promise<Placed> {
  const { market, client, log, world } = city;
  const { order, branch, attempt } = placing;
  const merchant = market.merchants.get(branch.merchant);
  if (merchant === undefined) throw new Error(`${order.name} is for an unknown merchant`);
  const idempotencyKey = `place-${market.id}-${order.name}-${attempt}`;
  const answer = await client.call({
    method: 'POST',
    path: '/v1/orders',
    secret: merchant.secret,
    idempotencyKey,
    body: bodyOf(city, placing),
  });
  const said = saidBy(answer);
  if (said.kind === 'refused') {
    if (said.code === 'branch_paused') return { kind: 'paused' };
    world.odd(`place: HTTP ${answer.status} ${said.code}`);
    return { kind: 'refused' };
  }
  const orderId = fieldOf(said.body, 'id') ?? answer.location?.split('/').at(-1);
  if (orderId === undefined) throw new Error('the placed order has no id');
  log.write({
    kind: 'answer',
    at: new Date().toISOString(),
    action: 'place',
    status: answer.status,
    orderId,
    idempotencyKey,
    externalId: order.name,
  });
  return { kind: 'placed', orderId };
}

function bodyOf(city: City, { order, index, branch }: Placing): object {
  const { market, clock } = city;
  const { script, items, dropoff } = order;
  const person = personOf(index);
  const known = market.customers.get(order.name);
  return {
    branch_id: branch.id,
    external_id: order.name,
    customer: known === undefined ? { name: person.name, phone: person.phone } : { id: known.id },
    ...(script.counter === undefined
      ? { dropoff: { location: placeOf(dropoff), address: person.address } }
      : { type: script.counter.type }),
    ...(script.wantedAfterMinutes === undefined
      ? {}
      : { scheduled_for: timeAt(clock, order.placedAt + script.wantedAfterMinutes) }),
    ...(script.substitution === undefined ? {} : { substitution: script.substitution }),
    ...(script.pin === true ? { proof: ['pin'] } : {}),
    ...(script.undeliverable === undefined ? {} : { undeliverable_action: script.undeliverable }),
    items: items.map(({ name, quantity, unitPriceMinor }) => ({
      name,
      quantity,
      unit_price_minor: unitPriceMinor,
      ...(script.goods === undefined ? {} : { [script.goods]: true }),
    })),
    currency: market.currency,
    tip_minor: order.tipMinor,
    payment: paymentOf(order, person.phone),
    ...(index % 5 === 0 ? { note: noteOf(person) } : {}),
  };
}

const timeAt = (clock: City['clock'], minute: number): string =>
  new Date(clock.realAt(minute)).toISOString();

function paymentOf({ script, customerMood }: PlannedOrder, phone: string): object {
  const { method = 'card', operator: provider } = script;
  if (method === 'card' || method === 'split') return { method, token: cards[customerMood.kind] };
  return method === 'mobile_money' ? { method, provider, phone } : { method };
}

/** Says yes at PayPal or on the phone, a while after being asked. */
async function confirmPayment(city: City, { order, orderId }: Acting): Promise<void> {
  const { method, operator } = order.script;
  const provider = method === 'paypal' ? method : operator;
  if (provider === undefined) return;
  const asked = await hears(city, { orderId, heard: is('payment.requires_action') });
  if (asked?.providerRef === undefined || !(await passes(city, 1))) return;
  const said = await fetch(`${city.payersUrl}/confirm`, {
    method: 'POST',
    body: JSON.stringify({ provider, ref: asked.providerRef }),
  }).catch(() => undefined);
  if (said?.ok !== true) city.world.odd(`${provider}: nothing to confirm`);
}

type Acting = { readonly order: PlannedOrder; readonly orderId: string };

async function followMood(city: City, acting: Acting): Promise<void> {
  const { clock, signal, market } = city;
  const { order, orderId } = acting;
  const { customerMood, placedAt, name, script } = order;
  if (customerMood.kind === 'calls_support') return callSupport(city, acting);
  const secret = market.customers.get(name)?.secret;
  if (secret === undefined) return;
  const own = { orderId, secret };
  switch (customerMood.kind) {
    case 'calm':
      return answerShortage(city, { ...own, answer: script.shortage?.answer });
    case 'impatient':
      if (!(await clock.waitUntil(placedAt + customerMood.cancelsAfterMinutes, signal))) return;
      if (customerMood.once && !(await hears(city, { orderId, heard: is(customerMood.once) })))
        return;
      await command(city, {
        ...own,
        action: 'cancel',
        body: { note: noteOf(personOf(1)) },
        intention: '1',
      });
      return;
    case 'second_card':
      return payAgain(city, { ...own, tokens: ['pm_card_visa'] });
    case 'has_no_good_card':
      return payAgain(city, { ...own, tokens: [declinedCard, declinedCard] });
    case 'gives_up':
      if ((await hears(city, { orderId, heard: isDeclined })) === undefined) return;
      await command(city, { ...own, action: 'cancel', intention: '1' });
      return;
    case 'forgets_the_bank':
      return;
    case 'authenticates': {
      const asked = await hears(city, { orderId, heard: is('payment.requires_action') });
      if (asked?.providerRef === undefined) return;
      if (await passes(city, customerMood.afterMinutes))
        await authenticate(city, asked.providerRef);
      return;
    }
  }
}

type Own = { readonly orderId: string; readonly secret: string };

const isDeclined = is('payment.declined');

/** With one card after the other, each after the decline of the one before. */
async function payAgain(
  city: City,
  { tokens, ...own }: Own & { readonly tokens: readonly string[] },
): Promise<void> {
  let after = 0;
  for (const [index, token] of tokens.entries()) {
    const since = after;
    const heard = (event: FeedEvent): boolean => isDeclined(event) && event.sequence > since;
    const declined = await hears(city, { orderId: own.orderId, heard });
    if (declined === undefined) return;
    after = declined.sequence;
    await command(city, { ...own, action: 'payment', body: { token }, intention: `${index + 2}` });
  }
}

async function answerShortage(
  city: City,
  { answer, ...own }: Own & { readonly answer: Substitution | undefined },
): Promise<void> {
  if (answer === undefined) return;
  const asked = await hears(city, { orderId: own.orderId, heard: is('order.shortage_reported') });
  if (asked === undefined || !(await passes(city, 2))) return;
  await command(city, { ...own, action: 'shortage-answer', body: { answer }, intention: '1' });
}

const movedByM = 400;

async function callSupport(city: City, { order, orderId }: Acting): Promise<void> {
  const { dropoff, script } = order;
  const taken = await hears(city, { orderId, heard: is('order.accepted') });
  if (taken === undefined || !(await passes(city, 2))) return;
  const reason = 'customer_request';
  if (script.support !== 'change-address')
    return void (await actOn(city, { orderId, action: 'cancel', reason }));
  const location = placeOf({ x: dropoff.x + movedByM, y: dropoff.y - movedByM });
  const body = { location, address: personOf(2).address };
  await actOn(city, { orderId, action: 'change-address', reason, body });
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
