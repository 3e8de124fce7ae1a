// What support does to an order, over HTTP: actions with their previews and audit, break-glass, second approvals, bulk.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { actionOf, supportActionNames, type SupportActionName } from '../../domain/support.ts';
import type { Preview } from '../../api/schemas/support.ts';
import { createDesk, listed, type Desk } from './desk.ts';
import { createWorld, openShop, type Shop, type World } from './world.ts';

/** What an action must be told, as a body. */
const given = (name: SupportActionName): object =>
  Object.fromEntries(
    Object.entries(actionOf(name).takes ?? {})
      .filter(([, { optional }]) => !optional)
      .map(([key, { kind }]) => [
        key,
        kind === 'time' ? new Date(Date.now() + 600_000).toISOString() : 600,
      ]),
  );

type Previewed = Pick<Preview, 'sequence' | 'refusal' | 'after' | 'happens'>;

let world: World;
let shop: Shop;
let desk: Desk;
beforeAll(async () => {
  world = await createWorld();
  desk = createDesk(world, await world.keyOf({ role: 'support' }));
});
afterAll(() => world.close());
beforeEach(async () => {
  shop = await openShop(world);
  world.engine.faults.workflow = { kind: 'running' };
});

describe('an action', () => {
  describe.each(supportActionNames)('%s', (name) => {
    const stages = {
      'before the merchant has accepted': () => desk.placed(shop),
      'while the goods are prepared': () => desk.accepted(shop),
      'with a driver on the way': () => desk.withDriver(shop),
    };
    it.each(Object.entries(stages))('%s does what its preview says', async (_, make) => {
      const id = await make();
      const body = { reason: 'merchant_silent', ...given(name) };
      const preview = await desk.say(id, `actions/${name}/preview`, { body });
      const { sequence, refusal, after, happens } = preview.body as unknown as Previewed;
      expect(await desk.logged(id, sequence)).toEqual([]);
      const reply = await desk.say(id, `actions/${name}`, { ifMatch: `"${sequence}"`, body });
      const { code, order_status: order, delivery_status: delivery } = reply.body;
      expect({ code, order, delivery }).toMatchObject(
        refusal ? { code: refusal.code } : { order: after?.order, delivery: after?.delivery },
      );
      const events = await desk.logged(id, sequence);
      const foreseen = happens.map(({ type }) => type).slice(0, events.length);
      expect(events.map(({ type }) => type)).toEqual(foreseen);
      expect(events.every(({ actor }) => actor.kind === 'support')).toBe(true);
      expect(events.length > 0).toBe(refusal === null);
      const outcome = refusal ? 'refused' : 'done';
      expect(await desk.attempts(id)).toMatchObject([{ action: name, outcome }]);
    });
  });

  it('shows who pays and who gets what before anything is done', async () => {
    const id = await desk.accepted(shop);
    const { body } = await desk.say(id, 'actions/cancel/preview');
    expect(body).toMatchObject({
      allowed: true,
      needs_approval: false,
      before: { order: 'preparing', payment: 'authorized', money: { held_minor: 2_350 } },
      after: {
        order: 'cancelled',
        payment: 'voided',
        money: {
          held_minor: 0,
          customer_pays_minor: 0,
          merchant_gets_minor: 1_520,
          driver_gets_minor: 0,
          platform_keeps_minor: -1_520,
        },
      },
      told: ['customer', 'merchant'],
    });
    expect(body['money_says']).toBe(
      'the customer pays 0.00 EUR and the hold on the card is released; the merchant gets 15.20 EUR, the driver 0.00 EUR, the platform bears 15.20 EUR',
    );
  });

  it('is refused and kept in the audit when the order has moved on since its preview', async () => {
    const id = await desk.placed(shop);
    const { body } = await desk.say(id, 'actions/cancel/preview');
    await world.call('POST', `/v1/orders/${id}/accept`, { secret: shop.owner });
    const ifMatch = `"${String(body['sequence'])}"`;
    expect(await desk.say(id, 'actions/cancel', { ifMatch })).toMatchObject({
      status: 412,
      body: { code: 'stale_sequence' },
    });
    expect(await desk.attempts(id)).toMatchObject([
      { action: 'cancel', reason: 'merchant_silent', outcome: 'refused', code: 'stale_sequence' },
    ]);
  });

  it('is done once when its answer was lost, also with the sequence of before', async () => {
    const id = await desk.placed(shop);
    const ask = {
      secret: world.support,
      body: { reason: 'merchant_silent', note: 'called three times' },
      key: 'cancel-once',
      headers: { 'if-match': '"4"' },
    };
    const path = `/v1/support/orders/${id}/actions/cancel`;
    const { sequence } = (await desk.say(id, 'actions/cancel/preview')).body;
    const headers = { 'if-match': `"${String(sequence)}"` };
    const first = await world.call('POST', path, { ...ask, headers });
    expect(first.status).toBe(200);
    await world.db
      .updateTable('idempotency_keys')
      .set({ response_status: null, lease_until: new Date(0) })
      .where('key', '=', 'cancel-once')
      .execute();
    const again = await world.call('POST', path, { ...ask, headers });
    expect(again).toMatchObject({ status: 200, body: { attempt_id: first.body['attempt_id'] } });
    const rows = await desk.attempts(id);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.note_id).toMatch(/^note_/);
  });

  it('says that an order without a workflow must be settled', async () => {
    const id = await desk.placed(shop);
    world.engine.faults.next = 'not_running';
    expect(await desk.say(id, 'actions/cancel')).toMatchObject({
      status: 409,
      body: { code: 'workflow_gone' },
    });
  });

  it('stays open in the audit while its outcome is not known, and ends with the retry', async () => {
    const id = await desk.placed(shop);
    world.engine.faults.next = 'unknown';
    const ask = { secret: world.support, body: { reason: 'other' }, key: `unknown-${id}` };
    const path = `/v1/support/orders/${id}/actions/cancel`;
    expect(await world.call('POST', path, ask)).toMatchObject({ status: 503 });
    expect(await desk.attempts(id)).toMatchObject([
      { outcome: 'unknown', code: 'outcome_unknown' },
    ]);
    expect(await world.call('POST', path, ask)).toMatchObject({ status: 200 });
    expect(await desk.attempts(id)).toMatchObject([{ outcome: 'done' }]);
  });

  it('names the field that is wrong, and writes nothing', async () => {
    const id = await desk.placed(shop);
    const body = { reason: 'because', prep_seconds: 'soon' };
    const reply = await desk.say(id, 'actions/accept', { body });
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const fields = (reply.body['errors'] as { field: string }[]).map((error) => error.field);
    expect(fields.toSorted((one, two) => one.localeCompare(two))).toEqual([
      'prep_seconds',
      'reason',
    ]);
    expect(await desk.attempts(id)).toEqual([]);
  });
});

describe('the timeline', () => {
  it('shows what support tried and noted between all else, and only to the platform', async () => {
    const id = await desk.accepted(shop);
    await desk.say(id, 'settle');
    await desk.say(id, 'notes', { body: { text: 'called' } });
    await desk.say(id, 'actions/cancel');
    const path = `/v1/orders/${id}/timeline`;
    const seen = listed(await world.call('GET', path, { secret: world.support }));
    const others = seen.filter(({ source }) => source !== 'order').map(({ text }) => text);
    expect(others).toEqual([
      'support asks for settle (merchant_silent): refused: order_running',
      'an agent notes something',
      'support asks for cancel (merchant_silent): done',
    ]);
    const merchant = listed(await world.call('GET', path, { secret: shop.owner }));
    expect(merchant.map(({ source }) => source)).toEqual(merchant.map(() => 'order'));
    expect(merchant.length).toBe(seen.length - 3);
  });
});

describe('break-glass', () => {
  it('refuses to settle or to terminate what runs in good order', async () => {
    const id = await desk.placed(shop);
    expect((await desk.say(id, 'settle')).body['code']).toBe('order_running');
    expect((await desk.say(id, 'settle/preview')).body).toMatchObject({
      allowed: false,
      refusal: { code: 'order_running' },
    });
    expect((await desk.say(id, 'terminate')).body['code']).toBe('workflow_healthy');
    expect(await desk.attempts(id)).toMatchObject([
      { action: 'settle', outcome: 'refused', code: 'order_running' },
      { action: 'terminate', outcome: 'refused', code: 'workflow_healthy' },
    ]);
  });

  it('previews a settling, and asks for the outcome once a driver has the goods', async () => {
    world.engine.faults.workflow = { kind: 'closed', as: 'terminated' };
    const id = await desk.withDriver(shop);
    await desk.say(id, 'actions/mark-picked-up');
    expect((await desk.say(id, 'settle/preview')).body).toMatchObject({
      allowed: false,
      refusal: { code: 'outcome_needed' },
    });
    const body = { reason: 'workflow_broken', outcome: 'delivered' };
    expect((await desk.say(id, 'settle/preview', { body })).body).toMatchObject({
      allowed: true,
      after: { order: 'completed', payment: 'captured', money: { customer_pays_minor: 2_350 } },
    });
  });
});

describe('a second approval', () => {
  const dear = { items: [{ name: 'Cake', quantity: 10, unit_price_minor: 2_000 }] };

  async function asked(): Promise<{ readonly id: string; readonly approval: string }> {
    const id = await desk.accepted(shop, dear);
    const reply = await desk.say(id, 'actions/cancel');
    expect(reply).toMatchObject({ status: 202, body: { outcome: 'awaits_approval' } });
    expect(reply.body['order_status']).toBe('preparing');
    return { id, approval: String(reply.body['approval_id']) };
  }
  it('is needed above the limit, and given by another agent only', async () => {
    const { id, approval } = await asked();
    expect((await desk.say(id, 'actions/cancel/preview')).body['needs_approval']).toBe(true);
    expect(await desk.decide(approval, 'approve', world.support)).toMatchObject({
      status: 409,
      body: { code: 'approval_needs_another' },
    });
    expect(listed(await desk.get('approvals')).map(({ id: each }) => each)).toContain(approval);
    expect(await desk.decide(approval, 'approve', desk.other)).toMatchObject({
      status: 200,
      body: { order_status: 'cancelled' },
    });
    const [attempt] = await desk.attempts(id);
    expect(attempt).toMatchObject({ outcome: 'done' });
    expect(attempt?.approved_by).toMatch(/^key_/);
    expect((await desk.decide(approval, 'reject', world.admin)).body['code']).toBe(
      'approval_not_pending',
    );
  });

  it('is for the order as it was when it was asked for', async () => {
    const { id, approval } = await asked();
    await world.call('POST', `/v1/orders/${id}/ready`, { secret: shop.owner });
    expect(await desk.decide(approval, 'approve', desk.other)).toMatchObject({
      status: 412,
      body: { code: 'stale_sequence' },
    });
    expect(await desk.attempts(id)).toMatchObject([{ outcome: 'refused', code: 'stale_sequence' }]);
  });

  it('rejected or too late, does nothing', async () => {
    const { id, approval } = await asked();
    expect((await desk.decide(approval, 'reject', desk.other)).status).toBe(200);
    expect(await desk.attempts(id)).toMatchObject([
      { outcome: 'refused', code: 'approval_rejected' },
    ]);
    const late = await asked();
    await world.db
      .updateTable('support_approvals')
      .set({ expires_at: new Date() })
      .where('id', '=', late.approval)
      .execute();
    expect((await desk.decide(late.approval, 'approve', desk.other)).body['code']).toBe(
      'approval_not_pending',
    );
  });
});

describe('a bulk action', () => {
  it('counts first, and starts only what was counted', async () => {
    await desk.placed(shop);
    await desk.placed(shop);
    const carried = await desk.withDriver(shop);
    await desk.say(carried, 'actions/mark-picked-up');
    const filter = { branch_id: shop.branch.id };
    const count = await desk.bulk(filter);
    expect(count).toMatchObject({
      status: 200,
      body: { selected: 3, would_do: 2, would_refuse: 1, needs_approval: 0 },
    });
    const real = { ...filter, dry_run: false };
    expect(await desk.bulk({ ...real, expected_count: 3 })).toMatchObject({
      status: 409,
      body: { code: 'count_changed' },
    });
    const job = await desk.bulk({ ...real, expected_count: 2 });
    expect(job).toMatchObject({ status: 202, body: { total: 3, left: 3 } });
    expect(await desk.get(`bulk/${job.body.id}`)).toMatchObject({
      status: 200,
      body: { total: 3 },
    });
  });

  it('is never about all orders there are', async () => {
    expect(await desk.bulk({})).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(await desk.bulk({ branch_id: shop.branch.id, dry_run: false })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'expected_count' }] },
    });
  });
});
