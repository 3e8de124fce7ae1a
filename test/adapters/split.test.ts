// A wallet and a card as one payment, on a real database and against the fake Stripe over HTTP: whatever happens on the way,
// both hold or neither, and what is taken is taken once.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isOutage } from '../../adapters/outage.ts';
import { stripePort, type PaymentPort } from '../../adapters/payment-port.ts';
import { createSplitPort } from '../../adapters/split.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { createWalletPort } from '../../adapters/wallet.ts';
import { newId } from '../../db/new-id.ts';
import { balanceOf, createWalletBooks } from '../../db/wallet.ts';
import { splitToken } from '../../domain/split.ts';
import { POST_FAULTS } from '../../sandbox/provider/faults.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { createMarket, type Market } from '../db/market.ts';
import { fillWallet } from '../support/wallet.ts';

const minuteMs = 60_000;
const amountMinor = 2_350;
let market: Market;
let stripe: StripeSandbox;
let port: PaymentPort;
let now: number;
let startedAt: number;
let orderId: string;
let wallet: { readonly customerId: string; readonly currency: string };
beforeAll(async () => {
  market = await createMarket();
});
afterAll(() => market.close());
beforeEach(async () => {
  now = Date.now();
  startedAt = now;
  orderId = newId('order');
  wallet = { customerId: newId('customer'), currency: 'EUR' };
  stripe = await startStripeSandbox({ now: () => now, searchLagMs: 0 });
  const gateway = createStripeGateway({
    secretKey: 'sk_test_x',
    apiBase: stripe.url,
    webhookSecret: 'whsec_x',
    timeoutMs: 400,
    now: () => now,
  });
  const books = createWalletBooks(market.db);
  port = createSplitPort({ books, wallet: createWalletPort(books), card: stripePort(gateway) });
});
afterEach(() => stripe.close());

const fill = (minor: number) => fillWallet(market.db, { ...wallet, amountMinor: minor });
const inWallet = () => balanceOf(market.db, wallet);

type Paying = { readonly card?: string; readonly walletMinor?: number | undefined };
const authorize = (n = 1, { card = 'pm_card_visa', walletMinor }: Paying = {}) =>
  port.authorize({
    orderId,
    attempt: n,
    key: `${orderId}:authorize:${n}`,
    amountMinor,
    currency: 'EUR',
    paymentMethod: splitToken({ customerId: wallet.customerId, walletMinor, card }),
    firstSentAt: startedAt,
  });

/** As the engine does: outages are asked again with the same key; a definitive no gets the next. */
async function insist<T extends { readonly status: string }>(
  ask: (n: number) => Promise<T>,
): Promise<readonly [T, number]> {
  let n = 1;
  for (let tries = 0; tries < 12; tries++) {
    try {
      const answer = await ask(n);
      if (answer.status !== 'not_executed') return [answer, n];
      n += 1;
    } catch (error) {
      if (!isOutage(error)) throw error;
      now += minuteMs;
    }
  }
  throw new Error('no answer in the end');
}

async function pay(paying: Paying = {}): Promise<{ readonly ref: string; readonly n: number }> {
  const [answer, n] = await insist((attempt) => authorize(attempt, paying));
  expect(answer).toMatchObject({ status: 'authorized', amountMinor });
  return { ref: 'providerRef' in answer ? (answer.providerRef ?? '') : '', n };
}
const capture = async (providerRef: string, minor: number) =>
  (
    await insist((n) =>
      port.capture({
        orderId,
        providerRef,
        amountMinor: minor,
        key: `${orderId}:capture:${n}`,
        firstSentAt: startedAt,
      }),
    )
  )[0];
const release = async (providerRef: string | undefined, attempt = 1) =>
  (
    await insist((n) =>
      port.void({
        orderId,
        providerRef,
        attempt,
        key: `${orderId}:void:${n}`,
        firstSentAt: startedAt,
      }),
    )
  )[0];

const intents = () =>
  stripe.control
    .books()
    .payment_intents.filter(({ metadata }) => !metadata['step']?.startsWith('burn'));
const onCard = () => ({
  held: intents().flatMap((p) => (p.status === 'requires_capture' ? [p.amount] : [])),
  taken: intents().flatMap((p) => (p.amount_received > 0 ? [p.amount_received] : [])),
});

describe('a split payment', () => {
  it.each([
    ['what the wallet has', undefined, 1_000, 1_350],
    ['a named amount', 400, 400, 1_950],
  ])('holds %s and the rest on the card', async (_what, walletMinor, heldMinor, restMinor) => {
    await fill(1_000);
    await pay({ walletMinor });
    expect(await inWallet()).toEqual({ balanceMinor: 1_000 - heldMinor, heldMinor });
    expect(onCard()).toEqual({ held: [restMinor], taken: [] });
  });

  it.each([undefined, 2_340])('leaves the card what a card takes: of %s', async (walletMinor) => {
    await fill(2_340);
    await pay({ walletMinor });
    expect(await inWallet()).toEqual({ balanceMinor: 40, heldMinor: 2_300 });
    expect(onCard()).toEqual({ held: [50], taken: [] });
  });

  it('asks for no card where the wallet has it all', async () => {
    await fill(5_000);
    const { ref } = await pay();
    expect(intents()).toEqual([]);
    expect(await capture(ref, 2_000)).toMatchObject({ status: 'captured', walletMinor: 2_000 });
    expect(await inWallet()).toEqual({ balanceMinor: 3_000, heldMinor: 0 });
  });

  it('is the card’s alone where the wallet is empty, also when money comes while it is asked again', async () => {
    stripe.control.addFault({
      kind: 'execute_then_timeout',
      match: { method: 'POST', path: '/v1/payment_intents' },
    });
    await expect(authorize()).rejects.toSatisfy(isOutage);
    await fill(1_000);
    await pay();
    expect(await inWallet()).toEqual({ balanceMinor: 1_000, heldMinor: 0 });
    expect(onCard()).toEqual({ held: [amountMinor], taken: [] });
  });

  it('of a named amount that the wallet does not have is declined, and no card is asked', async () => {
    await fill(300);
    expect(await authorize(1, { walletMinor: 400 })).toEqual({
      status: 'declined',
      code: 'insufficient_funds',
    });
    expect([intents(), await inWallet()]).toEqual([[], { balanceMinor: 300, heldMinor: 0 }]);
  });

  it('that the card declines lets the wallet go', async () => {
    await fill(1_000);
    const card = 'pm_card_visa_chargeDeclinedInsufficientFunds';
    expect(await authorize(1, { card })).toMatchObject({ status: 'declined' });
    expect(await inWallet()).toEqual({ balanceMinor: 1_000, heldMinor: 0 });
  });

  it.each([
    ['less than the wallet gave', 800, 800, []],
    ['what the wallet gave', 1_000, 1_000, []],
    ['more', 1_500, 1_000, [500]],
    ['all', amountMinor, 1_000, [1_350]],
  ])('takes %s from the wallet first', async (_what, minor, walletMinor, taken) => {
    await fill(1_000);
    const { ref } = await pay();
    const expected = { status: 'captured', amountMinor: minor, walletMinor };
    expect(await capture(ref, minor)).toMatchObject(expected);
    expect(await capture(ref, minor)).toMatchObject(expected);
    expect(onCard()).toEqual({ held: [], taken });
    expect(await inWallet()).toEqual({ balanceMinor: 1_000 - walletMinor, heldMinor: 0 });
  });

  it('lets both go, answered or not, and takes nothing afterwards', async () => {
    await fill(1_000);
    const { ref } = await pay();
    expect(await release(ref)).toEqual({ status: 'voided' });
    expect(await capture(ref, 500)).toMatchObject({ status: 'failed' });
    orderId = newId('order');
    stripe.control.addFault({
      kind: 'execute_then_timeout',
      match: { method: 'POST', path: '/v1/payment_intents' },
    });
    await expect(authorize()).rejects.toSatisfy(isOutage);
    expect(await release(undefined)).toEqual({ status: 'voided' });
    expect(onCard()).toEqual({ held: [], taken: [] });
    expect(await inWallet()).toEqual({ balanceMinor: 1_000, heldMinor: 0 });
  });

  it('after letting go of what was never answered, a late request holds nothing', async () => {
    await fill(1_000);
    await release(undefined);
    const late = await authorize().catch(() => undefined);
    expect(late?.status).not.toBe('authorized');
    expect(await inWallet()).toEqual({ balanceMinor: 1_000, heldMinor: 0 });
  });

  it('whose card was lost when the wallet had given its part says so', async () => {
    await fill(1_000);
    const { ref } = await pay();
    stripe.control.addFault({ kind: 'hold_expired', match: { method: 'POST', path: '/capture' } });
    expect(await capture(ref, 2_000)).toMatchObject({ status: 'failed', code: 'hold_expired' });
    expect(await release(ref)).toMatchObject({
      status: 'captured',
      amountMinor: 1_000,
      walletMinor: 1_000,
    });
    expect(onCard().taken).toEqual([]);
  });

  it.each(['succeed', 'fail'])('waits for 3-D Secure to %s with the wallet', async (outcome) => {
    await fill(1_000);
    const asked = await authorize(1, { card: 'pm_card_authenticationRequired' });
    expect(asked.status).toBe('requires_action');
    expect(await inWallet()).toEqual({ balanceMinor: 0, heldMinor: 1_000 });
    const providerRef = 'providerRef' in asked ? (asked.providerRef ?? '') : '';
    await fetch(`${stripe.url}/sandbox/payment_intents/${providerRef}/authenticate`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ outcome }),
    });
    const truth = await port.retrieve({ providerRef, of: { orderId, attempt: 1 } });
    const yes = outcome === 'succeed';
    expect(truth).toMatchObject(
      yes ? { status: 'authorized', amountMinor } : { status: 'declined' },
    );
    expect((await inWallet()).heldMinor).toBe(yes ? 1_000 : 0);
  });

  const paths = ['/v1/payment_intents', '/capture'] as const;
  const matrix = POST_FAULTS.flatMap((kind) => paths.map((path) => [kind, path] as const));

  it.each(matrix)('is taken once: %s at %s', async (kind, path) => {
    await fill(1_000);
    stripe.control.addFault({ kind, match: { method: 'POST', path } });
    const { ref } = await pay();
    expect(await capture(ref, 2_000)).toMatchObject({ status: 'captured', walletMinor: 1_000 });
    expect(onCard()).toEqual({ held: [], taken: [1_000] });
    expect(await inWallet()).toEqual({ balanceMinor: 0, heldMinor: 0 });
  });

  it.each(POST_FAULTS)('is let go whole: %s', async (kind) => {
    await fill(1_000);
    const { ref } = await pay();
    stripe.control.addFault({ kind, match: { method: 'POST', path: '/cancel' } });
    expect(await release(ref)).toEqual({ status: 'voided' });
    expect(onCard()).toEqual({ held: [], taken: [] });
    expect(await inWallet()).toEqual({ balanceMinor: 1_000, heldMinor: 0 });
  });
});
