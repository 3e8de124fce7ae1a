// Who pays and who is paid when an order ends: one table, end × stage, in words; the method of payment bounds what the
// customer can be charged, and in which steps. Every cell sums to zero: the platform takes or bears what is left.

import type { Rail } from './money.ts';
import { commissionOf } from './money/commission.ts';
import { priceOf, type Price, type PriceTerms } from './money/price.ts';
import { roundFor } from './money/rounding.ts';
import {
  amountsOf,
  carrierOf,
  isWithPartner,
  priceTermsOf,
  railOf,
  type OrderFacts,
  type OrderState,
} from './order.ts';
import type { EndReason } from './parts.ts';

/** Minor units. What the customer pays is shared out: customer = merchant + driver + platform + taxes + rounding. */
export type Settlement = {
  readonly customerMinor: number;
  /** Negative when the merchant owes. */
  readonly merchantMinor: number;
  readonly driverMinor: number;
  /** Negative when the platform bears a loss. */
  readonly platformMinor: number;
  /** VAT on the commission. */
  readonly taxMinor: number;
  /** Tax on the goods, where the platform owes it to the state; absent: none. */
  readonly goodsTaxMinor?: number;
  /** What rounding the price to a payable amount gave; negative when it took. */
  readonly roundingMinor: number;
};

/** How far an order had come when it ended. */
export const stages = [
  'before_accept',
  'accepted',
  'accepted_arrived',
  'preparing',
  'assigned',
  'arrived',
  'picked_up',
  'returning',
  'delivered',
  'handed_over',
] as const;
export type Stage = (typeof stages)[number];

const beforeAccept: ReadonlySet<string> = new Set([
  'payment_pending',
  'scheduled',
  'pending',
  'awaiting_prescription',
]);

export function stageOf({ order, delivery, goodsOut }: OrderState): Stage {
  switch (delivery.status) {
    case 'delivered':
      return 'delivered';
    case 'enroute_to_return':
    case 'arrived_at_return':
    case 'returned':
      return 'returning';
    case 'picked_up':
    case 'arrived_at_dropoff':
    case 'delivery_unconfirmed':
    case 'problem':
    case 'discarded':
    case 'partner_picked_up':
    case 'partner_unconfirmed':
      return 'picked_up';
    case 'none':
    case 'searching':
    case 'confirmed':
    case 'arrived_at_pickup':
    case 'partner_requested':
    case 'partner_confirmed':
    case 'partner_cancelling':
    case 'cancelled':
      break;
  }
  if (goodsOut) return 'picked_up';
  const arrived = delivery.status === 'arrived_at_pickup';
  if (order.status === 'accepted') return arrived ? 'accepted_arrived' : 'accepted';
  if (beforeAccept.has(order.status)) return 'before_accept';
  if (order.status === 'handed_over') return 'handed_over';
  if (arrived) return 'arrived';
  return comes.has(delivery.status) ? 'assigned' : 'preparing';
}

const comes: ReadonlySet<string> = new Set(['confirmed', 'partner_confirmed']);

/** What an order's money is about when it ends. */
export type Bill = Pick<
  OrderFacts,
  'goodsMinor' | 'deliveryFeeMinor' | 'tipMinor' | 'driverPayMinor' | 'commissionBps' | 'currency'
> &
  PriceTerms & {
    readonly rail: Rail;
    /** Promised to the driver beyond the delivery's pay: the platform bears it, once, whoever bears the rest. */
    readonly bonusMinor: number;
    readonly restockableMinor: number;
    /** The most that the customer can be charged: what is held or was taken, what was collected, no limit elsewhere. */
    readonly chargeableMinor: number;
  };

const kept = ({ goodsMinor, restockableMinor }: Bill): number =>
  Math.max(0, goodsMinor - restockableMinor);

/** Goods, as listed, and what is paid beside their price. */
type Part = (bill: Bill) => readonly [goodsMinor: number, besideMinor: number];

const customerPays = {
  nothing: () => [0, 0],
  goods: (bill: Bill) => [bill.goodsMinor, 0],
  goods_and_fee: (bill: Bill) => [bill.goodsMinor, bill.deliveryFeeMinor],
  everything: (bill: Bill) => [bill.goodsMinor, bill.deliveryFeeMinor + bill.tipMinor],
  everything_and_return: (bill: Bill) => [
    bill.goodsMinor,
    2 * bill.deliveryFeeMinor + bill.tipMinor,
  ],
  both_legs_and_kept_goods: (bill: Bill) => [kept(bill), 2 * bill.deliveryFeeMinor],
} as const satisfies Readonly<Record<string, Part>>;
/** What the merchant has sold, of which a commission is taken, and what it gets beside. */
const merchantGets = {
  nothing: () => [0, 0],
  goods: (bill: Bill) => [bill.goodsMinor, 0],
  goods_and_tip: (bill: Bill) => [bill.goodsMinor, bill.tipMinor],
  kept_goods: (bill: Bill) => [kept(bill), 0],
  owes_driver: (bill: Bill) => [0, -bill.driverPayMinor],
} as const satisfies Readonly<Record<string, Part>>;
/** The bonus for taking it is part of the pay; the way back has none. */
const driverGets = {
  nothing: () => 0,
  pay: (bill: Bill) => bill.driverPayMinor + bill.bonusMinor,
  pay_and_tip: (bill: Bill) => bill.driverPayMinor + bill.bonusMinor + bill.tipMinor,
  both_legs: (bill: Bill) => 2 * bill.driverPayMinor + bill.bonusMinor,
} as const;

/** A cell of the table, in words. */
export type Shares = readonly [
  customer: keyof typeof customerPays,
  merchant: keyof typeof merchantGets,
  driver: keyof typeof driverGets,
];
/** The words that a cell, a merchant's policy or support may use. */
export const shareWords = {
  customer: Object.keys(customerPays) as readonly Shares[0][],
  merchant: Object.keys(merchantGets) as readonly Shares[1][],
  driver: Object.keys(driverGets) as readonly Shares[2][],
} as const;

export type End = EndReason | 'delivered' | 'returned_after_age_check';

const nothing: Shares = ['nothing', 'nothing', 'nothing'];
const platformBears: Shares = ['nothing', 'goods', 'nothing'];
const platformBearsAll: Shares = ['nothing', 'goods', 'pay'];
const platformBearsBothLegs: Shares = ['nothing', 'goods', 'both_legs'];
const onlyDriver: Shares = ['nothing', 'nothing', 'pay'];
const merchantBears: Shares = ['nothing', 'owes_driver', 'pay'];
const customerBears: Shares = ['goods_and_fee', 'goods', 'pay'];
const unpaid = { before_accept: nothing } as const;

/** A missing cell cannot happen: `settle` refuses it as a bug. */
export const settlementTable: Readonly<Record<End, Partial<Readonly<Record<Stage, Shares>>>>> = {
  delivered: {
    delivered: ['everything', 'goods', 'pay_and_tip'],
    handed_over: ['everything', 'goods_and_tip', 'nothing'],
  },
  cancelled_by_customer: {
    ...unpaid,
    accepted: nothing,
    accepted_arrived: onlyDriver,
    preparing: ['goods', 'goods', 'nothing'],
    assigned: customerBears,
    arrived: customerBears,
  },
  cancelled_by_merchant: {
    ...unpaid,
    accepted: nothing,
    accepted_arrived: merchantBears,
    preparing: nothing,
    assigned: nothing,
    arrived: merchantBears,
  },
  cancelled_by_support: {
    ...unpaid,
    accepted: nothing,
    accepted_arrived: onlyDriver,
    preparing: platformBears,
    assigned: platformBearsAll,
    arrived: platformBearsAll,
    picked_up: platformBearsAll,
    returning: platformBearsBothLegs,
  },
  merchant_denied: unpaid,
  merchant_expired: unpaid,
  prescription_rejected: unpaid,
  payment_failed: unpaid,
  payment_not_completed: unpaid,
  // A driver who was let go has been paid when they left.
  failed_to_assign: {
    accepted: nothing,
    accepted_arrived: nothing,
    preparing: platformBears,
    assigned: platformBears,
    arrived: platformBears,
    picked_up: platformBears,
  },
  failed_to_pick_up: { accepted_arrived: merchantBears, arrived: merchantBears },
  not_collected: { preparing: ['goods', 'goods', 'nothing'] },
  failed_to_deliver: { picked_up: platformBearsAll, returning: platformBearsBothLegs },
  lost: { picked_up: platformBearsAll, returning: platformBearsBothLegs },
  damaged: { picked_up: platformBearsAll, returning: platformBearsBothLegs },
  returned: { returning: ['everything_and_return', 'goods', 'both_legs'] },
  returned_after_age_check: { returning: ['both_legs_and_kept_goods', 'kept_goods', 'both_legs'] },
  discarded: { picked_up: ['everything', 'goods', 'pay'] },
};

/** The shares that rule: support's own, the merchant's agreement, the table. Throws where none is. */
export function sharesOf(
  overrides: Readonly<Record<string, Shares>>,
  { end, stage }: { readonly end: End; readonly stage: Stage },
): Shares {
  const shares = settlementTable[end][stage];
  if (!shares) throw new Error(`no settlement for ${end} at ${stage}`);
  return overrides[`${end}.${stage}`] ?? shares;
}

/** A partner's courier is paid by the partner: what a driver would get stays with the platform, which pays its price. */
export const sharesFor = (state: OrderState, [customer, merchant, driver]: Shares): Shares => [
  customer,
  merchant,
  isWithPartner(state) ? 'nothing' : driver,
];

/** Source: the settlement table of `docs/lifecycle.md`. */
export function settle(bill: Bill, [customer, merchant, driver]: Shares): Settlement {
  const { currency, chargeableMinor } = bill;
  const [boughtMinor, chargedMinor] = customerPays[customer](bill);
  const bought = priceOf(boughtMinor, bill);
  const totalMinor = Math.min(bought.priceMinor + chargedMinor, chargeableMinor);
  const { payableMinor, roundingMinor } = roundFor(bill.rail, { totalMinor, currency });
  const [soldMinor, besideMinor] = merchantGets[merchant](bill);
  const sold = priceOf(soldMinor, bill);
  const { feeMinor, vatMinor } = feeOn(sold, bill);
  const merchantMinor = sold.priceMinor - collected(sold, bill) - feeMinor - vatMinor + besideMinor;
  const driverMinor = driverGets[driver](bill);
  // Where nobody is charged, nothing was sold.
  const goodsTaxMinor = Math.min(collected(bought, bill), totalMinor);
  return {
    customerMinor: payableMinor,
    merchantMinor,
    driverMinor,
    platformMinor: totalMinor - merchantMinor - driverMinor - vatMinor - goodsTaxMinor,
    taxMinor: vatMinor,
    ...(goodsTaxMinor > 0 && { goodsTaxMinor }),
    roundingMinor,
  };
}

/** The tax of these goods that the platform owes instead of the merchant. */
const collected = ({ taxMinor }: Price, { taxes }: Bill): number =>
  taxes?.collector === 'platform' ? taxMinor : 0;

function feeOn({ priceMinor, taxMinor, discountMinor }: Price, { commissionBps, taxes }: Bill) {
  const base = {
    goodsMinor: priceMinor + discountMinor,
    goodsTaxMinor: taxMinor,
    merchantDiscountMinor: discountMinor,
  };
  return commissionOf(base, { commissionBps, vatBps: taxes?.feeVatBps ?? 0 });
}

/** Of an order as it stands. Cash is only ever charged when the goods change hands. */
export function billOf(state: OrderState, end: End): Bill {
  const { facts, payment } = state;
  const { goodsMinor, deliveryFeeMinor, tipMinor, totalMinor } = amountsOf(state);
  const { driverPayMinor, commissionBps, restockableMinor, currency } = facts;
  const paidAtTheDoor = end === 'delivered' ? Number.MAX_SAFE_INTEGER : 0;
  const secured =
    payment.status === 'authorized' || payment.status === 'captured' ? payment.amountMinor : 0;
  const chargeableMinor = {
    card: secured,
    paypal: secured,
    mobile_money: secured,
    wallet: secured,
    split: secured,
    cash: paidAtTheDoor,
    external: totalMinor,
  }[facts.method];
  const amounts = { goodsMinor, deliveryFeeMinor, tipMinor, restockableMinor };
  return {
    ...amounts,
    driverPayMinor,
    bonusMinor: carrierOf(state)?.bonusMinor ?? 0,
    commissionBps,
    chargeableMinor,
    currency,
    rail: railOf(facts),
    ...priceTermsOf(facts),
  };
}
