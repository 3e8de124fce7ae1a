// The worker killed at named points of an order's life: afterwards events, read model and workflow agree, and the
// card is charged once.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { carry, expectAgreement, insist, paymentsOf } from '../support/truth.ts';

let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, { policy: { dispatchTickMs: 300, dispatchIdleMs: 500 } });
  await shop.goOnline();
}, 120_000);
afterAll(() => stack.close());

/** The worker dies at the named point, once, and comes back. */
async function crashing<T>(point: string, work: () => Promise<T>): Promise<T> {
  await stack.kill('worker');
  await stack.start('worker', { CRASH_AT: point });
  const doing = work();
  await stack.ended('worker');
  await stack.start('worker');
  return doing;
}

async function live(): Promise<string> {
  const placed = await shop.place();
  expect([201, 202]).toContain(placed.status);
  const { id } = placed.body;
  await shop.until(id, { order_status: 'pending' });
  await insist(() => shop.merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`));
  await insist(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
  await carry(shop, id);
  return id;
}

describe('a worker killed', () => {
  const points = [
    'record:before#order.placed',
    'record:after-commit#order.placed',
    'payment:before#authorize',
    'payment:after-effect#authorize',
    'record:after-commit#payment.authorized',
    'record:after-commit#order.accepted',
    'record:after-commit#delivery.assigned',
    'record:after-commit#delivery.delivered',
    'payment:after-effect#capture',
    'record:after-commit#payment.captured',
    'dispatch:before-commit',
    'dispatch:after-commit',
  ];
  test.for(points)('at %s loses nothing and charges once', { timeout: 90_000 }, async (point) => {
    const orderId = await crashing(point, live);
    expect(await expectAgreement(stack, orderId)).toMatchObject({
      status: 'completed',
      payment: 'captured',
    });
    const payments = await paymentsOf(stack, orderId);
    expect(payments.map(({ amount_received }) => amount_received)).toEqual([2_350]);
  });
});
