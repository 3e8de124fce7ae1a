// The ways of paying out that are set up here. Stripe always is; mobile money when its settings are given.

import type { PayoutRail } from '../domain/payout.ts';
import { createCampayApi } from './campay.ts';
import { createMobileMoneyPayouts, type MobileMoneyOptions } from './mobile-money.ts';
import { createNoupayApi } from './noupay.ts';
import type { ProviderSettings } from './payment-ports.ts';
import type { PayoutBooks, PayoutPort } from './payout-port.ts';
import type { StripeOptions } from './stripe-client.ts';
import { createStripePayouts } from './stripe-payouts.ts';

export type PayoutPorts = {
  readonly stripe: PayoutPort & PayoutBooks;
} & { readonly [R in PayoutRail]?: PayoutPort | undefined };

type Needs = Pick<MobileMoneyOptions, 'phoneOf' | 'claim'> & {
  readonly stripe: StripeOptions;
  readonly settings: Pick<ProviderSettings, 'campay' | 'noupay'>;
};

export function createPayoutPorts({ stripe, settings, phoneOf, claim }: Needs): PayoutPorts {
  const { campay, noupay } = settings;
  const shared = { phoneOf, claim };
  return {
    stripe: createStripePayouts(stripe),
    campay:
      campay &&
      createMobileMoneyPayouts({ ...shared, provider: 'campay', api: createCampayApi(campay) }),
    noupay:
      noupay &&
      createMobileMoneyPayouts({ ...shared, provider: 'noupay', api: createNoupayApi(noupay) }),
  };
}

/** Throws for a way that is not set up here: its payouts wait until it is. */
export const payoutPortIn =
  (ports: PayoutPorts) =>
  (rail: PayoutRail): PayoutPort => {
    const port = ports[rail];
    if (!port) throw new Error(`payouts by ${rail} are not set up here`);
    return port;
  };
