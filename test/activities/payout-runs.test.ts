// What happens around payouts on a real database against the fake Stripe: the market's runs, the provider's news, accounts
// that wait for its yes, and the nightly comparison.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPayoutUpkeep } from '../../activities/payout-upkeep.ts';
import { createPayoutActivities, createPayoutRuns } from '../../activities/payouts.ts';
import { createReconcileActivities } from '../../activities/reconcile.ts';
import type { PayoutBooks, PayoutPort } from '../../adapters/payout-port.ts';
import { createStripePayouts } from '../../adapters/stripe-payouts.ts';
import { createStripeGateway, type CardGateway } from '../../adapters/stripe.ts';
import { periodBefore } from '../../db/payout-runs.ts';
import { findPayout } from '../../db/payouts.ts';
import { payoutNameOf, type PayoutName, type PayoutStatus } from '../../domain/payout.ts';
import { createLog } from '../../log.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';
import { addParty, askForPayout, earn, movedByPayouts } from '../support/payouts.ts';

const dayMs = 86_400_000;
const log = createLog({ name: 'test', level: 'silent' });
let market: Market;
let stripe: StripeSandbox;
let gateway: CardGateway;
let port: PayoutPort & PayoutBooks;
let told: string[];
beforeEach(async () => {
  told = [];
  market = await createMarket();
  stripe = await startStripeSandbox();
  const options = { secretKey: 'sk_test_x', apiBase: stripe.url };
  gateway = createStripeGateway({ ...options, webhookSecret: 'whsec_x' });
  port = createStripePayouts(options);
});
afterEach(async () => {
  await stripe.close();
  await market.close();
});

const pay = (name: PayoutName) =>
  createPayoutActivities({
    payoutPortOf: () => port,
    db: market.db,
    crashPoint: () => undefined,
  }).advancePayout(name);

const upkeep = () =>
  createPayoutUpkeep({
    db: market.db,
    accounts: port,
    log,
    money: {
      startPayout: async (name) => void told.push(`start ${payoutNameOf(name)}`),
      payoutChanged: async (name) => void told.push(payoutNameOf(name)),
      schedulePayouts: async ({ marketId, every, timeZone }) =>
        void told.push(`schedule ${marketId} ${every} ${timeZone}`),
    },
  });
const look = async (): Promise<void> => {
  for (const part of upkeep().parts) await part();
};

async function paidPayout(): Promise<PayoutName> {
  const party = await addParty(market, { destination: stripe.control.openAccount() });
  const now = new Date();
  await earn(market.db, party, { amountMinor: 900, at: new Date(now.getTime() - dayMs) });
  const name = await askForPayout(market, { party, period: 'p-1', endsAt: now, now });
  expect(await pay(name)).toMatchObject({ status: 'paid' });
  return name;
}

const settings = (change: object) =>
  market.db.updateTable('markets').set(change).where('id', '=', market.marketId).execute();

describe('a period', () => {
  it.each([
    ['day', 'Europe/Berlin', '2026-03-29T22:30:00Z', '2026-03-30', '2026-03-29T22:00:00Z'],
    ['day', 'Europe/Berlin', '2026-03-29T21:59:59Z', '2026-03-29', '2026-03-28T23:00:00Z'],
    ['week', 'Europe/Berlin', '2026-05-10T21:59:59Z', '2026-05-04', '2026-05-03T22:00:00Z'],
    ['week', 'Asia/Tokyo', '2026-05-10T15:00:00Z', '2026-05-11', '2026-05-10T15:00:00Z'],
    ['day', 'America/Guayaquil', '2026-05-10T04:59:59Z', '2026-05-09', '2026-05-09T05:00:00Z'],
  ])('of a %s in %s at %s is %s', async (payout_every, time_zone, now, name, endsAt) => {
    await settings({ payout_every, time_zone });
    expect(
      await periodBefore(market.db, { marketId: market.marketId, now: new Date(now) }),
    ).toEqual({ name, endsAt: new Date(endsAt) });
  });

  it('is nothing for a market that pays out by hand', async () => {
    const asked = { marketId: market.marketId, now: new Date() };
    expect(await periodBefore(market.db, asked)).toBeUndefined();
    await look();
    expect(told).toEqual([]);
  });
});

const run = (at: string) =>
  createPayoutRuns({
    db: market.db,
    log,
    now: () => Date.parse(at),
    money: { startPayout: async ({ party, period }) => void told.push(`${party} ${period}`) },
  }).openPayouts({ marketId: market.marketId, after: undefined });

describe('a market’s run', () => {
  it('opens one payout per party with a balance, each period once, and starts it', async () => {
    await settings({ payout_every: 'day' });
    const merchant = await addParty(market, { destination: 'acct_1' });
    await addParty(market, { destination: 'acct_2' });
    const driver = await market.addDriver();
    const at = new Date('2026-05-01T00:00:00Z');
    await earn(market.db, merchant, { amountMinor: 5, at });
    await earn(market.db, driver, { amountMinor: 5, at, account: 'driver' });
    expect(await run('2026-05-04T00:00:00Z')).toEqual({ opened: 2, next: undefined });
    expect(told.toSorted()).toEqual([`${driver} 2026-05-04`, `${merchant} 2026-05-04`].toSorted());
    expect(await run('2026-05-04T12:00:00Z')).toEqual({ opened: 0, next: undefined });
    expect(await run('2026-05-05T00:00:00Z')).toMatchObject({ opened: 2 });
    const name = { party: driver, period: '2026-05-05' };
    expect(await findPayout(market.db, name)).toMatchObject({ kind: 'driver', currency: 'EUR' });
  });

  it('also opens one for who has gone and owes from before, until that is written off', async () => {
    await settings({ payout_every: 'day' });
    const party = await addParty(market, { destination: 'acct_1' });
    const at = new Date('2025-01-01T00:00:00Z');
    await earn(market.db, party, { amountMinor: -700, at, account: 'receivable' });
    expect(await run('2026-05-04T00:00:00Z')).toMatchObject({ opened: 1 });
    const name = { party, period: '2026-05-04' };
    expect(await pay(name)).toMatchObject({ status: 'skipped' });
    expect(await movedByPayouts(market.db, party)).toEqual({ receivable: -700, bad_debt: 700 });
    expect(await run('2026-05-05T00:00:00Z')).toMatchObject({ opened: 0 });
  });

  it('is scheduled once, and whatever was not started is started', async () => {
    await settings({ payout_every: 'week' });
    const party = await addParty(market, { destination: 'acct_1' });
    const now = new Date();
    await askForPayout(market, { party, period: 'p-1', endsAt: now, now });
    const { parts } = upkeep();
    for (const part of [...parts, ...parts]) await part();
    const scheduled = told.filter((each) => each.startsWith('schedule'));
    expect(scheduled).toEqual([`schedule ${market.marketId} week Europe/Berlin`]);
    expect(told).toContain(`start ${party}:p-1`);
  });
});

describe('an account', () => {
  it.each([
    ['pays there', { payoutsEnabled: false }, { payoutsEnabled: true }],
    ['lets money be transferred there', { transfers: 'pending' }, { transfers: 'active' }],
    ['leaves payouts to us', { payoutInterval: 'daily' }, { payoutInterval: 'manual' }],
  ] as const)('is used once the provider %s, and what was held is let go', async (_, not, yes) => {
    const destination = stripe.control.openAccount(not);
    const party = await addParty(market, { destination, verified: false });
    const now = new Date();
    await earn(market.db, party, { amountMinor: 900, at: new Date(now.getTime() - dayMs) });
    const name = await askForPayout(market, { party, period: 'p-1', endsAt: now, now });
    expect(await pay(name)).toMatchObject({ status: 'held' });
    await look();
    expect(told).not.toContain(payoutNameOf(name));
    stripe.control.changeAccount(destination, yes);
    await look();
    expect(told).toContain(payoutNameOf(name));
    expect(await pay(name)).toMatchObject({ status: 'paid' });
  });

  it('that the provider refuses again is used no more', async () => {
    const destination = stripe.control.openAccount();
    const party = await addParty(market, { destination });
    stripe.control.changeAccount(destination, { payoutsEnabled: false });
    await upkeep().verify(destination);
    const row = market.db.selectFrom('payout_accounts').select('verified');
    expect(await row.where('party', '=', party).execute()).toEqual([{ verified: false }]);
  });
});

describe('a payout', () => {
  it('by a way that is not set up here is told to somebody after days', async () => {
    const party = await addParty(market, { destination: 'acct_1' });
    let now = new Date();
    await earn(market.db, party, { amountMinor: 900, at: new Date(now.getTime() - dayMs) });
    const name = await askForPayout(market, { party, period: 'p-1', endsAt: now, now });
    const { advancePayout } = createPayoutActivities({
      payoutPortOf: () => {
        throw new Error('payouts by stripe are not set up here');
      },
      db: market.db,
      crashPoint: () => undefined,
      now: () => now.getTime(),
    });
    const incidents = market.db.selectFrom('incidents').select('kind');
    await expect(advancePayout(name)).rejects.toThrow('not set up');
    expect(await incidents.execute()).toEqual([]);
    now = new Date(now.getTime() + 3 * dayMs + 1);
    await expect(advancePayout(name)).rejects.toThrow('not set up');
    expect(await incidents.execute()).toEqual([{ kind: 'payout_unanswered' }]);
  });
});

describe('news', () => {
  it('of a payout under way make it look; of one that is over only when it may have come back', async () => {
    const destination = stripe.control.openAccount({ bank: 'slow' });
    const party = await addParty(market, { destination });
    const now = new Date();
    await earn(market.db, party, { amountMinor: 900, at: new Date(now.getTime() - dayMs) });
    const name = await askForPayout(market, { party, period: 'p-1', endsAt: now, now });
    expect(await pay(name)).toMatchObject({ status: 'in_transit' });
    await upkeep().tell(payoutNameOf(name), 'payout.created');
    expect(told).toEqual([payoutNameOf(name)]);
    stripe.control.decidePayout(stripe.control.books().payouts[0]?.id ?? '', 'paid');
    expect(await pay(name)).toMatchObject({ status: 'paid' });
    told.length = 0;
    for (const type of ['payout.created', 'payout.paid', 'transfer.created'])
      await upkeep().tell(payoutNameOf(name), type);
    for (const stranger of ['mer_1:p-1', 'nonsense', ''])
      await upkeep().tell(stranger, 'payout.failed');
    expect(told).toEqual([]);
    await upkeep().tell(payoutNameOf(name), 'payout.failed');
    expect(told).toEqual([payoutNameOf(name)]);
  });
});

const compared = async (): Promise<readonly string[]> => {
  await createReconcileActivities({ db: market.db, gateway, payouts: port, log }).reconcile();
  const open = market.db.selectFrom('incidents').select('kind').where('resolved_at', 'is', null);
  return (await open.execute()).map(({ kind }) => kind);
};

const transferTo = async (body: Readonly<Record<string, string>>): Promise<void> => {
  const response = await fetch(`${stripe.url}/v1/transfers`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_x' },
    body: new URLSearchParams(body),
  });
  expect(response.status).toBe(200);
};

describe('the nightly comparison', () => {
  it('has nothing to say of payouts that agree, paid or given back', async () => {
    await paidPayout();
    const party = await addParty(market, {
      destination: stripe.control.openAccount({ bank: 'refuses' }),
    });
    const now = new Date();
    await earn(market.db, party, { amountMinor: 900, at: new Date(now.getTime() - dayMs) });
    const name = await askForPayout(market, { party, period: 'p-1', endsAt: now, now });
    expect(await pay(name)).toMatchObject({ status: 'failed' });
    expect((await compared()).filter((kind) => kind.startsWith('reconcile'))).toEqual([]);
  });

  it('looks again at what a bank sent back after it was paid, whose news never came', async () => {
    const name = await paidPayout();
    stripe.control.decidePayout(stripe.control.books().payouts[0]?.id ?? '', 'failed');
    expect(await compared()).toEqual([]);
    expect(await pay(name)).toMatchObject({ status: 'failed', isOver: true });
    expect((await compared()).filter((kind) => kind.startsWith('reconcile'))).toEqual([]);
  });

  it('finds what left our balance twice, or for nobody', async () => {
    const name = await paidPayout();
    const destination = stripe.control.openAccount();
    const sum = { amount: '900', currency: 'eur', destination };
    await transferTo({ ...sum, 'metadata[payout]': payoutNameOf(name) });
    expect(await compared()).toEqual(['reconcile_payout_twice']);
    await transferTo(sum);
    expect((await compared()).toSorted()).toEqual([
      'reconcile_payout_of_nobody',
      'reconcile_payout_twice',
    ]);
  });

  it('finds what we think was paid and was not, or in another amount', async () => {
    const name = await paidPayout();
    const change = (amount_minor: number, status: PayoutStatus = 'paid') =>
      market.db
        .updateTable('payouts')
        .set({ amount_minor, status })
        .where('party', '=', name.party)
        .execute();
    await change(901);
    expect(await compared()).toEqual(['reconcile_payout_differs']);
    await change(901, 'sending');
    expect(await compared()).toEqual(['reconcile_payout_differs']);
    await change(900);
    expect(await compared()).toEqual([]);
    const party = await addParty(market, { destination: 'acct_1' });
    const now = new Date();
    const other = await askForPayout(market, { party, period: 'p-2', endsAt: now, now });
    await market.db
      .updateTable('payouts')
      .set({ status: 'paid', amount_minor: 5, rail: 'stripe', destination: 'acct_1' })
      .set({ first_sent_at: now, finished_at: now })
      .where('party', '=', other.party)
      .execute();
    expect(await compared()).toEqual(['reconcile_payout_here_unknown_there']);
  });
});
