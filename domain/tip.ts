// A tip after the delivery: a payment of its own, whole to the driver. Whatever becomes of it, the order stays as it is.
// Pure; the database brings the facts (db/tips.ts), the workflow `tip:<orderId>:<n>` carries it out.

import type { Refusal } from './errors.ts';
import type { Posting } from './ledger.ts';
import { stepOf } from './money.ts';
import type { SideStatus } from './side-payment.ts';

export type TipStatus = SideStatus;

export const isTipOver = (status: TipStatus): boolean => status === 'paid' || status === 'declined';

const maxTips = 5;

/** What is known of the order when somebody wants to tip. */
export type TipBasis = {
  readonly orderStatus: string;
  readonly driverId: string | undefined;
  readonly currency: string;
  /** Of the tips before it. */
  readonly statuses: readonly TipStatus[];
};

export function tipRefused(basis: TipBasis, amountMinor: number): Refusal | undefined {
  const { orderStatus, driverId, currency, statuses } = basis;
  if (orderStatus !== 'completed')
    return {
      code: 'wrong_state',
      reason: `the order is ${orderStatus}: until it is completed, its own tip can be changed`,
    };
  if (driverId === undefined)
    return { code: 'no_driver', reason: 'nobody has delivered the order' };
  if (amountMinor % stepOf(currency, 'card') !== 0)
    return {
      code: 'amount_out_of_range',
      reason: `a payment in ${currency} is a multiple of ${stepOf(currency, 'card')} minor units`,
    };
  if (!statuses.every(isTipOver))
    return { code: 'limit_reached', reason: 'another tip for this order is under way' };
  return statuses.length < maxTips
    ? undefined
    : { code: 'limit_reached', reason: `${maxTips} tips were tried for this order` };
}

export type TipFacts = {
  readonly orderId: string;
  /** Counts the tips of an order, from 1. */
  readonly n: number;
  readonly customerId: string;
  readonly driverId: string;
  readonly provider: string;
  readonly amountMinor: number;
};

/** Nothing is owed before it is paid, so that both are posted at once. */
export function tipPostings(facts: TipFacts): readonly Posting[] {
  const { orderId, n, amountMinor } = facts;
  const customer = { account: 'customer', party: facts.customerId } as const;
  return [
    {
      key: `${orderId}:tip_share:${n}`,
      kind: 'tip_share',
      entries: [
        { ...customer, amountMinor },
        { account: 'driver', party: facts.driverId, amountMinor: -amountMinor },
      ],
    },
    {
      key: `${orderId}:tip_capture:${n}`,
      kind: 'tip_capture',
      entries: [
        { account: 'provider_clearing', party: facts.provider, amountMinor },
        { ...customer, amountMinor: -amountMinor },
      ],
    },
  ];
}
