// The three machines of an order, state by state: order, delivery, payment. A state carries only the fields that are
// valid in it. Times are epoch milliseconds, money minor units.

import type { DriverId, OfferId } from './ids.ts';

export const endReasons = [
  'cancelled_by_customer',
  'cancelled_by_merchant',
  'cancelled_by_support',
  'merchant_denied',
  'merchant_expired',
  'prescription_rejected',
  'payment_failed',
  'payment_not_completed',
  'failed_to_assign',
  'failed_to_pick_up',
  'failed_to_deliver',
  'not_collected',
  'returned',
  'discarded',
  'lost',
  'damaged',
] as const;
export type EndReason = (typeof endReasons)[number];

export type EndStatus = 'denied' | 'expired' | 'cancelled' | 'failed';

/** Goods that are not there: the customer is asked. Amounts are what the order's goods cost less and more. */
export type Shortage = {
  /** Position of the item in the order, from 0, and how many of it are missing. */
  readonly line: number;
  readonly quantity: number;
  readonly missingMinor: number;
  /** Price of what the merchant offers instead. */
  readonly substituteMinor?: number;
};

export type OrderPart =
  | { readonly status: 'payment_pending'; readonly since: number }
  | { readonly status: 'scheduled'; readonly since: number; readonly releaseAt: number }
  | {
      readonly status: 'pending';
      readonly since: number;
      /** What was done about the merchant's silence: 1 reminded, 2 seen to be unreachable, 3 called. */
      readonly nudges: number;
      readonly acknowledged: boolean;
    }
  | {
      readonly status: 'awaiting_prescription';
      readonly since: number;
      readonly prepMs: number | undefined;
    }
  | {
      readonly status: 'accepted';
      readonly since: number;
      readonly readyEstimateAt: number;
      readonly prepStartAt: number;
    }
  | ({ readonly status: 'preparing'; readonly since: number } & Preparation)
  | {
      readonly status: 'ready';
      readonly since: number;
      readonly assumed: boolean;
      readonly readyEstimateAt: number;
      /** The customer who collects was reminded. */
      readonly reminded: boolean;
    }
  | { readonly status: 'handed_over'; readonly since: number }
  | { readonly status: 'completed'; readonly since: number }
  | { readonly status: EndStatus; readonly since: number; readonly endReason: EndReason };

export type Preparation = {
  readonly readyEstimateAt: number;
  /** What was done about goods that are late, since when: 1 asked, 2 estimated anew, 3 handed to support. */
  readonly late: number;
  readonly lateSince: number;
  readonly shortage: (Shortage & { readonly askedAt: number }) | undefined;
};

/** A driver's hold on a delivery. */
export type Carrier = {
  readonly driverId: DriverId;
  readonly offerId: OfferId;
  readonly pinged: boolean;
  /** Promised to this driver beyond the delivery's pay. */
  readonly bonusMinor: number;
};

/** What the driver's route means for a delivery that is still to be fetched. */
export type Ride = {
  readonly dropoffEtaAt: number;
  /** From taking over to handing over. */
  readonly rideMs: number;
};

/** Deadlines follow an estimate that moves no further than to here. */
type Followed = { readonly latestEtaAt: number };

export const dropoffFailures = [
  'customer_absent',
  'wrong_address',
  'refused',
  'age_check_failed',
] as const;
export type DropoffFailure = (typeof dropoffFailures)[number];

/** What a driver reports after pickup: `lost` and `damaged` are about the goods, the others about the driver. */
export const problems = ['accident', 'vehicle', 'unsafe', 'lost', 'damaged'] as const;
export type Problem = (typeof problems)[number];

/** How far a partner fleet has come with a delivery. */
export type PartnerProgress = 'pending' | 'picked_up' | 'delivered' | 'returned' | 'cancelled';

/** A delivery that a partner fleet has taken. */
export type PartnerHold = {
  readonly partnerRef: string;
  /** What it charges in all, the tip included. */
  readonly priceMinor: number;
  /** Since when a driver was looked for: that search goes on when the partner drops out. */
  readonly searchSince: number;
  /** The partner is being asked; `check` is the sequence of the event that asked, `checkAt` when. */
  readonly checking: boolean;
  readonly check: number;
  readonly checkAt: number;
  /** News came while the partner was being asked: its answer may be older than the news. */
  readonly checkAgain: boolean;
};

export type DeliveryPart =
  | { readonly status: 'none' }
  /** `since` is when the search starts: until the goods are nearly ready, it lies ahead of `plannedAt`. */
  | {
      readonly status: 'searching';
      readonly since: number;
      readonly plannedAt: number;
      /** Every rung has had its time: support has it, too. */
      readonly escalated: boolean;
    }
  /** A partner fleet is being asked: what it would cost, then to bring it at that price. */
  | {
      readonly status: 'partner_requested';
      readonly since: number;
      readonly searchSince: number;
      readonly quote: { readonly quoteRef: string; readonly priceMinor: number } | undefined;
    }
  | ({
      readonly status: 'partner_confirmed';
      readonly since: number;
      readonly pickupEtaAt: number;
    } & PartnerHold)
  | ({
      readonly status: 'partner_picked_up';
      readonly since: number;
      readonly dropoffEtaAt: number;
    } & PartnerHold)
  | ({ readonly status: 'partner_unconfirmed'; readonly since: number } & PartnerHold)
  | {
      readonly status: 'partner_cancelling';
      readonly since: number;
      readonly searchSince: number;
      /** Undefined: it never answered, and may have the order or not. */
      readonly partnerRef: string | undefined;
      /** What is booked as its price. */
      readonly priceMinor: number;
    }
  | ({
      readonly status: 'confirmed';
      readonly since: number;
      readonly pickupEtaAt: number;
    } & Ride &
      Followed &
      Carrier)
  | ({
      readonly status: 'arrived_at_pickup';
      readonly since: number;
      /** The merchant was told that the driver waits. */
      readonly warned: boolean;
    } & Ride &
      Carrier)
  | ({
      readonly status: 'picked_up';
      readonly since: number;
      readonly dropoffEtaAt: number;
    } & Followed &
      Carrier)
  | ({
      readonly status: 'arrived_at_dropoff';
      readonly since: number;
      readonly contacts: number;
    } & Carrier)
  | ({ readonly status: 'delivery_unconfirmed'; readonly since: number } & Carrier)
  | ({ readonly status: 'problem'; readonly since: number; readonly problem: Problem } & Carrier)
  /** Without a driver of ours: by a partner fleet. */
  | { readonly status: 'delivered'; readonly since: number; readonly driverId?: DriverId }
  | ({
      readonly status: 'enroute_to_return';
      readonly since: number;
      readonly reason: DropoffFailure;
      readonly returnEtaAt: number;
      readonly escalated: boolean;
    } & Carrier)
  | ({
      readonly status: 'arrived_at_return';
      readonly since: number;
      readonly reason: DropoffFailure;
    } & Carrier)
  | {
      readonly status: 'returned' | 'discarded';
      readonly since: number;
      readonly driverId?: DriverId;
    }
  | { readonly status: 'cancelled'; readonly since: number };

export type PaymentPart =
  | { readonly status: 'none' }
  | { readonly status: 'authorizing'; readonly since: number; readonly paymentMethod: string }
  | {
      readonly status: 'requires_action';
      readonly since: number;
      readonly providerRef: string;
      /** The provider is being asked; `check` is the sequence of the event that asked, `checkAt` when. */
      readonly checking: boolean;
      readonly check: number;
      readonly checkAt: number;
      /** News came while the provider was being asked: its answer may be older than the news. */
      readonly checkAgain: boolean;
      /** The customer's time is up: anything but a yes ends the order. */
      readonly last: boolean;
    }
  | {
      readonly status: 'authorized';
      readonly since: number;
      readonly providerRef: string;
      readonly amountMinor: number;
      readonly captureBefore: number;
    }
  | { readonly status: 'declined'; readonly since: number; readonly code: string }
  /** `firstAt`: the first intent, however often it is tried; patience counts from there. */
  | ({ readonly status: 'capturing'; readonly since: number; readonly firstAt: number } & Captured)
  | ({
      readonly status: 'capture_failed';
      readonly since: number;
      readonly firstAt: number;
      readonly code: string;
    } & Captured)
  | {
      readonly status: 'captured';
      readonly since: number;
      readonly amountMinor: number;
      /** Only when it was taken before the end, without a hold. */
      readonly providerRef?: string;
    }
  | {
      readonly status: 'voiding';
      readonly since: number;
      readonly firstAt: number;
      readonly providerRef: string | undefined;
      /** What could not be captured: written off once the hold is let go. */
      readonly lost?: Loss;
    }
  | { readonly status: 'voided'; readonly since: number }
  | { readonly status: 'written_off'; readonly since: number; readonly amountMinor: number }
  /** Cash: to be paid at the door or the counter, then in a driver's hands until it is handed in. */
  | { readonly status: 'due'; readonly since: number }
  | {
      readonly status: 'collected';
      readonly since: number;
      readonly amountMinor: number;
      readonly driverId: DriverId;
    }
  | { readonly status: 'remitted' | 'short'; readonly since: number; readonly amountMinor: number }
  | { readonly status: 'refused'; readonly since: number }
  /** Paid elsewhere: a sales channel or the counter. */
  | { readonly status: 'external'; readonly since: number };

type Captured = { readonly providerRef: string; readonly amountMinor: number };
type Loss = { readonly amountMinor: number; readonly code: string };
