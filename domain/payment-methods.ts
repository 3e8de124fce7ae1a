// How an order can be paid. A payment method is a token: the provider's name and a reference that means something to it
// alone, `campay:per_…`; a card is Stripe's own `pm_…`. Never a card or phone number.

import type { Rail } from './money.ts';

export const providerNames = [
  'stripe',
  'paypal',
  'campay',
  'noupay',
  'cash',
  'wallet',
  'split',
  'external',
] as const;
export type ProviderName = (typeof providerNames)[number];

/** Those that orders are paid by. */
export const marketProviders = [
  'stripe',
  'paypal',
  'campay',
  'noupay',
  'cash',
  'wallet',
  'external',
] as const satisfies readonly ProviderName[];

export type MethodTraits = {
  /** The provider is asked over its API; what is not is only booked. */
  readonly remote: boolean;
  /** `hold`: held now, taken when delivered. `at_once`: taken when the payer confirms. `at_door`: by the driver. */
  readonly takes: 'hold' | 'at_once' | 'at_door' | 'elsewhere';
  /** The payer has to confirm elsewhere, so that the first answer is never the last. */
  readonly asynchronous: boolean;
  /** A capture of less than was held releases the rest. */
  readonly partialCapture: boolean;
  /** What amounts it can move. */
  readonly rail: Rail;
  /** Undefined: any. */
  readonly currencies: readonly string[] | undefined;
};

const remoteHold = { remote: true, takes: 'hold', partialCapture: true, rail: 'card' } as const;
const mobileMoney = {
  remote: true,
  takes: 'at_once',
  asynchronous: true,
  partialCapture: false,
  rail: 'book',
  currencies: ['XAF'],
} as const;
const bookedOnly = {
  remote: false,
  asynchronous: false,
  partialCapture: true,
  rail: 'book',
  currencies: undefined,
} as const;

/**
 * Of ours those that PayPal takes (developer.paypal.com/docs/reports/reference/paypal-supported-currencies); forints it
 * takes without fillér only, so not here.
 */
const paypalCurrencies: readonly string[] = 'EUR USD GBP CHF CAD AUD PLN SEK DKK NOK CZK JPY'.split(
  ' ',
);

export const methodTraits = {
  stripe: { ...remoteHold, asynchronous: false, currencies: undefined },
  paypal: { ...remoteHold, asynchronous: true, currencies: paypalCurrencies },
  campay: mobileMoney,
  noupay: mobileMoney,
  cash: { ...bookedOnly, takes: 'at_door', rail: 'cash' },
  wallet: { ...bookedOnly, takes: 'hold' },
  /** A wallet and a card. */
  split: { ...remoteHold, asynchronous: false, currencies: undefined },
  external: { ...bookedOnly, takes: 'elsewhere' },
} as const satisfies Readonly<Record<ProviderName, MethodTraits>>;

export type PaymentMethod = { readonly provider: ProviderName; readonly reference: string };

/** Undefined when the token has no form that we know. `pm_…` is a card; else `<provider>` or `<provider>:<reference>`. */
export function parsePaymentMethod(token: string): PaymentMethod | undefined {
  if (/^pm_\w{1,200}$/.test(token)) return { provider: 'stripe', reference: token };
  const [, name = '', reference = ''] = /^([a-z]+)(?::(\w{1,300}))?$/.exec(token) ?? [];
  const provider = providerNames.find((each) => each === name && each !== 'stripe');
  return provider && { provider, reference };
}

/** Who is asked for the money of this token; a card's where none is named. */
export const providerOf = (token: string): ProviderName =>
  parsePaymentMethod(token)?.provider ?? 'stripe';

/** Whose card is asked, where one is: of a split payment too. */
export const cardProviderOf = (token: string): ProviderName => {
  const provider = providerOf(token);
  return provider === 'split' ? 'stripe' : provider;
};

/** Who takes an order's money: cash and what is paid elsewhere have no token. */
export const providerOfOrder = (order: {
  readonly method: string;
  readonly paymentMethod: string;
}): ProviderName =>
  order.method === 'cash' || order.method === 'external'
    ? order.method
    : providerOf(order.paymentMethod);

/** A hold that the payer must confirm is made at the placing, and must last until the delivery. */
const holdsAheadMs = 60 * 3_600_000;

/** What a market offers and this order may use. How much cash a driver may carry, dispatch looks after. */
export function methodsFor(
  market: {
    readonly providers: readonly ProviderName[];
    readonly currency: string;
  },
  order: {
    readonly paidElsewhere: boolean;
    /** Until the time that is promised. */
    readonly aheadMs: number;
  },
): readonly ProviderName[] {
  return market.providers.filter((provider) => {
    const traits: MethodTraits = methodTraits[provider];
    if (traits.currencies && !traits.currencies.includes(market.currency)) return false;
    if ((traits.takes === 'elsewhere') !== order.paidElsewhere) return false;
    return traits.takes !== 'hold' || !traits.asynchronous || order.aheadMs <= holdsAheadMs;
  });
}
