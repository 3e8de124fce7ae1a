// Top-ups that were given up here and taken at the provider all the same, on a real database against the fake Stripe over HTTP.

import { beforeEach, describe, expect, it } from 'vitest';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import { createWalletActivities } from '../../activities/wallet.ts';
import { stripePort } from '../../adapters/payment-port.ts';
import { newId } from '../../db/new-id.ts';
import { findTopUp, requestTopUp } from '../../db/top-ups.ts';
import { balanceOf } from '../../db/wallet.ts';
import type { TopUpId } from '../../domain/ids.ts';
import { createLog } from '../../log.ts';
import { actor } from '../support/paid-order.ts';
import { insist, setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
let wallet: { readonly customerId: string; readonly currency: string };
beforeEach(() => {
  wallet = { customerId: newId('customer'), currency: 'EUR' };
});

const worker = () =>
  createWalletActivities({
    portOf: () => stripePort(set.gateway),
    db: set.market.db,
    now: () => set.now,
    crashPoint: () => undefined,
  });
const balance = async () => (await balanceOf(set.market.db, wallet)).balanceMinor;
const refunds = (): readonly number[] => set.stripe.control.books().refunds.map((r) => r.amount);

function reconcile() {
  const log = createLog({ name: 'test', level: 'silent' });
  const { gateway, market } = set;
  return createReconcileActivities({
    db: market.db,
    gateway,
    log,
    now: () => set.now,
  }).reconcile();
}

/** Declined here, and taken at the provider all the same. */
async function lateTopUp(): Promise<TopUpId> {
  const id = newId('topUp', set.now);
  const row = { ...wallet, id, amountMinor: 5_000, paymentMethod: 'pm_card_visa', actor };
  await set.market.db
    .transaction()
    .execute((trx) => requestTopUp(trx, { ...row, now: new Date(set.now) }));
  const name = { orderId: id, step: 'topup', attempt: 1, key: `${id}:topup:1` };
  const wish = { amountMinor: 5_000, currency: 'EUR', paymentMethod: 'pm_card_visa' };
  const asked = await set.gateway.authorize({ ...name, ...wish });
  if (asked.status !== 'authorized') throw new Error(asked.status);
  const { providerRef } = asked;
  await set.gateway.capture({ orderId: id, providerRef, amountMinor: 5_000, key: `${id}:behind` });
  await set.market.db
    .updateTable('top_ups')
    .set({ status: 'declined', code: 'payment_not_completed', finished_at: new Date(set.now) })
    .where('id', '=', id)
    .execute();
  return id;
}

describe('a top-up that was declined here and taken there', () => {
  it('goes back, once, and is in nobody’s wallet', async () => {
    const id = await lateTopUp();
    await reconcile();
    await reconcile();
    expect(await findTopUp(set.market.db, id)).toMatchObject({ status: 'returning' });
    expect(await insist(() => worker().advanceTopUp({ topUpId: id }), 8)).toMatchObject({
      status: 'returned',
      isOver: true,
    });
    expect([refunds(), await balance()]).toEqual([[5_000], 0]);
    const rows = await set.market.db
      .selectFrom('ledger_entries')
      .select(({ fn }) => ['account', fn.sum<string>('amount_minor').as('minor')])
      .where('transaction_key', 'like', `${id}:%`)
      .groupBy('account')
      .execute();
    expect(rows.map(({ minor }) => Number(minor))).toEqual([0, 0]);
    const open = set.market.db.selectFrom('incidents').select('kind').where('order_id', '=', id);
    expect(await open.where('resolved_at', 'is', null).execute()).toEqual([]);
  });

  it('keeps nobody else’s money waiting', async () => {
    const [first, second] = [await lateTopUp(), await lateTopUp()];
    // Another one under the same name: which of them is to be kept a person must say.
    const twice = { orderId: first, step: 'topup', attempt: 1, key: `${first}:twice` };
    const wish = { amountMinor: 700, currency: 'EUR', paymentMethod: 'pm_card_visa' };
    const asked = await set.gateway.authorize({ ...twice, ...wish });
    if (asked.status !== 'authorized') throw new Error(asked.status);
    const { providerRef } = asked;
    await set.gateway.capture({
      orderId: first,
      providerRef,
      amountMinor: 700,
      key: 'behind_again',
    });
    await reconcile();
    for (const id of [first, second])
      expect(await findTopUp(set.market.db, id)).toMatchObject({ status: 'returning' });
    const open = set.market.db.selectFrom('incidents').select('kind').where('order_id', '=', first);
    expect(await open.where('resolved_at', 'is', null).execute()).toEqual([
      { kind: 'reconcile_captured_there_unknown_here' },
    ]);
  });
});
