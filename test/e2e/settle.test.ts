// Break-glass on the whole stack: an order's workflow is terminated, and the worker is killed at named points while
// support settles it. Afterwards log, read model, ledger, offers and the provider's books agree.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ProviderPayment } from '../../adapters/card-gateway.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { orderWorkflowId, parseId, settleWorkflowId, type OrderId } from '../../domain/ids.ts';
import { checks } from '../../scripts/audit/checks.ts';
import { loadRows } from '../../scripts/audit/load-rows.ts';
import { loadWorkflows } from '../../scripts/audit/load-workflows.ts';
import { openShop, type Reply, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { acceptOffer, insist, paymentsOf } from '../support/truth.ts';

let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, { policy: { dispatchTickMs: 300, dispatchIdleMs: 500 } });
  await shop.goOnline();
}, 120_000);
afterAll(() => stack.close());

const idOf = (text: string): OrderId => {
  const id = parseId('order', text);
  if (!id) throw new Error(`no order id: ${text}`);
  return id;
};

async function pending(): Promise<OrderId> {
  const { body } = await shop.place();
  await shop.until(body.id, { order_status: 'pending' });
  return idOf(body.id);
}

async function onTheRoad(): Promise<OrderId> {
  const id = await pending();
  await insist(() => shop.merchantSays(id, 'accept', { prep_seconds: 1 }, `accept-${id}`));
  await insist(() => shop.merchantSays(id, 'ready', {}, `ready-${id}`));
  await acceptOffer(shop, id);
  await insist(() => shop.driverSays(id, 'pick-up', `pick-up-${id}`));
  return id;
}

const terminate = (id: OrderId): Promise<unknown> =>
  stack.client.workflow.getHandle(orderWorkflowId(id)).terminate('by hand');

const settle = (id: OrderId, outcome?: string): Promise<Reply> =>
  shop.post({
    secret: stack.adminKey,
    path: `/v1/support/orders/${id}/settle`,
    body: { reason: 'workflow_broken', ...(outcome ? { outcome } : {}) },
    key: `settle-${id}`,
  });

/** As `npm run audit` does, but for one order. */
async function breachesOf(id: OrderId): Promise<readonly object[]> {
  const rows = await stack.db.transaction().execute(loadRows);
  const gateway = createStripeGateway({
    secretKey: 'sk_test_waybill',
    apiBase: stack.stripe.url,
    webhookSecret: 'whsec_unused',
  });
  const books: ProviderPayment[] = [];
  for await (const payment of gateway.list({ createdAfter: 0 })) books.push(payment);
  const engine = { client: stack.client, namespace: stack.namespace, close: async () => undefined };
  const workflows = await loadWorkflows(engine, [id]);
  const data = {
    ...rows,
    ...workflows,
    books,
    objects: [],
    asked: [],
    clientLog: [],
    payoutBooks: [],
    disputeBooks: [],
    partnerBooks: [],
    canaries: { searched: 0, hits: [] },
  };
  const found = checks.flatMap((check) => check.run(data).breaches);
  return found.filter(({ order }) => order === id);
}

/** The worker dies at the named point while support settles, once, and comes back. */
async function crashing(point: string, id: OrderId, outcome?: string): Promise<void> {
  await stack.kill('worker');
  await stack.start('worker', { CRASH_AT: point });
  const asked = settle(id, outcome);
  await stack.ended('worker');
  await stack.start('worker');
  await asked;
  await stack.client.workflow.getHandle(settleWorkflowId(id)).result();
  await insist(() => settle(id, outcome));
}

/** Each costs a restart and a time-out: `npm test` plays a sample. */
const inProof = (...points: readonly string[]): readonly string[] =>
  process.env['PROOF'] === '1' ? points : [];

describe('a worker killed while support settles', () => {
  const cancelling = [
    'record:after-commit#order.cancelled',
    ...inProof(
      'record:before#order.cancelled',
      'payment:before#void',
      'payment:after-effect#void',
      'record:after-commit#payment.voided',
    ),
  ];
  test.for(cancelling)('at %s leaves one end and no hold', { timeout: 60_000 }, async (point) => {
    const id = await pending();
    await terminate(id);
    await crashing(point, id);
    await shop.until(id, { order_status: 'cancelled', payment_status: 'voided' });
    expect((await paymentsOf(stack, id)).map(({ status }) => status)).toEqual(['canceled']);
    expect(await breachesOf(id)).toEqual([]);
  });

  const delivering = [
    'payment:after-effect#capture',
    ...inProof('record:after-commit#delivery.delivered', 'payment:before#capture'),
  ];
  test.for(delivering)(
    'at %s charges once and frees the driver',
    { timeout: 90_000 },
    async (point) => {
      const id = await onTheRoad();
      await terminate(id);
      await crashing(point, id, 'delivered');
      await shop.until(id, { order_status: 'completed', payment_status: 'captured' });
      const taken = (await paymentsOf(stack, id)).map(({ amount_received }) => amount_received);
      expect(taken).toEqual([2_350]);
      expect(await breachesOf(id)).toEqual([]);
    },
  );
});

test('the audit sees an order that was terminated and never settled', async () => {
  const id = await pending();
  await terminate(id);
  expect(await breachesOf(id)).toMatchObject([{ expected: 'a running workflow' }]);
});
