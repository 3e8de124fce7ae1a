// The payment calls against the stateful fake through the real Stripe package: a declined payment is ended at the
// provider before the decline is answered, so that nobody can confirm it afterwards.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPaymentActivities } from '../../activities/payments.ts';
import type { CardGateway } from '../../adapters/card-gateway.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import type { Db } from '../../db/connect.ts';
import { newId } from '../../db/new-id.ts';
import type { FaultKind } from '../../sandbox/provider/faults.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';

const orderId = newId('order', Date.now());
const key = `${orderId}:authorize:1`;
const challenging = 'pm_card_threeDSecure2Required';
const declining = 'pm_card_visa_chargeDeclinedLostCard';

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

/** Nothing here needs rows: only the answer `requires_action` is saved. */
const activitiesOf = (asked: CardGateway) =>
  createPaymentActivities({
    portOf: () => asked,
    db: {} as unknown as Db,
    crashPoint: () => undefined,
  });

const authorize = (paymentMethod: string) =>
  activitiesOf(gateway).callProvider({
    orderId,
    currency: 'EUR',
    provider: 'stripe',
    call: {
      step: 'authorize',
      key,
      attempt: 1,
      giveUpAt: Date.now() + 60_000,
      amountMinor: 2350,
      paymentMethod,
      firstSentAt: Date.now(),
    },
  });

const check = (providerRef: string, asked = gateway) =>
  activitiesOf(asked).callProvider({
    orderId,
    currency: 'EUR',
    provider: 'stripe',
    call: {
      step: 'check',
      key: `${orderId}:check:1`,
      attempt: 1,
      giveUpAt: Date.now() + 60_000,
      providerRef,
    },
  });

async function failedChallenge(): Promise<string> {
  const answer = await gateway.authorize({
    orderId,
    key,
    attempt: 1,
    amountMinor: 2350,
    currency: 'EUR',
    paymentMethod: challenging,
  });
  if (answer.status !== 'requires_action') throw new Error(answer.status);
  sandbox.control.authenticate(answer.providerRef, 'fail');
  return answer.providerRef;
}

/** What Stripe.js does with the client secret after "try another card". */
const confirmAgain = async (providerRef: string): Promise<number> => {
  const reply = await fetch(`${sandbox.url}/v1/payment_intents/${providerRef}/confirm`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk_test_x' },
    body: 'payment_method=pm_card_visa',
  });
  return reply.status;
};

const fault = (kind: FaultKind, path: string) =>
  sandbox.control.addFault({ kind, match: { method: 'POST', path } });
const statuses = () => sandbox.control.books().payment_intents.map(({ status }) => status);
const authenticationFailed = { kind: 'paymentDeclined', code: 'authentication_failed' };
const lostCard = { kind: 'paymentDeclined', code: 'lost_card' };

describe('a declined payment', () => {
  it('cannot be confirmed any more after a failed 3-D Secure', async () => {
    const providerRef = await failedChallenge();
    expect(await check(providerRef)).toEqual(authenticationFailed);
    expect(await confirmAgain(providerRef)).toBe(400);
    expect(statuses()).toEqual(['canceled']);
  });

  it('is released, and stays declined, when it was confirmed while being checked', async () => {
    const providerRef = await failedChallenge();
    const result = await check(providerRef, {
      ...gateway,
      async retrieve(input) {
        const truth = await gateway.retrieve(input);
        expect(await confirmAgain(providerRef)).toBe(200);
        expect(statuses()).toEqual(['requires_capture']);
        return truth;
      },
    });
    expect(result).toEqual(authenticationFailed);
    expect(statuses()).toEqual(['canceled']);
  });

  it('is ended by authorize too, and a repeated call answers the same', async () => {
    expect(await authorize(declining)).toEqual(lostCard);
    expect(statuses()).toEqual(['canceled']);
    expect(await authorize(declining)).toEqual(lostCard);
  });

  it('keeps its reason when it is asked for again after its end', async () => {
    const providerRef = await failedChallenge();
    await check(providerRef);
    expect(await check(providerRef)).toEqual(authenticationFailed);
    expect(await authorize(challenging)).toEqual(authenticationFailed);
  });

  it('behind a stored 500 is declined with its reason, twice', async () => {
    fault('execute_then_500', '/v1/payment_intents');
    expect(await authorize(declining)).toEqual(lostCard);
    expect(await authorize(declining)).toEqual(lostCard);
    expect(statuses()).toEqual(['canceled']);
  });

  it('is not answered before it is ended, and a stored failure does not keep it from that', async () => {
    const providerRef = await failedChallenge();
    fault('500', '/cancel');
    await expect(check(providerRef)).rejects.toMatchObject({ type: 'server_error' });
    expect(statuses()).toEqual(['requires_payment_method']);
    expect(await check(providerRef)).toEqual(authenticationFailed);
    expect(statuses()).toEqual(['canceled']);
  });
});
