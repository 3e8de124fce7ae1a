// Accounts that were paid, one by one in the nightly comparison, on a real database against the fake Stripe over HTTP: what
// their banks sent back unheard is looked at again, within the time that was measured for it and from where it was.

import { expect, it } from 'vitest';
import { createPayoutActivities } from '../../activities/payouts.ts';
import { createReconcileActivities, type Progress } from '../../activities/reconcile.ts';
import { createStripePayouts } from '../../adapters/stripe-payouts.ts';
import { findPayout } from '../../db/payouts.ts';
import type { PayoutName } from '../../domain/payout.ts';
import { createLog } from '../../log.ts';
import { addParty, askForPayout, earn } from '../support/payouts.ts';
import { setUpStripe } from '../support/stripe-rig.ts';

const set = setUpStripe();
const log = createLog({ name: 'test', level: 'silent' });
const died = new Error('the worker died');

async function paidTo(destination: string): Promise<PayoutName> {
  const { db } = set.market;
  const party = await addParty(set.market, { destination });
  const now = new Date(set.now);
  await earn(db, party, { amountMinor: 900, at: new Date(set.now - 1_000) });
  const name = await askForPayout(set.market, { party, period: 'p-1', endsAt: now, now });
  const paid = createPayoutActivities({
    payoutPortOf: stripePayouts,
    db,
    now: () => set.now,
    crashPoint: () => undefined,
  }).advancePayout(name);
  expect(await paid).toMatchObject({ status: 'paid' });
  return name;
}
const stripePayouts = () =>
  createStripePayouts({ secretKey: 'sk', apiBase: set.stripe.url, now: () => set.now });

it('that were paid are asked for what their bank sent back, each once, also when the worker dies', async () => {
  let kept: Progress | undefined;
  const asked: string[] = [];
  const comparing = (diesAt = 0) => {
    const books = stripePayouts();
    return createReconcileActivities({
      db: set.market.db,
      gateway: set.gateway,
      payouts: {
        ...books,
        refusedPayouts: (input) => {
          asked.push(input.destination);
          if (asked.length === diesAt) throw died;
          return books.refusedPayouts(input);
        },
      },
      log,
      now: () => set.now,
      progress: { last: () => kept, keep: (progress) => void (kept = progress) },
    });
  };
  const budgetMs = await comparing().reconciliationBudgetMs();
  const accounts = [1, 2, 3].map(() => set.stripe.control.openAccount({ bank: 'pays' })).toSorted();
  const names = [];
  for (const account of accounts) names.push(await paidTo(account));
  expect(await comparing().reconciliationBudgetMs()).toBe(budgetMs + accounts.length * 1_500);
  for (const { id } of set.stripe.control.books().payouts)
    set.stripe.control.decidePayout(id, 'failed');
  await expect(comparing(2).reconcile()).rejects.toBe(died);
  asked.length = 0;
  expect(await comparing().reconcile()).toMatchObject({ differences: 3, healed: 3 });
  expect(asked).toEqual(accounts.slice(1));
  for (const name of names)
    expect(await findPayout(set.market.db, name)).toMatchObject({ status: 'in_transit' });
});
