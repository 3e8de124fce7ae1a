// The day's money, from our own ledger and the provider's books. Pure but for the fee, which only the
// provider's sandbox tells.

import { formatMoney } from '../../domain/money.ts';
import type { PayDay } from '../../sandbox/city/pay-day.ts';
import { sum, type AuditData } from '../audit/data.ts';

export type DayMoney = {
  readonly currency: string;
  readonly capturedMinor: number;
  readonly releasedMinor: number;
  readonly writtenOffMinor: number;
  readonly merchantMinor: number;
  readonly driverMinor: number;
  readonly platformMinor: number;
};

/** Of the orders of one market. */
export function moneyOf(data: AuditData, marketId: string): DayMoney {
  const orders = data.orders.filter((order) => order.facts.marketId === marketId);
  const ids = new Set(orders.map((order) => order.id));
  const entries = data.ledger
    .filter(({ orderId, kind }) => ids.has(orderId) && kind !== 'provider_fee')
    .flatMap((transaction) => transaction.entries);
  const on = (account: string): number =>
    sum(entries.filter((entry) => entry.account === account).map((entry) => entry.amountMinor));
  const books = data.books.filter(({ orderId }) => ids.has(orderId ?? ''));
  return {
    currency: orders[0]?.facts.currency ?? 'USD',
    capturedMinor: on('provider_clearing'),
    releasedMinor: sum(
      books
        .filter(({ status }) => status === 'voided')
        .map(({ authorizedMinor }) => authorizedMinor),
    ),
    writtenOffMinor: on('bad_debt'),
    merchantMinor: -on('merchant'),
    driverMinor: -on('driver'),
    platformMinor: -on('platform'),
  };
}

export function describeMoney(money: DayMoney, feeMinor: number | undefined): readonly string[] {
  const show = (amountMinor: number): string => formatMoney(amountMinor, money.currency);
  return [
    `captured ${show(money.capturedMinor)} · released ${show(money.releasedMinor)} · written off ${show(money.writtenOffMinor)}`,
    `merchants ${show(money.merchantMinor)} · drivers ${show(money.driverMinor)} · platform ${show(money.platformMinor)}` +
      (feeMinor === undefined ? '' : ` · of which the provider takes ${show(feeMinor)}`),
  ];
}

export const describePayDay = (
  { paid, paidMinor, nothingDue, others }: PayDay,
  currency: string,
): readonly string[] => [
  `${paid} payouts of ${formatMoney(paidMinor, currency)} arrived; ${nothingDue} parties had earned nothing`,
  ...others.map((why) => `not paid out: ${why}`),
];

type SandboxCharge = {
  readonly metadata: { readonly order_id?: string };
  readonly balance_transaction: { readonly fee: number } | null;
};

/** What the provider's sandbox charged for these orders; undefined when it does not tell. */
export async function providerFeeMinor(
  stripeApiBase: string,
  orderIds: ReadonlySet<string>,
): Promise<number | undefined> {
  try {
    const response = await fetch(`${stripeApiBase}/sandbox/books`, {
      signal: AbortSignal.timeout(10_000),
    });
    const { charges } = (await response.json()) as { readonly charges: readonly SandboxCharge[] };
    const ours = charges.filter(({ metadata }) => orderIds.has(metadata.order_id ?? ''));
    return sum(ours.map((charge) => charge.balance_transaction?.fee ?? 0));
  } catch {
    return undefined;
  }
}
