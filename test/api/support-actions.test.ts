// What support does to an order, over HTTP: actions with their previews and audit, break-glass, second approvals, bulk.

import { describe, expect, it } from 'vitest';
import {
  actionOf,
  supportActionNames,
  type Param,
  type SupportActionName,
} from '../../domain/support.ts';
import type { Preview } from '../../api/schemas/support.ts';
import { listed, setUpDesk } from '../support/desk.ts';

/** What an action must be told, as a body. */
const given = (name: SupportActionName): object =>
  Object.fromEntries(
    Object.entries(actionOf(name).takes ?? {})
      .filter(([, { optional }]) => !optional)
      .map(([key, param]) => [key, exampleOf(param)]),
  );

function exampleOf(param: Param): unknown {
  switch (param.kind) {
    case 'seconds':
    case 'amount':
      return 600;
    case 'time':
      return new Date(Date.now() + 600_000).toISOString();
    case 'driver':
      return set.shop.driver.id;
    case 'choice':
      return param.of[0];
    case 'place':
      return { lat: 52.54, lng: 13.4 };
    case 'address':
      return 'New Street 3';
  }
}

type Previewed = Pick<Preview, 'sequence' | 'refusal' | 'after' | 'happens'>;

const set = setUpDesk();

describe('an action', () => {
  describe.each(supportActionNames)('%s', (name) => {
    const stages = {
      'before the merchant has accepted': () => set.desk.placed(set.shop),
      'while the goods are prepared': () => set.desk.accepted(set.shop),
      'with a driver on the way': () => set.desk.withDriver(set.shop),
    };
    it.each(Object.entries(stages))('%s does what its preview says', async (_, make) => {
      const id = await make();
      const body = { reason: 'merchant_silent', ...given(name) };
      const preview = await set.desk.say(id, `actions/${name}/preview`, { body });
      const { sequence, refusal, after, happens } = preview.body as unknown as Previewed;
      expect(await set.desk.logged(id, sequence)).toEqual([]);
      const reply = await set.desk.say(id, `actions/${name}`, { ifMatch: `"${sequence}"`, body });
      const { code, order_status: order, delivery_status: delivery } = reply.body;
      expect({ code, order, delivery }).toMatchObject(
        refusal ? { code: refusal.code } : { order: after?.order, delivery: after?.delivery },
      );
      const events = await set.desk.logged(id, sequence);
      const foreseen = happens.map(({ type }) => type).slice(0, events.length);
      expect(events.map(({ type }) => type)).toEqual(foreseen);
      expect(events.every(({ actor }) => actor.kind === 'support')).toBe(true);
      expect(events.length > 0).toBe(refusal === null);
      const outcome = refusal ? 'refused' : 'done';
      expect(await set.desk.attempts(id)).toMatchObject([{ action: name, outcome }]);
    });
  });

  it('shows who pays and who gets what before anything is done', async () => {
    const id = await set.desk.accepted(set.shop);
    const { body } = await set.desk.say(id, 'actions/cancel/preview');
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
    const id = await set.desk.placed(set.shop);
    const { body } = await set.desk.say(id, 'actions/cancel/preview');
    await set.world.call('POST', `/v1/orders/${id}/accept`, { secret: set.shop.owner });
    const ifMatch = `"${String(body['sequence'])}"`;
    expect(await set.desk.say(id, 'actions/cancel', { ifMatch })).toMatchObject({
      status: 412,
      body: { code: 'stale_sequence' },
    });
    expect(await set.desk.attempts(id)).toMatchObject([
      { action: 'cancel', reason: 'merchant_silent', outcome: 'refused', code: 'stale_sequence' },
    ]);
  });

  it('is done once when its answer was lost, also with the sequence of before', async () => {
    const id = await set.desk.placed(set.shop);
    const ask = {
      secret: set.world.support,
      body: { reason: 'merchant_silent', note: 'called three times' },
      key: 'cancel-once',
      headers: { 'if-match': '"4"' },
    };
    const path = `/v1/support/orders/${id}/actions/cancel`;
    const { sequence } = (await set.desk.say(id, 'actions/cancel/preview')).body;
    const headers = { 'if-match': `"${String(sequence)}"` };
    const first = await set.world.call('POST', path, { ...ask, headers });
    expect(first.status).toBe(200);
    await set.world.db
      .updateTable('idempotency_keys')
      .set({ response_status: null, lease_until: new Date(0) })
      .where('key', '=', 'cancel-once')
      .execute();
    const again = await set.world.call('POST', path, { ...ask, headers });
    expect(again).toMatchObject({ status: 200, body: { attempt_id: first.body['attempt_id'] } });
    const rows = await set.desk.attempts(id);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.note_id).toMatch(/^note_/);
  });

  it('says that an order without a workflow must be settled', async () => {
    const id = await set.desk.placed(set.shop);
    set.world.engine.faults.next = 'not_running';
    expect(await set.desk.say(id, 'actions/cancel')).toMatchObject({
      status: 409,
      body: { code: 'workflow_gone' },
    });
  });

  it('stays open in the audit while its outcome is not known, and ends with the retry', async () => {
    const id = await set.desk.placed(set.shop);
    set.world.engine.faults.next = 'unknown';
    const ask = { secret: set.world.support, body: { reason: 'other' }, key: `unknown-${id}` };
    const path = `/v1/support/orders/${id}/actions/cancel`;
    expect(await set.world.call('POST', path, ask)).toMatchObject({ status: 503 });
    expect(await set.desk.attempts(id)).toMatchObject([
      { outcome: 'unknown', code: 'outcome_unknown' },
    ]);
    expect(await set.world.call('POST', path, ask)).toMatchObject({ status: 200 });
    expect(await set.desk.attempts(id)).toMatchObject([{ outcome: 'done' }]);
  });

  it('names the field that is wrong, and writes nothing', async () => {
    const id = await set.desk.placed(set.shop);
    const body = { reason: 'because', prep_seconds: 'soon' };
    const reply = await set.desk.say(id, 'actions/accept', { body });
    expect(reply).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const fields = (reply.body['errors'] as { field: string }[]).map((error) => error.field);
    expect(fields.toSorted((one, two) => one.localeCompare(two))).toEqual([
      'prep_seconds',
      'reason',
    ]);
    expect(await set.desk.attempts(id)).toEqual([]);
  });
});

describe('the timeline', () => {
  it('shows what support tried and noted between all else, and only to the platform', async () => {
    const id = await set.desk.accepted(set.shop);
    await set.desk.say(id, 'settle');
    await set.desk.say(id, 'notes', { body: { text: 'called' } });
    await set.desk.say(id, 'actions/cancel');
    const path = `/v1/orders/${id}/timeline`;
    const seen = listed(await set.world.call('GET', path, { secret: set.world.support }));
    const others = seen.filter(({ source }) => source !== 'order').map(({ text }) => text);
    expect(others).toEqual([
      'support asks for settle (merchant_silent): refused: order_running',
      'an agent notes something',
      'support asks for cancel (merchant_silent): done',
    ]);
    const merchant = listed(await set.world.call('GET', path, { secret: set.shop.owner }));
    expect(merchant.map(({ source }) => source)).toEqual(merchant.map(() => 'order'));
    expect(merchant.length).toBe(seen.length - 3);
  });
});

describe('break-glass', () => {
  it('refuses to settle or to terminate what runs in good order', async () => {
    const id = await set.desk.placed(set.shop);
    expect((await set.desk.say(id, 'settle')).body['code']).toBe('order_running');
    expect((await set.desk.say(id, 'settle/preview')).body).toMatchObject({
      allowed: false,
      refusal: { code: 'order_running' },
    });
    expect((await set.desk.say(id, 'terminate')).body['code']).toBe('workflow_healthy');
    expect(await set.desk.attempts(id)).toMatchObject([
      { action: 'settle', outcome: 'refused', code: 'order_running' },
      { action: 'terminate', outcome: 'refused', code: 'workflow_healthy' },
    ]);
  });

  it('previews a settling, and asks for the outcome once a driver has the goods', async () => {
    set.world.engine.faults.workflow = { kind: 'closed', as: 'terminated' };
    const id = await set.desk.withDriver(set.shop);
    await set.desk.say(id, 'actions/mark-picked-up');
    expect((await set.desk.say(id, 'settle/preview')).body).toMatchObject({
      allowed: false,
      refusal: { code: 'outcome_needed' },
    });
    const body = { reason: 'workflow_broken', outcome: 'delivered' };
    expect((await set.desk.say(id, 'settle/preview', { body })).body).toMatchObject({
      allowed: true,
      after: { order: 'completed', payment: 'captured', money: { customer_pays_minor: 2_350 } },
    });
  });
});

describe('a second approval', () => {
  const dear = { items: [{ name: 'Cake', quantity: 10, unit_price_minor: 2_000 }] };

  async function asked(): Promise<{ readonly id: string; readonly approval: string }> {
    const id = await set.desk.accepted(set.shop, dear);
    const reply = await set.desk.say(id, 'actions/cancel');
    expect(reply).toMatchObject({ status: 202, body: { outcome: 'awaits_approval' } });
    expect(reply.body['order_status']).toBe('preparing');
    return { id, approval: String(reply.body['approval_id']) };
  }
  it('is needed above the limit, and given by another agent only', async () => {
    const { id, approval } = await asked();
    expect((await set.desk.say(id, 'actions/cancel/preview')).body['needs_approval']).toBe(true);
    expect(await set.desk.decide(approval, 'approve', set.world.support)).toMatchObject({
      status: 409,
      body: { code: 'approval_needs_another' },
    });
    expect(listed(await set.desk.get('approvals')).map(({ id: each }) => each)).toContain(approval);
    expect(await set.desk.decide(approval, 'approve', set.desk.other)).toMatchObject({
      status: 200,
      body: { order_status: 'cancelled' },
    });
    const [attempt] = await set.desk.attempts(id);
    expect(attempt).toMatchObject({ outcome: 'done' });
    expect(attempt?.approved_by).toMatch(/^key_/);
    expect((await set.desk.decide(approval, 'reject', set.world.admin)).body['code']).toBe(
      'approval_not_pending',
    );
  });

  it('is for the order as it was when it was asked for', async () => {
    const { id, approval } = await asked();
    await set.world.call('POST', `/v1/orders/${id}/ready`, { secret: set.shop.owner });
    expect(await set.desk.decide(approval, 'approve', set.desk.other)).toMatchObject({
      status: 412,
      body: { code: 'stale_sequence' },
    });
    expect(await set.desk.attempts(id)).toMatchObject([
      { outcome: 'refused', code: 'stale_sequence' },
    ]);
  });

  it('rejected or too late, does nothing', async () => {
    const { id, approval } = await asked();
    expect((await set.desk.decide(approval, 'reject', set.desk.other)).status).toBe(200);
    expect(await set.desk.attempts(id)).toMatchObject([
      { outcome: 'refused', code: 'approval_rejected' },
    ]);
    const late = await asked();
    await set.world.db
      .updateTable('support_approvals')
      .set({ expires_at: new Date() })
      .where('id', '=', late.approval)
      .execute();
    expect((await set.desk.decide(late.approval, 'approve', set.desk.other)).body['code']).toBe(
      'approval_not_pending',
    );
  });
});

describe('a bulk action', () => {
  it('counts first, and starts only what was counted', async () => {
    await set.desk.placed(set.shop);
    await set.desk.placed(set.shop);
    const carried = await set.desk.withDriver(set.shop);
    await set.desk.say(carried, 'actions/mark-picked-up');
    const filter = { branch_id: set.shop.branch.id };
    const count = await set.desk.bulk(filter);
    expect(count).toMatchObject({
      status: 200,
      body: { selected: 3, would_do: 2, would_refuse: 1, needs_approval: 0 },
    });
    const real = { ...filter, dry_run: false };
    expect(await set.desk.bulk({ ...real, expected_count: 3 })).toMatchObject({
      status: 409,
      body: { code: 'count_changed' },
    });
    const job = await set.desk.bulk({ ...real, expected_count: 2 });
    expect(job).toMatchObject({ status: 202, body: { total: 3, left: 3 } });
    expect(await set.desk.get(`bulk/${job.body.id}`)).toMatchObject({
      status: 200,
      body: { total: 3 },
    });
  });

  it('is never about all orders there are', async () => {
    expect(await set.desk.bulk({})).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
    expect(await set.desk.bulk({ branch_id: set.shop.branch.id, dry_run: false })).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'expected_count' }] },
    });
  });
});
