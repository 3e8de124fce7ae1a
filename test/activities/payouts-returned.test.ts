// Payouts that the bank sends back while we look at them, on a real database against the fake Stripe over HTTP: the news
// count, not what was read before them.

import { beforeEach, describe, expect, it } from 'vitest';
import { createPayoutUpkeep } from '../../activities/payout-upkeep.ts';
import { createPayoutActivities } from '../../activities/payouts.ts';
import type { CrashPoint } from '../../adapters/crash-point.ts';
import { createStripePayouts } from '../../adapters/stripe-payouts.ts';
import { payoutNameOf, type PayoutName } from '../../domain/payout.ts';
import { createLog } from '../../log.ts';
import { addParty, askForPayout, earn, movedByPayouts } from '../support/payouts.ts';
import { quietMoney } from '../support/quiet-money.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
let party: string;
let name: PayoutName;
let told: readonly PayoutName[];

async function ask(bank: 'slow' | 'pays'): Promise<void> {
  const destination = set.stripe.control.openAccount({ bank });
  party = await addParty(set.market, { destination });
  await earn(set.market.db, party, { amountMinor: 9_000, at: new Date(set.now - 1_000) });
  const now = new Date(set.now);
  name = await askForPayout(set.market, { party, period: 'p-1', endsAt: now, now });
}
beforeEach(() => {
  told = [];
});

/** One to whom something happens at a named point. */
const advance = (crashPoint: CrashPoint = () => undefined) =>
  createPayoutActivities({
    payoutPortOf: () =>
      createStripePayouts({ secretKey: 'sk', apiBase: set.stripe.url, now: () => set.now }),
    db: set.market.db,
    now: () => set.now,
    crashPoint,
  }).advancePayout(name);

const hear = (type: string): Promise<void> =>
  createPayoutUpkeep({
    db: set.market.db,
    money: { ...quietMoney, payoutChanged: async (payout) => void (told = [...told, payout]) },
    accounts: { isVerified: async () => true },
    log: createLog({ name: 'test', level: 'silent' }),
  }).tell(payoutNameOf(name), type);

const decide = (status: 'paid' | 'failed'): void => {
  const [payout] = set.stripe.control.books().payouts;
  set.stripe.control.decidePayout(payout?.id ?? '', status);
};
const sent = (): readonly number[] =>
  set.stripe.control.books().transfers.flatMap((each) => (each.reversed ? [] : [each.amount]));

async function expectBack(): Promise<void> {
  expect(await advance()).toMatchObject({ status: 'failed', isOver: true });
  expect(sent()).toEqual([]);
  expect(await movedByPayouts(set.market.db, party)).toEqual({});
}

describe('a payout that the bank sends back', () => {
  it('after a look has read it as paid is the party’s again', async () => {
    await ask('slow');
    expect(await advance()).toMatchObject({ status: 'in_transit' });
    decide('paid');
    await advance(async (point) => {
      if (point !== 'payout:after-effect' || told.length > 0) return;
      decide('failed');
      await hear('payout.failed');
    });
    expect(told).toHaveLength(1);
    await expectBack();
  });

  it('before its first answer is recorded is not told of yet: the news wait for the record', async () => {
    await ask('pays');
    await advance(async (point, [status] = []) => {
      if (point !== 'payout:after-effect' || status !== 'sending') return;
      decide('failed');
      await expect(hear('payout.failed')).rejects.toThrow('is being sent');
    });
    expect(told).toEqual([]);
    await expectBack();
  });
});
