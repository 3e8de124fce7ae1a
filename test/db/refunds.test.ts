// What may be given back of an order, and what its end gives back of it, whoever is first.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { newId } from '../../db/new-id.ts';
import { decideRefund, giveBack, refundsOfOrder, requestRefund } from '../../db/refunds.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from './market.ts';
import { actor, payOrder, type PaidOrder } from '../support/paid-order.ts';

let market: Market;
let stripe: StripeSandbox;
let gateway: CardGateway;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());
beforeEach(async () => {
  stripe = await startStripeSandbox({ searchLagMs: 0 });
  gateway = createStripeGateway({ secretKey: 'sk', apiBase: stripe.url, webhookSecret: 'whsec' });
});
afterEach(() => stripe.close());

const ask = (order: PaidOrder, amountMinor: number) =>
  market.db.transaction().execute((trx) =>
    requestRefund(trx, {
      id: newId('refund'),
      order,
      wish: { kind: 'amount', amountMinor },
      fault: 'merchant',
      reason: 'quality',
      actor,
      noteId: undefined,
      again: false,
      now: new Date(),
    }),
  );
/** As the order's end does. */
const end = (order: PaidOrder, amountMinor: number) =>
  market.db.transaction().execute((trx) =>
    giveBack(trx, {
      order,
      amountMinor,
      reason: 'prepaid',
      from: { account: 'customer', party: order.customerId },
      now: new Date(),
    }),
  );
const amounts = async (order: PaidOrder): Promise<readonly number[]> =>
  (await refundsOfOrder(market.db, order.id)).map((refund) => refund.amount_minor);

describe('a refund', () => {
  it.each([
    [
      { is_over: false, order_status: 'pending' },
      { kind: 'refused', refusal: { code: 'refund_too_early' } },
    ],
    [{ is_over: false, order_status: 'completed' }, { kind: 'requested' }],
    [{ is_over: true, order_status: 'cancelled' }, { kind: 'requested' }],
  ] as const)('of an order that is %o: %o', async (row, outcome) => {
    const order = await payOrder(market, { gateway });
    await market.setOrder(order.orderId, row);
    expect(await ask(order, 500)).toMatchObject(outcome);
  });
});

describe('what an order’s end gives back', () => {
  it('leaves out what is on its way already', async () => {
    const order = await payOrder(market, { gateway });
    await ask(order, 500);
    await end(order, 2_350);
    expect((await amounts(order)).toSorted((a, b) => a - b)).toEqual([500, 1_850]);
    await end(order, 2_350);
    expect(await amounts(order)).toHaveLength(2);
  });

  it('takes no account of a refund that came to nothing', async () => {
    const order = await payOrder(market, { gateway });
    const asked = await ask(order, 2_000);
    if (asked.kind === 'refused') throw new Error(asked.refusal.code);
    const { id } = asked.refund;
    await decideRefund(market.db, { id, approve: false, by: actor, now: new Date() });
    await end(order, 2_350);
    expect((await amounts(order)).toSorted((a, b) => a - b)).toEqual([2_000, 2_350]);
  });

  it('waits for whoever is changing the order’s money', async () => {
    const order = await payOrder(market, { gateway });
    await Promise.all([ask(order, 500), end(order, 2_350), end(order, 2_350)]);
    const sum = (await amounts(order)).reduce((total, minor) => total + minor, 0);
    expect(sum).toBe(2_350);
  });
});
