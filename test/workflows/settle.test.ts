// Break-glass on a real Temporal server: orders whose workflow was terminated, ended from their log alone.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SettleAnswer } from '../../adapters/support-engine.ts';
import type { Actor } from '../../domain/events.ts';
import { settleWorkflowId, type DriverId, type OfferId } from '../../domain/ids.ts';
import type { SettleOutcome } from '../../domain/settling.ts';
import type { PaymentResult } from '../../domain/messages.ts';
import type { OrderFacts } from '../../domain/order.ts';
import type { PaymentCall } from '../../domain/payment-call.ts';
import {
  createWorld,
  factsOf,
  obliging,
  orderIn,
  type Handle,
  type World,
} from '../support/order-world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
// A call that is never answered would keep the worker from ending.
let speak: () => void = () => undefined;
const silence = new Promise<void>((resolve) => (speak = resolve));
const silent = async (call: PaymentCall): Promise<PaymentResult> => {
  await silence;
  return obliging(call);
};
afterAll(async () => {
  speak();
  await world.close();
});

const support: Actor = { kind: 'support', id: 'key_agent' };
const driverId = `drv_${'d'.repeat(32)}` as DriverId;
const offerId = `off_${'f'.repeat(32)}` as OfferId;

async function placed(of: Partial<OrderFacts> = {}) {
  world.answerWith(obliging);
  const facts = factsOf({}, of);
  const order = orderIn(world, facts);
  await order.place();
  await order.seen('order.submitted');
  const settle = (outcome?: SettleOutcome, commandId = 'settle-1'): Promise<SettleAnswer> =>
    world.engine.settle({ facts, outcome, actor: support, commandId, deadlineMs: 10_000 });
  return { facts, order, settle };
}

async function carried(order: Handle): Promise<void> {
  await order.send({ kind: 'accept' });
  await order.send({ kind: 'markReady' });
  await order.send({ kind: 'assign', offerId, driverId, pickupEtaAt: Date.now() });
  await order.send({ kind: 'pickUp', driverId });
}

const steps = (): readonly string[] => world.calls.slice(-1).map(({ step }) => step);

describe('settle', () => {
  test('refuses while the order decides for itself', async () => {
    const { order, settle } = await placed();
    expect(await settle()).toMatchObject({ kind: 'refused', refusal: { code: 'order_running' } });
    expect(order.types()).not.toContain('order.cancelled');
    expect(await order.send({ kind: 'accept' })).toMatchObject({ kind: 'done' });
  });

  test('cancels what nobody had, releases the card, and says the same when asked again', async () => {
    const { order, settle } = await placed();
    await order.handle.terminate('by hand');
    const first = await settle();
    expect(first).toMatchObject({ kind: 'settled', status: 'cancelled', payment: 'voided' });
    expect(steps()).toEqual(['void']);
    const ended = order.events().find((event) => event.type === 'order.cancelled');
    expect(ended).toMatchObject({ endReason: 'cancelled_by_support', actor: support });
    const calls = world.calls.length;
    expect(await settle('failed', 'settle-2')).toEqual(first);
    expect(world.calls).toHaveLength(calls);
  });

  test('started twice at once is one settling', async () => {
    const { order, settle } = await placed();
    await order.handle.terminate('by hand');
    const [one, other] = await Promise.all([settle(), settle(undefined, 'settle-2')]);
    expect(one).toMatchObject({ kind: 'settled', status: 'cancelled' });
    expect(other).toEqual(one);
    expect(order.types().filter((type) => type === 'order.cancelled')).toHaveLength(1);
  });

  test('asks what became of goods that are on the road, and takes the money for them', async () => {
    const { order, settle } = await placed();
    await carried(order);
    await order.handle.terminate('by hand');
    expect(await settle()).toMatchObject({
      kind: 'refused',
      refusal: { code: 'outcome_needed' },
    });
    expect(await settle('cancelled')).toMatchObject({ refusal: { code: 'already_picked_up' } });
    expect(await settle('delivered')).toMatchObject({
      kind: 'settled',
      status: 'completed',
      payment: 'captured',
    });
  });

  test('pays merchant and driver of a delivery that failed, and releases the card', async () => {
    const { order, settle } = await placed();
    await carried(order);
    await order.handle.terminate('by hand');
    expect(await settle('failed')).toMatchObject({ status: 'failed', payment: 'voided' });
    const settled = order.events().find((event) => event.type === 'order.settled');
    expect(settled).toMatchObject({ customerMinor: 0, merchantMinor: 1_520, driverMinor: 400 });
  });

  test('finishes a capture that the lost workflow had begun, under the same key', async () => {
    const { order, settle } = await placed();
    await carried(order);
    world.answerWith(silent);
    await order.send({ kind: 'deliver', driverId });
    await expect.poll(steps).toEqual(['capture']);
    const [lost] = world.calls.slice(-1);
    await order.handle.terminate('by hand');
    world.answerWith(obliging);
    expect(await settle()).toMatchObject({ status: 'completed', payment: 'captured' });
    const [own] = world.calls.slice(-1);
    expect(own?.key).toBe(lost?.key);
  });

  test('lets the hold behind a loss go that the lost workflow had given up', async () => {
    const { order, settle } = await placed();
    await carried(order);
    const code = 'hold_expired';
    world.answerWith((call) =>
      call.step === 'capture' ? { kind: 'paymentCaptureFailed', code, final: true } : silent(call),
    );
    await order.send({ kind: 'deliver', driverId });
    await expect.poll(steps).toEqual(['void']);
    const [lost] = world.calls.slice(-1);
    await order.handle.terminate('by hand');
    world.answerWith(obliging);
    expect(await settle()).toMatchObject({ status: 'completed', payment: 'written_off' });
    expect(world.calls.at(-1)).toMatchObject({ key: lost?.key, providerRef: 'pi_1' });
  });

  test('does not ask for a hold again that nobody answered, but releases what it may have left', async () => {
    world.answerWith(silent);
    const facts = factsOf();
    const order = orderIn(world, facts);
    await order.place();
    await expect.poll(steps).toEqual(['authorize']);
    await order.handle.terminate('by hand');
    world.answerWith(obliging);
    const input = { facts, outcome: undefined, actor: support, commandId: 'settle-1' };
    expect(await world.engine.settle({ ...input, deadlineMs: 10_000 })).toMatchObject({
      status: 'cancelled',
      payment: 'voided',
    });
    const [last] = world.calls.slice(-1);
    expect(last).toMatchObject({ step: 'void', authorizeAttempt: 1 });
    expect(last).not.toHaveProperty('providerRef');
  });

  test('goes on until the driver has handed the cash in', async () => {
    const { facts, order, settle } = await placed({ method: 'cash', paymentMethod: '' });
    await carried(order);
    await order.handle.terminate('by hand');
    const input = { facts, outcome: 'delivered', actor: support, commandId: 'settle-1' } as const;
    expect(await world.engine.settle({ ...input, deadlineMs: 2_000 })).toEqual({
      kind: 'under_way',
    });
    expect(order.types().slice(-2)).toEqual(['payment.collected', 'order.completed']);
    expect(await world.engine.workflowOf(facts.orderId)).toEqual({ kind: 'settling' });
    const cash = { orderId: facts.orderId, actor: support, deadlineMs: 10_000 };
    const command = { kind: 'remitCash', amountMinor: 2_350 } as const;
    const handedIn = { ...cash, command, commandId: 'cash-1' };
    expect(await world.engine.send(handedIn)).toMatchObject({ kind: 'done' });
    expect(await settle('delivered')).toMatchObject({ kind: 'settled', payment: 'remitted' });
    const twice = { ...cash, command, commandId: 'cash-2' };
    expect(await world.engine.send(twice)).toEqual({ kind: 'not_running' });
  });

  test('is under way while the provider is silent, and ends when it speaks', async () => {
    const { facts, order } = await placed();
    await order.handle.terminate('by hand');
    const pause = Promise.withResolvers<undefined>();
    world.answerWith(async (call) => {
      await pause.promise;
      return obliging(call);
    });
    const input = { facts, outcome: undefined, actor: support, commandId: 'settle-1' };
    expect(await world.engine.settle({ ...input, deadlineMs: 1_500 })).toEqual({
      kind: 'under_way',
    });
    pause.resolve(undefined);
    const handle = world.client.workflow.getHandle(settleWorkflowId(facts.orderId));
    expect(await handle.result()).toMatchObject({ kind: 'settled', payment: 'voided' });
  });
});

describe('a command bound to a sequence', () => {
  test('is refused once the order has moved on', async () => {
    const { facts, order } = await placed();
    const { orderId } = facts;
    const seen = order.events().length;
    const bound = (ifSequence: number, commandId: string) =>
      world.engine.send({
        orderId,
        command: { kind: 'cancel', by: 'support' },
        actor: support,
        commandId,
        deadlineMs: 10_000,
        ifSequence,
      });
    await order.send({ kind: 'accept' });
    expect(await bound(seen, 'cancel-stale')).toMatchObject({
      kind: 'refused',
      refusal: { code: 'stale_sequence', sequence: seen + 2 },
    });
    expect(await bound(seen + 2, 'cancel-fresh')).toMatchObject({ kind: 'done' });
  });
});
