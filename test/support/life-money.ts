// The money of a life beside its order: what the payer answers, the second person of refunds and remedies, disputes, and
// the wait until nothing of it moves any more. Called by life.ts.

import { setTimeout as delay } from 'node:timers/promises';
import { codeOf, type Answer } from '../../sandbox/city/http.ts';
import { freshKey, isPhone, type Life, type Way } from './life-town.ts';
import type { Stack } from './stack.ts';

type Asked = {
  readonly way: Way;
  /** What the payer's app was given. */
  readonly secret: string;
  readonly orderId: string;
  readonly yes: boolean;
};

/** In the bank's app, at PayPal or on the phone. False: nothing was to be answered. */
export function answerAsked(
  { stripe, providers }: Stack,
  { way, secret, orderId, yes }: Asked,
): boolean {
  if (way === 'paypal')
    return yes && providers?.paypal.approve(secret.split('/').at(-1) ?? '') === true;
  if (!isPhone(way)) return authenticate(stripe, secret, yes);
  const book = providers?.[way].book;
  const open = book
    ?.all()
    .filter((entry) => entry.kind === 'collect' && entry.status === 'pending');
  const own = open?.filter(({ reference }) => reference.startsWith(orderId)) ?? [];
  return own.map(({ id }) => book?.answer(id, yes)).some(Boolean);
}

const authenticate = ({ control }: Stack['stripe'], secret: string, yes: boolean): boolean =>
  control.authenticate(secret.split('_secret')[0] ?? '', yes ? 'succeed' : 'fail') !== undefined;

/** The payer’s bank takes the money back, and says later who was right. Undefined: there is none. */
export async function disputeIt({ town, orderId, random }: Life): Promise<string | undefined> {
  const { db, stripe, providers } = town.stack;
  const { provider_ref: ref } = await db
    .selectFrom('orders')
    .select('provider_ref')
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();
  const atStripe = stripe.control.dispute(ref ?? '');
  const atPaypal = atStripe === undefined ? providers?.paypal.dispute(ref ?? '') : undefined;
  const id = atStripe ?? atPaypal;
  if (id === undefined) return undefined;
  await delay(random.between(500, 4_000));
  const won = random.chance(0.5);
  if (atStripe) stripe.control.decideDispute(atStripe, won ? 'won' : 'lost');
  if (atPaypal)
    providers?.paypal.decideDispute(
      atPaypal,
      won ? 'RESOLVED_SELLER_FAVOUR' : 'RESOLVED_BUYER_FAVOUR',
    );
  return `disputed ${id}: ${won ? 'won' : 'lost'}`;
}

type Of = { readonly customerId: string; readonly orderId?: string };

type Moving = { readonly id: string | number; readonly status: string; readonly attempt?: number };

/** Whatever of these is not finished, in words. */
async function movingOf(
  { db }: Stack,
  { customerId, orderId = '' }: Of,
): Promise<readonly string[]> {
  const open = await Promise.all([
    db
      .selectFrom('refunds')
      .select(['id', 'status', 'attempt'])
      .where('order_id', '=', orderId)
      .where('finished_at', 'is', null)
      .execute(),
    db
      .selectFrom('tips')
      .select(['n as id', 'status'])
      .where('order_id', '=', orderId)
      .where('finished_at', 'is', null)
      .execute(),
    db
      .selectFrom('top_ups')
      .select(['id', 'status'])
      .where('customer_id', '=', customerId)
      .where('finished_at', 'is', null)
      .execute(),
    db
      .selectFrom('withdrawals')
      .select(['id', 'status'])
      .where('customer_id', '=', customerId)
      .where('finished_at', 'is', null)
      .execute(),
  ]);
  const names = ['refund', 'tip', 'top-up', 'withdrawal'];
  return open.flatMap((rows: readonly Moving[], index) =>
    rows.map(({ id, status, attempt = 1 }) => `${names[index]} ${id} is ${status}, try ${attempt}`),
  );
}

export const isDone = async (stack: Stack, of: Of): Promise<boolean> =>
  (await movingOf(stack, of)).length === 0;

/**
 * What never reached mobile money is believed lost after five minutes and sent again, five times: the faults of all lives
 * wait for the few who are paid out.
 */
const finishedWithinMs = 1_800_000;

/** What is still on its way when it should not be; undefined: nothing. */
export async function finishMoney(life: Life): Promise<string | undefined> {
  const { town, customer, orderId, random } = life;
  const { stack } = town;
  const of = { customerId: customer.id, orderId };
  const until = Date.now() + finishedWithinMs;
  let withdrawn = !(life.way === 'wallet' || life.way === 'split') || random.chance(0.4);
  for (;;) {
    const moving = await movingOf(stack, of);
    if (moving.length === 0 && withdrawn) return undefined;
    if (moving.length === 0) withdrawn = await withdraw(life);
    if (Date.now() > until) return moving.join(', ');
    await decideRefunds(life);
    await answerCards(life);
    await delay(500);
  }
}

const post = async (
  { town, note }: Life,
  { path, secret, body }: { readonly path: string; readonly secret: string; readonly body: object },
): Promise<Answer> => {
  const ask = { method: 'POST', path, secret, body, idempotencyKey: freshKey() } as const;
  const answer = await town.client.call(ask);
  const code = answer.status < 300 ? '' : ` ${codeOf(answer.body)}`;
  note(`${path} ${JSON.stringify(body)} → ${answer.status}${code}`);
  return answer;
};

/** The second person says yes or no; cash is paid out at the desk, or not. */
async function decideRefunds(life: Life): Promise<void> {
  const { town, orderId, random } = life;
  const waiting = await town.stack.db
    .selectFrom('refunds')
    .select(['id', 'status'])
    .where('order_id', '=', orderId)
    .where('status', 'in', ['awaiting_approval', 'payable'])
    .execute();
  for (const { id, status } of waiting) {
    const verb = random.chance(0.7) ? 'approve' : 'reject';
    const secret = town.stack.adminKey;
    if (status === 'payable' && verb === 'approve') {
      const body = { reference: `DESK-${id}` };
      await post(life, { path: `/v1/refunds/${id}/pay-out`, secret: town.secondAgent, body });
    } else await post(life, { path: `/v1/refunds/${id}/${verb}`, secret, body: {} });
  }
}

/** The bank asks about tips and top-ups too. */
async function answerCards({ town, orderId, customer, random, note }: Life): Promise<void> {
  const { db, stripe } = town.stack;
  const asked = [
    ...(await db
      .selectFrom('tips')
      .select('client_secret')
      .where('order_id', '=', orderId)
      .where('status', '=', 'requires_action')
      .execute()),
    ...(await db
      .selectFrom('top_ups')
      .select('client_secret')
      .where('customer_id', '=', customer.id)
      .where('status', '=', 'requires_action')
      .execute()),
  ];
  for (const { client_secret: secret } of asked)
    if (authenticate(stripe, secret ?? '', random.chance(0.8))) note('the bank was answered');
}

/** The second agent says yes or no to what a first one wants. */
export async function decideRemedy(life: Life, approvalId: string): Promise<void> {
  const verb = life.random.chance(0.8) ? 'approve' : 'reject';
  const path = `/v1/support/approvals/${approvalId}/${verb}`;
  await post(life, { path, secret: life.town.secondAgent, body: {} });
}

/** Everything that can go back to a card, or more than that. */
async function withdraw(life: Life): Promise<true> {
  const { customer, market, random, town } = life;
  const path = `/v1/customers/${customer.id}/wallet`;
  const { body } = await town.client.call({ method: 'GET', path, secret: customer.secret });
  const [wallet] = (body as { readonly data: readonly { readonly withdrawable_minor: number }[] })
    .data;
  const minor = Math.max(10, Math.floor((wallet?.withdrawable_minor ?? 0) / 10) * 10);
  const amounts = {
    currency: market.currency,
    amount_minor: random.chance(0.8) ? minor : minor + 10,
  };
  await post(life, { path: `${path}/withdrawals`, secret: customer.secret, body: amounts });
  return true;
}
