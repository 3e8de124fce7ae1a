// PayPal, faked over HTTP, and our side of it.

import { createPaypalPort } from '../../adapters/paypal.ts';
import { startPaypal } from '../../sandbox/paypal/server.ts';

export type PaypalAccount = Awaited<ReturnType<typeof startPaypalAccount>>;

export async function startPaypalAccount() {
  const fake = await startPaypal();
  const port = createPaypalPort({
    baseUrl: fake.url,
    clientId: 'id',
    clientSecret: 'secret',
    webhookId: 'wh_1',
    returnUrl: 'https://shop.example/back',
    timeoutMs: 500,
  });

  /** What the payer has approved, in EUR. The payment's name. */
  async function take(orderId: string, amountMinor: number): Promise<string> {
    const key = `${orderId}:authorize:1`;
    const asked = { orderId, attempt: 1, key, amountMinor, currency: 'EUR' };
    const answer = await port.authorize({ ...asked, paymentMethod: 'paypal' });
    if (answer.status !== 'requires_action') throw new Error(answer.status);
    const { providerRef } = answer;
    fake.approve(providerRef);
    await port.retrieve({ providerRef });
    await port.capture({ orderId, providerRef, amountMinor, key: `${orderId}:capture:1` });
    return providerRef;
  }

  return { ...fake, port, take };
}
