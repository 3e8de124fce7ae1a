// Tips after the delivery on a real database against the fake Stripe over HTTP: one charge at most, whole to the driver,
// and the order untouched whatever happens.

import { describe, expect, it } from 'vitest';
import type { TipStep } from '../../activities/contract.ts';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createTipActivities } from '../../activities/tips.ts';
import { stripePort, type PaymentPort } from '../../adapters/payment-port.ts';
import { recordDispute } from '../../db/disputes.ts';
import { findTip, requestTip, type TipName } from '../../db/tips.ts';
import { createLog } from '../../log.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { actor, balancesOf, payOrder, type PaidOrder } from '../support/paid-order.ts';
import { insist, setUpStripe } from '../support/stripe-rig.ts';

const minuteMs = 60_000;
const set = setUpStripe();

async function ask(order: PaidOrder, paymentMethod = 'pm_card_visa'): Promise<TipName> {
  const input = {
    scope: { kind: 'platform' },
    orderId: order.id,
    amountMinor: 200,
    paymentMethod,
    actor,
    now: new Date(set.now),
  } as const;
  const asked = await set.market.db.transaction().execute((trx) => requestTip(trx, input));
  if (asked.kind === 'refused') throw new Error(asked.refusal.code);
  if (asked.kind === 'no_order') throw new Error('no order');
  return { orderId: order.id, n: asked.tip.n };
}

const died = new Error('the process died');
const worker = (crashAt?: string) =>
  createTipActivities({
    portOf: () => stripePort(set.gateway),
    db: set.market.db,
    now: () => set.now,
    crashPoint: (name, [status] = []) => {
      if (`${name}#${status}` === crashAt) throw died;
    },
  });

const advance = (name: TipName, crashAt?: string): Promise<TipStep> =>
  worker(crashAt).advanceTip(name as TipName & { readonly orderId: PaidOrder['orderId'] });

const carryOut = (name: TipName, tries = 8): Promise<TipStep> => insist(() => advance(name), tries);

const paymentsOf = ({ orderId }: TipName) =>
  set.stripe.control
    .books()
    .payment_intents.filter(
      ({ metadata }) => metadata['order_id'] === orderId && metadata['step'] === 'tip',
    );
const taken = (name: TipName): readonly number[] =>
  paymentsOf(name).flatMap(({ amount_received: minor }) => (minor > 0 ? [minor] : []));
const held = (name: TipName): number =>
  paymentsOf(name).filter(({ status }) => status !== 'succeeded' && status !== 'canceled').length;

const before = { provider_clearing: 2_350, merchant: -1_520, driver: -550, platform: -280 };
const tipped = { ...before, provider_clearing: 2_550, driver: -750 };

async function orderAfter({ id }: PaidOrder) {
  const { order_status, payment_status, sequence } = await set.market.db
    .selectFrom('orders')
    .select(['order_status', 'payment_status', 'sequence'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  return { order_status, payment_status, sequence };
}
const untouched = { order_status: 'completed', payment_status: 'captured', sequence: 9 };

async function tippable(): Promise<PaidOrder> {
  const order = await payOrder(set.market, { gateway: set.gateway });
  const driverId = await set.market.addDriver();
  await set.market.setOrder(order.orderId, { driver_id: driverId, delivery_status: 'delivered' });
  return order;
}

describe('a tip after the delivery', () => {
  it('is charged once and goes whole to the driver; a second one is another payment', async () => {
    const order = await tippable();
    const first = await ask(order);
    expect(await carryOut(first)).toMatchObject({ status: 'paid', isOver: true });
    expect(taken(first)).toEqual([200]);
    expect(await balancesOf(set.market.db, order.id)).toEqual(tipped);
    expect(await orderAfter(order)).toEqual(untouched);
    const second = await ask(order);
    expect(second.n).toBe(2);
    expect(await carryOut(second)).toMatchObject({ status: 'paid' });
    expect(taken(second)).toEqual([200, 200]);
  });

  it('that the bank declines says why, and leaves order, books and card as they were', async () => {
    const order = await tippable();
    const name = await ask(order, 'pm_card_visa_chargeDeclinedInsufficientFunds');
    expect(await carryOut(name)).toMatchObject({ status: 'declined', isOver: true });
    expect(await findTip(set.market.db, name)).toMatchObject({ code: 'insufficient_funds' });
    expect([taken(name), held(name)]).toEqual([[], 0]);
    expect(await balancesOf(set.market.db, order.id)).toEqual(before);
    expect(await orderAfter(order)).toEqual(untouched);
    expect(await carryOut(await ask(order))).toMatchObject({ status: 'paid' });
  });

  it('waits for 3-D Secure, and is paid when the payer has confirmed', async () => {
    const order = await tippable();
    const name = await ask(order, 'pm_card_authenticationRequired');
    expect(await carryOut(name)).toMatchObject({ status: 'requires_action', isOver: false });
    const row = await findTip(set.market.db, name);
    expect(row?.client_secret).toContain('secret');
    await fetch(`${set.stripe.url}/sandbox/payment_intents/${row?.provider_ref}/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"outcome":"succeed"}',
    });
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });
    expect(await findTip(set.market.db, name)).toMatchObject({ client_secret: null });
    expect(await balancesOf(set.market.db, order.id)).toEqual(tipped);
  });

  it('that is disputed is known by its order', async () => {
    const order = await tippable();
    const name = await ask(order);
    await carryOut(name);
    const providerRef = (await findTip(set.market.db, name))?.provider_ref ?? '';
    set.stripe.control.dispute(providerRef);
    const [dispute] = await set.gateway.disputes({ providerRef });
    if (!dispute) throw new Error('no dispute');
    await recordDispute(set.market.db, { provider: 'stripe', dispute, now: new Date(set.now) });
    const told = set.market.db.selectFrom('incidents').select(['kind', 'order_id']);
    expect(await told.where('key', '=', `${dispute.disputeRef}:dispute_open`).execute()).toEqual([
      { kind: 'dispute_open', order_id: order.id },
    ]);
  });

  it('that nobody confirms is let go after a while', async () => {
    const order = await tippable();
    const name = await ask(order, 'pm_card_authenticationRequired');
    await carryOut(name);
    set.now += 16 * minuteMs;
    expect(await carryOut(name)).toMatchObject({ status: 'declined', isOver: true });
    expect(await findTip(set.market.db, name)).toMatchObject({ code: 'payment_not_completed' });
    expect([taken(name), held(name)]).toEqual([[], 0]);
    expect(await balancesOf(set.market.db, order.id)).toEqual(before);
  });

  it('that the provider never answers is let go, with whatever it had come to hold', async () => {
    const order = await tippable();
    const name = await ask(order);
    set.stripe.control.addFault({
      kind: 'execute_then_timeout',
      match: { method: 'POST', path: '/v1/payment_intents' },
    });
    await expect(advance(name)).rejects.toThrow('no certain answer');
    expect(held(name)).toBe(1);
    set.now += 16 * minuteMs;
    expect(await carryOut(name)).toMatchObject({ status: 'declined' });
    expect([taken(name), held(name)]).toEqual([[], 0]);
  });

  it('that cannot be let go is tried again later and later, and told to somebody after days', async () => {
    const order = await tippable();
    const name = await ask(order, 'pm_card_authenticationRequired');
    await carryOut(name);
    set.now += 16 * minuteMs;
    let failures = 7;
    const port = stripePort(set.gateway);
    const release: PaymentPort['void'] = async (input) =>
      failures-- > 0 ? { status: 'not_executed' } : port.void(input);
    const activities = createTipActivities({
      portOf: () => ({ ...port, void: release }),
      db: set.market.db,
      now: () => set.now,
      crashPoint: () => undefined,
    });
    const tryOn = () => activities.advanceTip({ orderId: order.orderId, n: 1 });
    const told = () =>
      set.market.db
        .selectFrom('incidents')
        .select('kind')
        .where('key', '=', `${order.id}:tip_unanswered:1`)
        .executeTakeFirst();
    for (const attempt of [6, 7]) {
      await expect(tryOn()).rejects.toThrow('no certain answer');
      expect(await findTip(set.market.db, name)).toMatchObject({ status: 'releasing', attempt });
    }
    expect(await told()).toBeUndefined();
    set.now += 73 * 60 * minuteMs;
    await expect(tryOn()).rejects.toThrow('no certain answer');
    expect(await told()).toEqual({ kind: 'tip_unanswered' });
    expect(await tryOn()).toMatchObject({ status: 'declined' });
    expect(held(name)).toBe(0);
  });

  const crashes = [
    undefined,
    'tip:before#sending',
    'tip:after-effect#sending',
    'tip:after-record#sending',
    'tip:before#authorized',
    'tip:after-effect#authorized',
    'tip:after-record#authorized',
  ] as const;
  const paths = ['/v1/payment_intents', '/capture'] as const;
  const matrix = POST_FAULTS.flatMap((fault) =>
    paths.flatMap((path) => crashes.map((crash) => [fault, path, crash] as const)),
  );

  it.each(matrix)('is charged at most once: %s at %s, killed at %s', async (kind, path, crash) => {
    const order = await tippable();
    const name = await ask(order);
    set.stripe.control.addFault({ kind, match: { method: 'POST', path } });
    if (crash !== undefined) await advance(name, crash).catch(() => undefined);
    const { status } = await carryOut(name);
    const paid = status === 'paid';
    expect([status, taken(name), held(name)]).toEqual([
      paid ? 'paid' : 'declined',
      paid ? [200] : [],
      0,
    ]);
    expect(await balancesOf(set.market.db, order.id)).toEqual(paid ? tipped : before);
    expect(await orderAfter(order)).toEqual(untouched);
  });

  it('is refused before the order is completed, without a driver, beside another, and too often', async () => {
    const order = await tippable();
    await set.market.setOrder(order.orderId, { order_status: 'ready' });
    await expect(ask(order)).rejects.toThrow('wrong_state');
    await set.market.setOrder(order.orderId, { order_status: 'completed', driver_id: null });
    await expect(ask(order)).rejects.toThrow('no_driver');
    await set.market.setOrder(order.orderId, { driver_id: await set.market.addDriver() });
    const [one, other] = await Promise.allSettled([ask(order), ask(order)]);
    expect([one.status, other.status].toSorted()).toEqual(['fulfilled', 'rejected']);
    await carryOut({ orderId: order.id, n: 1 });
    for (let n = 2; n <= 5; n++) await carryOut(await ask(order));
    await expect(ask(order)).rejects.toThrow('limit_reached');
  });

  it('is known to the nightly reconciliation, also while it is under way', async () => {
    const order = await tippable();
    await carryOut(await ask(order));
    const underWay = await ask(order);
    await expect(advance(underWay, 'tip:before#authorized')).rejects.toBe(died);
    const log = createLog({ name: 'test', level: 'silent' });
    const reconcile = createReconcileActivities({
      db: set.market.db,
      gateway: set.gateway,
      log,
      now: () => set.now,
    });
    const differences = async (): Promise<readonly object[]> => {
      expect(await reconcile.reconcile()).toMatchObject({ compared: 3 });
      const found = set.market.db.selectFrom('incidents').selectAll();
      return found.where('order_id', '=', order.id).execute();
    };
    expect(await differences()).toEqual([]);
    expect(await carryOut(underWay)).toMatchObject({ status: 'paid' });
    expect(await differences()).toEqual([]);
  });
});
