// A fleet replaced as a whole, as by `npm start` after a change of the code: the orders of the old version have no
// worker any more. The new one takes them over, also those that its code cannot replay.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  copyCode,
  otherWords,
  refundsSleepFirst,
  sleepsFirst,
  type Patch,
} from '../support/other-code.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { carry, expectAgreement, insist, paymentsOf } from '../support/truth.ts';

let folder: string;
let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waybill-'));
  stack = await startStack({ env: { WAYBILL_PROMOTE: 'always' } });
  shop = await openShop(stack, { policy: { dispatchTickMs: 300, dispatchIdleMs: 500 } });
  await shop.goOnline();
}, 120_000);
afterAll(async () => {
  await stack.close();
  await rm(folder, { recursive: true });
});

/** How often the order's workflow was begun, as far as the engine's list knows. */
const runsOf = async (orderId: string): Promise<number> =>
  (await stack.client.workflow.count(`WorkflowId = 'order:${orderId}'`)).count;

test.for([
  ['replays', otherWords, 1],
  ['does not replay', sleepsFirst, 2],
] as const)(
  'an order under way that %s under the new code is delivered and paid once',
  { timeout: 150_000 },
  async ([name, patches, runs]: readonly [string, readonly Patch[], number]) => {
    const { id } = (await shop.place()).body;
    await shop.until(id, { order_status: 'pending' });
    await insist(() => shop.merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`));
    await stack.kill('worker');
    await stack.start('worker', {}, await copyCode(join(folder, name), patches));
    await insist(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
    await carry(shop, id);
    expect(await expectAgreement(stack, id)).toMatchObject({
      status: 'completed',
      payment: 'captured',
    });
    expect(await paymentsOf(stack, id)).toMatchObject([{ amount_received: 2_350 }]);
    await expect.poll(() => runsOf(id), { timeout: 10_000 }).toBe(runs);
  },
);

test(
  'a refund that does not replay is begun anew, and paid once',
  { timeout: 150_000 },
  async () => {
    const { id } = (await shop.place()).body;
    await shop.until(id, { order_status: 'pending' });
    await insist(() => shop.merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`));
    await insist(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
    await carry(shop, id);
    await expectAgreement(stack, id);
    const path = `/v1/orders/${id}/refunds`;
    const body = { reason: 'quality', fault: 'merchant' };
    const asked = await shop.post({ secret: shop.merchantKey, path, body });
    expect(asked.body).toMatchObject({ status: 'awaiting_approval', amount_minor: 2_350 });
    const handle = stack.client.workflow.getHandle(`refund:${asked.body.id}`);
    await expect.poll(async () => (await handle.describe()).historyLength).toBeGreaterThan(9);
    const { runId } = await handle.describe();
    await stack.kill('worker');
    await stack.start('worker', {}, await copyCode(join(folder, 'refunds'), refundsSleepFirst));
    await expect
      .poll(async () => (await handle.describe()).runId, { timeout: 60_000 })
      .not.toBe(runId);
    const approve = `/v1/refunds/${asked.body.id}/approve`;
    await insist(() => shop.post({ secret: stack.adminKey, path: approve, key: `approve-${id}` }));
    expect(await handle.result()).toMatchObject({ status: 'refunded' });
    const { refunds } = stack.stripe.control.books();
    expect(refunds.map(({ amount }) => amount)).toEqual([2_350]);
  },
);
