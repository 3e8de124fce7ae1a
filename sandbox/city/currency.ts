// The same city in another currency: prices, tips and pay have the worth that they have in dollars, in whole minor units
// of the currency, odd ones among them.

import {
  methodTraits,
  type MethodTraits,
  type ProviderName,
} from '../../domain/payment-methods.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { exponentOf, stepOf } from '../../domain/money.ts';
import { usualFees } from './open-market.ts';
import type { CityPlan, PlannedOrder, Script } from './plan.ts';

/** About so much is a dollar. */
const rates: Readonly<Record<string, number>> = {
  USD: 1,
  EUR: 0.9,
  JPY: 150,
  XAF: 600,
  KWD: 0.31,
  HUF: 360,
};
export const cityCurrencies = Object.keys(rates);

/** Minor units, about the worth of so many cents of a dollar. */
const worthOf = (cents: number, currency: string): number =>
  Math.round((cents * (rates[currency] ?? 1) * 10 ** exponentOf(currency)) / 100);

/** The same, as a card moves it. */
export function chargeableWorthOf(cents: number, currency: string): number {
  const step = stepOf(currency, 'card');
  return Math.ceil(worthOf(cents, currency) / step) * step;
}

function priced(order: PlannedOrder, currency: string): PlannedOrder {
  const { items, tipMinor, script } = order;
  const { afterwards } = script;
  return {
    ...order,
    items: items.map((item) => ({
      ...item,
      unitPriceMinor: worthOf(item.unitPriceMinor, currency),
    })),
    tipMinor: worthOf(tipMinor, currency),
    script:
      afterwards?.kind === 'tip'
        ? {
            ...script,
            afterwards: {
              ...afterwards,
              amountMinor: chargeableWorthOf(afterwards.amountMinor, currency),
            },
          }
        : script,
  };
}

const takes = (provider: string, currency: string): boolean => {
  const traits: MethodTraits = methodTraits[provider as ProviderName];
  return traits.currencies?.includes(currency) ?? true;
};

/** By its own providers where they take the currency; whoever would pay by another pays by card. */
export function planInCurrency(plan: CityPlan, currency: string): CityPlan {
  const known = plan.money?.providers ?? ['stripe', 'cash', 'external'];
  const providers = known.filter((provider) => takes(provider, currency));
  const payable = ({ method, ...script }: Script): Script =>
    method === undefined || (method === 'paypal' && !providers.includes(method))
      ? script
      : { ...script, method };
  const { cashLimitMinor, partnerCapMinor } = { ...defaultPolicy, ...plan.policy };
  const limits = { cashLimitMinor, partnerCapMinor };
  return {
    ...plan,
    money: { currency, providers, ...worthOfEach(usualFees, currency) },
    policy: { ...plan.policy, ...worthOfEach(limits, currency) },
    orders: plan.orders.map((order) =>
      priced({ ...order, script: payable(order.script) }, currency),
    ),
  };
}

const worthOfEach = <T extends Readonly<Record<string, number>>>(cents: T, currency: string): T =>
  Object.fromEntries(
    Object.entries(cents).map(([name, each]) => [name, worthOf(each, currency)]),
  ) as T;
