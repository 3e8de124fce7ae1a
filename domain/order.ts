// An order's state: three machines side by side (domain/parts.ts) and what they share, folded from its events.
// Times are epoch milliseconds, money minor units.

import type { OrderEvent } from './events.ts';
import type { BranchId, CustomerId, MarketId, MerchantId, OrderId } from './ids.ts';
import type { Rail } from './money.ts';
import { priceOf, type PriceTerms } from './money/price.ts';
import { roundFor, roundUpFor } from './money/rounding.ts';
import type { TaxMode } from './money/tax.ts';
import type { Carrier, DeliveryPart, EndReason, OrderPart, PaymentPart } from './parts.ts';
import { methodTraits, providerOfOrder } from './payment-methods.ts';
import type { Policy } from './policy.ts';
import type { Vehicle } from './vehicles.ts';

export const fulfilments = ['delivery', 'pickup', 'dine_in'] as const;
export type Fulfilment = (typeof fulfilments)[number];
export const paymentMethods = [
  'card',
  'paypal',
  'mobile_money',
  'wallet',
  'split',
  'cash',
  'external',
] as const;
export type PaymentMethod = (typeof paymentMethods)[number];
export const goodsKinds = ['restaurant', 'store', 'pharmacy'] as const;
export type GoodsKind = (typeof goodsKinds)[number];
/** What becomes of goods that are not there, when the customer does not answer. */
export const substitutions = ['remove', 'substitute', 'cancel'] as const;
export type Substitution = (typeof substitutions)[number];
/** What becomes of goods that cannot be handed over. */
export const undeliverables = ['leave_at_door', 'return', 'discard'] as const;
export type Undeliverable = (typeof undeliverables)[number];
export const proofKinds = ['photo', 'signature', 'pin', 'barcode', 'age'] as const;
export type ProofKind = (typeof proofKinds)[number];

export const taxCollectors = ['merchant', 'platform'] as const;
export type TaxCollector = (typeof taxCollectors)[number];

/** Basis points. */
export type Taxes = {
  /** On the goods. No commission is taken of it. */
  readonly goodsBps: number;
  /** Absent: inside the prices. */
  readonly mode?: TaxMode;
  /** Who owes it to the state; absent: the merchant, who sells the goods. */
  readonly collector?: TaxCollector;
  /** VAT on the commission, on top of it; the platform owes it. */
  readonly feeVatBps: number;
};

/** Who may carry it, and how. */
export type DeliveryTerms = {
  /** In units of a driver's capacity. */
  readonly load: number;
  /** What only some can carry. */
  readonly needs: readonly ('cold_chain' | 'heavy')[];
  /** Absent: any. */
  readonly vehicles?: readonly Vehicle[];
  /** Of the merchant. */
  readonly ownDriversOnly: boolean;
  /** With nothing else on board. */
  readonly direct: boolean;
};

/** What is known when an order is placed and never changes: the workflow's start argument. No personal data. */
export type OrderFacts = {
  readonly orderId: OrderId;
  /** Short number that people say to each other. */
  readonly number: string;
  readonly merchantId: MerchantId;
  readonly branchId: BranchId;
  readonly marketId: MarketId;
  readonly customerId: CustomerId;
  readonly placedAt: number;
  readonly fulfilment: Fulfilment;
  readonly goodsKind: GoodsKind;
  readonly ageCheck: boolean;
  readonly prescription: boolean;
  /** Absent: whoever comes can bring it, with others of its kind. */
  readonly deliveryTerms?: DeliveryTerms;
  readonly substitution: Substitution;
  readonly undeliverable: Undeliverable;
  /** Without these the goods are not handed over. */
  readonly proofs: readonly ProofKind[];
  /** When the customer wants it; absent: as soon as possible. */
  readonly promisedAt?: number;
  /** The branch's tablet was seen lately: until then it takes orders without asking. */
  readonly autoAcceptUntil?: number;
  readonly currency: string;
  readonly itemCount: number;
  /** As listed: before the discount, and before a tax that comes on top. */
  readonly goodsMinor: number;
  /** Off the goods, at the merchant's cost, at most all of them; absent: none. */
  readonly merchantDiscountMinor?: number;
  /** Part of the goods that can be sold again when it comes back. */
  readonly restockableMinor: number;
  readonly deliveryFeeMinor: number;
  readonly tipMinor: number;
  /** The goods' price (domain/money/price.ts) + delivery fee + tip. */
  readonly totalMinor: number;
  /** Held beyond the total, for dearer substitutes. */
  readonly bufferMinor: number;
  readonly driverPayMinor: number;
  readonly commissionBps: number;
  /** Absent: none. */
  readonly taxes?: Taxes;
  readonly method: PaymentMethod;
  /** The provider's token (domain/payment-methods.ts), never a card or phone number; empty where no provider is asked. */
  readonly paymentMethod: string;
  /** Estimated drive from the branch to the customer; 0 when nobody drives. */
  readonly travelMs: number;
  readonly policy: Policy;
};

export const counterNames = [
  'changes',
  'shortages',
  'delays',
  'holds',
  'extensions',
  'redeliveries',
  'remakes',
  'resends',
  'undos',
  'etaChanges',
] as const;
/** How often a thing was done that the policy caps. */
export type Counters = { readonly [Name in (typeof counterNames)[number]]: number };

export type OrderState = {
  readonly facts: OrderFacts;
  /** Sequence of the last event folded in; 0 before the first. */
  readonly sequence: number;
  readonly order: OrderPart;
  readonly delivery: DeliveryPart;
  readonly payment: PaymentPart;
  /** What may change on the way: how it gets to the customer, for when, what it costs, how far it is. */
  readonly fulfilment: Fulfilment;
  readonly promisedAt: number | undefined;
  readonly goodsMinor: number;
  readonly tipMinor: number;
  readonly travelMs: number;
  /** A driver has or had the goods: nothing but a remake brings them back. */
  readonly goodsOut: boolean;
  /** `n` of `<orderId>:<step>:<n>`, per step; advances only after a definitive answer. */
  readonly attempts: {
    readonly authorize: number;
    readonly capture: number;
    readonly void: number;
    readonly release: number;
  };
  /** What the payment was last asked of. */
  readonly token: string;
  /** A new hold is being asked for, beside the one there is. */
  readonly renewal: { readonly since: number; readonly amountMinor: number } | undefined;
  readonly renewals: {
    /** For this hold. */
    readonly tried: number;
    /** In all: attempts at the card that the customer did not ask for. */
    readonly asked: number;
    readonly lastAt: number;
  };
  /** A hold beside the payment's own, to be let go; without a name: whatever that attempt left. */
  readonly spare:
    | {
        readonly since: number;
        readonly firstAt: number;
        readonly authorizeAttempt: number;
        readonly providerRef: string | undefined;
      }
    | undefined;
  /** Drivers looked for so far: how often a search was started or a driver put in by support. */
  readonly searches: number;
  /** How often a partner fleet was asked. */
  readonly partnerRequests: number;
  /** Time spent in earlier searches, against `searchLimitMs`. */
  readonly searchedMs: number;
  readonly counts: Counters;
  /** Deadlines that an outage of the engine has put off, once each: key → new time. */
  readonly extended: Readonly<Record<string, number>>;
  /** Deadlines that support has put off: key → new time; and by how much in all. */
  readonly extensions: Readonly<Record<string, number>>;
  readonly extendedMs: number;
  /** Support keeps everything as it is: since the first hold, until. */
  readonly held: { readonly since: number; readonly until: number } | undefined;
  /** The last event, while it can be taken back. */
  readonly undoable: OrderEvent | undefined;
};

const noCounts = Object.fromEntries(counterNames.map((name) => [name, 0])) as Counters;

export function initialState(facts: OrderFacts): OrderState {
  return {
    facts,
    sequence: 0,
    order: { status: 'payment_pending', since: facts.placedAt },
    delivery: { status: 'none' },
    payment: { status: 'none' },
    fulfilment: facts.fulfilment,
    promisedAt: facts.promisedAt,
    goodsMinor: facts.goodsMinor,
    tipMinor: facts.tipMinor,
    travelMs: facts.travelMs,
    goodsOut: false,
    attempts: { authorize: 0, capture: 0, void: 0, release: 0 },
    token: facts.paymentMethod,
    renewal: undefined,
    renewals: { tried: 0, asked: 0, lastAt: 0 },
    spare: undefined,
    searches: 0,
    partnerRequests: 0,
    searchedMs: 0,
    counts: noCounts,
    extended: {},
    extensions: {},
    extendedMs: 0,
    held: undefined,
    undoable: undefined,
  };
}

const ended: ReadonlySet<string> = new Set([
  'completed',
  'denied',
  'expired',
  'cancelled',
  'failed',
]);
const moneyEnded: ReadonlySet<PaymentPart['status']> = new Set([
  'none',
  'declined',
  'captured',
  'voided',
  'written_off',
  'remitted',
  'short',
  'refused',
  'external',
] as const);

/** The order itself has ended; its money may still be on the way. */
export const hasEnded = (state: OrderState): boolean => ended.has(state.order.status);

/** A partner fleet may still come to bring it. */
const partnerOwes: ReadonlySet<DeliveryPart['status']> = new Set([
  'partner_requested',
  'partner_cancelling',
] as const);

/** Nothing is left to do: the order has ended, no partner is on its way and the money is settled. */
export const isOver = (state: OrderState): boolean =>
  state.sequence > 0 &&
  hasEnded(state) &&
  moneyEnded.has(state.payment.status) &&
  state.renewal === undefined &&
  state.spare === undefined &&
  !partnerOwes.has(state.delivery.status);

export const endReasonOf = (state: OrderState): EndReason | undefined =>
  'endReason' in state.order ? state.order.endReason : undefined;

/** Who carries or is to carry the goods now. */
export const carrierOf = ({ delivery }: OrderState): Carrier | undefined =>
  'offerId' in delivery ? delivery : undefined;

/** What its driver was promised for the delivery, without the tip. */
export const payMinorOf = (state: OrderState): number =>
  state.facts.driverPayMinor + (carrierOf(state)?.bonusMinor ?? 0);

/** A partner fleet is asked for it or has it. */
export const isWithPartner = ({ delivery }: OrderState): boolean =>
  delivery.status.startsWith('partner_');

/** The customer has the goods. */
export const isFulfilled = ({ order, delivery }: OrderState): boolean =>
  delivery.status === 'delivered' || order.status === 'handed_over';

/** Under which its goods are priced. */
export const priceTermsOf = ({
  goodsMinor: ofMinor,
  merchantDiscountMinor: offMinor = 0,
  taxes,
}: Pick<OrderFacts, 'goodsMinor' | 'merchantDiscountMinor'> & {
  readonly taxes?: Taxes | undefined;
}): PriceTerms => ({
  ...(offMinor > 0 && { discount: { offMinor, ofMinor } }),
  taxes,
});

/** Of what the order costs now: goods as they are after shortages, the fee while somebody delivers, the tip. */
export function amountsOf({
  facts,
  goodsMinor,
  tipMinor,
  fulfilment,
}: Pick<OrderState, 'facts' | 'goodsMinor' | 'tipMinor' | 'fulfilment'>): {
  readonly goodsMinor: number;
  readonly deliveryFeeMinor: number;
  readonly tipMinor: number;
  readonly totalMinor: number;
} {
  const deliveryFeeMinor = fulfilment === 'delivery' ? facts.deliveryFeeMinor : 0;
  const { priceMinor } = priceOf(goodsMinor, priceTermsOf(facts));
  const totalMinor = priceMinor + deliveryFeeMinor + tipMinor;
  return { goodsMinor, deliveryFeeMinor, tipMinor, totalMinor };
}

type Paid = Parameters<typeof providerOfOrder>[0];

/** How an order's money moves, and so in which steps. */
export const railOf = (order: Paid): Rail => methodTraits[providerOfOrder(order)].rail;

/** What is held on the card: enough for the total, however it is rounded in the end. */
export const holdMinorOf = (
  order: Paid & Pick<OrderFacts, 'currency' | 'totalMinor' | 'bufferMinor'>,
): number => {
  const { totalMinor, bufferMinor, currency } = order;
  return roundUpFor(railOf(order), { totalMinor: totalMinor + bufferMinor, currency });
};

/** The whole price as it is paid now: rounded to what the way of paying can move. */
export const dueMinorOf = (state: OrderState): number =>
  roundFor(railOf(state.facts), {
    totalMinor: amountsOf(state).totalMinor,
    currency: state.facts.currency,
  }).payableMinor;

export const simpleStatuses = [
  'PENDING',
  'CONFIRMED',
  'PREPARING',
  'READY',
  'OUT_FOR_DELIVERY',
  'DELIVERED',
  'CANCELLED',
] as const;
export type SimpleStatus = (typeof simpleStatuses)[number];

/** The one status that simple consumers read; derived, never stored as truth. */
export function simpleStatus(
  state: Pick<OrderState, 'order' | 'delivery' | 'goodsOut'>,
): SimpleStatus {
  const { order, delivery, goodsOut } = state;
  if ('endReason' in order) return 'CANCELLED';
  if (delivery.status === 'delivered') return 'DELIVERED';
  if (goodsOut) return 'OUT_FOR_DELIVERY';
  switch (order.status) {
    case 'payment_pending':
    case 'scheduled':
    case 'pending':
    case 'awaiting_prescription':
      return 'PENDING';
    case 'accepted':
      return 'CONFIRMED';
    case 'preparing':
      return 'PREPARING';
    case 'ready':
      return 'READY';
    case 'handed_over':
    case 'completed':
      return 'DELIVERED';
  }
}
