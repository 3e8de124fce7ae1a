// An order's state: three machines side by side (order, delivery, payment), folded from its events.
// A state carries only the fields that are valid in it. Times are epoch milliseconds, money minor units.

import type {
  BranchId,
  CustomerId,
  DriverId,
  MarketId,
  MerchantId,
  OfferId,
  OrderId,
} from './ids.ts';
import type { Policy } from './policy.ts';

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
  readonly currency: string;
  readonly itemCount: number;
  readonly goodsMinor: number;
  readonly deliveryFeeMinor: number;
  readonly tipMinor: number;
  /** goods + delivery fee + tip: what is authorized. */
  readonly totalMinor: number;
  readonly driverPayMinor: number;
  readonly commissionBps: number;
  /** Provider's token of the card (`pm_…`), never a card number. */
  readonly paymentMethod: string;
  /** Estimated drive from the branch to the customer. */
  readonly travelMs: number;
  readonly policy: Policy;
};

export const endReasons = [
  'cancelled_by_customer',
  'cancelled_by_merchant',
  'cancelled_by_support',
  'merchant_denied',
  'merchant_expired',
  'payment_failed',
  'payment_not_completed',
  'failed_to_assign',
  'failed_to_deliver',
] as const;
export type EndReason = (typeof endReasons)[number];

export type EndStatus = 'denied' | 'expired' | 'cancelled' | 'failed';

export type OrderPart =
  | { readonly status: 'payment_pending'; readonly since: number }
  | { readonly status: 'pending'; readonly since: number; readonly reminded: boolean }
  | { readonly status: 'preparing'; readonly since: number; readonly readyEstimateAt: number }
  | { readonly status: 'ready'; readonly since: number; readonly assumed: boolean }
  | { readonly status: 'completed'; readonly since: number }
  | { readonly status: EndStatus; readonly since: number; readonly endReason: EndReason };

/** A driver's hold on a delivery. */
export type Carrier = {
  readonly driverId: DriverId;
  readonly offerId: OfferId;
  readonly pinged: boolean;
};

export type DeliveryPart =
  | { readonly status: 'none' }
  /** `since` is when the search starts: until the goods are nearly ready, it lies ahead. */
  | { readonly status: 'searching'; readonly since: number }
  | ({
      readonly status: 'confirmed';
      readonly since: number;
      readonly pickupEtaAt: number;
    } & Carrier)
  | ({
      readonly status: 'picked_up';
      readonly since: number;
      readonly dropoffEtaAt: number;
    } & Carrier)
  | ({ readonly status: 'delivery_unconfirmed'; readonly since: number } & Carrier)
  | { readonly status: 'delivered'; readonly since: number; readonly driverId: DriverId }
  | { readonly status: 'cancelled'; readonly since: number };

export type PaymentPart =
  | { readonly status: 'none' }
  | { readonly status: 'authorizing'; readonly since: number; readonly paymentMethod: string }
  | {
      readonly status: 'requires_action';
      readonly since: number;
      readonly providerRef: string;
      /** The provider is being asked; `check` is the sequence of the event that asked. */
      readonly checking: boolean;
      readonly check: number;
      /** News came while the provider was being asked: its answer may be older than the news. */
      readonly checkAgain: boolean;
    }
  | {
      readonly status: 'authorized';
      readonly since: number;
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly captureBefore: number;
    }
  | { readonly status: 'declined'; readonly since: number; readonly code: string }
  | {
      readonly status: 'capturing';
      readonly since: number;
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly firstFailedAt: number | undefined;
    }
  | {
      readonly status: 'capture_failed';
      readonly since: number;
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly firstFailedAt: number;
    }
  | { readonly status: 'captured'; readonly since: number; readonly amountMinor: number }
  | { readonly status: 'voiding'; readonly since: number; readonly providerRef: string | undefined }
  | { readonly status: 'voided'; readonly since: number }
  | { readonly status: 'written_off'; readonly since: number; readonly amountMinor: number };

export type OrderState = {
  readonly facts: OrderFacts;
  /** Sequence of the last event folded in; 0 before the first. */
  readonly sequence: number;
  readonly order: OrderPart;
  readonly delivery: DeliveryPart;
  readonly payment: PaymentPart;
  /** `n` of `<orderId>:<step>:<n>`, per step; advances only after a definitive answer. */
  readonly attempts: {
    readonly authorize: number;
    readonly capture: number;
    readonly void: number;
  };
  /** Rounds of the search so far: how often it was started. */
  readonly searches: number;
  /** Time spent in earlier searches, against `searchLimitMs`. */
  readonly searchedMs: number;
  /** Deadlines that an outage of the engine has put off, once each: key → new time. */
  readonly extended: Readonly<Record<string, number>>;
};

export function initialState(facts: OrderFacts): OrderState {
  return {
    facts,
    sequence: 0,
    order: { status: 'payment_pending', since: facts.placedAt },
    delivery: { status: 'none' },
    payment: { status: 'none' },
    attempts: { authorize: 0, capture: 0, void: 0 },
    searches: 0,
    searchedMs: 0,
    extended: {},
  };
}

const ended: ReadonlySet<string> = new Set([
  'completed',
  'denied',
  'expired',
  'cancelled',
  'failed',
]);
const moneyEnded: ReadonlySet<string> = new Set([
  'none',
  'declined',
  'captured',
  'voided',
  'written_off',
]);

/** The order itself has ended; its money may still be on the way. */
export const hasEnded = (state: OrderState): boolean => ended.has(state.order.status);

/** Nothing is left to do: the order has ended and its money is settled. */
export const isOver = (state: OrderState): boolean =>
  state.sequence > 0 && hasEnded(state) && moneyEnded.has(state.payment.status);

export const endReasonOf = (state: OrderState): EndReason | undefined =>
  'endReason' in state.order ? state.order.endReason : undefined;

export type SimpleStatus =
  | 'PENDING'
  | 'PREPARING'
  | 'READY'
  | 'OUT_FOR_DELIVERY'
  | 'DELIVERED'
  | 'CANCELLED';

/** The one status that simple consumers read; derived, never stored as truth. */
export function simpleStatus(state: Pick<OrderState, 'order' | 'delivery'>): SimpleStatus {
  if ('endReason' in state.order) return 'CANCELLED';
  switch (state.delivery.status) {
    case 'delivered':
      return 'DELIVERED';
    case 'picked_up':
    case 'delivery_unconfirmed':
      return 'OUT_FOR_DELIVERY';
    case 'none':
    case 'searching':
    case 'confirmed':
    case 'cancelled':
      break;
  }
  switch (state.order.status) {
    case 'payment_pending':
    case 'pending':
      return 'PENDING';
    case 'preparing':
      return 'PREPARING';
    case 'ready':
      return 'READY';
    case 'completed':
      return 'DELIVERED';
  }
}
