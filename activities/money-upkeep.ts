// Housekeeping of money: refunds, tips, top-ups and withdrawals whose workflow was never started or was lost, and the
// provider's news about them and about disputes; payments whose payer may have confirmed while the webhook was lost. Each part is idempotent
// and bounded; a webhook is a hint, the provider is asked what is true.

import type { OrderEngine } from '../adapters/order-engine.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { MoneyEngine } from '../adapters/money-engine.ts';
import type { PayoutBooks } from '../adapters/payout-port.ts';
import type { Db } from '../db/connect.ts';
import { awaitedPayments } from '../db/payment-actions.ts';
import { recordDispute } from '../db/disputes.ts';
import { moneyWebhooks, type MoneyWebhook } from '../db/money-webhooks.ts';
import { refundsBehind, reopenRefunds } from '../db/refund-steps.ts';
import { openRefunds } from '../db/refunds.ts';
import { openTips, tipsBehind, type TipName } from '../db/tips.ts';
import { openTopUps, topUpsBehind } from '../db/top-ups.ts';
import { webhookDone } from '../db/upkeep.ts';
import { openWithdrawals, reopenWithdrawals, withdrawalsBehind } from '../db/withdrawals.ts';
import { parseId } from '../domain/ids.ts';
import type { Logger } from '../log.ts';
import { createPayoutUpkeep } from './payout-upkeep.ts';
import { sendAll } from './send-all.ts';

/** A webhook is usually first. */
const awaitedForMs = 20_000;

type Dependencies = {
  readonly db: Db;
  readonly engine: Pick<OrderEngine, 'paymentSettled'>;
  /** By the provider's name. Throws when it is not set up here. */
  readonly portOf: (provider: string) => Pick<PaymentPort, 'look' | 'disputes'>;
  readonly money: Omit<MoneyEngine, 'scheduleReconciliation' | 'close'>;
  readonly accounts: Pick<PayoutBooks, 'isVerified'>;
  readonly log: Logger;
};

export function createMoneyUpkeep(deps: Dependencies) {
  const { db, engine, money, portOf, log } = deps;
  const payouts = createPayoutUpkeep(deps);
  async function askForPayers(): Promise<void> {
    const items = await awaitedPayments(db, new Date(Date.now() - awaitedForMs));
    await sendAll({ items, log }, async ({ orderId: id, provider, providerRef }) => {
      const { status } = await portOf(provider).look({ providerRef });
      const orderId = parseId('order', id);
      if (orderId && status !== 'requires_action' && status !== 'unknown')
        await engine.paymentSettled({ orderId, providerRef });
    });
  }

  async function startRefunds(): Promise<void> {
    await sendAll({ items: await openRefunds(db), log }, async (id) => {
      const refundId = parseId('refund', id);
      if (refundId) await money.startRefund(refundId);
    });
  }

  async function startTips(): Promise<void> {
    await sendAll({ items: await openTips(db), log }, async (tip) => {
      const named = parsed(tip);
      if (named) await money.startTip(named);
    });
  }

  async function startWalletMoney(): Promise<void> {
    await sendAll({ items: await openTopUps(db), log }, async (id) => {
      const topUpId = parseId('topUp', id);
      if (topUpId) await money.startTopUp(topUpId);
    });
    await sendAll({ items: await openWithdrawals(db), log }, async (id) => {
      const withdrawalId = parseId('withdrawal', id);
      if (withdrawalId) await money.startWithdrawal(withdrawalId);
    });
  }

  const deliver = createDelivery({ db, money, portOf, log }, payouts);
  return [
    askForPayers,
    startRefunds,
    startTips,
    startWalletMoney,
    ...payouts.parts,
    deliver,
  ] as const;
}

/** The provider's news, to whoever waits for them. */
function createDelivery(
  { db, money, portOf, log }: Omit<Dependencies, 'engine' | 'accounts'>,
  payouts: Pick<ReturnType<typeof createPayoutUpkeep>, 'tell' | 'verify'>,
) {
  async function deliverMoneyNews(): Promise<void> {
    const hooks = await moneyWebhooks(db);
    await sendAll({ items: hooks, log }, async (hook) => {
      const { provider, event_id: eventId, about } = hook;
      await tell[about](hook);
      await webhookDone(db, { provider, eventId, now: new Date() });
    });
  }

  async function readDisputes({ provider, provider_ref: providerRef }: MoneyWebhook) {
    for (const dispute of await portOf(provider).disputes({ providerRef })) {
      const isNew = await recordDispute(db, { provider, dispute, now: new Date() });
      const { status, disputeRef } = dispute;
      if (isNew) log.warn({ dispute: disputeRef, status }, 'a payment is disputed');
    }
  }

  async function tellRefunds({ type, provider_ref: ref }: MoneyWebhook): Promise<void> {
    if (type === 'refund.failed') {
      const behind = { ref, now: new Date() };
      const isRecorded = (await reopenRefunds(db, behind)) && (await reopenWithdrawals(db, behind));
      // The answer that is on its way may be older than this news.
      if (!isRecorded) throw new Error(`a refund of ${ref} is being sent`);
    }
    for (const id of await refundsBehind(db, ref)) {
      const refundId = parseId('refund', id);
      if (refundId) await money.refundChanged(refundId);
    }
    for (const id of await withdrawalsBehind(db, ref)) {
      const withdrawalId = parseId('withdrawal', id);
      if (withdrawalId) await money.withdrawalChanged(withdrawalId);
    }
  }

  async function tellPayments({ provider_ref: providerRef }: MoneyWebhook): Promise<void> {
    for (const tip of await tipsBehind(db, { providerRef })) {
      const named = parsed(tip);
      if (named) await money.tipChanged(named);
    }
    for (const id of await topUpsBehind(db, { providerRef })) {
      const topUpId = parseId('topUp', id);
      if (topUpId) await money.topUpChanged(topUpId);
    }
  }

  const tell = {
    dispute: readDisputes,
    refund: tellRefunds,
    payment: tellPayments,
    payout: ({ provider_ref: ref, type }: MoneyWebhook) => payouts.tell(ref, type),
    account: ({ provider_ref: ref }: MoneyWebhook) => payouts.verify(ref),
  } as const;

  return deliverMoneyNews;
}

function parsed({ orderId, n }: TipName) {
  const id = parseId('order', orderId);
  return id && { orderId: id, n };
}
