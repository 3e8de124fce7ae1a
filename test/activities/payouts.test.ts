// Payouts on a real database against the fake Stripe over HTTP: what is due is paid once, whatever happens on the way,
// and what did not arrive is the party's again.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { PayoutStep } from '../../activities/contract.ts';
import { createPayoutActivities } from '../../activities/payouts.ts';
import type { PayoutPort } from '../../adapters/payout-port.ts';
import { createStripePayouts } from '../../adapters/stripe-payouts.ts';
import { findPayout, reopenPayout } from '../../db/payouts.ts';
import { receivableAfterMs, writeOffAfterMs, type PayoutName } from '../../domain/payout.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';
import {
  addParty,
  askForPayout,
  earn,
  movedByPayouts,
  openDispute,
  setAccount,
} from '../support/payouts.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
let market: Market;
let stripe: StripeSandbox;
let port: PayoutPort;
let now: number;
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());
beforeEach(async () => {
  now = Date.now();
  stripe = await startStripeSandbox({ now: () => now });
  port = createStripePayouts({
    secretKey: 'sk_test_x',
    apiBase: stripe.url,
    timeoutMs: 400,
    now: () => now,
  });
});
afterEach(() => stripe.close());

type Bank = Parameters<StripeSandbox['control']['openAccount']>[0];

/** A merchant who has earned 90.00 so far. */
async function earner(bank: Bank = {}, amountMinor = 9_000): Promise<string> {
  const party = await addParty(market, { destination: stripe.control.openAccount(bank) });
  await earn(market.db, party, { amountMinor, at: new Date(now - hourMs) });
  return party;
}

let periods = 0;
/** Of everything until now unless told. */
const ask = (party: string, endsAt = now): Promise<PayoutName> =>
  askForPayout(market, {
    party,
    period: `p-${++periods}`,
    endsAt: new Date(endsAt),
    now: new Date(now),
  });

const died = new Error('the process died');
const worker = (crashAt?: string) =>
  createPayoutActivities({
    payoutPortOf: () => port,
    db: market.db,
    now: () => now,
    crashPoint: (name, [status] = []) => {
      if (`${name}#${status}` === crashAt) throw died;
    },
  });
const advance = (name: PayoutName, crashAt?: string): Promise<PayoutStep> =>
  worker(crashAt).advancePayout(name);

/** As the workflow does: again and again until it is over or waits; outages are retried. */
async function carryOut(name: PayoutName, tries = 8): Promise<PayoutStep> {
  for (let n = 1; ; n++) {
    try {
      const step = await advance(name);
      if (step.isOver || step.status !== 'in_transit') return step;
      return await advance(name);
    } catch (error) {
      if (n === tries) throw error;
    }
  }
}

/** Tried until it dies there, or has gone past it. */
async function dieAt(name: PayoutName, crashAt: string): Promise<void> {
  for (let n = 1; n <= 4; n++) {
    const end: unknown = await advance(name, crashAt).catch((error: unknown) => error);
    if (end === died || !(end instanceof Error)) return;
  }
}

const books = () => stripe.control.books();
/** What has left our balance for this payout, and what has reached the bank. */
const sent = ({ party, period }: PayoutName): readonly number[] =>
  books()
    .transfers.filter((each) => each.transfer_group === `${party}:${period}` && !each.reversed)
    .map(({ amount }) => amount);
const arrived = ({ party, period }: PayoutName): readonly number[] =>
  books()
    .payouts.filter((each) => each.metadata['payout'] === `${party}:${period}`)
    .flatMap(({ amount, status }) => (status === 'paid' ? [amount] : []));
const incidentOf = ({ party, period }: PayoutName, kind: string) =>
  market.db
    .selectFrom('incidents')
    .select('detail')
    .where('key', '=', `${party}:${period}:${kind}`)
    .executeTakeFirst();

const paid = { merchant: 9_000, provider_clearing: -9_000 };

describe('a payout', () => {
  it('reaches the bank once, and the ledger knows', async () => {
    const party = await earner();
    const name = await ask(party);
    expect(await carryOut(name)).toMatchObject({ status: 'paid', isOver: true });
    expect([sent(name), arrived(name)]).toEqual([[9_000], [9_000]]);
    expect(await movedByPayouts(market.db, party)).toEqual(paid);
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });
    expect(await carryOut(await ask(party))).toMatchObject({ status: 'skipped' });
    expect(await movedByPayouts(market.db, party)).toEqual(paid);
  });

  it('is of its period alone, though it is late and others came before', async () => {
    const party = await earner();
    const first = await ask(party, now);
    now += dayMs;
    await earn(market.db, party, { amountMinor: 500, at: new Date(now - hourMs) });
    const second = await ask(party, now);
    now += hourMs;
    await earn(market.db, party, { amountMinor: 70, at: new Date(now) });
    expect(await carryOut(second)).toMatchObject({ status: 'paid' });
    expect(sent(second)).toEqual([9_500]);
    expect(await carryOut(first)).toMatchObject({ status: 'skipped' });
    const third = await ask(party, now + 1);
    await carryOut(third);
    expect(sent(third)).toEqual([70]);
  });

  it('leaves nothing out that was booked late into a period that is over', async () => {
    const party = await earner();
    await carryOut(await ask(party, now));
    await earn(market.db, party, { amountMinor: 300, at: new Date(now - 2 * hourMs) });
    const next = await ask(party, now + dayMs);
    await carryOut(next);
    expect(sent(next)).toEqual([300]);
  });

  it('that decides beside others shares with them, and pays nothing twice', async () => {
    const party = await earner();
    const names = [await ask(party), await ask(party), await ask(party)];
    const steps = await Promise.all(names.map((name) => carryOut(name)));
    expect(steps.map(({ status }) => status).toSorted()).toEqual(['paid', 'skipped', 'skipped']);
    expect(names.flatMap(sent)).toEqual([9_000]);
  });

  it('is on its way as long as the bank takes, and nobody pays it again', async () => {
    const party = await earner({ bank: 'slow' });
    const name = await ask(party);
    expect(await carryOut(name)).toMatchObject({ status: 'in_transit', isOver: false });
    expect(await movedByPayouts(market.db, party)).toEqual({
      merchant: 9_000,
      payouts_in_transit: -9_000,
    });
    now += 3 * dayMs;
    expect(await carryOut(name)).toMatchObject({ status: 'in_transit' });
    const [payout] = books().payouts;
    stripe.control.decidePayout(payout?.id ?? '', 'paid');
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });
    expect([sent(name), arrived(name)]).toEqual([[9_000], [9_000]]);
  });
});

describe('a payout that fails', () => {
  it.each([
    ['the bank refuses', { bank: 'refuses' }, 'bank_refused'],
    ['its account may not be paid', { payoutsEnabled: false }, 'account_refused'],
  ] as const)('%s: it is the party’s again, and the next period pays it', async (...row) => {
    const [, bank, code] = row;
    const party = await earner(bank);
    const name = await ask(party);
    expect(await carryOut(name)).toMatchObject({ status: 'failed', isOver: true });
    expect(await findPayout(market.db, name)).toMatchObject({ code });
    expect([sent(name), arrived(name)]).toEqual([[], []]);
    expect(await movedByPayouts(market.db, party)).toEqual({});
    expect(await incidentOf(name, 'payout_failed')).toMatchObject({ detail: { code } });
    const [account] = books().transfers.filter((each) => each.transfer_group?.startsWith(party));
    stripe.control.changeAccount(account?.destination ?? '', {
      bank: 'pays',
      payoutsEnabled: true,
    });
    const next = await ask(party);
    expect(await carryOut(next)).toMatchObject({ status: 'paid' });
    expect(sent(next)).toEqual([9_000]);
  });

  it('because our own balance is too small takes nothing', async () => {
    stripe.control.limitBalance(8_999);
    const party = await earner();
    const name = await ask(party);
    expect(await carryOut(name)).toMatchObject({ status: 'failed' });
    expect(await findPayout(market.db, name)).toMatchObject({ code: 'insufficient_funds' });
    expect(await movedByPayouts(market.db, party)).toEqual({});
  });

  it('after it had been paid: the bank sends it back', async () => {
    const party = await earner();
    const name = await ask(party);
    await carryOut(name);
    stripe.control.decidePayout(books().payouts[0]?.id ?? '', 'failed');
    expect(await reopenPayout(market.db, name)).toBe('reopened');
    expect(await carryOut(name)).toMatchObject({ status: 'failed' });
    expect(sent(name)).toEqual([]);
    expect(await movedByPayouts(market.db, party)).toEqual({});
    expect(await reopenPayout(market.db, name)).toBe('over');
  });

  it('looked at again because of idle news stays paid', async () => {
    const party = await earner();
    const name = await ask(party);
    await carryOut(name);
    await reopenPayout(market.db, name);
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });
    expect(await movedByPayouts(market.db, party)).toEqual(paid);
  });
});

describe('a payout that may not go', () => {
  it('waits for its account, and is left to the next period when that takes too long', async () => {
    const party = await earner();
    const destination = stripe.control.openAccount();
    await setAccount(market.db, party, { destination, verified: false });
    const name = await ask(party);
    expect(await carryOut(name)).toMatchObject({ status: 'held', isOver: false });
    expect(await findPayout(market.db, name)).toMatchObject({ code: 'account_unverified' });
    await setAccount(market.db, party, { destination });
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });

    await market.db.deleteFrom('payout_accounts').where('party', '=', party).execute();
    await earn(market.db, party, { amountMinor: 40, at: new Date(now - 1) });
    const other = await ask(party);
    expect(await carryOut(other)).toMatchObject({ status: 'held' });
    now += 7 * dayMs;
    expect(await carryOut(other)).toMatchObject({ status: 'skipped', isOver: true });
    expect(await findPayout(market.db, other)).toMatchObject({ code: 'account_missing' });
    await setAccount(market.db, party, { destination });
    const next = await ask(party);
    await carryOut(next);
    expect(sent(next)).toEqual([40]);
  });

  it('keeps back what is disputed, and pays the rest', async () => {
    const party = await earner();
    const orderId = await market.addOrder();
    await earn(market.db, party, { amountMinor: 2_000, at: new Date(now - hourMs), orderId });
    const disputeRef = await openDispute(market.db, orderId);
    const name = await ask(party);
    await carryOut(name);
    expect(sent(name)).toEqual([9_000]);
    const disputed = await ask(party);
    expect(await carryOut(disputed)).toMatchObject({ status: 'skipped' });
    expect(await findPayout(market.db, disputed)).toMatchObject({ code: 'disputed' });
    await market.db
      .updateTable('disputes')
      .set({ status: 'won', closed_at: new Date(now) })
      .where('dispute_ref', '=', disputeRef)
      .execute();
    const won = await ask(party);
    await carryOut(won);
    expect(sent(won)).toEqual([2_000]);
  });

  it('is less than the market’s minimum', async () => {
    const party = await earner({}, 900);
    const minimum = (minor: number) =>
      market.db.updateTable('markets').set({ payout_minimum_minor: minor }).execute();
    await minimum(1_000);
    const name = await ask(party);
    expect(await carryOut(name)).toMatchObject({ status: 'skipped' });
    await earn(market.db, party, { amountMinor: 100, at: new Date(now - 1) });
    const next = await ask(party);
    await carryOut(next);
    expect(sent(next)).toEqual([1_000]);
    await minimum(0);
  });
});

describe('a balance below zero', () => {
  it('is netted with what is earned, then a debt that earnings repay, at last a loss', async () => {
    const party = await earner({}, -1_000);
    const next = async (expected: object) => {
      const name = await ask(party);
      await carryOut(name);
      expect(await findPayout(market.db, name)).toMatchObject(expected);
    };
    await next({ status: 'skipped', code: 'owes' });
    now += 10 * dayMs;
    await earn(market.db, party, { amountMinor: 300, at: new Date(now - 1) });
    await next({ code: 'owes' });
    expect(await movedByPayouts(market.db, party)).toEqual({});
    now += receivableAfterMs - 10 * dayMs;
    await next({ code: 'owes' });
    expect(await movedByPayouts(market.db, party)).toEqual({ merchant: -700, receivable: 700 });
    await earn(market.db, party, { amountMinor: 500, at: new Date(now - 1) });
    await next({ code: 'nothing_due' });
    expect(await movedByPayouts(market.db, party)).toEqual({ merchant: -200, receivable: 200 });
    now += writeOffAfterMs;
    await earn(market.db, party, { amountMinor: 150, at: new Date(now - 1) });
    await next({ code: 'nothing_due' });
    expect(await movedByPayouts(market.db, party)).toEqual({ merchant: -50, bad_debt: 50 });
    await earn(market.db, party, { amountMinor: 80, at: new Date(now - 1) });
    await next({ status: 'paid', amount_minor: 80 });
  });

  it('of a driver with our cash in hand: the cash is the pay', async () => {
    const party = await market.addDriver();
    await setAccount(market.db, party, { destination: stripe.control.openAccount() });
    const at = new Date(now - 1);
    await earn(market.db, party, { amountMinor: 5_000, at, account: 'driver' });
    await earn(market.db, party, { amountMinor: -3_000, at, account: 'cash_in_hand' });
    const endsAt = new Date(now);
    const payout = { party, period: 'cash', endsAt, now: endsAt, kind: 'driver' } as const;
    const name = await askForPayout(market, payout);
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });
    expect(sent(name)).toEqual([2_000]);
    expect(await movedByPayouts(market.db, party)).toEqual({
      driver: 5_000,
      cash_in_hand: -3_000,
      provider_clearing: -2_000,
    });
  });
});

describe('whatever happens on the way', () => {
  const crashes = [
    undefined,
    'payout:before#sending',
    'payout:after-effect#sending',
    'payout:after-record#sending',
    'payout:after-effect#in_transit',
  ] as const;
  const paths = ['/v1/transfers', '/v1/payouts', '/reversals'] as const;
  const matrix = POST_FAULTS.flatMap((fault) =>
    paths.flatMap((path) => crashes.map((crash) => [fault, path, crash] as const)),
  );

  it.each(matrix)('is paid once or given back: %s at %s, killed at %s', async (...cell) => {
    const [kind, path, crash] = cell;
    // To try reversals the bank must refuse first.
    const refuses = path === '/reversals';
    const party = await earner({ bank: refuses ? 'refuses' : 'pays' });
    const name = await ask(party);
    stripe.control.addFault({ kind, match: { method: 'POST', path } });
    if (crash !== undefined) await dieAt(name, crash);
    const { status } = await carryOut(name);
    expect(status).toBe(refuses ? 'failed' : 'paid');
    expect([sent(name), arrived(name)]).toEqual(refuses ? [[], []] : [[9_000], [9_000]]);
    expect(await movedByPayouts(market.db, party)).toEqual(refuses ? {} : paid);
  });

  it('a key that the provider has forgotten pays nothing twice', async () => {
    const party = await earner();
    const name = await ask(party);
    stripe.control.addFault({ kind: 'execute_then_timeout', match: { path: '/v1/payouts' } });
    await expect(advance(name)).rejects.toThrow('no certain answer');
    now += 2 * dayMs;
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });
    expect(arrived(name)).toEqual([9_000]);
  });

  it('a provider that breaks every time is given up on, and nothing is lost', async () => {
    const party = await earner();
    const name = await ask(party);
    stripe.control.addFault({
      kind: '500',
      times: 5,
      match: { method: 'POST', path: '/v1/transfers' },
    });
    expect(await carryOut(name, 20)).toMatchObject({ status: 'failed' });
    expect(await findPayout(market.db, name)).toMatchObject({ code: 'not_executed', attempt: 5 });
    expect(await movedByPayouts(market.db, party)).toEqual({});
  });

  it('a provider that does not answer for days is told to somebody, and asked on', async () => {
    const party = await earner();
    const name = await ask(party);
    stripe.control.addFault({ kind: '503', times: 3, match: { path: '/v1/transfers' } });
    await expect(advance(name)).rejects.toThrow('no certain answer');
    expect(await incidentOf(name, 'payout_unanswered')).toBeUndefined();
    now += 3 * dayMs + 1;
    await expect(advance(name)).rejects.toThrow('no certain answer');
    expect(await incidentOf(name, 'payout_unanswered')).toBeDefined();
    expect(await carryOut(name)).toMatchObject({ status: 'paid' });
  });
});
