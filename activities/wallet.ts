// Money into and out of wallets, one step at a time by its row. A top-up is a payment like any beside an order; what came
// after it was given up goes back. A withdrawal refunds the payments that had filled the wallet, part by part; what cannot
// be refunded is in the wallet again. Repeating any step is harmless: the row guards it, the provider knows its key.

import type { RefundAnswer } from '../adapters/card-gateway.ts';
import type { CrashPoint } from '../adapters/crash-point.ts';
import { asAsked } from '../adapters/in-currency.ts';
import { codeOf, isOutage, outage } from '../adapters/outage.ts';
import type { PaymentPort } from '../adapters/payment-port.ts';
import type { Db } from '../db/connect.ts';
import { findTopUp, recordTopUpNews, type TopUp, type TopUpNews } from '../db/top-ups.ts';
import { reportUnanswered } from '../db/wallet.ts';
import {
  findWithdrawal,
  openPartsOf,
  recordPartNews,
  type Part,
  type PartNews,
  type Withdrawal,
} from '../db/withdrawals.ts';
import { assertNever } from '../domain/errors.ts';
import { withdrawalKey } from '../domain/withdrawal.ts';
import type { TopUpStep, WalletActivities, WithdrawalStep } from './contract.ts';
import { retryable } from './retryable.ts';
import {
  advancePayment,
  lookAgainMs,
  maxAttempts,
  isForSomebody,
  type SidePayment,
  type SidePort,
} from './side-payment.ts';

type Dependencies = {
  /** By the provider's name. Throws when it is not set up here. */
  readonly portOf: (provider: string) => SidePort & Pick<PaymentPort, 'refund'>;
  readonly db: Db;
  readonly crashPoint: CrashPoint;
  readonly now?: () => number;
};

/** A refund that a bank takes its time over; a webhook is usually first. */
const refundLookMs = 3_600_000;

export const createWalletActivities = (deps: Dependencies): WalletActivities => ({
  ...createTopUpSteps(deps),
  ...createWithdrawalSteps(deps),
});

type Asking = { readonly id: string; readonly since: Date };

async function untilAnswered(
  { db, now = Date.now }: Dependencies,
  { id, since }: Asking,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    const code = codeOf(error);
    if (isForSomebody(code, now() - since.getTime()))
      await reportUnanswered(db, { id, code, now: new Date(now()) });
    throw isOutage(error) ? retryable(code, error.retryAfterMs) : error;
  }
}

function createTopUpSteps(deps: Dependencies): Pick<WalletActivities, 'advanceTopUp'> {
  const { portOf, db, crashPoint, now = Date.now } = deps;

  async function newsOf(row: TopUp): Promise<TopUpNews | undefined> {
    const port = portOf(row.provider);
    if (row.status === 'returning') return returnNews(row, await giveBack(row, port));
    if (row.status === 'returned') return undefined;
    const payment = { ...paymentOf(row), status: row.status };
    return advancePayment(payment, { port, now: now() });
  }

  const step = (row: TopUp): Promise<void> =>
    untilAnswered(deps, { id: row.id, since: row.created_at }, async () => {
      const tags = [row.status, row.id];
      await crashPoint('topup:before', tags);
      const news = await newsOf(row);
      await crashPoint('topup:after-effect', tags);
      if (news) await recordTopUpNews(db, { row, news, now: new Date(now()) });
      await crashPoint('topup:after-record', tags);
      if (news?.kind === 'not_executed' && row.attempt >= maxAttempts)
        throw outage({ system: row.provider, code: 'server_error' });
    });

  return {
    async advanceTopUp({ topUpId }): Promise<TopUpStep> {
      for (;;) {
        const row = await findTopUp(db, topUpId);
        if (!row) throw new Error(`no top-up ${topUpId}`);
        if (row.finished_at) return { status: row.status, isOver: true, waitMs: 0 };
        await step(row);
        const next = await findTopUp(db, topUpId);
        if (next?.status === row.status && next.attempt === row.attempt) {
          const waitMs = row.status === 'returning' ? refundLookMs : lookAgainMs;
          return { status: row.status, isOver: false, waitMs };
        }
      }
    },
  };
}

const paymentOf = (row: TopUp): Omit<SidePayment, 'status'> => ({
  name: { ownerId: row.id, step: 'topup', n: 1 },
  attempt: row.attempt,
  amountMinor: row.amount_minor,
  currency: row.currency,
  paymentMethod: row.payment_method,
  providerRef: row.provider_ref ?? undefined,
  code: row.code ?? undefined,
  createdAt: row.created_at.getTime(),
  firstSentAt: row.first_sent_at?.getTime(),
});

function createWithdrawalSteps(deps: Dependencies): Pick<WalletActivities, 'advanceWithdrawal'> {
  const { portOf, db, crashPoint, now = Date.now } = deps;

  const step = (withdrawal: Withdrawal, part: Part): Promise<void> =>
    untilAnswered(deps, { id: withdrawal.id, since: askedSince(withdrawal) }, async () => {
      const tags = [part.status, withdrawal.id];
      await crashPoint('withdrawal:before', tags);
      const { top_up_id: topUpId, attempt } = part;
      const said = await portOf(part.provider).refund({
        orderId: topUpId,
        providerRef: part.provider_ref,
        amountMinor: part.amount_minor,
        key: withdrawalKey({ topUpId, withdrawalId: withdrawal.id, attempt }),
        firstSentAt: part.first_sent_at.getTime(),
      });
      const asked = { currency: withdrawal.currency, amountMinor: part.amount_minor };
      const answer = asAsked(said, { system: part.provider, ...asked });
      await crashPoint('withdrawal:after-effect', tags);
      const news = partNews(part, answer);
      await recordPartNews(db, { withdrawal, part, news, now: new Date(now()) });
      await crashPoint('withdrawal:after-record', tags);
    });

  return {
    async advanceWithdrawal({ withdrawalId }): Promise<WithdrawalStep> {
      const withdrawal = await findWithdrawal(db, withdrawalId);
      if (!withdrawal) throw new Error(`no withdrawal ${withdrawalId}`);
      for (const part of await openPartsOf(db, withdrawalId)) await step(withdrawal, part);
      const { status, finished_at: finishedAt } =
        (await findWithdrawal(db, withdrawalId)) ?? withdrawal;
      // What was not executed is sent again at once.
      const again = (await openPartsOf(db, withdrawalId)).some((part) => part.status === 'sending');
      return { status, isOver: finishedAt !== null, waitMs: again ? 1 : refundLookMs };
    },
  };
}

/** What may have come back is asked about anew. */
const askedSince = ({ reopened_at: at, created_at }: Withdrawal): Date => at ?? created_at;

async function giveBack(row: TopUp, port: Pick<PaymentPort, 'refund'>): Promise<RefundAnswer> {
  const { currency, amount_minor: amountMinor } = row;
  const answer = await port.refund({
    orderId: row.id,
    providerRef: row.provider_ref ?? '',
    amountMinor,
    key: `${row.id}:refund:late:${row.attempt}`,
    firstSentAt: row.first_sent_at?.getTime(),
  });
  return asAsked(answer, { system: row.provider, currency, amountMinor });
}

function returnNews(row: TopUp, answer: RefundAnswer): TopUpNews | undefined {
  switch (answer.status) {
    case 'refunded':
      return { kind: 'returned' };
    case 'refund_pending':
      return undefined;
    case 'failed':
      return answer.code === 'already_refunded'
        ? { kind: 'returned' }
        : { kind: 'kept', code: answer.code };
    case 'not_executed':
      return row.attempt < maxAttempts
        ? { kind: 'not_executed' }
        : { kind: 'kept', code: 'not_executed' };
    default:
      return assertNever(answer);
  }
}

function partNews(part: Part, answer: RefundAnswer): PartNews {
  switch (answer.status) {
    case 'refunded':
      return { kind: 'refunded', refundRef: answer.refundRef };
    case 'refund_pending':
      return { kind: 'pending', refundRef: answer.refundRef };
    case 'failed':
      return { kind: 'failed', code: answer.code };
    case 'not_executed':
      return part.attempt < maxAttempts
        ? { kind: 'not_executed' }
        : { kind: 'failed', code: 'not_executed' };
    default:
      return assertNever(answer);
  }
}
