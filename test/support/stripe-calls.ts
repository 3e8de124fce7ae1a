// Every call that is ever made to Stripe, against the fake, and what was asked and answered.

import type { PayInput } from '../../adapters/payout-port.ts';
import { createStripePayouts } from '../../adapters/stripe-payouts.ts';
import { createStripeGateway } from '../../adapters/stripe.ts';
import { startStripeSandbox, type StripeSandbox } from '../../sandbox/stripe/server.ts';
import type { StripeCall } from './stripe-contract.ts';

const dayMs = 24 * 3_600_000;
const orderId = 'ord_1';

export async function everyStripeCall(): Promise<readonly StripeCall[]> {
  const calls: StripeCall[] = [];
  const sandbox = await startStripeSandbox({ onCall: (call) => void calls.push(call) });
  const gateway = createStripeGateway({
    secretKey: 'sk_test_x',
    apiBase: sandbox.url,
    webhookSecret: 'whsec_x',
  });
  const authorize = async (attempt: number, paymentMethod: string): Promise<string> => {
    const key = `${orderId}:authorize:${attempt}`;
    const asked = { orderId, attempt, key, amountMinor: 2_350, currency: 'EUR', paymentMethod };
    const answer = await gateway.authorize(asked);
    return 'providerRef' in answer ? (answer.providerRef ?? '') : '';
  };
  try {
    const providerRef = await authorize(1, 'pm_card_visa');
    await authorize(2, 'pm_card_visa_chargeDeclined');
    await authorize(3, 'pm_card_threeDSecure2Required');
    await authorize(4, 'pm_card_nobody');
    await gateway.retrieve({ providerRef });
    await gateway.retrieve({ providerRef: 'pi_none' });
    const capture = { orderId, providerRef, amountMinor: 2_000 };
    await gateway.capture({ ...capture, key: `${orderId}:capture:1` });
    await gateway.capture({ ...capture, key: `${orderId}:capture:2` });
    const refund = { orderId, providerRef, amountMinor: 500, key: `${orderId}:refund:1` };
    await gateway.refund(refund);
    await gateway.refund({ ...refund, firstSentAt: Date.now() - 2 * dayMs });
    await gateway.refund({ ...refund, amountMinor: 9_000, key: `${orderId}:refund:2` });
    const held = await authorize(5, 'pm_card_visa');
    const release = { orderId, attempt: 5, key: `${orderId}:void:5` };
    await gateway.void({ ...release, providerRef: held });
    await gateway.void({ ...release, attempt: 6, providerRef: undefined });
    const disputeRef = sandbox.control.dispute(providerRef) ?? '';
    await gateway.disputes({ providerRef });
    for await (const each of gateway.listDisputes({ changedAfter: Date.now() })) void each;
    await gateway.submitEvidence({
      disputeRef,
      key: `${disputeRef}:evidence:1`,
      evidence: {
        explanation: 'It was brought to the door',
        product_description: '2 × Soup',
        service_date: '2026-11-05',
        refund_refusal: 'Nothing was missing',
        cancellation_rebuttal: 'It was never cancelled',
      },
    });
    for await (const each of gateway.list({ createdAfter: Date.now() - dayMs })) void each;
    await everyPayoutCall(sandbox);
    return calls;
  } finally {
    await sandbox.close();
  }
}

const to = (destination: string, period: string): PayInput => ({
  name: `mer_1:${period}`,
  key: `mer_1:payout:${period}`,
  amountMinor: 5_000,
  currency: 'EUR',
  destination,
  instant: false,
  firstSentAt: Date.now(),
});

/** Paid, asked about again, forgotten, and refused by a bank that first had taken it. */
async function everyPayoutCall({ url, control }: StripeSandbox): Promise<void> {
  const payouts = createStripePayouts({ secretKey: 'sk_test_x', apiBase: url });
  const account = control.openAccount();
  await payouts.isVerified(account);
  await payouts.pay(to(account, '1'));
  await payouts.pay(to(account, '1'));
  await payouts.pay({ ...to(account, '1'), firstSentAt: Date.now() - 2 * dayMs });
  await payouts.pay({ ...to(account, '2'), instant: true });
  await payouts.pay(to(control.openAccount({ bank: 'refuses' }), '3'));
  await payouts.pay(to(control.openAccount({ payoutsEnabled: false }), '4'));
  await payouts.pay(to('acct_nobody', '5'));
  for await (const each of payouts.listPayouts({ createdAfter: Date.now() - dayMs })) void each;
}
