// Refunds that had arrived and come back from the bank, on a real database against the fake Stripe over HTTP.

import { describe, expect, it } from 'vitest';
import { newId } from '../../db/new-id.ts';
import { proposeSettlement, settleRefund } from '../../db/refund-settlements.ts';
import { findRefund } from '../../db/refunds.ts';
import type { RefundId } from '../../domain/ids.ts';
import { balancesOf, payOrder } from '../support/paid-order.ts';
import { died, newsOf, refundsOf } from '../support/refunds.ts';
import { insist, setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
const { ask, worker, workerWhere, carryOut, arrive, incident } = refundsOf(set);
const { told, upkeep, news } = newsOf(set);
const paid = { provider_clearing: 2_350, merchant: -1_520, driver: -550, platform: -280 };

const lie = (refundId: RefundId, amountMinor: number) => {
  const said = { status: 'refunded', refundRef: 're_none', amountMinor } as const;
  const lying = workerWhere(() => undefined, { refund: async () => said });
  return expect(lying.advanceRefund({ refundId })).rejects.toMatchObject({
    type: 'amount_mismatch',
  });
};

const person = () => ({ kind: 'support', id: newId('key') }) as const;

/** As if two persons had seen this in the provider's books. */
async function settle(id: RefundId, amountMinor: number): Promise<void> {
  const { db } = set.market;
  const booked = { refundRef: 're_none', amountMinor, status: 'refunded' } as const;
  const commandId = newId('attempt');
  const asked = { outcome: 'as_booked', booked, by: person(), commandId, at: Date.now() } as const;
  const row = () =>
    db.selectFrom('refunds').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  expect(await proposeSettlement(db, await row(), asked)).toBe(true);
  const agreed = { row: await row(), booked, by: person(), now: new Date() };
  expect(await settleRefund(db, agreed)).toBe(true);
}

describe('a refund', () => {
  it('that the bank sends back after it had arrived is reversed, and somebody is told', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway, card: 'pm_card_refundFail' });
    const id = await ask(order);
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    await news(order, 'refund.updated');
    expect(told).not.toContain(id);
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    await arrive(order);
    told.length = 0;
    await news(order, 'refund.failed');
    expect(told).toContain(id);
    expect(await carryOut(id)).toMatchObject({ status: 'failed', isOver: true });
    expect(await balancesOf(set.market.db, order.id)).toEqual(paid);
    expect(await incident(`${id}:refund_returned`)).toMatchObject({ kind: 'refund_returned' });
    expect(await incident(`${id}:refund_failed`)).toBeUndefined();
    await news(order, 'refund.failed');
    expect(await carryOut(id)).toMatchObject({ status: 'failed', isOver: true });
    expect(await carryOut(await ask(order, { again: true }))).toMatchObject({ status: 'refunded' });
  });

  it('that comes back before its success is recorded is reversed all the same', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway, card: 'pm_card_refundFail' });
    const id = await ask(order);
    await expect(worker('refund:after-effect').advanceRefund({ refundId: id })).rejects.toBe(died);
    await news(order, 'refund.failed');
    expect(await carryOut(id)).toMatchObject({ status: 'refunded' });
    await arrive(order);
    for (const part of upkeep()) await part();
    expect(await carryOut(id)).toMatchObject({ status: 'failed' });
    expect(await balancesOf(set.market.db, order.id)).toEqual(paid);
  });

  it('that comes back while it is looked at, after the look has read it as given, is reversed', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway, card: 'pm_card_refundFail' });
    const id = await ask(order);
    await carryOut(id);
    await news(order, 'refund.failed');
    let looks = 0;
    const looking = workerWhere(async (name) => {
      if (name !== 'refund:after-effect' || (looks += 1) > 1) return;
      await arrive(order);
      await news(order, 'refund.failed');
    });
    const step = await insist(() => looking.advanceRefund({ refundId: id }), 6);
    expect(step).toMatchObject({ status: 'failed', isOver: true });
    expect(looks).toBe(2);
    expect(await balancesOf(set.market.db, order.id)).toEqual(paid);
  });

  it('that comes back is reversed while another of its payment is in doubt', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway, card: 'pm_card_refundFail' });
    const id = await ask(order);
    await carryOut(id);
    const wish = { kind: 'amount', amountMinor: 300 } as const;
    const doubted = await ask(order, { wish });
    await lie(doubted, 299);
    await arrive(order);
    await news(order, 'refund.failed');
    expect(told).toEqual(expect.arrayContaining([id, doubted]));
    expect(await carryOut(id)).toMatchObject({ status: 'failed', isOver: true });
    expect(await findRefund(set.market.db, doubted)).toMatchObject({
      status: 'sending',
      doubt: 'amount_mismatch',
      news: 1,
    });
  });

  it('that had arrived and is in doubt since is settled from what had, and again', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    await carryOut(id);
    for (const [amountMinor, balances] of [
      [499, { provider_clearing: 1_851, merchant: -1_021 }],
      [500, { provider_clearing: 1_850 }],
    ] as const) {
      await news(order, 'refund.failed');
      await lie(id, amountMinor);
      await settle(id, amountMinor);
      expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
      expect(await balancesOf(set.market.db, order.id)).toMatchObject(balances);
    }
  });

  it('that may have come back is silent from then on, not from when it was sent', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    await carryOut(id);
    await news(order, 'refund.failed');
    const hourMs = 3_600_000;
    const silentFor = async (hours: number) => {
      set.now = Date.now() + hours * hourMs;
      await expect(carryOut(id, 1)).rejects.toThrow('no certain answer');
      return incident(`${id}:refund_unanswered`);
    };
    await set.market.db
      .updateTable('refunds')
      .set({ first_sent_at: new Date(set.now - 90 * hourMs) })
      .where('id', '=', id)
      .execute();
    set.stripe.control.addFault({ kind: '503', times: 20, match: { path: '/v1/refunds' } });
    expect(await silentFor(71)).toBeUndefined();
    expect(await silentFor(73)).toBeDefined();
  });
});
