// The steps of a payout, one at a time by its row: decide what is due, record the intent, ask whoever pays, record the
// answer. What undoes a payout that failed is its reversed posting: the party has it again, and the next period pays it.
// Repeating any step is harmless: the row guards it, the provider knows its key.

import type { CrashPoint } from '../adapters/crash-point.ts';
import type { MoneyEngine } from '../adapters/money-engine.ts';
import { codeOf, isOutage } from '../adapters/outage.ts';
import type { PayAnswer, PayoutPort } from '../adapters/payout-port.ts';
import type { Db } from '../db/connect.ts';
import {
  decidePayout,
  findPayout,
  recordPayoutNews,
  tellPeople,
  type Payout,
  type PayoutNews,
} from '../db/payouts.ts';
import { openRun, periodBefore } from '../db/payout-runs.ts';
import { assertNever } from '../domain/errors.ts';
import { payoutKey, payoutNameOf, type PayoutRail } from '../domain/payout.ts';
import type { Logger } from '../log.ts';
import type { PayoutActivities, PayoutStep } from './contract.ts';
import { retryable } from './retryable.ts';
import { sendAll } from './send-all.ts';

type Dependencies = {
  /** Throws when it is not set up here. */
  readonly payoutPortOf: (rail: PayoutRail) => PayoutPort;
  readonly db: Db;
  readonly crashPoint: CrashPoint;
  readonly now?: () => number;
};

const hourMs = 3_600_000;
/** What a bank takes its time over; a webhook is usually first. */
const lookAgainMs = hourMs;
/** What waits for its account: the housekeeping tells when that may be used. */
const heldLookMs = 6 * hourMs;
/** A provider that stores failure after failure is given up on, so that no loop is endless. */
const maxAttempts = 5;
const tellSomebodyAfterMs = 72 * hourMs;

export function createPayoutActivities({
  payoutPortOf,
  db,
  crashPoint,
  now = Date.now,
}: Dependencies): Pick<PayoutActivities, 'advancePayout'> {
  async function advanceOnce(row: Payout): Promise<void> {
    switch (row.status) {
      case 'requested':
      case 'held':
        return decidePayout(db, row, new Date(now()));
      case 'sending':
      case 'in_transit':
        return send(row);
      case 'paid':
      case 'failed':
      case 'skipped':
        return undefined;
      default:
        return assertNever(row.status);
    }
  }

  async function send(row: Payout): Promise<void> {
    const { rail, destination, amount_minor: amountMinor, currency, instant, attempt } = row;
    if (rail === null || destination === null || amountMinor === null)
      throw new Error(`payout ${payoutNameOf(row)} is sent and was never decided on`);
    const tags = [row.status, row.party];
    await crashPoint('payout:before', tags);
    try {
      const answer = await payoutPortOf(rail).pay({
        name: payoutNameOf(row),
        key: payoutKey(row, attempt),
        amountMinor,
        currency,
        destination,
        instant,
        firstSentAt: row.first_sent_at?.getTime() ?? now(),
      });
      await crashPoint('payout:after-effect', tags);
      await recordPayoutNews(db, { row, news: newsOf(row, answer), now: new Date(now()) });
      await crashPoint('payout:after-record', tags);
    } catch (error) {
      const code = codeOf(error);
      if (row.first_sent_at && now() - row.first_sent_at.getTime() > tellSomebodyAfterMs)
        await tellPeople(db, { row, kind: 'payout_unanswered', code, now: new Date(now()) });
      throw isOutage(error) ? retryable(code, error.retryAfterMs) : error;
    }
  }

  return {
    async advancePayout(name): Promise<PayoutStep> {
      for (;;) {
        const row = await findPayout(db, name);
        if (!row) throw new Error(`no payout ${payoutNameOf(name)}`);
        if (row.finished_at) return { status: row.status, isOver: true, waitMs: 0 };
        await advanceOnce(row);
        const next = await findPayout(db, name);
        if (next && isWhereItWas(next, row)) {
          const waitMs = row.status === 'held' ? heldLookMs : lookAgainMs;
          return { status: row.status, isOver: false, waitMs };
        }
      }
    },
  };
}

/** Nothing has changed since, and there are no news. */
const isWhereItWas = (now: Payout, before: Payout): boolean =>
  !now.finished_at &&
  now.status === before.status &&
  now.attempt === before.attempt &&
  now.news === before.news;

function newsOf(row: Payout, answer: PayAnswer): PayoutNews {
  switch (answer.status) {
    case 'paid':
    case 'in_transit':
      return { kind: answer.status, payoutRef: answer.payoutRef };
    case 'failed':
      return { kind: 'failed', code: answer.code };
    case 'not_executed':
      return row.attempt < maxAttempts
        ? { kind: 'not_executed' }
        : { kind: 'failed', code: 'not_executed' };
    default:
      return assertNever(answer);
  }
}

type RunDependencies = {
  readonly db: Db;
  readonly money: Pick<MoneyEngine, 'startPayout'>;
  readonly log: Logger;
  readonly now?: () => number;
};

/** The market's run. A workflow that cannot be started now is started by the housekeeping. */
export const createPayoutRuns = ({
  db,
  money,
  log,
  now = Date.now,
}: RunDependencies): Pick<PayoutActivities, 'openPayouts'> => ({
  async openPayouts({ marketId, after }) {
    const at = new Date(now());
    const period = await periodBefore(db, { marketId, now: at });
    if (!period) return { opened: 0, next: undefined };
    const actor = { kind: 'system' } as const;
    const { opened, next } = await openRun(db, { marketId, period, actor, now: at, after });
    await sendAll({ items: opened, log }, (payout) => money.startPayout(payout));
    return { opened: opened.length, next };
  },
});
