// Do events, read model, workflow and the provider's books tell the same story?

import { expect } from 'vitest';
import { eventOf } from '../../db/record.ts';
import { fold } from '../../domain/evolve.ts';
import { orderWorkflowId, parseId } from '../../domain/ids.ts';
import type { OrderResult } from '../../domain/messages.ts';
import { initialState } from '../../domain/order.ts';
import type { Reply, Shop } from './shop.ts';
import type { Stack } from './stack.ts';

type Sources = Pick<Stack, 'client' | 'db'>;

/** Waits for the order's end and expects the fold of its events, its row and its workflow's result to agree. */
export async function expectAgreement(
  { client, db }: Sources,
  orderId: string,
): Promise<OrderResult> {
  const id = parseId('order', orderId);
  if (!id) throw new Error(`no order id: ${orderId}`);
  const result = await client.workflow
    .getHandle<() => Promise<OrderResult>>(orderWorkflowId(id))
    .result();
  const row = await db
    .selectFrom('orders')
    .selectAll()
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();
  const stored = await db
    .selectFrom('order_events')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('sequence')
    .execute();
  const { order, delivery, payment, sequence } = fold(initialState(row.facts), stored.map(eventOf));
  const told = {
    status: order.status,
    delivery: delivery.status,
    payment: payment.status,
    sequence,
  };
  expect(result).toMatchObject(told);
  expect({
    status: row.order_status,
    delivery: row.delivery_status,
    payment: row.payment_status,
    sequence: row.sequence,
  }).toEqual(told);
  return result;
}

type Books = {
  readonly payment_intents: readonly {
    readonly id: string;
    readonly metadata: Readonly<Record<string, string>>;
    readonly amount_received: number;
    readonly status: string;
  }[];
};

/** The provider's payments of an order. */
export async function paymentsOf(
  { stripe }: Pick<Stack, 'stripe'>,
  orderId: string,
): Promise<Books['payment_intents']> {
  const books = (await (await fetch(`${stripe.url}/sandbox/books`)).json()) as Books;
  return books.payment_intents.filter(
    ({ metadata }) => metadata['order_id'] === orderId && !metadata['step']?.startsWith('burn'),
  );
}

/** As a real client does: the same request with the same key until it is answered with yes. */
export async function insist(say: () => Promise<Reply>): Promise<void> {
  const answer = async () => {
    const { status, body } = await say();
    return status === 200 ? 'done' : `${status} ${String(body['code'])}: ${String(body['reason'])}`;
  };
  const said = () => answer().catch((error: unknown) => String(error));
  await expect.poll(said, { timeout: 60_000, interval: 200 }).toBe('done');
}

/** The driver's part: take the offer when it comes, pick up, deliver. */
export async function carry(shop: Shop, orderId: string): Promise<void> {
  await acceptOffer(shop, orderId);
  const say = (what: string) => () =>
    shop.post({
      secret: shop.driverKey,
      path: `/v1/orders/${orderId}/${what}`,
      key: `${what}-${orderId}`,
    });
  await insist(say('pick-up'));
  await insist(say('deliver'));
}

/** Takes every offer until the order has its driver. */
export async function acceptOffer(shop: Shop, orderId: string): Promise<void> {
  const answer = () => acceptAnd(shop, orderId).catch(() => undefined);
  await expect.poll(answer, { timeout: 60_000, interval: 200 }).toBe('confirmed');
}

async function acceptAnd(shop: Shop, orderId: string): Promise<unknown> {
  const { body } = await shop.get({ secret: shop.driverKey, path: '/v1/offers?wait=1' });
  for (const { id } of (body['data'] ?? []) as { id: string }[]) {
    await shop.post({ secret: shop.driverKey, path: `/v1/offers/${id}/accept` });
  }
  return (await shop.order(orderId))['delivery_status'];
}
