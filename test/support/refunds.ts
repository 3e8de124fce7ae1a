// Refunds in tests: asked for, carried out by a worker that may die, and the provider's news of them.

import type { RefundStep } from '../../activities/contract.ts';
import { createMoneyUpkeep } from '../../activities/money-upkeep.ts';
import { createRefundActivities } from '../../activities/refunds.ts';
import type { CrashPoint } from '../../adapters/crash-point.ts';
import { stripePort, type PaymentPort } from '../../adapters/payment-port.ts';
import { newId } from '../../db/new-id.ts';
import { requestRefund, type NewRefund } from '../../db/refunds.ts';
import { saveWebhook } from '../../db/webhooks.ts';
import type { RefundId } from '../../domain/ids.ts';
import { createLog } from '../../log.ts';
import { actor, type PaidOrder } from './paid-order.ts';
import { quietMoney } from './quiet-money.ts';
import { insist, type setUpStripe } from './stripe-rig.ts';

type Rig = ReturnType<typeof setUpStripe>;

export const died = new Error('the process died');

export function refundsOf(set: Rig) {
  async function ask(order: PaidOrder, change: Partial<NewRefund> = {}): Promise<RefundId> {
    const id = newId('refund');
    const input: NewRefund = {
      id,
      order,
      wish: { kind: 'amount', amountMinor: 500 },
      fault: 'merchant',
      reason: 'quality',
      actor,
      noteId: undefined,
      again: false,
      now: new Date(set.now),
      ...change,
    };
    const outcome = await set.market.db.transaction().execute((trx) => requestRefund(trx, input));
    if (outcome.kind === 'refused') throw new Error(outcome.refusal.code);
    return id;
  }

  /** One to whom something happens at a named point. */
  const workerWhere = (crashPoint: CrashPoint, port: Pick<PaymentPort, 'refund'> = set.gateway) =>
    createRefundActivities({
      portOf: () => port,
      db: set.market.db,
      now: () => set.now,
      crashPoint,
    });
  const worker = (crashAt?: string) =>
    workerWhere((name) => {
      if (name === crashAt) throw died;
    });

  const carryOut = (refundId: RefundId, tries = 6): Promise<RefundStep> =>
    insist(() => worker().advanceRefund({ refundId }), tries);

  /** What the provider gave back, refund by refund. */
  const givenBack = (order: PaidOrder): readonly number[] =>
    set.stripe.control
      .books()
      .refunds.filter(
        (refund) => refund.payment_intent === order.providerRef && refund.status !== 'failed',
      )
      .map((refund) => refund.amount);

  /** What becomes of the fake's refunds comes when they are next read. */
  async function arrive(order: PaidOrder): Promise<void> {
    for (const refund of set.stripe.control.books().refunds)
      if (refund.payment_intent === order.providerRef)
        await fetch(`${set.stripe.url}/v1/refunds/${refund.id}`, {
          headers: { authorization: 'Bearer x' },
        });
  }

  const incident = (key: string) =>
    set.market.db.selectFrom('incidents').selectAll().where('key', '=', key).executeTakeFirst();

  return { ask, worker, workerWhere, carryOut, givenBack, arrive, incident };
}

/** The housekeeping, and what it told the workflows of refunds. */
export function newsOf(set: Rig) {
  const log = createLog({ name: 'test', level: 'silent' });
  const told: string[] = [];
  const upkeep = () =>
    createMoneyUpkeep({
      db: set.market.db,
      engine: { paymentSettled: async () => undefined },
      portOf: () => stripePort(set.gateway),
      accounts: { isVerified: async () => true },
      log,
      money: {
        ...quietMoney,
        startRefund: async (id) => void told.push(id),
        refundChanged: async (id) => void told.push(id),
      },
    });
  const news = async (order: PaidOrder, type: string, eventId = newId('note')): Promise<void> => {
    const { providerRef } = order;
    await saveWebhook(set.market.db, {
      provider: 'stripe',
      eventId,
      type,
      providerRef,
      orderId: undefined,
    });
    for (const part of upkeep()) await part();
  };

  return { told, upkeep, news };
}
