// What runs beside the orders, as far as a golden history needs it. The first two have no end and follow the current
// version (AUTO_UPGRADE), so each release meets their running histories; the others stay on theirs.

import { expect, vi } from 'vitest';
import { newId } from '../../db/new-id.ts';
import {
  bulkWorkflowId,
  maintenanceWorkflowId,
  refundWorkflowId,
  settleWorkflowId,
  tipWorkflowId,
} from '../../domain/ids.ts';
import { refundChangedSignal, tipChangedSignal } from '../../domain/money-messages.ts';
import { factsOf, orderIn, type World } from './order-world.ts';

type Handle = ReturnType<World['client']['workflow']['getHandle']>;
type History = Awaited<ReturnType<Handle['fetchHistory']>>;

/** When it has begun this many timers: it has gone round that often. */
async function historyAfter(rounds: number, handle: Handle): Promise<History> {
  const history = await vi.waitFor(
    async () => {
      const { events, ...rest } = await handle.fetchHistory();
      const timers = events?.filter((event) => event.timerStartedEventAttributes) ?? [];
      expect(timers.length).toBeGreaterThanOrEqual(rounds);
      return { events: events ?? [], ...rest };
    },
    { timeout: 10_000, interval: 50 },
  );
  await handle.terminate('recorded');
  return history;
}

export const standing: Readonly<Record<string, (world: World) => Promise<History>>> = {
  async dispatcher({ engine, client }) {
    const marketId = newId('market');
    await engine.wakeDispatcher(marketId);
    const handle = client.workflow.getHandle(`dispatcher:${marketId}`);
    await vi.waitFor(async () =>
      expect((await handle.describe()).historyLength).toBeGreaterThan(8),
    );
    await engine.wakeDispatcher(marketId);
    return historyAfter(2, handle);
  },
  async maintenance({ engine, client }) {
    await engine.startMaintenance();
    return historyAfter(1, client.workflow.getHandle(maintenanceWorkflowId));
  },
  async settled(world) {
    const facts = factsOf({}, { method: 'cash', paymentMethod: '' });
    const order = orderIn(world, facts);
    await order.place();
    await order.seen('order.submitted');
    await order.send({ kind: 'accept' });
    await order.send({ kind: 'markReady' });
    const driverId = newId('driver');
    const offerId = newId('offer');
    await order.send({ kind: 'assign', driverId, offerId, pickupEtaAt: Date.now() });
    await order.handle.terminate('by hand');
    const { orderId } = facts;
    const actor = { kind: 'support', id: 'key_agent' } as const;
    const input = { facts, outcome: 'delivered', actor, commandId: 'settle' } as const;
    await world.engine.settle({ ...input, deadlineMs: 2_000 });
    const command = { kind: 'remitCash', amountMinor: facts.totalMinor } as const;
    await world.engine.send({ orderId, command, actor, commandId: 'cash', deadlineMs: 10_000 });
    return historyOf(world.client.workflow.getHandle(settleWorkflowId(orderId)));
  },
  async refunded({ client, decideRefunds }) {
    const refundId = newId('refund');
    const handle = await client.workflow.start('refund', {
      workflowId: refundWorkflowId(refundId),
      taskQueue: 'orders',
      args: [{ refundId }],
    });
    await vi.waitFor(async () => expect((await handle.describe()).historyLength).toBe(11));
    decideRefunds();
    await handle.signal(refundChangedSignal);
    return historyOf(handle);
  },
  async tipped({ client, decideRefunds }) {
    const tip = { orderId: newId('order'), n: 1 };
    const handle = await client.workflow.start('tip', {
      workflowId: tipWorkflowId(tip),
      taskQueue: 'orders',
      args: [tip],
    });
    await vi.waitFor(async () => expect((await handle.describe()).historyLength).toBe(11));
    decideRefunds();
    await handle.signal(tipChangedSignal);
    return historyOf(handle);
  },
  async 'bulk-action'({ client, rounds }) {
    rounds.push(0, 1, 1);
    const bulkId = newId('bulk');
    const args = [{ bulkId }];
    const workflowId = bulkWorkflowId(bulkId);
    return historyOf(
      await client.workflow.start('bulk', { workflowId, taskQueue: 'orders', args }),
    );
  },
  async reconciled({ client }) {
    const options = { workflowId: 'reconciliation', taskQueue: 'orders' };
    return historyOf(await client.workflow.start('reconciliation', options));
  },
};

async function historyOf(handle: Handle): Promise<History> {
  await handle.result();
  return handle.fetchHistory();
}
