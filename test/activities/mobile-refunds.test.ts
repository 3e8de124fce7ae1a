// Mobile money that was given back and that the operator takes back again, on a real database against the fakes over HTTP.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMoneyUpkeep } from '../../activities/money-upkeep.ts';
import { createRefundActivities } from '../../activities/refunds.ts';
import type { CrashPoint } from '../../adapters/crash-point.ts';
import { newId } from '../../db/new-id.ts';
import { giveBack, refundsOfOrder } from '../../db/refunds.ts';
import { balanceOf } from '../../db/wallet.ts';
import { parseId, type OrderId, type RefundId } from '../../domain/ids.ts';
import { createLog } from '../../log.ts';
import { createMarket, type Market } from '../db/market.ts';
import { startOperator, type Operator } from '../support/operator.ts';
import { balancesOf } from '../support/paid-order.ts';
import { quietMoney } from '../support/quiet-money.ts';
import { insist } from '../support/stripe-rig.ts';
import { topUp, withdraw } from '../support/wallet.ts';

let market: Market;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());

const quiet: CrashPoint = () => undefined;

describe.each(['campay', 'noupay'] as const)('%s', (provider) => {
  let operator: Operator;
  let told: string[];
  beforeEach(async () => {
    told = [];
    operator = await startOperator(market.db, provider);
  });
  afterEach(() => operator.fake.close());

  /** The operator's news, taken in and dealt with. */
  async function news(): Promise<void> {
    await operator.hear();
    const upkeep = createMoneyUpkeep({
      db: market.db,
      engine: { paymentSettled: async () => undefined },
      portOf: () => operator.port,
      accounts: { isVerified: async () => true },
      log: createLog({ name: 'test', level: 'silent' }),
      money: {
        ...quietMoney,
        refundChanged: async (id) => void told.push(id),
        withdrawalChanged: async (id) => void told.push(id),
      },
    });
    for (const part of upkeep) await part();
  }

  type Asked = { readonly orderId: OrderId; readonly refundId: RefundId };

  /** 5,000 XAF of a payment that nobody here knew what to do with. */
  async function ask(): Promise<Asked> {
    const orderId = await market.addOrder({
      is_over: true,
      order_status: 'cancelled',
      currency: 'XAF',
    });
    const { merchant_id: merchantId, customer_id: customerId } = await market.db
      .selectFrom('orders')
      .select(['merchant_id', 'customer_id'])
      .where('id', '=', orderId)
      .executeTakeFirstOrThrow();
    const providerRef = await operator.collect(orderId, 5_000);
    const order = { id: orderId, merchantId, customerId, currency: 'XAF', provider, providerRef };
    const from = { account: 'unidentified_receipts', party: provider } as const;
    const due = {
      order,
      amountMinor: 5_000,
      reason: 'late_payment',
      from,
      now: new Date(),
    } as const;
    await market.db.transaction().execute((trx) => giveBack(trx, due));
    const [refund] = await refundsOfOrder(market.db, orderId);
    const refundId = parseId('refund', refund?.id ?? '');
    if (!refundId) throw new Error('no refund');
    return { orderId, refundId };
  }

  const carryOut = ({ refundId }: Asked, crashPoint = quiet) => {
    const activities = createRefundActivities({
      portOf: () => operator.port,
      db: market.db,
      crashPoint,
    });
    return insist(() => activities.advanceRefund({ refundId }), 3);
  };

  it('takes a refund back: it is reversed', async () => {
    const asked = await ask();
    expect(await carryOut(asked)).toMatchObject({ status: 'refunded', isOver: true });
    await news();
    expect(told).not.toContain(asked.refundId);
    expect(operator.takeBack(`${asked.orderId}:refund`)).toBe(true);
    await news();
    expect(told).toContain(asked.refundId);
    expect(await carryOut(asked)).toMatchObject({ status: 'failed', isOver: true });
    expect(await balancesOf(market.db, asked.orderId)).toEqual({});
  });

  it('takes a refund back whose success is not recorded yet: it is reversed all the same', async () => {
    const asked = await ask();
    const step = await carryOut(asked, async (name) => {
      if (name !== 'refund:after-effect') return;
      operator.takeBack(`${asked.orderId}:refund`);
      await news();
    });
    expect(step).toMatchObject({ status: 'refunded' });
    await news();
    expect(await carryOut(asked)).toMatchObject({ status: 'failed' });
    expect(await balancesOf(market.db, asked.orderId)).toEqual({});
  });

  it('takes a withdrawal back: it is in the wallet again', async () => {
    const wallet = { customerId: newId('customer'), currency: 'XAF' };
    const topUpId = newId('topUp');
    const providerRef = await operator.collect(topUpId, 5_000);
    const filled = { ...wallet, id: topUpId, amountMinor: 5_000, provider, providerRef };
    await topUp(market.db, { ...filled, paymentMethod: operator.method });
    const wish = { ...wallet, amountMinor: 2_000, port: operator.port };
    const { id, carryOut: carryOn } = await withdraw(market.db, wish);
    expect(await carryOn()).toBe('paid');
    expect(operator.takeBack(`${topUpId}:refund`)).toBe(true);
    await news();
    expect(told).toContain(id);
    expect(await carryOn()).toBe('failed');
    expect((await balanceOf(market.db, wallet)).balanceMinor).toBe(5_000);
  });
});
