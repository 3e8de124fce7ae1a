// Giving money back after the end: how much, who bears it, who may decide. Pure; the database brings the facts
// (db/refunds.ts), the workflow `refund:<id>` carries it out.

import type { Refusal } from './errors.ts';
import type { OrderEventBody } from './events.ts';
import { platformParty, type LedgerEntry, type Posting } from './ledger.ts';
import { sumMinor, type Rail } from './money.ts';
import { priceOf, type PriceTerms } from './money/price.ts';
import { roundFor } from './money/rounding.ts';
import { allocateRefund } from './money/split.ts';

/** Who caused it, and therefore bears all of it; `shared`: everyone who earned, in proportion. */
export const refundFaults = ['merchant', 'driver', 'platform', 'shared'] as const;
export type RefundFault = (typeof refundFaults)[number];

export const refundReasons = [
  'item_missing',
  'item_wrong',
  'quality',
  'late',
  'never_arrived',
  'damaged',
  'overcharged',
  'goodwill',
  'duplicate_payment',
  'other',
] as const;
/** Of what the system gives back by itself: money that no settlement ever asked for. */
export const ownRefundReasons = ['prepaid', 'late_payment'] as const;
export type OwnRefundReason = (typeof ownRefundReasons)[number];
export type RefundReason = (typeof refundReasons)[number] | OwnRefundReason;

/** Nobody asked for it: it takes nothing away from what may still be asked for. */
export const isOwnRefund = (reason: RefundReason): reason is OwnRefundReason =>
  ownRefundReasons.some((own) => own === reason);

/** Waits for a second person · intent recorded · the provider works on it · owed until a person has paid it · over. */
export const refundStatuses = [
  'awaiting_approval',
  'requested',
  'sending',
  'pending',
  'payable',
  'refunded',
  'failed',
  'rejected',
] as const;
export type RefundStatus = (typeof refundStatuses)[number];

/** Counts against what was captured: everything but what has come to nothing. */
export const isRefundAlive = (status: RefundStatus): boolean =>
  status !== 'failed' && status !== 'rejected';

/** There is nobody to ask: a person pays it out and says so. */
export const isPaidByHand = (provider: string): boolean => provider === 'cash';

export type RefundWish =
  | { readonly kind: 'whole' }
  | { readonly kind: 'amount'; readonly amountMinor: number }
  | {
      readonly kind: 'parts';
      /** Places in the order's list of items. */
      readonly items: readonly { readonly index: number; readonly quantity: number }[];
      readonly deliveryFee: boolean;
      readonly tip: boolean;
    }
  /** Of the tip `n` after the delivery, a payment of its own: all that is left, or an amount. */
  | { readonly kind: 'later_tip'; readonly n: number; readonly amountMinor?: number };

/** What was ordered and never sold, by the item's place: removed, or replaced by something that is no item. */
export function missingItems(log: readonly OrderEventBody[]): ReadonlyMap<number, number> {
  const missing = new Map<number, number>();
  let asked: { readonly line: number; readonly quantity: number } | undefined;
  for (const event of log) {
    if (event.type === 'order.shortage_reported') asked = event;
    if (event.type !== 'order.shortage_resolved' || asked === undefined) continue;
    missing.set(asked.line, (missing.get(asked.line) ?? 0) + asked.quantity);
    asked = undefined;
  }
  return missing;
}

type Part = { readonly minor: number; readonly refunded: boolean };

/** What is known of the order when somebody asks. */
export type RefundBasis = {
  readonly currency: string;
  readonly rail: Rail;
  /** Nothing goes back by itself any more: its end has said what it keeps. */
  readonly isOver: boolean;
  readonly capturedMinor: number;
  /** By refunds that are alive. */
  readonly refundedMinor: number;
  /** Not decided yet. */
  readonly disputed: boolean;
  /** What the payer's bank has taken back for good. */
  readonly lostMinor: number;
  /** Listed prices; what was paid for them, `pricing` says. */
  readonly items: readonly {
    readonly unitPriceMinor: number;
    readonly quantity: number;
    readonly refundedQuantity: number;
  }[];
  /** By refunds of items that are alive: what was given back for those, and the tax of it. */
  readonly itemsRefunded: { readonly priceMinor: number; readonly taxMinor: number };
  readonly pricing: PriceTerms;
  /** Tax on the goods that the platform has collected, and gave back with refunds. */
  readonly goodsTax: { readonly earnedMinor: number; readonly givenBackMinor: number };
  readonly deliveryFee: Part;
  readonly tip: Part;
};

export type RefundPlan =
  | {
      readonly kind: 'planned';
      readonly amountMinor: number;
      /** So much of it, before it was rounded for the rail, for items. */
      readonly itemsMinor: number;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

const refused = (code: Refusal['code'], reason: string): RefundPlan => ({
  kind: 'refused',
  refusal: { code, reason },
});

export function planRefund(basis: RefundBasis, wish: RefundWish): RefundPlan {
  const { capturedMinor, refundedMinor, lostMinor } = basis;
  const leftMinor = Math.max(0, capturedMinor - refundedMinor - lostMinor);
  if (basis.disputed)
    return refused('payment_disputed', 'the customer’s bank is taking this payment back already');
  if (lostMinor > 0 && leftMinor === 0)
    return refused('payment_disputed', 'the customer’s bank has taken this payment back');
  if (capturedMinor === 0) return refused('refund_not_captured', 'the order took no money');
  if (!basis.isOver)
    return refused(
      'refund_too_early',
      'its end gives back what is not owed: cancel it, or ask again once it is over',
    );
  const totalMinor = amountOf(basis, wish, leftMinor);
  if (typeof totalMinor === 'string') return refused('refund_too_large', totalMinor);
  const { payableMinor } = roundFor(basis.rail, { totalMinor, currency: basis.currency });
  if (payableMinor <= 0 || totalMinor > leftMinor)
    return refused('refund_too_large', `${leftMinor} minor units are left of what was captured`);
  // Parts that were rounded up before leave less than the last one.
  const itemsMinor = wish.kind === 'parts' ? itemsOf(basis, wish.items).priceMinor : 0;
  return { kind: 'planned', amountMinor: Math.min(payableMinor, leftMinor), itemsMinor };
}

/** A text says what was refunded before. */
function amountOf(basis: RefundBasis, wish: RefundWish, leftMinor: number): number | string {
  if (wish.kind === 'whole') return leftMinor;
  if (wish.kind === 'amount') return wish.amountMinor;
  if (wish.kind === 'later_tip') return wish.amountMinor ?? leftMinor;
  for (const [index, quantity] of quantitiesOf(wish.items)) {
    const item = basis.items[index];
    if (item === undefined) return `there is no item ${index}`;
    const left = item.quantity - item.refundedQuantity;
    if (quantity > left) return `${left} of item ${index} are not refunded yet`;
  }
  if (wish.deliveryFee && basis.deliveryFee.refunded) return 'the delivery fee was refunded before';
  if (wish.tip && basis.tip.refunded) return 'the tip was refunded before';
  return sumMinor([
    itemsOf(basis, wish.items).priceMinor,
    wish.deliveryFee ? basis.deliveryFee.minor : 0,
    wish.tip ? basis.tip.minor : 0,
  ]);
}

type Items = Extract<RefundWish, { readonly kind: 'parts' }>['items'];

/**
 * What was paid for these items and the tax of it: of all that are refunded by then less what was given back for those
 * before, so that rounding never adds up, whatever has failed between.
 */
function itemsOf({ items, itemsRefunded, pricing }: RefundBasis, wanted: Items) {
  const quantities = quantitiesOf(wanted);
  if (quantities.size === 0) return { priceMinor: 0, taxMinor: 0 };
  const listedMinor = items.map(
    ({ unitPriceMinor, refundedQuantity }, index) =>
      unitPriceMinor * (refundedQuantity + (quantities.get(index) ?? 0)),
  );
  const then = priceOf(sumMinor(listedMinor), pricing);
  return {
    priceMinor: then.priceMinor - itemsRefunded.priceMinor,
    taxMinor: Math.max(0, then.taxMinor - itemsRefunded.taxMinor),
  };
}

/**
 * How much of a planned refund is tax on goods that the platform has collected: goods that were not sold owe none, whoever
 * is at fault. Of an amount its share.
 */
export function goodsTaxIn(basis: RefundBasis, wish: RefundWish, amountMinor: number): number {
  const { capturedMinor, refundedMinor, goodsTax } = basis;
  const { givenBackMinor } = goodsTax;
  const earnedMinor = Math.min(goodsTax.earnedMinor, capturedMinor);
  const leftMinor = earnedMinor - givenBackMinor;
  if (leftMinor <= 0 || wish.kind === 'later_tip') return 0;
  if (wish.kind === 'parts')
    return Math.min(itemsOf(basis, wish.items).taxMinor, leftMinor, amountMinor);
  const [taxMinor = 0] = allocateRefund(amountMinor, [
    { party: 'tax', amountMinor: earnedMinor, refundedMinor: givenBackMinor },
    {
      party: 'others',
      amountMinor: capturedMinor - earnedMinor,
      refundedMinor: refundedMinor - givenBackMinor,
    },
  ]);
  return taxMinor;
}

function quantitiesOf(
  items: readonly { readonly index: number; readonly quantity: number }[],
): ReadonlyMap<number, number> {
  const total = new Map<number, number>();
  for (const { index, quantity } of items) total.set(index, (total.get(index) ?? 0) + quantity);
  return total;
}

/** Above this a second person must agree: the market's limit, else half of what the order took. */
export const needsApproval = (limit: {
  readonly amountMinor: number;
  readonly refundedMinor: number;
  readonly capturedMinor: number;
  readonly approvalAboveMinor: number | undefined;
}): boolean =>
  limit.amountMinor + limit.refundedMinor >
  (limit.approvalAboveMinor ?? Math.floor(limit.capturedMinor / 2));

export type RefundFacts = {
  readonly refundId: string;
  readonly orderId: string;
  readonly customerId: string;
  readonly provider: string;
  readonly amountMinor: number;
  /** Debits that sum to the amount. */
  readonly bearers: readonly LedgerEntry[];
};

/** The refund's key at the provider; `n` advances only after a definitive answer. */
export const refundKey = (
  { orderId, refundId }: Pick<RefundFacts, 'orderId' | 'refundId'>,
  n: number,
): string => `${orderId}:refund:${refundId}:${n}`;

const keyOf = ({ orderId, refundId }: RefundFacts, step: string): string =>
  `${orderId}:${step}:${refundId}`;

export const negative = ({ account, party, amountMinor }: LedgerEntry): LedgerEntry => ({
  account,
  party,
  amountMinor: -amountMinor,
});

/** Who bears it owes it to the customer; and it is on its way. Both at once, before the provider is asked. */
export function refundPostings(facts: RefundFacts): readonly Posting[] {
  const { customerId: party, provider, amountMinor, bearers } = facts;
  return [
    {
      key: keyOf(facts, 'refund_share'),
      kind: 'refund_share',
      entries: [...bearers, { account: 'customer', party, amountMinor: -amountMinor }],
    },
    {
      key: keyOf(facts, 'refund_sent'),
      kind: 'refund_sent',
      entries: [
        { account: 'customer', party, amountMinor },
        { account: 'refunds_in_transit', party: provider, amountMinor: -amountMinor },
      ],
    },
  ];
}

/**
 * Paid, out of what the provider holds for us or the cash desk; or it never will be, or was and came back: those who bore
 * it have it again.
 */
export function refundEndPosting(
  facts: RefundFacts,
  end: 'refunded' | 'failed' | 'returned',
): Posting {
  const { provider: party, amountMinor, bearers } = facts;
  const back: LedgerEntry = { ...refundAccount(party, end === 'returned'), amountMinor };
  return end === 'refunded'
    ? {
        key: keyOf(facts, 'refund_confirmed'),
        kind: 'refund_confirmed',
        entries: [back, { ...payerOf(party), amountMinor: -amountMinor }],
      }
    : {
        key: keyOf(facts, 'refund_failed'),
        kind: 'refund_failed',
        entries: [back, ...bearers.map(negative)],
      };
}

/** Where a refund's money lies: on its way, or with who has paid it. */
export const refundAccount = (
  provider: string,
  isPaid: boolean,
): Omit<LedgerEntry, 'amountMinor'> =>
  isPaid ? payerOf(provider) : { account: 'refunds_in_transit', party: provider };

/** Cash is paid out of what drivers have handed in. */
const payerOf = (provider: string): Omit<LedgerEntry, 'amountMinor'> =>
  isPaidByHand(provider)
    ? { account: 'cash_desk', party: platformParty }
    : { account: 'provider_clearing', party: provider };
