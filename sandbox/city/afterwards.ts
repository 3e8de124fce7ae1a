// What comes after the end of an order that was delivered: a tip for the driver, a refund, a dispute at the payer's bank.

import { codeOf, type Answer } from './http.ts';
import type { PlannedOrder } from './plan.ts';
import { hears, is, passes, saidBy, type City } from './robot.ts';
import { fieldOf, idOf } from './wire.ts';

type Acting = { readonly order: PlannedOrder; readonly orderId: string };

/** How long people take to think of it. */
const thinksMinutes = 4;
const looks = 80;

/** Resolves when nothing more is to come. */
export async function actAfterwards(city: City, acting: Acting): Promise<void> {
  const { afterwards } = acting.order.script;
  const { orderId } = acting;
  if (afterwards === undefined) return;
  const over = await hears(city, { orderId, heard: is('order.completed') });
  if (over === undefined || !(await passes(city, thinksMinutes))) return;
  switch (afterwards.kind) {
    case 'tip':
      return tip(city, acting, afterwards.amountMinor);
    case 'refund':
      return refund(city, acting, afterwards.what);
    case 'dispute':
      return dispute(city, acting, afterwards.outcome);
  }
}

const secretOf = ({ market }: City, { order }: Acting): string => {
  const branch = market.branches.get(order.branch);
  return market.merchants.get(branch?.merchant ?? '')?.secret ?? '';
};

const ask = (
  city: City,
  acting: Acting,
  { what, body }: { readonly what: 'tips' | 'refunds'; readonly body: object },
): Promise<Answer> =>
  city.client.call({
    method: 'POST',
    path: `/v1/orders/${acting.orderId}/${what}`,
    secret: secretOf(city, acting),
    idempotencyKey: `${what}-${acting.orderId}`,
    body,
  });

async function tip(city: City, acting: Acting, amountMinor: number): Promise<void> {
  const body = { amount_minor: amountMinor, token: 'pm_card_visa' };
  const answer = await ask(city, acting, { what: 'tips', body });
  if (saidBy(answer).kind === 'refused')
    return city.world.odd(`tip: ${codeOf(answer.body) ?? answer.status}`);
  await arrives(city, acting, { what: 'tips', status: 'paid' });
}

async function refund(city: City, acting: Acting, what: 'item' | 'all'): Promise<void> {
  const parts = what === 'item' ? { items: [{ index: 0, quantity: 1 }] } : {};
  const body = { reason: 'item_missing', fault: 'merchant', ...parts };
  const answer = await ask(city, acting, { what: 'refunds', body });
  if (saidBy(answer).kind === 'refused')
    return city.world.odd(`refund: ${codeOf(answer.body) ?? answer.status}`);
  if (fieldOf(answer.body, 'status') === 'awaiting_approval') {
    const refundId = idOf(answer.body);
    const approved = await city.client.call({
      method: 'POST',
      path: `/v1/refunds/${refundId}/approve`,
      secret: city.adminKey,
      idempotencyKey: `approve-${refundId}`,
      body: {},
    });
    if (saidBy(approved).kind === 'refused')
      city.world.odd(`approve: ${codeOf(approved.body) ?? approved.status}`);
  }
  await arrives(city, acting, { what: 'refunds', status: 'refunded' });
}

async function arrives(
  city: City,
  acting: Acting,
  { what, status }: { readonly what: 'tips' | 'refunds'; readonly status: string },
): Promise<void> {
  for (let look = 0; look < looks; look++) {
    const { body } = await city.client.call({
      method: 'GET',
      path: `/v1/orders/${acting.orderId}/${what}`,
      secret: secretOf(city, acting),
    });
    if (JSON.stringify(body).includes(`"status":"${status}"`)) return;
    if (!(await passes(city, 0.5))) return;
  }
  city.world.odd(`${what} of an order did not arrive`);
}

/** The bank takes the money back, and says a while later who was right. */
async function dispute(city: City, { orderId }: Acting, outcome: 'won' | 'lost'): Promise<void> {
  const held = await hears(city, { orderId, heard: is('payment.authorized') });
  const opened = await bankSays(city, `payment_intents/${held?.providerRef}/dispute`, {});
  const disputeId = opened === undefined ? undefined : fieldOf(opened, 'id');
  if (disputeId === undefined) return city.world.odd('dispute: nothing to dispute');
  if (await passes(city, thinksMinutes))
    await bankSays(city, `disputes/${disputeId}/decide`, { outcome });
}

async function bankSays({ bankUrl }: City, path: string, body: object): Promise<unknown> {
  const response = await fetch(`${bankUrl}/sandbox/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.ok ? response.json() : undefined;
}
