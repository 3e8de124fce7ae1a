// A silent city on a real Temporal server: behind the last rung support is told, once; then the order ends by itself.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, factsOf, orderIn, type Handle, type World } from '../support/order-world.ts';

const minute = 60_000;
let world: World;
beforeAll(async () => {
  world = await createWorld();
}, 60_000);
afterAll(() => world.close());

const nobodyComes = async (policy: Parameters<typeof factsOf>[0] = {}): Promise<Handle> => {
  const order = orderIn(world, factsOf(policy));
  await order.place();
  await order.seen('order.submitted');
  await order.send({ kind: 'accept', prepMs: 0 });
  await order.send({ kind: 'markReady' });
  await order.skipTime();
  return order;
};
const afterRelease = (order: Handle, type: string): readonly number[] => {
  const [created] = order
    .events()
    .flatMap((event) => (event.type === 'delivery.created' ? [event] : []));
  return order
    .events()
    .filter((event) => event.type === type)
    .map(({ at }) => Math.round((at - (created?.releaseAt ?? 0)) / minute));
};

describe('an order that nobody takes', () => {
  test('comes to support behind the last rung, and fails by itself at the end of its search', async () => {
    const order = await nobodyComes();
    expect(await order.result()).toMatchObject({ status: 'failed', payment: 'voided' });
    expect(afterRelease(order, 'delivery.search_escalated')).toEqual([15]);
    expect(afterRelease(order, 'order.failed')).toEqual([90]);
  });

  test('comes to support only when the partner fleet has said no', async () => {
    world.fleetAnswersWith(() => ({ kind: 'partnerRefused', code: 'couriers_busy' }));
    const order = await nobodyComes({ partnerCapMinor: 1_000 });
    expect(await order.result()).toMatchObject({ status: 'failed' });
    expect(order.types().filter((type) => /partner|escalated|failed/.test(type))).toEqual([
      'delivery.partner_requested',
      'delivery.partner_declined',
      'delivery.search_escalated',
      'order.failed',
    ]);
  });
});
