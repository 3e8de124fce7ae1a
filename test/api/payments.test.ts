// What the payment provider says, and what the customer has to do.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { prunePaymentActions, savePaymentAction } from '../../db/payment-actions.ts';
import { createWorld, type Reply, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterEach(() => {
  world.engine.faults.payment = 'authorized';
});
afterAll(() => world.close());

let events = 0;
function deliver(
  orderId: string,
  {
    providerRef = 'pi_1',
    eventId = `evt_${++events}`,
    secret,
  }: { providerRef?: string; eventId?: string; secret?: string } = {},
): Promise<Reply> {
  const event = {
    id: eventId,
    object: 'event',
    type: 'payment_intent.amount_capturable_updated',
    created: Math.floor(Date.now() / 1_000),
    data: {
      object: { id: providerRef, object: 'payment_intent', metadata: { order_id: orderId } },
    },
  };
  return world.call('POST', '/v1/webhooks/stripe', world.signedWebhook(event, secret));
}
const webhookRow = (eventId: string) =>
  world.db
    .selectFrom('provider_webhooks')
    .selectAll()
    .where('event_id', '=', eventId)
    .executeTakeFirst();

async function awaitingAction(): Promise<string> {
  world.engine.faults.payment = 'requires_action';
  const { body } = await world.shop.place();
  expect(body['payment_status']).toBe('requires_action');
  return body.id;
}

describe('a webhook', () => {
  it('is told to the order that waits for it, once', async () => {
    const orderId = await awaitingAction();
    expect(await deliver(orderId, { eventId: 'evt_a' })).toMatchObject({
      status: 200,
      body: { received: true },
    });
    expect(await deliver(orderId, { eventId: 'evt_a' })).toMatchObject({ status: 200 });
    expect(world.engine.settled.filter((id) => id === orderId)).toHaveLength(1);
    expect((await webhookRow('evt_a'))?.done_at).not.toBeNull();
  });

  it('about another payment, a settled order or no order is only kept', async () => {
    const waiting = await awaitingAction();
    world.engine.faults.payment = 'authorized';
    const { body } = await world.shop.place();
    const before = world.engine.settled.length;
    await deliver(waiting, { providerRef: 'pi_other', eventId: 'evt_b' });
    await deliver(body.id, { eventId: 'evt_c' });
    await deliver('no order', { eventId: 'evt_d' });
    expect(world.engine.settled).toHaveLength(before);
    const kept = await Promise.all(['evt_b', 'evt_c', 'evt_d'].map(webhookRow));
    expect(kept.map((row) => row?.done_at instanceof Date)).toEqual([true, true, true]);
  });

  it('faster than our own record waits for it', async () => {
    const { body } = await world.shop.place();
    await world.db
      .updateTable('orders')
      .set({ payment_status: 'authorizing' })
      .where('id', '=', body.id)
      .execute();
    await deliver(body.id, { eventId: 'evt_e' });
    expect((await webhookRow('evt_e'))?.done_at).toBeNull();
  });

  it('with a wrong signature, a changed body or none at all is refused and not kept', async () => {
    const orderId = await awaitingAction();
    expect(await deliver(orderId, { eventId: 'evt_f', secret: 'whsec_wrong' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_signature' },
    });
    const { headers } = world.signedWebhook({ id: 'evt_f' });
    expect(
      (await world.call('POST', '/v1/webhooks/stripe', { headers, body: '{"id":"evt_g"}' })).status,
    ).toBe(400);
    expect((await world.call('POST', '/v1/webhooks/stripe', { body: '{}' })).status).toBe(400);
    expect(await webhookRow('evt_f')).toBeUndefined();
  });

  it('shows in the order’s timeline', async () => {
    const orderId = await awaitingAction();
    await deliver(orderId);
    const { body } = await world.call('GET', `/v1/orders/${orderId}/timeline`, {
      secret: world.support,
    });
    expect(body['data']).toContainEqual(expect.objectContaining({ source: 'provider' }));
  });
});

describe('an index', () => {
  it.each([
    ['a timeline’s webhooks', 'provider_webhooks', '(order_id)'],
    ['the platform’s external ids', 'orders', '(external_id)'],
    ['open incidents', 'incidents', '(key) WHERE (resolved_at IS NULL)'],
  ])('finds %s', async (_what, table, columns) => {
    const { rows } = await sql<{ indexdef: string }>`
      SELECT indexdef FROM pg_indexes WHERE tablename = ${table}`.execute(world.db);
    expect(rows.map(({ indexdef }) => indexdef).join()).toContain(columns);
  });
});

describe('the client secret', () => {
  it('of a later tip is shown to customer and merchant alone', async () => {
    const { body: order } = await world.shop.place();
    await world.db
      .insertInto('tips')
      .values({
        order_id: order.id,
        n: 1,
        customer_id: world.shop.customer.id,
        driver_id: world.shop.driver.id,
        currency: 'EUR',
        amount_minor: 200,
        status: 'requires_action',
        provider: 'stripe',
        payment_method: 'pm_card_visa',
        provider_ref: 'pi_tip',
        client_secret: 'pi_tip_secret',
        code: null,
        requested_by: '{}',
        created_at: new Date(),
        first_sent_at: new Date(),
        finished_at: null,
      })
      .execute();
    const read = async (secret: string): Promise<unknown> =>
      (await world.call('GET', `/v1/orders/${order.id}/tips`, { secret })).body['data'];
    const shown = [{ n: 1, client_secret: 'pi_tip_secret' }];
    expect(await read(world.shop.owner)).toMatchObject(shown);
    expect(await read(world.shop.customerKey)).toMatchObject(shown);
    expect(JSON.stringify(await read(world.support))).not.toContain('secret');
  });

  it('is shown to customer and merchant while the payment waits for them, never to others or later', async () => {
    const orderId = await awaitingAction();
    await savePaymentAction(world.db, {
      orderId,
      providerRef: 'pi_1',
      clientSecret: 'pi_1_secret_x',
    });
    const read = async (secret: string): Promise<unknown> =>
      (await world.call('GET', `/v1/orders/${orderId}`, { secret })).body['payment_client_secret'];
    expect(await read(world.shop.owner)).toBe('pi_1_secret_x');
    expect(await read(world.shop.customerKey)).toBe('pi_1_secret_x');
    expect(await read(world.support)).toBeUndefined();
    await world.db
      .updateTable('orders')
      .set({ payment_status: 'authorized' })
      .where('id', '=', orderId)
      .execute();
    expect(await read(world.shop.customerKey)).toBeUndefined();
    expect(
      await world.db
        .selectFrom('idempotency_keys')
        .selectAll()
        .execute()
        .then((rows) => JSON.stringify(rows)),
    ).not.toContain('secret_x');
  });

  it('is deleted once the payment waits for nobody, not while it may', async () => {
    const orderId = await awaitingAction();
    const secret = { orderId, providerRef: 'pi_1', clientSecret: 'pi_1_secret_y' };
    await savePaymentAction(world.db, secret);
    const keptAt = async (payment_status: string): Promise<boolean> => {
      await world.db
        .updateTable('orders')
        .set({ payment_status })
        .where('id', '=', orderId)
        .execute();
      await prunePaymentActions(world.db);
      const rows = world.db.selectFrom('payment_actions').select('order_id');
      return (await rows.where('order_id', '=', orderId).execute()).length > 0;
    };
    expect(await keptAt('requires_action')).toBe(true);
    expect(await keptAt('authorizing')).toBe(true);
    expect(await keptAt('authorized')).toBe(false);
  });
});

describe('payment_status', () => {
  it.each([
    ['authorizing', 'pending'],
    ['capturing', 'authorized'],
    ['voiding', 'authorized'],
    ['captured', 'captured'],
  ])('%s shows as %s', async (payment_status, shown) => {
    const { body } = await world.shop.place();
    await world.db
      .updateTable('orders')
      .set({ payment_status })
      .where('id', '=', body.id)
      .execute();
    const read = await world.call('GET', `/v1/orders/${body.id}`, { secret: world.shop.owner });
    expect(read.body['payment_status']).toBe(shown);
  });
});

describe('another card', () => {
  it('is tried after a decline, not before', async () => {
    const { body } = await world.shop.place();
    const pay = (): Promise<Reply> =>
      world.call('POST', `/v1/orders/${body.id}/payment`, {
        secret: world.shop.customerKey,
        body: { token: 'pm_card_other' },
      });
    expect(await pay()).toMatchObject({ status: 409, body: { code: 'payment_not_retryable' } });
  });
});
