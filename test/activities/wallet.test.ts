// Money into and out of wallets on a real database against the fake Stripe over HTTP: one charge at most for a top-up, one
// refund per part of a withdrawal, killed wherever it may be, and the balance is what the ledger says.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createWalletActivities } from '../../activities/wallet.ts';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import type { CrashPoint } from '../../adapters/crash-point.ts';
import { stripePort, type PaymentPort } from '../../adapters/payment-port.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { recordDispute } from '../../db/disputes.ts';
import { newId } from '../../db/new-id.ts';
import { findTopUp, requestTopUp } from '../../db/top-ups.ts';
import { balanceOf, createWalletBooks } from '../../db/wallet.ts';
import {
  findWithdrawal,
  reopenWithdrawals,
  requestWithdrawal,
  withdrawableMinor,
} from '../../db/withdrawals.ts';
import type { TopUpId, WithdrawalId } from '../../domain/ids.ts';
import { createLog } from '../../log.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';
import { actor } from '../support/paid-order.ts';

const minuteMs = 60_000;
let market: Market;
let stripe: StripeSandbox;
let gateway: CardGateway;
let now: number;
let wallet: { readonly customerId: string; readonly currency: string };
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());
beforeEach(async () => {
  now = Date.now();
  wallet = { customerId: newId('customer'), currency: 'EUR' };
  stripe = await startStripeSandbox({ now: () => now, searchLagMs: 0 });
  gateway = createStripeGateway({
    secretKey: 'sk_test_x',
    apiBase: stripe.url,
    webhookSecret: 'whsec_x',
    timeoutMs: 400,
    now: () => now,
  });
});
afterEach(() => stripe.close());

const died = new Error('the process died');
/** One to whom something happens at a named point. */
const workerWhere = (crashPoint: CrashPoint, port: Partial<PaymentPort> = {}) =>
  createWalletActivities({
    portOf: () => ({ ...stripePort(gateway), ...port }),
    db: market.db,
    now: () => now,
    crashPoint,
  });
const worker = (crashAt?: string, port: Partial<PaymentPort> = {}) =>
  workerWhere((name, [status] = []) => {
    if ([name, `${name}#${status}`].includes(crashAt ?? '')) throw died;
  }, port);

/** As the workflow does: again and again until it is over or waits; outages are retried. */
async function insist<T>(step: () => Promise<T>, tries = 8): Promise<T> {
  for (let n = 1; ; n++) {
    try {
      return await step();
    } catch (error) {
      if (n === tries) throw error;
    }
  }
}

async function askTopUp(amountMinor = 5_000, paymentMethod = 'pm_card_visa'): Promise<TopUpId> {
  const id = newId('topUp', now);
  const wish = { ...wallet, id, amountMinor, paymentMethod, actor, now: new Date(now) };
  const asked = await market.db.transaction().execute((trx) => requestTopUp(trx, wish));
  if (asked.kind === 'refused') throw new Error(asked.refusal.code);
  return id;
}
const fill = (topUpId: TopUpId) => insist(() => worker().advanceTopUp({ topUpId }));

async function filled(amountMinor = 5_000): Promise<TopUpId> {
  const id = await askTopUp(amountMinor);
  expect(await fill(id)).toMatchObject({ status: 'paid' });
  now += 1_000;
  return id;
}

async function askWithdrawal(amountMinor: number): Promise<WithdrawalId> {
  const id = newId('withdrawal', now);
  const wish = { ...wallet, id, amountMinor, actor, now: new Date(now) };
  const asked = await market.db.transaction().execute((trx) => requestWithdrawal(trx, wish));
  if (asked.kind === 'refused') throw new Error(asked.refusal.code);
  return id;
}
const carryOut = (withdrawalId: WithdrawalId) =>
  insist(async () => {
    const step = await worker().advanceWithdrawal({ withdrawalId });
    if (!step.isOver && step.waitMs === 1) throw new Error('it is sent again');
    return step;
  });

const balance = async () => (await balanceOf(market.db, wallet)).balanceMinor;
const intentsOf = (id: string) =>
  stripe.control
    .books()
    .payment_intents.filter(
      ({ metadata }) => metadata['order_id'] === id && metadata['step'] === 'topup',
    );
const taken = (id: string): readonly number[] =>
  intentsOf(id).flatMap(({ amount_received: minor }) => (minor > 0 ? [minor] : []));
const held = (id: string): number =>
  intentsOf(id).filter(({ status }) => status !== 'succeeded' && status !== 'canceled').length;
const refunds = (): readonly number[] => stripe.control.books().refunds.map((r) => r.amount);

/** What becomes of the fake’s refunds comes when they are next read. */
async function arrive(): Promise<void> {
  for (const refund of stripe.control.books().refunds)
    await fetch(`${stripe.url}/v1/refunds/${refund.id}`, {
      headers: { authorization: 'Bearer sk_test_x' },
    });
}

function reconcile() {
  const log = createLog({ name: 'test', level: 'silent' });
  return createReconcileActivities({ db: market.db, gateway, log, now: () => now }).reconcile();
}

/** Everything of this wallet, at the provider and here. */
async function differences(): Promise<number> {
  await reconcile();
  const rows = await market.db.selectFrom('incidents').select(['key', 'detail']).execute();
  const own = stripe.control.books().payment_intents.map(({ id }) => id);
  return rows.filter(({ key }) => own.some((ref) => key.includes(ref))).length;
}

describe('a top-up', () => {
  it('is charged once and is in the wallet; a second one is another payment', async () => {
    const first = await filled();
    expect([taken(first), await balance()]).toEqual([[5_000], 5_000]);
    await filled(700);
    expect(await balance()).toBe(5_700);
    expect(await differences()).toBe(0);
  });

  it('that the bank declines says why and leaves nothing', async () => {
    const id = await askTopUp(900, 'pm_card_visa_chargeDeclinedInsufficientFunds');
    expect(await fill(id)).toMatchObject({ status: 'declined', isOver: true });
    expect(await findTopUp(market.db, id)).toMatchObject({ code: 'insufficient_funds' });
    expect([taken(id), held(id), await balance()]).toEqual([[], 0, 0]);
  });

  it('waits for 3-D Secure; that nobody confirms is let go after a while', async () => {
    const id = await askTopUp(900, 'pm_card_authenticationRequired');
    expect(await fill(id)).toMatchObject({ status: 'requires_action', isOver: false });
    expect((await findTopUp(market.db, id))?.client_secret).toContain('secret');
    now += 16 * minuteMs;
    expect(await fill(id)).toMatchObject({ status: 'declined' });
    expect([taken(id), held(id), await balance()]).toEqual([[], 0, 0]);
  });

  it('whose money comes after it was given up goes back, and the wallet stays as it was', async () => {
    const id = await askTopUp();
    await worker('topup:before#authorized')
      .advanceTopUp({ topUpId: id })
      .catch(() => undefined);
    const providerRef = (await findTopUp(market.db, id))?.provider_ref ?? '';
    // It is given up, and then somebody takes it all the same.
    await market.db
      .updateTable('top_ups')
      .set({ status: 'releasing', code: 'payment_not_completed' })
      .where('id', '=', id)
      .execute();
    await gateway.capture({ orderId: id, providerRef, amountMinor: 5_000, key: `${id}:by_hand` });
    expect(await fill(id)).toMatchObject({ status: 'returned', isOver: true });
    expect([taken(id), refunds(), await balance()]).toEqual([[5_000], [5_000], 0]);
    expect(await differences()).toBe(0);
  });

  const crashes = [
    undefined,
    ...['sending', 'authorized'].flatMap((status) =>
      ['before', 'after-effect', 'after-record'].map((point) => `topup:${point}#${status}`),
    ),
  ] as const;
  const matrix = POST_FAULTS.flatMap((fault) =>
    ['/v1/payment_intents', '/capture'].flatMap((path) =>
      crashes.map((crash) => [fault, path, crash] as const),
    ),
  );

  it.each(matrix)('is charged at most once: %s at %s, killed at %s', async (kind, path, crash) => {
    const id = await askTopUp();
    stripe.control.addFault({ kind, match: { method: 'POST', path } });
    if (crash !== undefined)
      await worker(crash)
        .advanceTopUp({ topUpId: id })
        .catch(() => undefined);
    const { status } = await fill(id);
    const paid = status === 'paid';
    expect([status, taken(id), held(id), await balance()]).toEqual([
      paid ? 'paid' : 'declined',
      paid ? [5_000] : [],
      0,
      paid ? 5_000 : 0,
    ]);
  });

  it('is one of at most three under way', async () => {
    for (let n = 1; n <= 3; n++) await askTopUp();
    await expect(askTopUp()).rejects.toThrow('limit_reached');
  });

  it('that cannot be asked about is told to somebody after days', async () => {
    const id = await askTopUp();
    const broken = worker(undefined, { void: async () => Promise.reject(died) });
    await market.db
      .updateTable('top_ups')
      .set({ status: 'releasing' })
      .where('id', '=', id)
      .execute();
    now += 73 * 60 * minuteMs;
    await expect(broken.advanceTopUp({ topUpId: id })).rejects.toBe(died);
    const told = market.db.selectFrom('incidents').select('key');
    expect(await told.where('key', '=', `${id}:wallet_unanswered`).execute()).toHaveLength(1);
  });

  it('that nobody answers about is told to somebody after days', async () => {
    const id = await askTopUp();
    const silent = worker(undefined, {
      authorize: () => gateway.retrieve({ providerRef: 'pi_none' }) as never,
      void: async () => ({ status: 'not_executed' }),
    });
    await market.db
      .updateTable('top_ups')
      .set({ status: 'releasing', attempt: 5 })
      .where('id', '=', id)
      .execute();
    now += 73 * 60 * minuteMs;
    await expect(silent.advanceTopUp({ topUpId: id })).rejects.toThrow('no certain answer');
    const told = market.db.selectFrom('incidents').select('kind');
    expect(await told.where('key', '=', `${id}:wallet_unanswered`).execute()).toEqual([
      { kind: 'wallet_unanswered' },
    ]);
  });
});

describe('a withdrawal', () => {
  it('that the bank sends back after it had arrived is in the wallet again, and somebody is told', async () => {
    const topUpId = await askTopUp(1_000, 'pm_card_refundFail');
    await fill(topUpId);
    const id = await askWithdrawal(400);
    expect(await carryOut(id)).toMatchObject({ status: 'paid', isOver: true });
    await arrive();
    const providerRef = (await findTopUp(market.db, topUpId))?.provider_ref ?? '';
    expect(await reopenWithdrawals(market.db, { ref: providerRef, now: new Date(now) })).toBe(true);
    expect(await carryOut(id)).toMatchObject({ status: 'failed', isOver: true });
    expect(await balance()).toBe(1_000);
    expect(await withdrawableMinor(market.db, wallet)).toBe(1_000);
    const key = `${id}:withdrawal_returned:1`;
    const incidents = market.db.selectFrom('incidents').select('kind').where('key', '=', key);
    expect(await incidents.execute()).toHaveLength(1);
    expect(await differences()).toBe(0);
  });

  it('that comes back while it is looked at, after the look has read it as given, is in the wallet again', async () => {
    const topUpId = await askTopUp(1_000, 'pm_card_refundFail');
    await fill(topUpId);
    const id = await askWithdrawal(400);
    await carryOut(id);
    const providerRef = (await findTopUp(market.db, topUpId))?.provider_ref ?? '';
    await reopenWithdrawals(market.db, { ref: providerRef, now: new Date(now) });
    const looking = workerWhere(async (name) => {
      if (name !== 'withdrawal:after-effect') return;
      await arrive();
      await reopenWithdrawals(market.db, { ref: providerRef, now: new Date(now) });
    });
    expect(await looking.advanceWithdrawal({ withdrawalId: id })).toMatchObject({ isOver: false });
    expect(await carryOut(id)).toMatchObject({ status: 'failed', isOver: true });
    expect(await balance()).toBe(1_000);
  });

  it('goes back to the payments that filled the wallet, the oldest first', async () => {
    await filled(1_000);
    await filled(2_000);
    const id = await askWithdrawal(1_500);
    expect(await balance()).toBe(1_500);
    expect(await carryOut(id)).toMatchObject({ status: 'paid', isOver: true });
    expect(refunds()).toEqual([1_000, 500]);
    expect(await withdrawableMinor(market.db, wallet)).toBe(1_500);
    expect(await differences()).toBe(0);
  });

  it('takes no more than what is in the wallet, nor than what its payments have left', async () => {
    await filled(1_000);
    const books = createWalletBooks(market.db);
    const hold = { orderId: newId('order'), step: 'authorize', attempt: 1 };
    await books.hold({ ...hold, ...wallet, amountMinor: 600 });
    await expect(askWithdrawal(401)).rejects.toThrow('withdrawal_too_large');
    await books.settle({ ...hold, amountMinor: 0 });
    await carryOut(await askWithdrawal(1_000));
    await expect(askWithdrawal(1)).rejects.toThrow('withdrawal_too_large');
  });

  it('and an order that want the same money at once: one of them gets it', async () => {
    await filled(1_000);
    const hold = { orderId: newId('order'), step: 'authorize', attempt: 1 };
    const [order, withdrawal] = await Promise.allSettled([
      createWalletBooks(market.db).hold({ ...hold, ...wallet, amountMinor: 800 }),
      askWithdrawal(800),
    ]);
    const ordered = order.status === 'fulfilled' && order.value.status === 'held';
    expect(ordered).not.toBe(withdrawal.status === 'fulfilled');
    expect(await balance()).toBe(200);
  });

  it('that cannot be given back is in the wallet again', async () => {
    const topUp = await filled(1_000);
    const providerRef = (await findTopUp(market.db, topUp))?.provider_ref ?? '';
    const id = await askWithdrawal(600);
    // Somebody has given it back by hand.
    const key = `${topUp}:by_hand`;
    await gateway.refund({ orderId: topUp, providerRef, amountMinor: 1_000, key });
    expect(await carryOut(id)).toMatchObject({ status: 'failed', isOver: true });
    expect(await balance()).toBe(1_000);
  });

  it('of a payment that is disputed is refused', async () => {
    const topUp = await filled(1_000);
    const providerRef = (await findTopUp(market.db, topUp))?.provider_ref ?? '';
    stripe.control.dispute(providerRef);
    const [dispute] = await gateway.disputes({ providerRef });
    if (!dispute) throw new Error('no dispute');
    await recordDispute(market.db, { provider: 'stripe', dispute, now: new Date(now) });
    await expect(askWithdrawal(1_000)).rejects.toThrow('withdrawal_too_large');
  });

  it('of a payment of which a part was lost gets what is left of it', async () => {
    const topUp = await filled(1_000);
    const providerRef = (await findTopUp(market.db, topUp))?.provider_ref ?? '';
    stripe.control.dispute(providerRef, { amount: 400 });
    const [open] = await gateway.disputes({ providerRef });
    if (!open) throw new Error('no dispute');
    const dispute = { ...open, status: 'lost' } as const;
    await recordDispute(market.db, { provider: 'stripe', dispute, now: new Date(now) });
    await expect(askWithdrawal(601)).rejects.toThrow('withdrawal_too_large');
    await askWithdrawal(600);
    await expect(askWithdrawal(1)).rejects.toThrow('withdrawal_too_large');
  });

  const crashes = [
    undefined,
    'withdrawal:before',
    'withdrawal:after-effect',
    'withdrawal:after-record',
  ];
  const matrix = POST_FAULTS.flatMap((fault) => crashes.map((crash) => [fault, crash] as const));

  it.each(matrix)('is paid once: %s, killed at %s', async (kind, crash) => {
    await filled(1_000);
    await filled(1_000);
    const id = await askWithdrawal(1_200);
    stripe.control.addFault({ kind, match: { method: 'POST', path: '/v1/refunds' } });
    if (crash !== undefined)
      await worker(crash)
        .advanceWithdrawal({ withdrawalId: id })
        .catch(() => undefined);
    expect(await carryOut(id)).toMatchObject({ status: 'paid' });
    expect(refunds().toSorted((a, b) => b - a)).toEqual([1_000, 200]);
    expect(await balance()).toBe(800);
    expect((await findWithdrawal(market.db, id))?.finished_at).not.toBeNull();
  });
});
