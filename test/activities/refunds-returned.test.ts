// Refunds that had arrived and come back from the bank, on a real database against the fake Stripe over HTTP.

import { describe, expect, it } from 'vitest';
import { balancesOf, payOrder } from '../support/paid-order.ts';
import { died, newsOf, refundsOf } from '../support/refunds.ts';
import { insist, setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
const { ask, worker, workerWhere, carryOut, arrive, incident } = refundsOf(set);
const { told, upkeep, news } = newsOf(set);
const paid = { provider_clearing: 2_350, merchant: -1_520, driver: -550, platform: -280 };

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
