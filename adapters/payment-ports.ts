// The providers that are set up here, each behind the port. Cards always are; the others when their settings are given.

import { createCampayApi, type CampayOptions } from './campay.ts';
import type { CardGateway } from './card-gateway.ts';
import { createMobileMoney, type MobileMoneyApi, type MobileMoneyOptions } from './mobile-money.ts';
import { createNoupayApi, type NoupayOptions } from './noupay.ts';
import { stripePort, type PaymentPort } from './payment-port.ts';
import { createPaypalPort, type PaypalOptions } from './paypal.ts';

export type ProviderSettings = {
  readonly paypal?: PaypalOptions | undefined;
  readonly campay?: CampayOptions | undefined;
  readonly noupay?: NoupayOptions | undefined;
};

export type RemoteProvider = 'stripe' | keyof ProviderSettings;
export type PaymentPorts = { readonly [P in RemoteProvider]?: PaymentPort | undefined };

type Needs = Pick<MobileMoneyOptions, 'phoneOf' | 'claim'> & {
  readonly gateway: CardGateway;
  readonly settings: ProviderSettings;
};

export function createPaymentPorts({ gateway, settings, phoneOf, claim }: Needs): PaymentPorts {
  const { paypal, campay, noupay } = settings;
  const mobileMoney = (provider: 'campay' | 'noupay', api: MobileMoneyApi): PaymentPort =>
    createMobileMoney({ provider, api, phoneOf, claim });
  return {
    stripe: stripePort(gateway),
    paypal: paypal && createPaypalPort(paypal),
    campay: campay && mobileMoney('campay', createCampayApi(campay)),
    noupay: noupay && mobileMoney('noupay', createNoupayApi(noupay)),
  };
}

/** Throws for a provider that is not set up here: its payments wait until it is. */
export const portIn =
  (ports: PaymentPorts) =>
  (provider: string): PaymentPort => {
    const port = ports[provider as RemoteProvider];
    if (!port) throw new Error(`the payment provider ${provider} is not set up here`);
    return port;
  };

/** Those that have no list of their books. */
export const othersIn = ({ paypal, campay, noupay }: PaymentPorts): readonly PaymentPort[] =>
  [paypal, campay, noupay].flatMap((port) => port ?? []);
