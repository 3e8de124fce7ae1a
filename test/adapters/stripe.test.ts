// The card gateway through the real Stripe package against the stateful fake: every answer is
// definitive, everything else is an Outage, and no failure ever leads to a second hold.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuthorizeInput, CardGateway } from '../../adapters/card-gateway.ts';
import { isOutage, type Outage } from '../../adapters/outage.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import type { FaultKind } from '../../sandbox/provider/faults.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';

const DAY_MS = 24 * 3_600_000;

let sandbox: StripeSandbox;
let gateway: CardGateway;

beforeEach(async () => {
  sandbox = await startStripeSandbox();
  gateway = createStripeGateway({
    secretKey: 'sk_test_x',
    apiBase: sandbox.url,
    webhookSecret: 'whsec_test',
    timeoutMs: 400,
  });
});
afterEach(() => sandbox.close());

const order = (change: Partial<AuthorizeInput> = {}): AuthorizeInput => ({
  orderId: 'ord_1',
  attempt: 1,
  key: `ord_1:authorize:${change.attempt ?? 1}`,
  amountMinor: 2350,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  ...change,
});

const fault = (kind: FaultKind, path = '/v1/payment_intents', times = 1): number =>
  sandbox.control.addFault({ kind, times, match: { method: 'POST', path } });

async function outageOf(work: Promise<unknown>): Promise<Outage> {
  const error: unknown = await work.then(
    (answer) => new Error(`answered ${JSON.stringify(answer)}`),
    (thrown: unknown) => thrown,
  );
  if (isOutage(error)) return error;
  throw error;
}

async function hold(change: Partial<AuthorizeInput> = {}): Promise<string> {
  const answer = await gateway.authorize(order(change));
  if (answer.status !== 'authorized') throw new Error(`not authorized: ${answer.status}`);
  return answer.providerRef;
}

const intents = () => sandbox.control.books().payment_intents;
const captureOf = (providerRef: string, amountMinor: number, n = 1) => ({
  orderId: 'ord_1',
  providerRef,
  key: `ord_1:capture:${n}`,
  amountMinor,
});
const voidOf = (providerRef: string | undefined, n = 1) => ({
  orderId: 'ord_1',
  providerRef,
  attempt: 1,
  key: `ord_1:void:${n}`,
});

describe('authorize', () => {
  it('holds the amount until the capture_before of the provider', async () => {
    const answer = await gateway.authorize(order());
    expect(answer).toMatchObject({ status: 'authorized', amountMinor: 2350 });
    const before = answer.status === 'authorized' ? answer.captureBefore : 0;
    expect(Math.abs(before - (Date.now() + 7 * DAY_MS))).toBeLessThan(5_000);
    expect(intents()[0]).toMatchObject({
      status: 'requires_capture',
      metadata: { order_id: 'ord_1', step: 'authorize', attempt: '1' },
    });
  });

  it('answers the same payment again under the same key', async () => {
    const first = await gateway.authorize(order());
    expect(await gateway.authorize(order())).toEqual(first);
    expect(intents()).toHaveLength(1);
  });

  it.each([
    ['pm_card_visa_chargeDeclined', 'card_declined'],
    ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_visa_chargeDeclinedLostCard', 'lost_card'],
    ['pm_card_visa_chargeDeclinedStolenCard', 'stolen_card'],
    ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
    ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc'],
    ['pm_card_chargeDeclinedProcessingError', 'processing_error'],
    ['pm_card_visa_chargeDeclinedVelocityLimitExceeded', 'card_velocity_exceeded'],
    ['pm_card_radarBlock', 'fraudulent'],
    ['pm_card_nobody', 'payment_method_invalid'],
  ])('maps the decline of %s to %s', async (paymentMethod, code) => {
    const answer = await gateway.authorize(order({ paymentMethod }));
    expect(answer).toMatchObject({ status: 'declined', code });
    expect(await gateway.authorize(order({ paymentMethod }))).toEqual(answer);
  });

  it('declines an amount outside the limits of the provider', async () => {
    expect(await gateway.authorize(order({ amountMinor: 10 }))).toMatchObject({
      status: 'declined',
      code: 'amount_too_small',
    });
  });

  it.each([
    ['execute_then_timeout', 'timeout'],
    ['timeout', 'timeout'],
    ['409', 'key_in_use'],
    ['429', 'rate_limited'],
    ['503', 'server_error'],
  ] as const)('turns %s into an Outage, and the retry makes one hold', async (kind, code) => {
    fault(kind);
    expect((await outageOf(gateway.authorize(order()))).code).toBe(code);
    expect(await gateway.authorize(order())).toMatchObject({ status: 'authorized' });
    expect(intents()).toHaveLength(1);
  });

  it.each(['drop_connection', 'execute_then_drop'] as const)(
    'survives %s: the client repeats once, then it is an Outage, always one hold',
    async (kind) => {
      fault(kind, undefined, 2);
      expect((await outageOf(gateway.authorize(order()))).code).toBe('connection');
      expect(await gateway.authorize(order())).toMatchObject({ status: 'authorized' });
      expect(intents()).toHaveLength(1);
    },
  );

  it('passes the Retry-After of the provider on', async () => {
    sandbox.control.addFault({ kind: '429', retryAfterS: 7 });
    const outage = await outageOf(gateway.authorize(order()));
    expect(outage).toMatchObject({ name: 'Outage', system: 'stripe', retryAfterMs: 7_000 });
  });

  it('is an Outage while the same key is in flight', async () => {
    sandbox.control.addFault({ kind: 'delay', delayMs: 100 });
    const first = gateway.authorize(order());
    expect((await outageOf(gateway.authorize(order()))).code).toBe('key_in_use');
    expect(await first).toMatchObject({ status: 'authorized' });
  });

  it('looks the truth up when a stored 500 is replayed over an executed request', async () => {
    fault('execute_then_500');
    expect((await outageOf(gateway.authorize(order()))).code).toBe('server_error');
    expect(await gateway.authorize(order())).toMatchObject({ status: 'authorized' });
    expect(intents()).toHaveLength(1);
  });

  it('reports an executed decline behind a replayed 500 as a decline', async () => {
    const input = order({ paymentMethod: 'pm_card_visa_chargeDeclinedLostCard' });
    fault('execute_then_500');
    await outageOf(gateway.authorize(input));
    expect(await gateway.authorize(input)).toMatchObject({ status: 'declined', code: 'lost_card' });
  });

  it('answers not_executed when a replayed 500 hides nothing, and the next n works', async () => {
    fault('500');
    await outageOf(gateway.authorize(order()));
    expect(await gateway.authorize(order())).toEqual({ status: 'not_executed' });
    expect(await gateway.authorize(order({ attempt: 2 }))).toMatchObject({ status: 'authorized' });
  });

  it('discards a payment that was made but never confirmed', async () => {
    const halfDone =
      'amount=2350&currency=eur&capture_method=manual&payment_method=pm_card_visa' +
      '&metadata[order_id]=ord_1&metadata[step]=authorize&metadata[attempt]=1';
    await fetch(`${sandbox.url}/v1/payment_intents`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk_test_x' },
      body: halfDone,
    });
    fault('500');
    await outageOf(gateway.authorize(order()));
    expect(await gateway.authorize(order())).toEqual({ status: 'not_executed' });
    expect(intents().map(({ status }) => status)).toEqual(['canceled']);
  });

  it('looks up first once the provider may have forgotten the key', async () => {
    const firstSentAt = Date.now() - 25 * 3_600_000;
    fault('execute_then_timeout');
    await outageOf(gateway.authorize(order()));
    sandbox.control.moveClock(25 * 3_600_000);
    expect(await gateway.authorize(order({ firstSentAt }))).toMatchObject({ status: 'authorized' });
    expect(intents()).toHaveLength(1);
  });

  it('finds by list what search has not indexed yet', async () => {
    fault('execute_then_500');
    const firstSentAt = Date.now();
    expect(await gateway.authorize(order({ firstSentAt }))).toMatchObject({ status: 'authorized' });
  });

  it('answers the truth when the key was first used with other parameters', async () => {
    await hold();
    expect(await gateway.authorize(order({ amountMinor: 9900 }))).toMatchObject({
      status: 'authorized',
      amountMinor: 2350,
    });
  });

  it('declines what the provider refuses for good, whatever the reason', async () => {
    expect(await gateway.authorize(order({ currency: 'euros' }))).toMatchObject({
      status: 'declined',
      code: 'card_declined',
    });
    expect(intents()).toEqual([]);
  });

  it('throws a bug for a refusal that does not judge the request', async () => {
    const server = createServer((_, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"error":{"type":"api_error","message":"?"}}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const apiBase = `http://127.0.0.1:${port}`;
    const odd = createStripeGateway({ secretKey: 'sk_test_x', apiBase, webhookSecret: 'whsec_x' });
    await expect(odd.authorize(order())).rejects.toMatchObject({ name: 'Bug' });
    server.closeAllConnections();
    server.close();
  });
});

async function challenge(paymentMethod = 'pm_card_threeDSecure2Required'): Promise<string> {
  const answer = await gateway.authorize(order({ paymentMethod }));
  if (answer.status !== 'requires_action') throw new Error(answer.status);
  expect(answer.clientSecret).toContain(answer.providerRef);
  return answer.providerRef;
}

describe('3-D Secure', () => {
  it('is authorized after the payer succeeds, also for a retry of authorize', async () => {
    const providerRef = await challenge();
    sandbox.control.authenticate(providerRef, 'succeed');
    expect(await gateway.retrieve({ providerRef })).toMatchObject({ status: 'authorized' });
    const retried = order({ paymentMethod: 'pm_card_threeDSecure2Required' });
    expect(await gateway.authorize(retried)).toMatchObject({ status: 'authorized', providerRef });
  });

  it('is declined after the payer fails', async () => {
    const providerRef = await challenge();
    sandbox.control.authenticate(providerRef, 'fail');
    expect(await gateway.retrieve({ providerRef })).toEqual({
      status: 'declined',
      providerRef,
      code: 'authentication_failed',
    });
  });

  it('is declined when the bank says no after it', async () => {
    const providerRef = await challenge('pm_card_threeDSecureRequiredChargeDeclined');
    sandbox.control.authenticate(providerRef, 'succeed');
    expect(await gateway.retrieve({ providerRef })).toMatchObject({ code: 'card_declined' });
  });

  it('cannot be captured before it is done', async () => {
    const providerRef = await challenge();
    expect(await gateway.capture(captureOf(providerRef, 100))).toEqual({
      status: 'failed',
      code: 'not_authorized',
    });
  });
});

describe('capture', () => {
  it('takes a part, releases the rest and reports the fee', async () => {
    const providerRef = await hold();
    const answer = await gateway.capture(captureOf(providerRef, 2000));
    const money = { amountMinor: 2000, currency: 'EUR' };
    expect(answer).toEqual({ status: 'captured', providerRef, ...money });
    expect(intents()[0]).toMatchObject({ amount_received: 2000, amount_capturable: 0 });
  });

  it('is idempotent by state: the same amount under another key is captured', async () => {
    const providerRef = await hold();
    await gateway.capture(captureOf(providerRef, 2000));
    expect(await gateway.capture(captureOf(providerRef, 2000, 2))).toMatchObject({
      status: 'captured',
      amountMinor: 2000,
    });
    expect(await gateway.capture(captureOf(providerRef, 1999, 3))).toEqual({
      status: 'failed',
      code: 'already_captured',
      capturedMinor: 2000,
    });
  });

  it('fails above the hold and leaves it standing', async () => {
    const providerRef = await hold();
    expect(await gateway.capture(captureOf(providerRef, 2351))).toEqual({
      status: 'failed',
      code: 'amount_too_large',
    });
    expect(await gateway.retrieve({ providerRef })).toMatchObject({ status: 'authorized' });
  });

  it.each(['by clock', 'by fault'])(
    'fails with hold_expired after the hold ended %s',
    async (how) => {
      const providerRef = await hold();
      if (how === 'by clock') sandbox.control.moveClock(7 * DAY_MS + 1_000);
      else fault('hold_expired', '/capture');
      expect(await gateway.capture(captureOf(providerRef, 2350))).toEqual({
        status: 'failed',
        code: 'hold_expired',
      });
    },
  );

  it('fails with already_voided after a cancel, and unknown_payment without a payment', async () => {
    const providerRef = await hold();
    await gateway.void(voidOf(providerRef));
    expect(await gateway.capture(captureOf(providerRef, 2350))).toMatchObject({
      code: 'already_voided',
    });
    expect(await gateway.capture(captureOf('pi_none', 2350, 2))).toMatchObject({
      code: 'unknown_payment',
    });
  });

  it.each([
    ['execute_then_timeout', 'captured'],
    ['500', 'not_executed'],
  ] as const)('after %s the retry answers %s', async (kind, status) => {
    const providerRef = await hold();
    fault(kind, '/capture');
    await outageOf(gateway.capture(captureOf(providerRef, 2350)));
    expect(await gateway.capture(captureOf(providerRef, 2350))).toMatchObject({ status });
  });

  it('sees behind a 500 at once that the money was taken', async () => {
    const providerRef = await hold();
    fault('execute_then_500', '/capture');
    expect(await gateway.capture(captureOf(providerRef, 2350))).toMatchObject({
      status: 'captured',
      amountMinor: 2350,
    });
  });

  it('does not believe a stored refusal once the hold exists', async () => {
    const paymentMethod = 'pm_card_threeDSecure2Required';
    const answer = await gateway.authorize(order({ paymentMethod }));
    const providerRef = answer.status === 'requires_action' ? answer.providerRef : '';
    await gateway.capture(captureOf(providerRef, 2350));
    sandbox.control.authenticate(providerRef, 'succeed');
    expect(await gateway.capture(captureOf(providerRef, 2350))).toEqual({ status: 'not_executed' });
    expect(await gateway.capture(captureOf(providerRef, 2350, 2))).toMatchObject({
      status: 'captured',
    });
  });
});
