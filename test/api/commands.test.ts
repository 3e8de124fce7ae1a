// Commands: the order decides, the same request is the same command, and what is not known is said so.

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, type Reply, type World } from './world.ts';

let world: World;
let orderId: string;
beforeAll(async () => {
  world = await createWorld();
});
beforeEach(async () => {
  orderId = (await world.shop.place()).body.id;
});
afterAll(() => world.close());

const say = (
  what: string,
  {
    body = {},
    secret = world.shop.owner,
    key,
  }: { body?: object; secret?: string; key?: string } = {},
): Promise<Reply> =>
  world.call('POST', `/v1/orders/${orderId}/${what}`, {
    secret,
    body,
    ...(key === undefined ? {} : { key }),
  });
const sent = (): readonly { readonly call: string; readonly commandId: string }[] =>
  world.engine.calls.filter((one) => one.orderId === orderId && one.call !== 'place');

describe('a command', () => {
  it('answers with the order as it now is', async () => {
    const { status, body, headers } = await say('accept', { body: { prep_seconds: 600 } });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      order_status: 'preparing',
      status: 'PREPARING',
      delivery_status: 'created',
    });
    expect(Date.parse(String(body['ready_estimate_at'])) - Date.now()).toBeGreaterThan(590_000);
    expect(headers['etag']).toBe(`"${String(body['sequence'])}"`);
  });

  it('takes a time to be ready at', async () => {
    const ready_at = new Date(Date.now() + 1_200_000).toISOString();
    const { body } = await say('accept', { body: { ready_at } });
    expect(
      Math.abs(Date.parse(String(body['ready_estimate_at'])) - Date.parse(ready_at)),
    ).toBeLessThan(2_000);
  });

  it('that the order refuses is refused again under the same key, also when it would do now', async () => {
    const key = randomUUID();
    const refused = await say('ready', { key });
    expect(refused).toMatchObject({ status: 409, body: { code: 'not_preparing' } });
    await say('accept');
    const again = await say('ready', { key });
    expect(again).toMatchObject({ status: 409, body: { code: 'not_preparing' } });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect((await say('ready')).status).toBe(200);
  });

  it('repeated is not sent again', async () => {
    const key = randomUUID();
    const first = await say('accept', { key });
    const again = await say('accept', { key });
    expect(again.body).toEqual(first.body);
    expect(sent()).toHaveLength(1);
  });

  it('repeated in the same moment is sent once', async () => {
    const key = randomUUID();
    const replies = await Promise.all(Array.from({ length: 8 }, () => say('accept', { key })));
    expect(replies.every(({ status }) => status === 200 || status === 409)).toBe(true);
    expect(replies.some(({ status }) => status === 200)).toBe(true);
    expect(sent()).toHaveLength(1);
  });

  it('whose outcome is not known is sent again under the same id', async () => {
    const key = randomUUID();
    world.engine.faults.next = 'unknown';
    const first = await say('accept', { key });
    expect(first).toMatchObject({ status: 503, body: { code: 'outcome_unknown' } });
    expect(first.headers['retry-after']).toBeDefined();
    const kept = await world.db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
    expect(kept).toMatchObject({ order_id: orderId, response_status: null });
    expect(await say('accept', { key })).toMatchObject({
      status: 200,
      body: { order_status: 'preparing' },
    });
    const ids = sent().map(({ commandId }) => commandId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^cmd_[0-9a-f]{24}$/);
  });

  it('that took effect although its workflow seems gone is done, and the workflow is told', async () => {
    const key = randomUUID();
    await say('accept', { key });
    await world.db
      .updateTable('idempotency_keys')
      .set({ response_status: null, lease_until: new Date(0) })
      .where('key', '=', key)
      .execute();
    world.engine.faults.next = 'not_running';
    expect(await say('accept', { key })).toMatchObject({
      status: 200,
      body: { order_status: 'preparing' },
    });
    expect(world.engine.caughtUp).toEqual([orderId]);
  });

  it('to an order that is over says how it ended', async () => {
    await world.db
      .updateTable('orders')
      .set({ is_over: true, order_status: 'completed' })
      .where('id', '=', orderId)
      .execute();
    world.engine.faults.next = 'not_running';
    expect(await say('cancel')).toMatchObject({ status: 409, body: { code: 'already_delivered' } });
    await world.db
      .updateTable('orders')
      .set({ order_status: 'expired', end_reason: 'merchant_expired' })
      .where('id', '=', orderId)
      .execute();
    world.engine.faults.next = 'not_running';
    expect(await say('cancel')).toMatchObject({ status: 409, body: { code: 'already_cancelled' } });
  });

  it('needs no body where it has no fields', async () => {
    await say('accept');
    const reply = await world.call('POST', `/v1/orders/${orderId}/ready`, {
      secret: world.shop.owner,
      body: '',
    });
    expect(reply.status).toBe(200);
  });
});

describe('deny', () => {
  it('says which items are not there, and names no other', async () => {
    const code = 'item_unavailable';
    const none = await say('deny', { body: { code, out_of_stock: [0, 7] } });
    expect(none).toMatchObject({ status: 400, body: { errors: [{ field: 'out_of_stock' }] } });
    expect((await say('deny', { body: { code, out_of_stock: [0] } })).status).toBe(200);
    const secret = world.shop.owner;
    const { body } = await world.call('GET', `/v1/orders/${orderId}/timeline`, { secret });
    expect(body['data']).toContainEqual(
      expect.objectContaining({
        type: 'order.denied',
        text: expect.stringMatching(/merchant_denied: item_unavailable, out of stock: position 0$/),
      }),
    );
  });
});

describe('cancel', () => {
  it.each([
    ['a merchant', () => world.shop.owner, 'cancelled_by_merchant'],
    ['a customer', () => world.shop.customerKey, 'cancelled_by_customer'],
    ['support', () => world.support, 'cancelled_by_support'],
    ['an admin', () => world.admin, 'cancelled_by_support'],
  ] as const)(
    'by %s is recorded as theirs, with the note sealed',
    async (_who, secret, endReason) => {
      const { body, status } = await say('cancel', {
        body: { note: 'Too slow' },
        secret: secret(),
      });
      expect({ status, end: body['end_reason'] }).toEqual({ status: 200, end: endReason });
      const event = await world.db
        .selectFrom('order_events')
        .select('body')
        .where('order_id', '=', orderId)
        .where('type', '=', 'order.cancelled')
        .executeTakeFirstOrThrow();
      const { noteId } = event.body as { readonly noteId?: string };
      const note = await world.db
        .selectFrom('notes')
        .select('body_enc')
        .where('id', '=', noteId ?? '')
        .executeTakeFirstOrThrow();
      expect(note.body_enc.toString('latin1')).not.toContain('Too slow');
    },
  );

  it('cannot say on whose behalf', async () => {
    expect(await say('cancel', { body: { by: 'support' } })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'by' }] },
    });
  });
});

describe('an order that operations have paused', () => {
  it('hears nothing now, and the same request again once it goes on', async () => {
    const key = randomUUID();
    world.engine.faults.next = 'paused';
    const first = await say('accept', { key });
    expect(first).toMatchObject({ status: 409, body: { code: 'order_paused' } });
    expect(first.headers['retry-after']).toBe('30');
    expect(await say('accept', { key })).toMatchObject({ status: 200 });
  });
});

describe('the timeline', () => {
  it('does not tell a customer what the merchant gets', async () => {
    await say('accept');
    await say('cancel', { secret: world.shop.customerKey });
    const settledFor = async (secret: string): Promise<string> => {
      const { body } = await world.call('GET', `/v1/orders/${orderId}/timeline`, { secret });
      const entries = body['data'] as { readonly type: string }[];
      return JSON.stringify(entries.find(({ type }) => type === 'order.settled'));
    };
    expect(await settledFor(world.shop.owner)).toMatch(/the merchant gets.*merchant_minor/);
    const customer = await settledFor(world.shop.customerKey);
    expect(customer).toContain('the customer pays');
    expect(customer).not.toMatch(/merchant gets|merchant_minor|driver_minor|platform_minor/);
  });

  it('tells in words what happened, in order', async () => {
    await say('accept');
    await say('cancel', { secret: world.shop.customerKey });
    const { body } = await world.call('GET', `/v1/orders/${orderId}/timeline`, {
      secret: world.support,
    });
    const entries = body['data'] as {
      readonly text: string;
      readonly type: string;
      readonly at: string;
    }[];
    expect(entries.map(({ type }) => type)).toEqual([
      'order.placed',
      'payment.authorizing',
      'payment.authorized',
      'order.submitted',
      'order.accepted',
      'delivery.created',
      'order.cancelled',
      'delivery.cancelled',
      'order.settled',
      'payment.capturing',
    ]);
    expect(entries.find(({ type }) => type === 'order.placed')?.text).toContain('23.50 EUR');
    expect(entries.find(({ type }) => type === 'order.cancelled')?.text).toContain(
      'the customer cancels',
    );
    expect(entries.every(({ text, type }) => text !== type && text.length > 5)).toBe(true);
  });
});

describe('lists', () => {
  it('come newest first, page by page, without gap or repeat', async () => {
    for (let i = 0; i < 4; i += 1) await world.shop.place();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await world.call('GET', `/v1/orders?limit=3${query}`, {
        secret: world.shop.owner,
      });
      seen.push(...(body['data'] as { id: string }[]).map(({ id }) => id));
      cursor = body['next_cursor'] as string | null;
    } while (cursor !== null);
    const all = await world.db.selectFrom('orders').select('id').orderBy('id', 'desc').execute();
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  it('are filtered', async () => {
    const { body } = await world.shop.place({ external_id: `pos-${orderId}` });
    const idsOf = async (query: string): Promise<readonly string[]> => {
      const list = await world.call('GET', `/v1/orders?${query}`, { secret: world.shop.owner });
      return (list.body['data'] as { id: string }[]).map(({ id }) => id);
    };
    expect(await idsOf(`external_id=pos-${orderId}`)).toEqual([body.id]);
    await say('cancel');
    await world.db.updateTable('orders').set({ is_over: true }).where('id', '=', orderId).execute();
    expect(await idsOf('status=CANCELLED')).toContain(orderId);
    expect(await idsOf('status=CANCELLED')).not.toContain(body.id);
    expect(await idsOf('open=true')).not.toContain(orderId);
    expect(await idsOf('open=false')).toContain(orderId);
    const late = new Date(Date.now() - 180_000);
    await world.db
      .updateTable('orders')
      .set({ deadline_at: late })
      .where('id', 'in', [orderId, body.id])
      .execute();
    expect(await idsOf('overdue=true')).toEqual([body.id]);
    expect(await idsOf(`branch_id=brn_${'0'.repeat(32)}`)).toEqual([]);
  });
});
