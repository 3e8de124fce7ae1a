// The partner fleet through everything: no driver takes the order, the fleet is asked in spite of faults, its webhooks
// come doubled, reversed or never, workers die, and the books agree in the end.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditOf } from '../support/audit.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { expectAgreement } from '../support/truth.ts';

const policy = {
  dispatchTickMs: 300,
  dispatchIdleMs: 2_000,
  partnerCapMinor: 1_000,
  rungs: [{ radiusM: 3_000, durationMs: 500 }],
  partnerPollMs: 3_000,
};
let stack: Stack;
let shop: Shop;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack, { policy });
}, 90_000);
afterAll(() => stack.close());

const at = { lat: 52.53, lng: 13.42 };
const madeFor = (orderId: string) =>
  stack.fleet.fleet.all().filter((each) => each.external_id.startsWith(orderId));

async function asked(address = 'Canary Row 7'): Promise<string> {
  const { body } = await shop.place({ dropoff: { location: at, address } });
  await shop.until(body.id, { order_status: 'pending' });
  await shop.merchantSays(body.id, 'accept', { prep_seconds: 1 });
  await shop.merchantSays(body.id, 'ready');
  return body.id;
}

test('a delivery is made once when its answer is lost, and its webhooks come doubled', async () => {
  const made = { method: 'POST', path: '/deliveries' } as const;
  stack.fleet.addFault({ kind: 'execute_then_timeout', match: made });
  stack.fleet.notices.set({ copies: 2 });
  const orderId = await asked();
  await shop.until(orderId, { order_status: 'completed', delivery_status: 'delivered' });
  stack.fleet.notices.set({ copies: 1 });
  expect(madeFor(orderId)).toMatchObject([{ status: 'delivered', fee: 790, tip: 150 }]);
  expect(await expectAgreement(stack, orderId)).toMatchObject({ payment: 'captured' });
}, 90_000);

test('a partner that says nothing is asked, and a worker that dies on the way asks again', async () => {
  stack.fleet.notices.set({ held: true });
  await stack.stop('worker');
  await stack.start('worker', { CRASH_AT: 'partner:after-effect#create' });
  const orderId = await asked();
  await stack.ended('worker');
  await stack.start('worker');
  await shop.until(orderId, { order_status: 'completed', delivery_status: 'delivered' });
  await stack.fleet.notices.release('reversed');
  expect(madeFor(orderId)).toHaveLength(1);
}, 90_000);

test('an order that is cancelled is cancelled there too, and costs nothing', async () => {
  const orderId = await asked('Canary Row 7, stays');
  await shop.until(orderId, { delivery_status: 'confirmed' });
  expect((await shop.merchantSays(orderId, 'cancel')).status).toBe(200);
  expect(await expectAgreement(stack, orderId)).toMatchObject({ delivery: 'cancelled' });
  expect(madeFor(orderId)).toMatchObject([{ status: 'canceled', fee: 0, tip: 0 }]);
}, 60_000);

test('an order that comes back costs the way back too, in the partner’s books and in ours', async () => {
  const orderId = await asked('Canary Row 7, returns');
  await shop.until(orderId, { order_status: 'failed', delivery_status: 'returned' });
  expect(madeFor(orderId)).toMatchObject([{ status: 'returned', fee: 1_580, tip: 150 }]);
  await expectAgreement(stack, orderId);
  const owed = await stack.db
    .selectFrom('ledger_entries as entry')
    .innerJoin('ledger_transactions as t', 't.key', 'entry.transaction_key')
    .select(({ fn }) => fn.sum<string>('entry.amount_minor').as('minor'))
    .where('t.order_id', '=', orderId)
    .where('entry.account', '=', 'partner_payable')
    .executeTakeFirstOrThrow();
  expect(Number(owed.minor)).toBe(-1_730);
}, 60_000);

test('a partner that gives up before the pickup leaves the search to go on', async () => {
  const orderId = await asked('Canary Row 7, cancels');
  await expect
    .poll(() => madeFor(orderId).map(({ status }) => status), { timeout: 30_000 })
    .toEqual(['canceled']);
  await shop.until(orderId, { delivery_status: 'created' });
  await shop.merchantSays(orderId, 'cancel');
  await expectAgreement(stack, orderId);
}, 60_000);

test('and the audit finds nothing wrong', async () => {
  expect((await auditOf(stack)).breaches).toBe(0);
}, 60_000);
