// The order workflow on a real Temporal server; its activities are in memory, its time is skipped by the server.

import { WithStartWorkflowOperation } from '@temporalio/client';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { fold } from '../../domain/evolve.ts';
import { orderWorkflowId } from '../../domain/ids.ts';
import type { Deadline } from '../../domain/lifecycle.ts';
import { deadlinesViewQuery, orderViewQuery } from '../../domain/messages.ts';
import { initialState } from '../../domain/order.ts';
import type { OrderRow } from '../../domain/view.ts';
import {
  atOnce,
  createWorld,
  factsOf,
  obliging,
  orderIn,
  type World,
} from '../support/order-world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
afterAll(() => world.close());
afterEach(() => {
  world.answerWith(obliging);
  world.recordAfter(atOnce);
});

const assignment = () =>
  ({
    kind: 'assign',
    offerId: newId('offer'),
    driverId: newId('driver'),
    pickupEtaAt: Date.now() + 300_000,
  }) as const;
const done = expect.objectContaining({ kind: 'done' });
const refusedWith = (code: string) =>
  expect.objectContaining({ kind: 'refused', refusal: expect.objectContaining({ code }) });

async function deliver(order: ReturnType<typeof orderIn>): Promise<void> {
  const assign = assignment();
  expect(await order.send({ kind: 'accept' })).toEqual(done);
  expect(await order.send({ kind: 'markReady' })).toEqual(done);
  expect(await order.send(assign)).toEqual(done);
  expect(await order.send({ kind: 'pickUp', driverId: assign.driverId })).toEqual(done);
  expect(await order.send({ kind: 'deliver', driverId: assign.driverId })).toEqual(done);
}

describe('order', () => {
  test('is delivered and captured, within 60 history events', async () => {
    const facts = factsOf();
    const order = orderIn(world, facts);
    expect(await order.place()).toEqual(done);
    await order.seen('order.submitted');
    const [next] = await order.handle.query<readonly Deadline[]>(deadlinesViewQuery);
    expect(next).toMatchObject({ exit: 'remindMerchant', owner: 'merchant' });
    expect(await order.handle.query<OrderRow>(orderViewQuery)).toMatchObject({
      status: 'PENDING',
      nextExit: 'remindMerchant',
      sequence: order.events().length,
    });
    await deliver(order);
    const result = await order.result();
    expect(result).toMatchObject({
      status: 'completed',
      delivery: 'delivered',
      payment: 'captured',
    });
    expect(fold(initialState(facts), order.events()).sequence).toBe(result.sequence);
    const { historyLength } = await order.handle.describe();
    expect(historyLength).toBeLessThanOrEqual(60);
  });

  test('reminds a silent merchant, then expires and releases the card', async () => {
    const order = orderIn(world);
    await order.place();
    await order.seen('order.submitted');
    await order.skipTime();
    expect(await order.result()).toMatchObject({ status: 'expired', payment: 'voided' });
    expect(order.types()).toEqual(
      expect.arrayContaining(['order.reminded', 'order.expired', 'payment.voided']),
    );
  });

  test('fails for want of a driver when nobody is found, and the customer pays nothing', async () => {
    const order = orderIn(world);
    await order.place();
    await order.seen('order.submitted');
    await order.send({ kind: 'accept' });
    await order.skipTime();
    expect(await order.result()).toMatchObject({ status: 'failed', payment: 'voided' });
    expect(order.types()).toEqual(
      expect.arrayContaining(['order.ready', 'order.failed', 'order.settled']),
    );
  });

  test('a driver who abandons before pickup is replaced', async () => {
    const order = orderIn(world);
    await order.place();
    await order.seen('order.submitted');
    await order.send({ kind: 'accept', prepMs: 0 });
    const first = assignment();
    await order.send(first);
    expect(await order.send({ kind: 'abandon', driverId: first.driverId })).toEqual(done);
    expect(await order.send({ kind: 'pickUp', driverId: first.driverId })).toEqual(
      refusedWith('not_your_delivery'),
    );
    const second = assignment();
    expect(await order.send(second)).toEqual(done);
    expect(await order.send({ kind: 'pickUp', driverId: second.driverId })).toEqual(done);
    await order.send({ kind: 'deliver', driverId: second.driverId });
    expect(await order.result()).toMatchObject({ status: 'completed' });
  });

  test('a declined card leaves the order waiting for another one', async () => {
    world.answerWith((call) =>
      call.key.endsWith('authorize:1')
        ? { kind: 'paymentDeclined', code: 'insufficient_funds' }
        : obliging(call),
    );
    const order = orderIn(world);
    await order.place();
    await order.seen('payment.declined');
    expect(await order.send({ kind: 'retryPayment', paymentMethod: 'pm_card_mastercard' })).toEqual(
      done,
    );
    await order.seen('order.submitted');
    expect(
      world.calls
        .filter((call) => call.key.startsWith(order.orderId))
        .map((call) => call.key.split(':')[2]),
    ).toEqual(['1', '2']);
    await order.send({ kind: 'cancel', by: 'customer' });
    expect(await order.result()).toMatchObject({ status: 'cancelled', payment: 'voided' });
  });

  test('3-D Secure: waits for the customer, then asks the provider', async () => {
    world.answerWith((call) =>
      call.step === 'authorize'
        ? { kind: 'paymentRequiresAction', providerRef: 'pi_3ds' }
        : obliging(call),
    );
    const order = orderIn(world);
    await order.place();
    await order.seen('payment.requires_action');
    await world.engine.paymentSettled({ orderId: order.orderId, providerRef: 'pi_3ds' });
    await order.seen('order.submitted');
    await order.send({ kind: 'deny', code: 'capacity' });
    expect(await order.result()).toMatchObject({ status: 'denied', payment: 'voided' });
  });

  test('3-D Secure: the provider is asked once more when the time is up and its news is late', async () => {
    world.answerWith((call) =>
      call.step === 'authorize'
        ? { kind: 'paymentRequiresAction', providerRef: 'pi_late' }
        : obliging(call),
    );
    const order = orderIn(world);
    await order.place();
    await order.seen('payment.requires_action');
    await order.skipTime();
    await order.result();
    expect(order.types()).toEqual(expect.arrayContaining(['payment.authorized', 'order.expired']));
    expect(order.types()).not.toContain('order.cancelled');
  });

  test('a cancel while the card is being authorized releases what is granted afterwards', async () => {
    const { promise: granted, resolve: grant } = Promise.withResolvers<void>();
    world.answerWith(async (call) => {
      if (call.step === 'authorize') await granted;
      return obliging(call);
    });
    const order = orderIn(world);
    await order.place();
    expect(await order.send({ kind: 'cancel', by: 'customer' })).toEqual(done);
    grant();
    expect(await order.result()).toMatchObject({ status: 'cancelled', payment: 'voided' });
  });

  test('a cancellation in the Temporal UI cancels the order and settles its money', async () => {
    const order = orderIn(world);
    await order.place();
    await order.seen('order.submitted');
    await order.handle.cancel();
    expect(await order.result()).toMatchObject({ status: 'cancelled', payment: 'voided' });
    expect(order.events().find((event) => event.type === 'order.cancelled')).toMatchObject({
      endReason: 'cancelled_by_support',
    });
  });

  test('placing twice is one order', async () => {
    const order = orderIn(world);
    expect(await Promise.all([order.place(), order.place()])).toEqual([done, done]);
    await order.seen('order.submitted');
    await order.send({ kind: 'cancel', by: 'merchant' });
    await order.result();
    expect(await order.place()).toEqual(
      expect.objectContaining({ kind: expect.stringMatching(/done|not_running/) }),
    );
    expect(order.types().filter((type) => type === 'order.placed')).toHaveLength(1);
  });
});

describe('an order for later', () => {
  test('is released into a run of its own, which knows what was said before', async () => {
    const later = { promisedAt: Date.now() + 603_000 };
    const order = orderIn(world, factsOf({ prepEstimateMs: 100, scheduleMarginMs: 100 }, later));
    await order.place();
    await order.seen('order.scheduled');
    const before = await order.handle.describe();
    expect(await order.send({ kind: 'changeTip', tipMinor: 100 }, 'tip-once')).toEqual(done);
    await order.seen('order.submitted');
    await expect
      .poll(async () => (await order.handle.describe()).runId, { timeout: 10_000 })
      .not.toBe(before.runId);
    // The same command again, and the same placing: both are known.
    expect(await order.send({ kind: 'changeTip', tipMinor: 100 }, 'tip-once')).toEqual(done);
    expect(await order.place()).toEqual(done);
    expect(order.types().filter((type) => type === 'order.tip_changed')).toHaveLength(1);
    expect(order.types().filter((type) => type === 'order.placed')).toHaveLength(1);
    await order.send({ kind: 'cancel', by: 'customer' });
    expect(await order.result()).toMatchObject({ status: 'cancelled', payment: 'voided' });
  });

  test('far ahead is paid for only when its time has come', async () => {
    const policy = { prepEstimateMs: 100, scheduleMarginMs: 100, authorizeAheadMs: 1_000 };
    const order = orderIn(world, factsOf(policy, { promisedAt: Date.now() + 603_000 }));
    await order.place();
    await order.seen('order.scheduled');
    expect(order.types()).not.toContain('payment.authorizing');
    await order.seen('order.submitted');
    expect(order.types()).toEqual(expect.arrayContaining(['order.released', 'payment.authorized']));
    await order.send({ kind: 'deny', code: 'capacity' });
    expect(await order.result()).toMatchObject({ status: 'denied', payment: 'voided' });
  });
});

describe('a log that is ahead of its workflow', () => {
  test('a command that comes with the first task of a new run waits until its log is read', async () => {
    const facts = factsOf();
    const order = orderIn(world, facts);
    await order.place();
    await order.seen('order.submitted');
    await order.handle.terminate('a new run goes on');
    const envelope = { command: { kind: 'deny', code: 'capacity' }, actor: { kind: 'system' } };
    await world.client.workflow.executeUpdateWithStart('deny', {
      args: [envelope],
      startWorkflowOperation: new WithStartWorkflowOperation('order', {
        workflowId: orderWorkflowId(order.orderId),
        workflowIdConflictPolicy: 'USE_EXISTING',
        taskQueue: 'orders',
        args: [{ facts, resume: true }],
      }),
    });
    expect(await order.result()).toMatchObject({ status: 'denied', payment: 'voided' });
  });

  test('an expiry that a dead worker recorded wins over the cancel that came after it', async () => {
    const order = orderIn(world);
    await order.place();
    await order.seen('order.submitted');
    const sequence = order.events().length;
    order.events().push(
      {
        type: 'order.expired',
        endReason: 'merchant_expired',
        sequence: sequence + 1,
        at: Date.now(),
        actor: { kind: 'system' },
        commandId: `exit:expire:${sequence}`,
      },
      {
        type: 'payment.voiding',
        attempt: 1,
        providerRef: 'pi_1',
        sequence: sequence + 2,
        at: Date.now(),
        actor: { kind: 'system' },
        commandId: `exit:expire:${sequence}`,
      },
    );
    expect(await order.send({ kind: 'cancel', by: 'customer' })).toEqual(
      refusedWith('already_cancelled'),
    );
    expect(await order.result()).toMatchObject({ status: 'expired', payment: 'voided' });
    expect(order.types()).not.toContain('order.cancelled');
  });

  test('an accept whose caller gave up is found, and the same accept again is answered with yes', async () => {
    const order = orderIn(world);
    await order.place();
    await order.seen('order.submitted');
    const sequence = order.events().length;
    const lost = {
      at: Date.now(),
      actor: { kind: 'merchant', id: 'key_test' },
      commandId: 'lost-accept',
    } as const;
    order.events().push(
      {
        type: 'order.accepted',
        readyEstimateAt: Date.now() + 900_000,
        sequence: sequence + 1,
        ...lost,
      },
      {
        type: 'delivery.created',
        releaseAt: Date.now() + 300_000,
        sequence: sequence + 2,
        ...lost,
      },
    );
    await world.engine.catchUp(order.orderId);
    expect(await order.send({ kind: 'accept' }, 'lost-accept')).toEqual(done);
    expect(await order.send({ kind: 'markReady' })).toEqual(done);
    expect(order.types().filter((type) => type === 'order.accepted')).toHaveLength(1);
    await order.send({ kind: 'cancel', by: 'customer' });
    expect(await order.result()).toMatchObject({ status: 'cancelled', payment: 'captured' });
  });
});

describe('a log that is slow once', () => {
  test('is written by the patient activity, and another worker can tell it again', async () => {
    const order = orderIn(world);
    await order.place();
    await order.seen('order.submitted');
    let isSlow = true;
    world.recordAfter(async () => {
      if (isSlow) await new Promise((resolve) => setTimeout(resolve, 4_000));
    });
    const accept = (): Promise<unknown> => order.send({ kind: 'accept' }, 'slow-accept');
    const unanswered = accept();
    await expect.poll(() => fallenBack(order), { timeout: 20_000 }).toBe(true);
    isSlow = false;
    await unanswered;
    // Whoever got no answer in time asks again, as the same command.
    await expect.poll(accept, { timeout: 30_000 }).toEqual(done);
    await world.stopWorkers();
    await world.startWorkers();
    expect(await order.send({ kind: 'cancel', by: 'merchant' })).toEqual(done);
    expect(await order.result()).toMatchObject({ status: 'cancelled', payment: 'voided' });
  });
});

/** The step went to a regular activity. */
async function fallenBack({ handle }: ReturnType<typeof orderIn>): Promise<boolean> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).some(
    ({ activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled?.activityType?.name === 'record',
  );
}

describe('an outage of the engine', () => {
  test('an irreversible exit that passed meanwhile is put off once', async () => {
    const order = orderIn(
      world,
      factsOf({ remindMerchantMs: 60_000, expireMs: 1_500, overdueGraceMs: 300 }),
    );
    await order.place();
    await order.seen('order.submitted');
    await world.stopWorkers();
    await expect
      .poll(() => Date.now() - (order.events().at(-1)?.at ?? 0), { timeout: 5_000 })
      .toBeGreaterThan(2_500);
    await world.startWorkers();
    expect(await order.result()).toMatchObject({ status: 'expired' });
    expect(order.types().filter((type) => type === 'deadline.extended')).toHaveLength(1);
  });

  test('a payment call whose time ran out meanwhile is made once more', async () => {
    const order = orderIn(
      world,
      factsOf({ paymentActionTimeoutMs: 1_500, overdueGraceMs: 300, overdueExtensionMs: 5_000 }),
    );
    world.answerWith(() => {
      throw new Error('the provider is away too');
    });
    await order.place();
    await order.seen('payment.authorizing');
    await world.stopWorkers();
    await expect
      .poll(() => Date.now() - (order.events().at(-1)?.at ?? 0), { timeout: 5_000 })
      .toBeGreaterThan(3_000);
    world.answerWith(obliging);
    await world.startWorkers();
    await order.seen('order.submitted');
    expect(order.types()).not.toContain('order.cancelled');
    await order.send({ kind: 'cancel', by: 'customer' });
    expect(await order.result()).toMatchObject({ payment: 'voided' });
  });
});
