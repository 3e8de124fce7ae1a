// The housekeeping on a real database; the engine answers as told.

import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Looks } from '../../activities/contract.ts';
import { createMaintenanceActivities } from '../../activities/maintain.ts';
import type { OrderEngine } from '../../adapters/order-engine.ts';
import type { WorkflowState } from '../../adapters/support-engine.ts';
import { openAttempt } from '../../db/support-attempts.ts';
import { saveWebhook } from '../../db/webhooks.ts';
import { parseId, type OrderId } from '../../domain/ids.ts';
import { factsOf } from '../support/order-world.ts';
import { createMarket, start, type Market } from '../db/market.ts';

let market: Market;
beforeEach(async () => {
  market = await createMarket();
});
afterEach(async () => {
  vi.useRealTimers();
  await market.close();
});

const log = pino({ level: 'silent' });
const minute = 60_000;
const hour = 60 * minute;

type Answers = {
  readonly isPlaced?: boolean | undefined;
  readonly isBroken?: boolean;
  readonly workflow?: WorkflowState;
  readonly troubled?: readonly OrderId[];
};

/** One round against an engine with these answers; what it was asked. */
async function maintain(answers: Answers) {
  const { asked, look } = housekeeping(answers);
  await look();
  return asked;
}

function housekeeping(answers: Answers = {}) {
  const asked: string[] = [];
  const engine = {
    place: async ({ facts }) => {
      asked.push(`place ${facts.orderId}`);
      return { kind: 'unavailable' };
    },
    isPlaced: async () => answers.isPlaced,
    workflowOf: async (orderId) => {
      asked.push(`workflowOf ${orderId}`);
      return answers.workflow ?? { kind: 'running' };
    },
    troubledOrders: async () => answers.troubled ?? [],
    settle: async () => ({ kind: 'unavailable' }),
    terminate: async () => false,
    startBulk: async (id) => void asked.push(`startBulk ${id}`),
    send: async () => ({ kind: 'unavailable' }),
    paymentSettled: async ({ orderId }) => void asked.push(`paymentSettled ${orderId}`),
    partnerDeliveryChanged: async ({ orderId, partnerRef }) =>
      void asked.push(`partnerDeliveryChanged ${orderId} ${partnerRef}`),
    catchUp: async (orderId) => {
      asked.push(`catchUp ${orderId}`);
      if (answers.isBroken) throw new Error('the engine is broken');
    },
    wakeDispatcher: async (marketId) => void asked.push(`wake ${marketId}`),
    startMaintenance: async () => undefined,
    ping: async () => undefined,
    close: async () => undefined,
  } satisfies OrderEngine;
  const activities = createMaintenanceActivities({ db: market.db, engine, log });
  return { asked, activities, look: (looks?: Looks) => activities.maintain({ looks }) };
}

async function draft(ageMs: number) {
  const facts = factsOf();
  const row = { sequence: 0, delivery_status: 'none', search: 0, search_since: null };
  const id = await market.addOrder({
    ...row,
    placed_at: new Date(Date.now() - ageMs),
    facts: JSON.stringify(facts),
  });
  const isOver = async () =>
    (
      await market.db
        .selectFrom('orders')
        .select('is_over')
        .where('id', '=', id)
        .executeTakeFirstOrThrow()
    ).is_over;
  return { id, facts, isOver };
}

describe('an orphan draft', () => {
  test('is placed while it is fresh', async () => {
    const { facts, isOver } = await draft(minute);
    expect(await maintain({ isPlaced: false })).toEqual([`place ${facts.orderId}`]);
    expect(await isOver()).toBe(false);
  });

  test('is refused when it is old and surely has no workflow', async () => {
    const { isOver } = await draft(6 * minute);
    expect(await maintain({ isPlaced: false })).toEqual([]);
    expect(await isOver()).toBe(true);
  });

  test('is not refused while its caller still asks for it', async () => {
    const { id, facts, isOver } = await draft(6 * minute);
    await market.db
      .insertInto('idempotency_keys')
      .values({
        tenant: facts.merchantId,
        key: 'asks-again',
        route: 'POST /v1/orders',
        body_hash: Buffer.from('body'),
        order_id: id,
        lease_until: new Date(Date.now() - minute),
      })
      .execute();
    expect(await maintain({ isPlaced: false })).toContain(`place ${facts.orderId}`);
    expect(await isOver()).toBe(false);
  });

  test.for([[true], [undefined]])(
    'is never refused when a workflow exists or may exist: %s',
    async ([isPlaced]) => {
      const { facts, isOver } = await draft(6 * minute);
      expect(await maintain({ isPlaced })).toEqual([`place ${facts.orderId}`]);
      expect(await isOver()).toBe(false);
    },
  );
});

const overdue = (ageMs: number) =>
  market.addOrder({
    sequence: 7,
    delivery_status: 'confirmed',
    search_since: null,
    deadline_at: new Date(Date.now() - ageMs),
  });

describe('an order that refused its draft', () => {
  test('leaves its external id to another one', async () => {
    const { facts } = await draft(6 * minute);
    const orders = market.db.updateTable('orders').where('is_over', '=', false);
    await orders.set({ external_id: 'pos-1' }).execute();
    await maintain({ isPlaced: false });
    const left = market.db.selectFrom('orders').select('external_id');
    expect(await left.where('external_id', '=', 'pos-1').execute()).toEqual([]);
    expect(facts.orderId).toMatch(/^ord_/);
  });
});

describe('a webhook that came too early', () => {
  test('is told to somebody when its order went another way meanwhile', async () => {
    const orderId = await market.addOrder({ payment_status: 'voided', provider_ref: 'tx_1' });
    const provider = 'campay';
    const news = { type: 'campay.successful', providerRef: 'tx_1', orderId };
    await saveWebhook(market.db, { provider, eventId: 'tx_1:successful', ...news });
    await maintain({});
    const told = market.db.selectFrom('incidents').select(['kind', 'order_id']);
    expect(await told.execute()).toEqual([
      { kind: 'reconcile_payment_unexpected', order_id: orderId },
    ]);
  });
});

describe('a look', () => {
  test('that an older version has scheduled knows nothing of the looks before, and looks', async () => {
    const orderId = await overdue(3 * minute);
    const { asked, activities } = housekeeping();
    expect((await activities.maintain()).looks.lastAt).toBeGreaterThan(start);
    expect(asked).toContain(`catchUp ${orderId}`);
  });
});

/** An order whose caller's lease ended so long ago without an answer. */
async function lostCaller(ageMs: number): Promise<string> {
  const orderId = await market.addOrder({ sequence: 5, delivery_status: 'confirmed' });
  await market.db
    .insertInto('idempotency_keys')
    .values({
      tenant: 'tenant',
      key: orderId,
      route: 'POST /v1/orders/:id/cancel',
      body_hash: Buffer.alloc(32),
      order_id: orderId,
      lease_until: new Date(Date.now() - ageMs),
    })
    .execute();
  return orderId;
}

describe('a caller who was lost', () => {
  test('has the order read its log once, however long ago it was', async () => {
    const orderId = await lostCaller(20 * minute);
    expect(await maintain({})).toEqual([`catchUp ${orderId}`]);
    expect(await maintain({})).toEqual([]);
  });

  test('is asked for again when the engine could not be told', async () => {
    const orderId = await lostCaller(20 * minute);
    await maintain({ isBroken: true });
    expect(await maintain({})).toEqual([`catchUp ${orderId}`]);
  });

  test('who may still be answered is left alone', async () => {
    await lostCaller(-minute);
    expect(await maintain({})).toEqual([]);
  });
});

describe('an order past its deadline', () => {
  test('is asked to read its log for some minutes, whichever worker looks', async () => {
    const [late, , long] = [await overdue(3 * minute), await overdue(minute), await overdue(hour)];
    let looks: Looks | undefined;
    // Each look is another worker's, who remembers nothing.
    const nudged = async (): Promise<readonly string[]> => {
      const { asked, look } = housekeeping();
      ({ looks } = await look(looks));
      return asked.filter((what) => what.startsWith('catchUp')).toSorted();
    };
    const all = [`catchUp ${late}`, `catchUp ${long}`].toSorted();
    vi.useFakeTimers({ toFake: ['Date'] });
    // At first nobody knows how long nobody has looked.
    for (let turn = 0; turn < 10; turn += 1) {
      expect(await nudged()).toEqual(expect.arrayContaining(all));
      vi.advanceTimersByTime(minute);
    }
    expect(await nudged()).not.toContain(`catchUp ${long}`);
    vi.advanceTimersByTime(20 * minute);
    expect(await nudged()).toEqual(expect.arrayContaining(all));
  });

  test('does not keep the rest of the housekeeping from its work when that fails', async () => {
    await overdue(3 * minute);
    await market.addOrder({ sequence: 5 });
    expect(await maintain({ isBroken: true })).toContain(`wake ${market.marketId}`);
  });
});

const troubles = () =>
  market.db.selectFrom('order_troubles').select(['order_id', 'kind']).execute();

describe('the watchdog', () => {
  const late = { deadline_at: new Date(Date.now() - 3 * minute) };

  test('keeps what it finds wrong with the workflow of an overdue order, until it is right', async () => {
    const id = await market.addOrder({ facts: JSON.stringify(factsOf()), ...late });
    await maintain({ workflow: { kind: 'closed', as: 'terminated' } });
    expect(await troubles()).toEqual([{ order_id: id, kind: 'workflow_gone' }]);
    await maintain({ workflow: { kind: 'failing', attempt: 7 } });
    expect(await troubles()).toEqual([{ order_id: id, kind: 'workflow_failing' }]);
    await maintain({ workflow: { kind: 'unavailable' } });
    expect(await troubles()).toHaveLength(1);
    await maintain({ workflow: { kind: 'running' } });
    expect(await troubles()).toEqual([]);
  });

  test('looks at what the engine lists, and forgets it once the order is over', async () => {
    const id = parseId('order', await market.addOrder({ facts: JSON.stringify(factsOf()) }));
    if (!id) throw new Error('no id');
    const lost = { workflow: { kind: 'missing' }, troubled: [id] } as const;
    expect(await maintain({ workflow: { kind: 'missing' } })).not.toContain(`workflowOf ${id}`);
    expect(await maintain(lost)).toContain(`workflowOf ${id}`);
    expect(await troubles()).toEqual([{ order_id: id, kind: 'workflow_gone' }]);
    await market.db.updateTable('orders').set({ is_over: true }).where('id', '=', id).execute();
    await maintain(lost);
    expect(await troubles()).toEqual([]);
  });
});

test('an attempt whose answer was lost is closed by what the log knows', async () => {
  const facts = factsOf();
  const id = await market.addOrder({ facts: JSON.stringify(facts) });
  const old = new Date(Date.now() - 2 * minute);
  const attempt = { orderId: id, action: 'cancel', params: {}, keyId: 'key_a', reason: 'other' };
  for (const commandId of ['cmd_done', 'cmd_lost'])
    await openAttempt(market.db, { ...attempt, commandId, sequence: 1, now: old });
  await market.db
    .insertInto('order_events')
    .values({
      order_id: id,
      sequence: 900,
      merchant_id: facts.merchantId,
      type: 'order.cancelled',
      body: '{}',
      actor: JSON.stringify({ kind: 'support', id: 'key_a' }),
      command_id: 'cmd_done',
      at: old,
    })
    .execute();
  await maintain({});
  const rows = await market.db
    .selectFrom('support_attempts')
    .select(['command_id', 'outcome'])
    .orderBy('command_id')
    .execute();
  expect(rows).toEqual([
    { command_id: 'cmd_done', outcome: 'done' },
    { command_id: 'cmd_lost', outcome: 'sent' },
  ]);
});

test('a new address that no order has taken is forgotten after a day', async () => {
  const id = await market.addOrder({});
  const change = { order_id: id, lat: 52.53456, lng: 13.41234, address_enc: Buffer.from('sealed') };
  const aged = (hours: number) => ({
    ...change,
    command_id: `${hours} hours`,
    created_at: new Date(Date.now() - hours * hour),
  });
  await market.db
    .insertInto('address_changes')
    .values([aged(23), aged(25)])
    .execute();
  await maintain({});
  const rows = await market.db.selectFrom('address_changes').select('command_id').execute();
  expect(rows).toEqual([{ command_id: '23 hours' }]);
});

const leftWith = async (delivery_status: string) => {
  const id = await market.addOrder({ delivery_status });
  const hook = { provider: 'partner_fleet', event_id: 'evt_1', type: 'partner.delivered' };
  await market.db
    .insertInto('provider_webhooks')
    .values({ ...hook, provider_ref: 'del_1', order_id: id, done_at: null })
    .execute();
  const asked = await maintain({});
  const { done_at } = await market.db
    .selectFrom('provider_webhooks')
    .select('done_at')
    .executeTakeFirstOrThrow();
  const told = asked.filter((each) => each.startsWith('partnerDeliveryChanged'));
  return { id, told, isDone: done_at !== null };
};

describe('a partner fleet’s webhook that could not be told', () => {
  test('is told to the order that the partner has', async () => {
    const { id, ...rest } = await leftWith('partner_picked_up');
    expect(rest).toEqual({ told: [`partnerDeliveryChanged ${id} del_1`], isDone: true });
  });

  test('waits while the partner’s yes is on its way', async () => {
    expect(await leftWith('partner_requested')).toMatchObject({ told: [], isDone: false });
  });

  test('is let go when no partner has the order any more', async () => {
    expect(await leftWith('searching')).toMatchObject({ told: [], isDone: true });
  });
});
