// Giving back what was paid by wallet and card: the card first, then the wallet; one decision for both halves.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { newId } from '../../db/new-id.ts';
import { postOnce, postingOf } from '../../db/ledger.ts';
import { decideRefund, refundsOfOrder, requestRefund, type NewRefund } from '../../db/refunds.ts';
import type { RefundTarget } from '../../db/refund-basis.ts';
import { createWalletBooks } from '../../db/wallet.ts';
import type { OrderId } from '../../domain/ids.ts';
import { holdRef } from '../../domain/wallet.ts';
import { facts } from '../domain/lives.ts';
import { actor } from '../support/paid-order.ts';
import { fillWallet } from '../support/wallet.ts';
import { createMarket, type Market } from './market.ts';

const card = 'pi_split';
let market: Market;
let order: RefundTarget;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());
beforeEach(async () => {
  order = await paid();
});

/** 25.00 EUR, 10.00 of it out of the wallet. */
async function paid(): Promise<RefundTarget> {
  const { db } = market;
  const id: OrderId = await market.addOrder({ order_status: 'completed', is_over: true });
  const row = db.selectFrom('orders').select(['merchant_id', 'customer_id']);
  const { merchant_id: merchantId, customer_id: customerId } = await row
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const wallet = { customerId, currency: 'EUR' };
  await fillWallet(db, { ...wallet, amountMinor: 1_000 });
  const hold = { orderId: id, step: 'wallet', attempt: 1 };
  const books = createWalletBooks(db);
  await books.hold({ ...hold, ...wallet, amountMinor: 1_000 });
  await books.settle({ ...hold, amountMinor: 1_000 });
  const own = { ...facts, orderId: id, method: 'split' as const, paymentMethod: 'split:x' };
  const captured = {
    type: 'payment.captured',
    attempt: 1,
    amountMinor: 2_500,
    walletMinor: 1_000,
  } as const;
  const posting = postingOf(own, captured, 'none');
  if (posting) await postOnce(db, { posting, orderId: id, currency: 'EUR', at: new Date() });
  return { id, merchantId, customerId, currency: 'EUR', provider: 'split', providerRef: card };
}

const ask = (
  amountMinor: number,
  target: RefundTarget = order,
  wish: NewRefund['wish'] = { kind: 'amount', amountMinor },
) =>
  market.db.transaction().execute((trx) =>
    requestRefund(trx, {
      id: newId('refund'),
      order: target,
      wish,
      fault: 'platform',
      reason: 'quality',
      actor,
      noteId: undefined,
      again: true,
      now: new Date(),
    }),
  );
const legs = async () => {
  const rows = await refundsOfOrder(market.db, order.id);
  return rows
    .toSorted((a, b) => a.provider.localeCompare(b.provider))
    .map(({ provider, provider_ref, amount_minor }) => [provider, provider_ref, amount_minor]);
};
const wallet = () => holdRef({ orderId: order.id, step: 'wallet', attempt: 1 });

describe('a refund of a split payment', () => {
  it('goes to the card as far as it paid, then to the wallet', async () => {
    await ask(600);
    expect(await legs()).toEqual([['stripe', card, 600]]);
    await ask(1_400);
    expect(await legs()).toEqual([
      ['stripe', card, 600],
      ['stripe', card, 900],
      ['wallet', wallet(), 500],
    ]);
    expect(await ask(501)).toMatchObject({ kind: 'refused' });
    await ask(500);
    expect((await legs()).at(-1)).toEqual(['wallet', wallet(), 500]);
  });

  it('goes to the card as far as it paid for the order: a later tip is another payment', async () => {
    const providerRef = 'pi_tip';
    const tip = { order_id: order.id, n: 1, customer_id: order.customerId, currency: 'EUR' };
    await market.db
      .insertInto('tips')
      .values({
        ...tip,
        driver_id: newId('driver'),
        amount_minor: 300,
        status: 'paid',
        provider: 'stripe',
        payment_method: 'pm_card_visa',
        provider_ref: providerRef,
        client_secret: null,
        code: null,
        requested_by: JSON.stringify(actor),
        created_at: new Date(),
        first_sent_at: null,
        finished_at: new Date(),
      })
      .execute();
    await ask(300, { ...order, provider: 'stripe', providerRef }, { kind: 'later_tip', n: 1 });
    expect(await legs()).toEqual([['stripe', providerRef, 300]]);
    await ask(1_500);
    expect(await legs()).toContainEqual(['stripe', card, 1_500]);
  });

  it('is one decision, whichever half is named', async () => {
    await ask(2_500);
    const [first, second] = await refundsOfOrder(market.db, order.id);
    expect([first?.status, second?.status]).toEqual(['awaiting_approval', 'awaiting_approval']);
    expect([first?.part_of ?? second?.part_of]).toEqual([first?.part_of ? second?.id : first?.id]);
    const verdict = { id: second?.id ?? '', approve: true, by: actor, now: new Date() };
    const decided = await decideRefund(market.db, verdict);
    expect(new Set(decided)).toEqual(new Set([first?.id, second?.id]));
    const statuses = (await refundsOfOrder(market.db, order.id)).map(({ status }) => status);
    expect(statuses).toEqual(['requested', 'requested']);
    expect(await decideRefund(market.db, verdict)).toEqual([]);
  });

  it('bears together what was asked for', async () => {
    await ask(2_000);
    const { rows } = await sql<{ minor: number }>`
      SELECT sum((b->>'amountMinor')::bigint)::bigint AS minor
      FROM refunds, jsonb_array_elements(bearers) b WHERE order_id = ${order.id}`.execute(
      market.db,
    );
    expect(rows[0]?.minor).toBe(2_000);
  });
});
