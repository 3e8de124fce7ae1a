// PayPal and mobile money beside the sandbox Stripe, each with its fake over HTTP, and what API and worker need to know.

import { startCampay } from '../../sandbox/mobile-money/campay.ts';
import { startNoupay } from '../../sandbox/mobile-money/noupay.ts';
import { startPaypal } from '../../sandbox/paypal/server.ts';

const webhookSecret = 'whsec_providers';

/** They tell the API at `apiUrl` what happens. */
export async function startProviders(apiUrl: string) {
  const options = (name: string) => ({
    webhookUrl: `${apiUrl}/v1/webhooks/${name}`,
    webhookSecret,
  });
  const [paypal, campay, noupay] = await Promise.all([
    startPaypal(options('paypal')),
    startCampay(options('campay')),
    startNoupay(options('noupay')),
  ]);
  return {
    paypal,
    campay,
    noupay,
    env: {
      PAYPAL_API_BASE: paypal.url,
      PAYPAL_CLIENT_ID: 'id',
      PAYPAL_CLIENT_SECRET: 'secret',
      PAYPAL_WEBHOOK_ID: 'wh_1',
      PAYPAL_RETURN_URL: 'https://shop.example/back',
      CAMPAY_API_BASE: campay.url,
      CAMPAY_TOKEN: 'token',
      CAMPAY_WEBHOOK_KEY: webhookSecret,
      NOUPAY_API_BASE: noupay.url,
      NOUPAY_API_KEY: 'key',
      NOUPAY_WEBHOOK_SECRET: webhookSecret,
    },
    close: async (): Promise<void> =>
      void (await Promise.all([paypal.close(), campay.close(), noupay.close()])),
  };
}
