// The steps of a tip after the delivery: as of any payment beside an order, by its row.

import type { CrashPoint } from '../adapters/crash-point.ts';
import { codeOf, isOutage, outage } from '../adapters/outage.ts';
import type { Db } from '../db/connect.ts';
import { findTip, recordTipNews, reportUnansweredTip, type Tip } from '../db/tips.ts';
import type { TipActivities, TipStep } from './contract.ts';
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
  readonly portOf: (provider: string) => SidePort;
  readonly db: Db;
  readonly crashPoint: CrashPoint;
  readonly now?: () => number;
};

export function createTipActivities({
  portOf,
  db,
  crashPoint,
  now = Date.now,
}: Dependencies): TipActivities {
  async function step(row: Tip): Promise<void> {
    const tags = [row.status, row.order_id];
    try {
      await crashPoint('tip:before', tags);
      const news = await advancePayment(paymentOf(row), { port: portOf(row.provider), now: now() });
      await crashPoint('tip:after-effect', tags);
      if (news) await recordTipNews(db, { row, news, now: new Date(now()) });
      await crashPoint('tip:after-record', tags);
      if (news?.kind === 'not_executed' && row.attempt >= maxAttempts)
        throw outage({ system: row.provider, code: 'server_error' });
    } catch (error) {
      const code = codeOf(error);
      if (isForSomebody(code, now() - row.created_at.getTime()))
        await reportUnansweredTip(db, { row, code, now: new Date(now()) });
      throw isOutage(error) ? retryable(code, error.retryAfterMs) : error;
    }
  }

  return {
    async advanceTip(name): Promise<TipStep> {
      for (;;) {
        const row = await findTip(db, name);
        if (!row) throw new Error(`no tip ${name.n} of ${name.orderId}`);
        if (row.finished_at) return { status: row.status, isOver: true, waitMs: 0 };
        await step(row);
        const next = await findTip(db, name);
        if (next?.status === row.status && next.attempt === row.attempt)
          return { status: row.status, isOver: false, waitMs: lookAgainMs };
      }
    },
  };
}

const paymentOf = (row: Tip): SidePayment => ({
  name: { ownerId: row.order_id, step: 'tip', n: row.n },
  status: row.status,
  attempt: row.attempt,
  amountMinor: row.amount_minor,
  currency: row.currency,
  paymentMethod: row.payment_method,
  providerRef: row.provider_ref ?? undefined,
  code: row.code ?? undefined,
  createdAt: row.created_at.getTime(),
  firstSentAt: row.first_sent_at?.getTime(),
});
