// Refunds on a real database against the fake Stripe over HTTP: whatever happens between, one effect and the right
// amount, and the ledger says the same as the provider.

import { describe, expect, it } from 'vitest';
import type { PaymentPort } from '../../adapters/payment-port.ts';
import { recordDispute } from '../../db/disputes.ts';
import { decideRefund } from '../../db/refunds.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { actor, balancesOf, payOrder, type PaidOrder } from '../support/paid-order.ts';
import { died, newsOf, refundsOf } from '../support/refunds.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const hourMs = 3_600_000;
const set = setUpStripe();

const { ask, worker, workerWhere, carryOut, givenBack, arrive, incident } = refundsOf(set);
const { told, news } = newsOf(set);
const paid = { provider_clearing: 2_350, merchant: -1_520, driver: -550, platform: -280 };

describe('a refund', () => {
  it('is paid back once, borne by whom it says', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    expect(givenBack(order)).toEqual([500]);
    expect(await balancesOf(set.market.db, order.id)).toEqual({
      ...paid,
      provider_clearing: 1_850,
      merchant: -1_020,
    });
  });

  it('of one order after the other ends with everyone at nothing', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    for (const amountMinor of [333, 333, 334, 1])
      await carryOut(
        await ask(order, { wish: { kind: 'amount', amountMinor }, fault: 'shared', again: true }),
      );
    const system = { kind: 'system' } as const;
    await carryOut(await ask(order, { wish: { kind: 'whole' }, fault: 'shared', actor: system }));
    expect(givenBack(order).reduce((sum, each) => sum + each, 0)).toBe(2_350);
    expect(await balancesOf(set.market.db, order.id)).toEqual({});
  });

  it.each([
    ['another amount', 'amount_mismatch', { amountMinor: 499 }],
    ['another currency', 'currency_mismatch', { currency: 'USD' }],
  ])('whose answer names %s is not believed, and somebody is told', async (_what, code, lie) => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    const refund: PaymentPort['refund'] = async (input) => ({
      ...(await set.gateway.refund(input)),
      ...lie,
    });
    const lied = workerWhere(() => undefined, { refund }).advanceRefund({ refundId: id });
    await expect(lied).rejects.toMatchObject({ type: code });
    expect(await incident(`${id}:refund_answer_differs`)).toMatchObject({ resolved_at: null });
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({ refunds_in_transit: -500 });
    expect(await carryOut(id)).toMatchObject({ status: 'refunded' });
    expect(givenBack(order)).toEqual([500]);
  });

  const crashes = [
    'refund:before',
    'refund:after-effect',
    'refund:after-record',
    undefined,
  ] as const;
  const matrix = POST_FAULTS.flatMap((fault) => crashes.map((crash) => [fault, crash] as const));

  it.each(matrix)('is paid back once: %s, killed at %s', async (kind, crash) => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    set.stripe.control.addFault({ kind, match: { method: 'POST', path: '/v1/refunds' } });
    if (crash !== undefined)
      await worker(crash)
        .advanceRefund({ refundId: id })
        .catch(() => undefined);
    expect(await carryOut(id)).toMatchObject({ status: 'refunded' });
    expect(givenBack(order)).toEqual([500]);
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({
      provider_clearing: 1_850,
      merchant: -1_020,
    });
  });

  it.each([23, 25, 73])(
    'is not sent twice when its answer is fetched %i h later',
    async (hours) => {
      const order = await payOrder(set.market, { gateway: set.gateway });
      const id = await ask(order);
      await expect(worker('refund:after-effect').advanceRefund({ refundId: id })).rejects.toBe(
        died,
      );
      set.now += hours * hourMs;
      expect(await carryOut(id)).toMatchObject({ status: 'refunded' });
      expect(givenBack(order)).toEqual([500]);
    },
  );

  it('that the bank takes its time over is looked at until it has arrived', async () => {
    const card = 'pm_card_pendingRefund';
    const order = await payOrder(set.market, { gateway: set.gateway, card });
    const id = await ask(order);
    expect(await carryOut(id)).toMatchObject({ status: 'pending', isOver: false });
    await arrive(order);
    expect(await carryOut(id)).toMatchObject({ status: 'refunded', isOver: true });
    expect(givenBack(order)).toEqual([500]);
  });

  it('that nobody answers for three days is told to somebody, and still paid once', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    set.stripe.control.addFault({ kind: '503', times: 4, match: { path: '/v1/refunds' } });
    await expect(carryOut(id, 1)).rejects.toThrow('no certain answer');
    set.now += 73 * hourMs;
    await expect(carryOut(id, 1)).rejects.toThrow('no certain answer');
    expect(await incident(`${id}:refund_unanswered`)).toBeDefined();
    expect(await carryOut(id)).toMatchObject({ status: 'refunded' });
    expect(givenBack(order)).toEqual([500]);
  });
});

const item = (index: number, quantity: number) =>
  ({ kind: 'parts', items: [{ index, quantity }], deliveryFee: false, tip: false }) as const;

describe('a refund of items', () => {
  it('leaves out goods that were not there and therefore never sold', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const shortage = { line: 0, quantity: 1, missingMinor: 900 };
    for (const [sequence, type, body] of [
      [2, 'order.shortage_reported', shortage],
      [3, 'order.shortage_resolved', { outcome: 'removed', goodsMinor: 1_000 }],
    ] as const)
      await set.market.db
        .insertInto('order_events')
        .values({
          order_id: order.id,
          sequence,
          merchant_id: order.merchantId,
          type,
          body: JSON.stringify(body),
          actor: '{"kind":"system"}',
          command_id: `test:${type}`,
          at: new Date(),
        })
        .execute();
    await expect(ask(order, { wish: item(0, 2) })).rejects.toThrow('refund_too_large');
    await carryOut(await ask(order, { wish: item(0, 1) }));
    expect(givenBack(order)).toEqual([900]);
    await expect(ask(order, { wish: item(0, 1), again: true })).rejects.toThrow('refund_too_large');
  });
});

describe('two refunds of one order', () => {
  it('asked for at once: the same one is refused to the second', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const outcomes = await Promise.allSettled([ask(order), ask(order), ask(order)]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(
      outcomes.flatMap((o) => (o.status === 'rejected' ? [(o.reason as Error).message] : [])),
    ).toEqual(['refund_duplicate', 'refund_duplicate']);
  });

  it('asked for at once never exceed what was taken', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const wish = { kind: 'amount', amountMinor: 1_000 } as const;
    const outcomes = await Promise.allSettled(
      [1, 2, 3, 4].map(() => ask(order, { wish, again: true })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  });
});

describe('a large refund', () => {
  it('waits for a second person, who may say no', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order, { wish: { kind: 'whole' } });
    expect(await carryOut(id)).toMatchObject({ status: 'awaiting_approval', isOver: false });
    expect(
      await decideRefund(set.market.db, { id, approve: false, by: actor, now: new Date() }),
    ).toEqual([id]);
    expect(await carryOut(id)).toMatchObject({ status: 'rejected', isOver: true });
    expect(
      await decideRefund(set.market.db, { id, approve: true, by: actor, now: new Date() }),
    ).toEqual([]);
    expect(givenBack(order)).toEqual([]);
  });

  it('is carried out once somebody has approved it', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order, { wish: { kind: 'whole' } });
    await decideRefund(set.market.db, { id, approve: true, by: actor, now: new Date() });
    expect(await carryOut(id)).toMatchObject({ status: 'refunded' });
    expect(givenBack(order)).toEqual([2_350]);
  });

  it('that nobody decides on is rejected by itself', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order, { wish: { kind: 'whole' } });
    const { waitMs } = await carryOut(id);
    set.now += waitMs;
    expect(await carryOut(id)).toMatchObject({ status: 'rejected', isOver: true });
  });
});

const wish = (amountMinor: number) => ({ wish: { kind: 'amount', amountMinor } as const });
const disputed = (order: PaidOrder): string => set.stripe.control.dispute(order.providerRef) ?? '';

describe('a dispute', () => {
  it('takes the money for now, refuses refunds, and gives it back when it is won', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = disputed(order);
    await news(order, 'charge.dispute.created');
    await news(order, 'charge.dispute.funds_withdrawn');
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({
      disputes: 2_350,
      provider_fees: 2_000,
      provider_clearing: -2_000,
    });
    await expect(ask(order)).rejects.toThrow('payment_disputed');
    set.stripe.control.decideDispute(id, 'won');
    await news(order, 'charge.dispute.closed');
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({ provider_clearing: 350 });
    expect((await incident(`${id}:dispute_open`))?.resolved_at).not.toBeNull();
    expect(await carryOut(await ask(order))).toMatchObject({ status: 'refunded' });
  });

  it('that is lost is a loss of the platform, also when the news of its opening never came', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = disputed(order);
    set.stripe.control.decideDispute(id, 'lost');
    for (const type of ['charge.dispute.closed', 'charge.dispute.created', 'charge.dispute.closed'])
      await news(order, type);
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({
      bad_debt: 2_350,
      provider_clearing: -2_000,
    });
    expect(await balancesOf(set.market.db, order.id)).not.toHaveProperty('disputes');
    expect(await incident(`${id}:dispute_lost`)).toBeDefined();
    await expect(ask(order)).rejects.toThrow('payment_disputed');
  });

  it('that was lost can be won on appeal, and its fee given back', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = disputed(order);
    set.stripe.control.decideDispute(id, 'lost');
    await news(order, 'charge.dispute.closed');
    set.stripe.control.decideDispute(id, 'won', 2_000);
    for (let n = 0; n < 2; n++) await news(order, 'charge.dispute.funds_reinstated');
    expect(await balancesOf(set.market.db, order.id)).toEqual(paid);
    expect((await incident(`${id}:dispute_lost`))?.resolved_at).not.toBeNull();
    expect(await carryOut(await ask(order))).toMatchObject({ status: 'refunded' });
  });

  it('that is lost in part leaves the rest to be given back, and no more', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = set.stripe.control.dispute(order.providerRef, { amount: 1_000 }) ?? '';
    await news(order, 'charge.dispute.created');
    await expect(ask(order)).rejects.toThrow('payment_disputed');
    set.stripe.control.decideDispute(id, 'lost');
    await news(order, 'charge.dispute.closed');
    set.now = Date.now();
    await expect(ask(order, wish(1_351))).rejects.toThrow('refund_too_large');
    expect(await carryOut(await ask(order, wish(1_000)))).toMatchObject({ status: 'refunded' });
    await expect(ask(order, wish(351))).rejects.toThrow('refund_too_large');
    expect(givenBack(order)).toEqual([1_000]);
  });

  it('of which the fee comes later is posted with it then', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = set.stripe.control.dispute(order.providerRef, { feeLater: true }) ?? '';
    await news(order, 'charge.dispute.created');
    expect(await balancesOf(set.market.db, order.id)).not.toHaveProperty('provider_fees');
    set.stripe.control.chargeDisputeFee(id);
    for (let n = 0; n < 2; n++) await news(order, 'charge.dispute.funds_withdrawn');
    expect(await balancesOf(set.market.db, order.id)).toMatchObject({
      provider_fees: 2_000,
      provider_clearing: -2_000,
    });
  });

  it('that was decided never opens again', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = disputed(order);
    const [open] = await set.gateway.disputes({ providerRef: order.providerRef });
    if (!open) throw new Error('no dispute');
    set.stripe.control.decideDispute(id, 'won');
    await news(order, 'charge.dispute.closed');
    expect(
      await recordDispute(set.market.db, { provider: 'stripe', dispute: open, now: new Date() }),
    ).toBe(false);
  });

  it('of which the news comes twice, at once, is posted once', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    disputed(order);
    const [dispute] = await set.gateway.disputes({ providerRef: order.providerRef });
    if (!dispute) throw new Error('no dispute');
    const answers = await Promise.all(
      [1, 2, 3].map(() =>
        recordDispute(set.market.db, { provider: 'stripe', dispute, now: new Date() }),
      ),
    );
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  it('known before a refund was sent keeps it back', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    disputed(order);
    await news(order, 'charge.dispute.created');
    const before = set.stripe.control.books().refunds.length;
    expect(await carryOut(id)).toMatchObject({ status: 'failed' });
    expect(set.stripe.control.books().refunds).toHaveLength(before);
    expect(await incident(`${id}:refund_failed`)).toBeDefined();
  });

  it('beats a refund that is on its way: what the provider refuses is reversed', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    disputed(order);
    expect(await carryOut(id)).toMatchObject({ status: 'failed' });
    expect(await balancesOf(set.market.db, order.id)).toEqual(paid);
  });

  it('hears our side, and is lost without it in time', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const disputeRef = disputed(order);
    const evidence = {
      disputeRef,
      key: `${disputeRef}:evidence:1`,
      evidence: { explanation: 'delivered at 12:00' },
    };
    expect(await set.gateway.submitEvidence(evidence)).toBe('submitted');
    expect(await set.gateway.submitEvidence(evidence)).toBe('submitted');
    set.stripe.control.moveClock(8 * 24 * hourMs);
    expect(await set.gateway.disputes({ providerRef: order.providerRef })).toMatchObject([
      { status: 'open' },
    ]);
    const other = await payOrder(set.market, { gateway: set.gateway });
    const silent = disputed(other);
    set.stripe.control.moveClock(8 * 24 * hourMs);
    expect(await set.gateway.disputes({ providerRef: other.providerRef })).toMatchObject([
      { disputeRef: silent, status: 'lost' },
    ]);
    const late = {
      disputeRef: silent,
      key: `${silent}:evidence:1`,
      evidence: { explanation: 'too late' },
    };
    expect(await set.gateway.submitEvidence(late)).toBe('closed');
  });

  it('news of a refund reaches its workflow, which is started should it be lost', async () => {
    const order = await payOrder(set.market, { gateway: set.gateway });
    const id = await ask(order);
    told.length = 0;
    await news(order, 'charge.refunded');
    expect(told.filter((each) => each === id)).toHaveLength(2);
  });
});
