// An order that was delivered and paid, without its workflow: rows, ledger and a captured payment at the fake Stripe.

import { postOnce } from '../../db/ledger.ts';
import type { Db } from '../../db/connect.ts';
import type { RefundTarget } from '../../db/refund-basis.ts';
import { giveBack } from '../../db/refunds.ts';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { newId } from '../../db/new-id.ts';
import type { OrderId } from '../../domain/ids.ts';
import type { RefundStatus } from '../../domain/refund.ts';
import type { Market } from '../db/market.ts';

const items = [
  { name: 'Noodles', quantity: 2, unit_price_minor: 900 },
  { name: 'Water', quantity: 1, unit_price_minor: 100 },
];
const totalMinor = 2_350;

export type PaidOrder = RefundTarget & { readonly orderId: OrderId };

/** 23.50 EUR: goods 19.00, delivery 3.00, tip 1.50; the merchant earned 15.20, the driver 5.50, the platform 2.80. */
export async function payOrder(
  { db, addOrder, addDriver }: Pick<Market, 'db' | 'addOrder' | 'addDriver'>,
  { gateway, card = 'pm_card_visa' }: { readonly gateway: CardGateway; readonly card?: string },
): Promise<PaidOrder> {
  const driverId = await addDriver();
  const orderId = await addOrder({
    items: JSON.stringify(items),
    facts: JSON.stringify({ deliveryFeeMinor: 300, tipMinor: 150, goodsMinor: 1_900, totalMinor }),
    total_minor: totalMinor,
    order_status: 'completed',
    payment_status: 'captured',
    is_over: true,
    sequence: 9,
  });
  const providerRef = await capture(gateway, { orderId, card });
  await db
    .updateTable('orders')
    .set({ provider_ref: providerRef })
    .where('id', '=', orderId)
    .execute();
  const order = await db
    .selectFrom('orders')
    .select(['merchant_id', 'customer_id'])
    .where('id', '=', orderId)
    .executeTakeFirstOrThrow();
  const { merchant_id: merchantId, customer_id: customerId } = order;
  await db
    .insertInto('order_events')
    .values({
      order_id: orderId,
      sequence: 1,
      merchant_id: merchantId,
      type: 'payment.capturing',
      body: JSON.stringify({ attempt: 1, providerRef, amountMinor: totalMinor }),
      actor: '{"kind":"system"}',
      command_id: 'test',
      at: new Date(),
    })
    .execute();
  await settle(db, { orderId, merchantId, customerId, driverId });
  return {
    id: orderId,
    orderId,
    merchantId,
    customerId,
    currency: 'EUR',
    provider: 'stripe',
    providerRef,
  };
}

async function capture(
  gateway: CardGateway,
  { orderId, card }: { readonly orderId: string; readonly card: string },
): Promise<string> {
  const providerRef = await holdTotal(gateway, orderId, card);
  const key = `${orderId}:capture:1`;
  await gateway.capture({ orderId, providerRef, key, amountMinor: totalMinor });
  return providerRef;
}

/** A hold of 23.50 EUR at the provider; its reference. */
export async function holdTotal(
  gateway: Pick<CardGateway, 'authorize'>,
  orderId: string,
  card = 'pm_card_visa',
): Promise<string> {
  const held = await gateway.authorize({
    orderId,
    attempt: 1,
    key: `${orderId}:authorize:1`,
    amountMinor: totalMinor,
    currency: 'EUR',
    paymentMethod: card,
  });
  if (held.status !== 'authorized') throw new Error(`not authorized: ${held.status}`);
  return held.providerRef;
}

type Parties = {
  readonly orderId: string;
  readonly merchantId: string;
  readonly customerId: string;
  readonly driverId: string;
};

async function settle(
  db: Db,
  { orderId, merchantId, customerId, driverId }: Parties,
): Promise<void> {
  const common = { orderId, currency: 'EUR', at: new Date() };
  const customer = { account: 'customer', party: customerId } as const;
  await postOnce(db, {
    ...common,
    posting: {
      key: `${orderId}:settle:1`,
      kind: 'settlement',
      entries: [
        { ...customer, amountMinor: totalMinor },
        { account: 'merchant', party: merchantId, amountMinor: -1_520 },
        { account: 'driver', party: driverId, amountMinor: -550 },
        { account: 'platform', party: 'platform', amountMinor: -280 },
      ],
    },
  });
  await postOnce(db, {
    ...common,
    posting: {
      key: `${orderId}:capture:1`,
      kind: 'capture',
      entries: [
        { account: 'provider_clearing', party: 'stripe', amountMinor: totalMinor },
        { ...customer, amountMinor: -totalMinor },
      ],
    },
  });
}

/** What went back by one refund, as its workflow leaves it in this status. */
export async function bookRefund(
  db: Db,
  order: RefundTarget,
  { amountMinor, status }: { readonly amountMinor: number; readonly status: RefundStatus },
): Promise<void> {
  const from = { account: 'customer', party: order.customerId } as const;
  const given = { order, amountMinor, reason: 'prepaid', from, now: new Date() } as const;
  await db.transaction().execute((trx) => giveBack(trx, given));
  await db.updateTable('refunds').set({ status }).where('order_id', '=', order.id).execute();
}

export const actor = { kind: 'support', id: newId('key') } as const;

/** What each account holds now, of everything that was posted for this order; zeros are left out. */
export async function balancesOf(
  db: Db,
  orderId: string,
): Promise<Readonly<Record<string, number>>> {
  const rows = await db
    .selectFrom('ledger_transactions as t')
    .innerJoin('ledger_entries as e', 'e.transaction_key', 't.key')
    .where('t.order_id', '=', orderId)
    .groupBy('account')
    .select(['account', (eb) => eb.fn.sum<string>('amount_minor').as('minor')])
    .execute();
  return Object.fromEntries(
    rows
      .map(({ account, minor }) => [account, Number(minor)] as const)
      .filter(([, minor]) => minor),
  );
}
