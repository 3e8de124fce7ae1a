// Money beside an order's own on the real stack: the worker is killed once, at every point of the steps of refunds, tips,
// top-ups, withdrawals and payouts, while the provider breaks in every way; each moves its money once. `npm test` plays a
// part of the cells with one kill, `npm run proof -- --part money-matrix` all of them.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMoneyEngine, type MoneyEngine } from '../../adapters/money-engine.ts';
import { newId } from '../../db/new-id.ts';
import { requestTip } from '../../db/tips.ts';
import { requestTopUp } from '../../db/top-ups.ts';
import { requestWithdrawal } from '../../db/withdrawals.ts';
import type { OrderId, TopUpId } from '../../domain/ids.ts';
import { auditOf } from '../support/audit.ts';
import { pickup, readyWith } from '../support/crash-leads.ts';
import { figure } from '../support/figure.ts';
import { actor } from '../support/paid-order.ts';
import { addParty, askForPayout, earn } from '../support/payouts.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startStack, type Stack } from '../support/stack.ts';

const proving = process.env['PROOF'] === '1';
const points = ['before', 'after-effect', 'after-record'] as const;
const faults = ['execute_then_timeout', '409', '429', '500'] as const;
/** Where money is asked for, and what the row says then. */
const requests = {
  refund: { '/v1/refunds': 'sending' },
  tip: { '/v1/payment_intents': 'sending', '/capture': 'authorized' },
  topup: { '/v1/payment_intents': 'sending', '/capture': 'authorized' },
  withdrawal: { '/v1/refunds': 'sending' },
  payout: { '/v1/transfers': 'sending', '/v1/payouts': 'sending' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;
type Kind = keyof typeof requests;
const kinds = Object.keys(requests) as readonly Kind[];

const cells = kinds.flatMap((kind) =>
  Object.entries(requests[kind]).flatMap(([path, status]) =>
    points.flatMap((point) => faults.map((fault) => ({ kind, path, status, point, fault }))),
  ),
);
type Cell = (typeof cells)[number];

/** One kill each: a worker holds so many at their points. */
const mostCells = 24;
const chosen = proving ? cells : cells.filter((_, n) => n % 5 === 0);
const batches = Array.from({ length: Math.ceil(chosen.length / mostCells) }, (_, n) =>
  chosen.slice(n * mostCells, (n + 1) * mostCells),
);

let stack: Stack;
let shop: Shop;
let money: MoneyEngine;
beforeAll(async () => {
  stack = await startStack();
  shop = await openShop(stack);
  const { TEMPORAL_ADDRESS: address } = stack.environment;
  money = createMoneyEngine({ address, namespace: stack.namespace });
}, 90_000);
afterAll(async () => {
  await money.close();
  await stack.close();
});

/** Whose money the cell moves. */
type Ready = { readonly cell: Cell; readonly subject: string };
type Asked = Ready & {
  /** What the crash points and the provider know it by. */
  readonly known: { readonly place: string; readonly atProvider: string };
  readonly status: () => Promise<string | undefined>;
  readonly moved: () => readonly unknown[];
};

const soon = { timeout: 60_000, interval: 200 } as const;
const books = () => stack.stripe.control.books();
const inOne = <T>(work: (trx: Stack['db']) => Promise<T>): Promise<T> =>
  stack.db.transaction().execute(work);

/** While nothing goes wrong. */
async function prepare(cell: Cell): Promise<Ready> {
  switch (cell.kind) {
    case 'refund':
    case 'tip': {
      const on = { stack, shop };
      const orderId = await readyWith(pickup)(on);
      await shop.merchantSays(orderId, 'hand-over');
      await shop.until(orderId, { payment_status: 'captured' });
      return { cell, subject: orderId };
    }
    case 'withdrawal': {
      const { subject, status } = await askTopUp(cell, newId('customer'));
      await untilPaid(status);
      return { cell, subject };
    }
    case 'topup':
      return { cell, subject: newId('customer') };
    case 'payout': {
      const { db, stripe } = stack;
      const account = { destination: stripe.control.openAccount() };
      const party = await addParty({ db, marketId: shop.ids.market }, account);
      await earn(db, party, { amountMinor: 9_000, at: new Date(Date.now() - 1_000) });
      return { cell, subject: party };
    }
  }
}

const untilPaid = async (status: Asked['status']): Promise<void> => {
  await expect.poll(status, soon).toBe('paid');
};

/** Nobody works on it yet: the worker is away. */
function ask({ cell, subject }: Ready): Promise<Asked> {
  switch (cell.kind) {
    case 'refund':
      return askRefund(cell, subject);
    case 'tip':
      return askTip(cell, subject as OrderId);
    case 'topup':
      return askTopUp(cell, subject);
    case 'withdrawal':
      return askWithdrawal(cell, subject);
    case 'payout':
      return askPayout(cell, subject);
  }
}

const placeOf = ({ kind, point, status }: Cell, id: string): string =>
  `${kind}:${point}#${status}#${id}`;

async function askRefund(cell: Cell, orderId: string): Promise<Asked> {
  const wish = { reason: 'late', fault: 'merchant', amount_minor: 500 };
  const { status, body } = await shop.merchantSays(orderId, 'refunds', wish);
  expect(status).toBe(201);
  const row = stack.db.selectFrom('refunds').select('status').where('id', '=', body.id);
  const payment = await paymentOf(orderId);
  return {
    cell,
    subject: orderId,
    known: { place: placeOf(cell, body.id), atProvider: orderId },
    status: async () => (await row.executeTakeFirst())?.status,
    moved: () =>
      books()
        .refunds.filter((each) => each.payment_intent === payment)
        .map(({ amount }) => amount),
  };
}

async function paymentOf(orderId: string): Promise<string | null | undefined> {
  const row = stack.db.selectFrom('orders').select('provider_ref').where('id', '=', orderId);
  return (await row.executeTakeFirst())?.provider_ref;
}

/** Of the driver who would have brought it: the order was collected, and stays so. */
async function askTip(cell: Cell, orderId: OrderId): Promise<Asked> {
  const { db } = stack;
  await inOne(async (trx) => {
    const brought = (driverId: string | null) =>
      trx.updateTable('orders').set({ driver_id: driverId }).where('id', '=', orderId).execute();
    await brought(shop.ids.driver);
    const wish = { orderId, amountMinor: 200, paymentMethod: 'pm_card_visa', actor };
    await requestTip(trx, { ...wish, scope: { kind: 'platform' }, now: new Date() });
    await brought(null);
  });
  await money.startTip({ orderId, n: 1 });
  const row = db.selectFrom('tips').select('status').where('order_id', '=', orderId);
  return {
    cell,
    subject: orderId,
    known: { place: placeOf(cell, orderId), atProvider: orderId },
    status: async () => (await row.executeTakeFirst())?.status,
    moved: () => taken(orderId, 'tip'),
  };
}

const taken = (owner: string, step: string): readonly number[] =>
  books()
    .payment_intents.filter(
      ({ metadata }) => metadata['order_id'] === owner && metadata['step'] === step,
    )
    .flatMap(({ status, amount, amount_received: minor }) =>
      status === 'succeeded' ? [minor] : status === 'canceled' ? [] : [-amount],
    );

async function askTopUp(cell: Cell, customerId: string): Promise<Asked> {
  const { db } = stack;
  const id = newId('topUp');
  const wish = { id, customerId, currency: 'EUR', amountMinor: 5_000, actor };
  await inOne((trx) =>
    requestTopUp(trx, { ...wish, paymentMethod: 'pm_card_visa', now: new Date() }),
  );
  await money.startTopUp(id);
  const row = db.selectFrom('top_ups').select('status').where('id', '=', id);
  return {
    cell,
    subject: id,
    known: { place: placeOf(cell, id), atProvider: id },
    status: async () => (await row.executeTakeFirst())?.status,
    moved: () => taken(id, 'topup'),
  };
}

async function askWithdrawal(cell: Cell, topUpId: string): Promise<Asked> {
  const { db } = stack;
  const filled = await db
    .selectFrom('top_ups')
    .select(['customer_id', 'provider_ref'])
    .where('id', '=', topUpId as TopUpId)
    .executeTakeFirstOrThrow();
  const id = newId('withdrawal');
  const wallet = { customerId: filled.customer_id, currency: 'EUR' };
  await inOne((trx) =>
    requestWithdrawal(trx, { ...wallet, id, amountMinor: 2_000, actor, now: new Date() }),
  );
  await money.startWithdrawal(id);
  const row = db.selectFrom('withdrawals').select('status').where('id', '=', id);
  return {
    cell,
    subject: topUpId,
    known: { place: placeOf(cell, id), atProvider: topUpId },
    status: async () => (await row.executeTakeFirst())?.status,
    moved: () =>
      books()
        .refunds.filter((each) => each.payment_intent === filled.provider_ref)
        .map(({ amount }) => amount),
  };
}

async function askPayout(cell: Cell, party: string): Promise<Asked> {
  const { db } = stack;
  const now = new Date();
  const period = '2026-05-04';
  const name = await askForPayout(
    { db, marketId: shop.ids.market },
    { party, period, endsAt: now, now },
  );
  await money.startPayout(name);
  const row = db.selectFrom('payouts').select('status').where('party', '=', party);
  return {
    cell,
    subject: party,
    known: { place: placeOf(cell, party), atProvider: `${party}:${period}` },
    status: async () => (await row.executeTakeFirst())?.status,
    moved: () => [
      ...books()
        .transfers.filter((each) => each.transfer_group === `${party}:${period}` && !each.reversed)
        .map(({ amount }) => amount),
      ...books()
        .payouts.filter((each) => each.metadata['payout'] === `${party}:${period}`)
        .map(({ amount, status }) => `${amount} ${status}`),
    ],
  };
}

/** A provider's stored failure says no to who is asked once: they give another card. */
const mayDecline = ({ kind, path, fault }: Cell): boolean =>
  (kind === 'tip' || kind === 'topup') && path === '/v1/payment_intents' && fault === '500';

const ends = {
  refund: { status: 'refunded', moved: [500] },
  tip: { status: 'paid', moved: [200] },
  topup: { status: 'paid', moved: [5_000] },
  withdrawal: { status: 'paid', moved: [2_000] },
  payout: { status: 'paid', moved: [9_000, '9000 paid'] },
} as const satisfies Readonly<Record<Kind, object>>;

const endOf = (cell: Cell) =>
  mayDecline(cell) ? { status: 'declined', moved: [] } : ends[cell.kind];

describe.each(batches.map((batch, n) => [n + 1, batch] as const))(
  `kill %i of ${batches.length}`,
  (_, batch) => {
    test('at every point and every fault, each moves its money once', async () => {
      const ready = await Promise.all(batch.map(prepare));
      await stack.kill('worker');
      const asked = await Promise.all(ready.map(ask));
      const { control } = stack.stripe;
      for (const { cell, known } of asked)
        control.addFault({
          kind: cell.fault,
          match: { method: 'POST', path: cell.path, orderId: known.atProvider },
        });
      const places = asked.map(({ known }) => known.place).join(',');
      await stack.start('worker', { CRASH_AT: places });
      await stack.ended('worker');
      await stack.start('worker');
      for (const each of asked) {
        const { status, moved } = endOf(each.cell);
        await expect.poll(each.status, { timeout: 90_000, interval: 300 }).toBe(status);
        expect([each.known.place, each.moved()]).toEqual([each.known.place, moved]);
      }
      expect(control.listFaults().filter(({ left }) => left > 0)).toEqual([]);
      figure(`one kill at ${asked.length} points, each moved its money once`);
    }, 300_000);
  },
);

test('and the audit is clean', { timeout: 60_000 }, async () => {
  expect((await auditOf(stack)).breaches).toBe(0);
});
