// The providers that are set up here, each behind the port. Cards always are; the others when their settings are given.

import { createCampayApi, type CampayOptions } from './campay.ts';
import type { CardGateway } from './card-gateway.ts';
import { createMobileMoney, type MobileMoneyApi, type MobileMoneyOptions } from './mobile-money.ts';
import { createNoupayApi, type NoupayOptions } from './noupay.ts';
import { stripePort, type PaymentPort } from './payment-port.ts';
import { createPaypalPort, type PaypalOptions } from './paypal.ts';
import { createSplitPort } from './split.ts';
import { createWalletPort } from './wallet.ts';
import type { WalletBooks } from '../domain/wallet.ts';

export type ProviderSettings = {
  readonly paypal?: PaypalOptions | undefined;
  readonly campay?: CampayOptions | undefined;
  readonly noupay?: NoupayOptions | undefined;
};

export type RemoteProvider = 'stripe' | keyof ProviderSettings;
type AskedProvider = RemoteProvider | 'wallet' | 'split';
export type PaymentPorts = { readonly [P in AskedProvider]?: PaymentPort | undefined };

type Needs = Pick<MobileMoneyOptions, 'phoneOf' | 'claim'> & {
  readonly gateway: CardGateway;
  readonly settings: ProviderSettings;
  /** Undefined where nobody is asked for money. */
  readonly wallets?: WalletBooks | undefined;
};

export function createPaymentPorts({
  gateway,
  settings,
  wallets,
  phoneOf,
  claim,
}: Needs): PaymentPorts {
  const { paypal, campay, noupay } = settings;
  const mobileMoney = (provider: 'campay' | 'noupay', api: MobileMoneyApi): PaymentPort =>
    createMobileMoney({ provider, api, phoneOf, claim });
  const card = stripePort(gateway);
  const wallet = wallets && createWalletPort(wallets);
  return {
    stripe: card,
    wallet,
    split: wallet && createSplitPort({ books: wallets, wallet, card }),
    paypal: paypal && createPaypalPort(paypal),
    campay: campay && mobileMoney('campay', createCampayApi(campay)),
    noupay: noupay && mobileMoney('noupay', createNoupayApi(noupay)),
  };
}

/** Throws for a provider that is not set up here: its payments wait until it is. */
export const portIn =
  (ports: PaymentPorts) =>
  (provider: string): PaymentPort => {
    const port = ports[provider as AskedProvider];
    if (!port) throw new Error(`the payment provider ${provider} is not set up here`);
    return port;
  };

/** Those that have no list of their books. */
export const othersIn = ({
  wallet,
  paypal,
  campay,
  noupay,
}: PaymentPorts): readonly PaymentPort[] =>
  [wallet, paypal, campay, noupay].flatMap((port) => port ?? []);
