// Providers that lie: what they say, and what is in their books. No service is needed.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createStripeGateway, type CardGateway } from '../../adapters/stripe.ts';
import type { LieKind } from '../../sandbox/provider/lies.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import { startPaypalAccount, type PaypalAccount } from '../support/paypal.ts';

const orderId = 'ord_1';
const amountMinor = 2_350;

describe('a Stripe that lies', () => {
  let stripe: StripeSandbox;
  let gateway: CardGateway;
  beforeEach(async () => {
    const webhooks = { url: 'http://127.0.0.1:9/', held: true };
    stripe = await startStripeSandbox({ webhooks });
    const options = { secretKey: 'sk_test_x', apiBase: stripe.url, webhookSecret: 'x' };
    gateway = createStripeGateway(options);
  });
  afterEach(() => stripe.close());

  const authorize = () =>
    gateway.authorize({
      orderId,
      attempt: 1,
      key: `${orderId}:authorize:1`,
      amountMinor,
      currency: 'EUR',
      paymentMethod: 'pm_card_visa',
    });
  async function hold(): Promise<string> {
    const held = await authorize();
    return held.status === 'authorized' ? held.providerRef : held.status;
  }
  const capture = (providerRef: string) =>
    gateway.capture({ orderId, providerRef, amountMinor, key: `${orderId}:capture:1` });
  const refund = (providerRef: string) =>
    gateway.refund({ orderId, providerRef, amountMinor: 500, key: `${orderId}:refund:1` });
  const inBooks = () => stripe.control.books().payment_intents.map(({ status }) => status);
  const told = (): readonly LieKind[] => stripe.control.lies().map(({ kind }) => kind);

  it('says that it has captured, and has not', async () => {
    const ref = await hold();
    stripe.control.planLies('says_captured');
    expect(await capture(ref)).toMatchObject({ status: 'captured', amountMinor });
    expect(inBooks()).toEqual(['requires_capture']);
    expect(stripe.control.lies()).toMatchObject([
      { kind: 'says_captured', providerRef: ref, orderId },
    ]);
  });

  it('captures later than it says', async () => {
    const ref = await hold();
    stripe.control.planLies('captures_late');
    expect(await capture(ref)).toMatchObject({ status: 'captured' });
    expect(inBooks()).toEqual(['requires_capture']);
    stripe.control.settleLies();
    expect(inBooks()).toEqual(['succeeded']);
  });

  it('says that a capture has failed, and is asked again what is true', async () => {
    const ref = await hold();
    stripe.control.planLies('says_failed');
    expect(await capture(ref)).toMatchObject({ status: 'captured' });
    expect(told()).toEqual(['says_failed']);
  });

  it('says that a card was declined, and holds the money', async () => {
    stripe.control.planLies('says_failed');
    expect(await authorize()).toMatchObject({ status: 'declined', code: 'card_declined' });
    expect(inBooks()).toEqual(['requires_capture']);
  });

  it.each([
    ['says_refunded', 'refunded', []],
    ['says_failed', 'failed', [500]],
  ] as const)('of a refund %s', async (kind, status, refunds) => {
    const ref = await hold();
    await capture(ref);
    stripe.control.planLies(kind);
    expect(await refund(ref)).toMatchObject({ status });
    expect(stripe.control.books().refunds.map(({ amount }) => amount)).toEqual(refunds);
    expect(told()).toEqual([kind]);
  });

  it('has nothing to lie about in what it refuses', async () => {
    const ref = await hold();
    stripe.control.planLies('says_refunded');
    expect(await refund(ref)).toMatchObject({ status: 'failed', code: 'not_captured' });
    expect(told()).toEqual([]);
  });

  it('loses its news, or tells them when it must', async () => {
    const waiting = () => stripe.control.viewWebhooks().waiting.map(({ type }) => type);
    stripe.control.planLies('news_lost', 'news_late');
    await hold();
    expect(told()).toEqual(['news_lost', 'news_late']);
    expect(waiting()).toEqual([]);
    stripe.control.settleLies();
    expect(waiting()).toEqual(['payment_intent.amount_capturable_updated']);
  });
});

describe('a PayPal that lies', () => {
  let paypal: PaypalAccount;
  beforeEach(async () => {
    paypal = await startPaypalAccount();
  });
  afterEach(() => paypal.close());

  it('says that it has captured, or given back, and has not', async () => {
    paypal.lies.plan('says_captured');
    const providerRef = await paypal.take(orderId, amountMinor);
    expect(paypal.orders()).toMatchObject([{ authorization: { status: 'CREATED' }, refunds: [] }]);
    const again = { orderId, providerRef, amountMinor };
    await paypal.port.capture({ ...again, key: `${orderId}:capture:2` });
    paypal.lies.plan('says_refunded');
    const refund = { ...again, amountMinor: 500, key: `${orderId}:refund:1` };
    expect(await paypal.port.refund(refund)).toMatchObject({ status: 'refunded' });
    expect(paypal.orders()).toMatchObject([{ capture: { status: 'COMPLETED' }, refunds: [] }]);
    const about = { providerRef, orderId };
    expect(paypal.lies.told()).toMatchObject([
      { kind: 'says_captured', ...about },
      { kind: 'says_refunded', ...about },
    ]);
  });

  it('says that a refund has failed, and has made it', async () => {
    const providerRef = await paypal.take(orderId, amountMinor);
    paypal.lies.plan('says_failed');
    const refund = { orderId, providerRef, amountMinor: 500, key: `${orderId}:refund:1` };
    expect(await paypal.port.refund(refund)).toMatchObject({ status: 'failed' });
    expect(paypal.orders()).toMatchObject([{ refunds: [{ status: 'COMPLETED' }] }]);
  });
});
