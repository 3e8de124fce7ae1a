// Housekeeping of payouts: workflows that were never started or were lost, schedules of markets, accounts that wait for
// the provider's yes, and the provider's news. A webhook is a hint, the provider is asked what is true.

import type { MoneyEngine } from '../adapters/money-engine.ts';
import type { PayoutBooks } from '../adapters/payout-port.ts';
import { paidButReturned } from '../db/bank-payments.ts';
import type { Db } from '../db/connect.ts';
import { payoutsToRelease, recordVerified, unverifiedAccounts } from '../db/payout-accounts.ts';
import { payoutMarkets } from '../db/payout-runs.ts';
import { findPayout, openPayouts, reopenPayout } from '../db/payouts.ts';
import { parsePayoutName } from '../domain/payout.ts';
import type { Logger } from '../log.ts';
import { sendAll } from './send-all.ts';

type Dependencies = {
  readonly db: Db;
  readonly money: Pick<MoneyEngine, 'startPayout' | 'payoutChanged' | 'schedulePayouts'>;
  readonly accounts: Pick<PayoutBooks, 'isVerified'>;
  readonly log: Logger;
};

const rail = 'stripe';
const mayHaveFailed: ReadonlySet<string> = new Set([
  'payout.failed',
  'payout.canceled',
  'transfer.reversed',
]);

export function createPayoutUpkeep({ db, money, accounts, log }: Dependencies) {
  async function startPayouts(): Promise<void> {
    await sendAll({ items: await openPayouts(db), log }, (payout) => money.startPayout(payout));
  }

  const scheduled = new Set<string>();
  async function schedulePayouts(): Promise<void> {
    const items = (await payoutMarkets(db)).filter(({ marketId }) => !scheduled.has(marketId));
    await sendAll({ items, log }, async (market) => {
      await money.schedulePayouts(market);
      scheduled.add(market.marketId);
    });
  }

  async function verifyAccounts(): Promise<void> {
    await sendAll({ items: await unverifiedAccounts(db, rail), log }, verify);
  }

  async function verify(destination: string): Promise<void> {
    const verified = await accounts.isVerified(destination);
    await recordVerified(db, { rail, destination, verified, now: new Date() });
  }

  async function letGo(): Promise<void> {
    await sendAll({ items: await payoutsToRelease(db), log }, (payout) =>
      money.payoutChanged(payout),
    );
  }

  async function reopenReturned(): Promise<void> {
    await sendAll({ items: await paidButReturned(db), log }, async (payout) => {
      if ((await reopenPayout(db, payout)) === 'reopened') await money.payoutChanged(payout);
    });
  }

  /** What was paid is looked at again only when it may have come back. */
  async function tell(name: string, type: string): Promise<void> {
    const named = parsePayoutName(name);
    const row = named && (await findPayout(db, named));
    if (!row) return;
    if (mayHaveFailed.has(type)) {
      const found = await reopenPayout(db, row);
      if (found === 'sending') throw new Error(`the payout ${name} is being sent`);
      if (found === 'over') return;
    } else if (row.finished_at) return;
    await money.payoutChanged(row);
  }

  const parts = [startPayouts, schedulePayouts, verifyAccounts, letGo, reopenReturned] as const;
  return { tell, verify, parts };
}
