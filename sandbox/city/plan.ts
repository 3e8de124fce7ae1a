// A day in the city, written down before it is played: who is where, who orders what when, and in which
// mood. Times are minutes of the city's clock from the start of the day, places are spots on its map.
// Made by generate.ts or instance.ts, played by day.ts.

import type { OrderEventType } from '../../domain/events.ts';
import type { ContactChannel } from '../../domain/messages.ts';
import type { GoodsKind, PaymentMethod, Substitution, Undeliverable } from '../../domain/order.ts';
import type { DropoffFailure, EndReason, Problem } from '../../domain/parts.ts';
import type { Policy } from '../../domain/policy.ts';
import type { SupportActionName } from '../../domain/support.ts';
import type { Spot } from './projection.ts';

/** How an order ends: by a reason, or well. */
export type End = EndReason | 'delivered' | 'collected';

export type MerchantMood =
  | 'prompt'
  | 'silent'
  | 'late'
  | 'denies'
  /** Accepts, and cancels later. */
  | 'cancels'
  /** Accepts, and is closed when the driver comes. */
  | 'closed'
  /** Never says that the goods are ready. */
  | 'forgetful';
export type CustomerMood =
  | { readonly kind: 'calm' }
  /** The first card is declined; a good one follows. */
  | { readonly kind: 'second_card' }
  /** The card is declined, and the customer gives up. */
  | { readonly kind: 'gives_up' }
  /** Every card is declined. */
  | { readonly kind: 'has_no_good_card' }
  /** The bank asks for 3-D Secure, which nobody completes. */
  | { readonly kind: 'forgets_the_bank' }
  /** The bank asks for 3-D Secure, which the customer completes after a while. */
  | { readonly kind: 'authenticates'; readonly afterMinutes: number }
  /** Cancels so long after placing, and not before this is heard. */
  | {
      readonly kind: 'impatient';
      readonly cancelsAfterMinutes: number;
      readonly once?: OrderEventType;
    }
  /** Calls support, who cancels unless the script says otherwise. */
  | { readonly kind: 'calls_support' };

/** What support does in this city. */
export type SupportDeed = Extract<
  SupportActionName,
  'cancel' | 'remake' | 'redeliver' | 'transfer' | 'change-address' | 'mark-lost' | 'mark-damaged'
>;

/** What is special about an order: what was ordered and how, and what happens to it. Absent: nothing. */
export type Script = {
  /** Nobody delivers; the customer comes for it, or does not. */
  readonly counter?: {
    readonly type: 'pickup' | 'dine_in';
    readonly collects: boolean;
  };
  readonly method?: PaymentMethod;
  /** Of mobile money. */
  readonly operator?: 'campay' | 'noupay';
  readonly goods?: 'prescription' | 'age_restricted';
  /** Handed over only against the customer’s PIN. */
  readonly pin?: true;
  /** Ordered for so long after the placing. */
  readonly wantedAfterMinutes?: number;
  readonly substitution?: Substitution;
  readonly undeliverable?: Undeliverable;
  readonly pharmacist?: 'approves' | 'rejects' | 'is_silent';
  readonly shortage?: { readonly substitute: boolean; readonly answer?: Substitution };
  /** What the merchant gets of the cash: all, a part, nothing. */
  readonly remits?: 'all' | 'part' | 'nothing';
  /** What the first driver does with it. */
  readonly driver?: 'never_comes' | 'loses_phone' | 'vanishes';
  readonly problem?: Problem;
  /** What support does about the problem, or for the customer who calls; absent: nothing. */
  readonly support?: SupportDeed;
  /** Why it is not handed over at the door. */
  readonly atDoor?: { readonly reason: DropoffFailure; readonly tries?: readonly ContactChannel[] };
  /** What comes after the delivery. */
  readonly afterwards?:
    | { readonly kind: 'tip'; readonly amountMinor: number }
    | { readonly kind: 'refund'; readonly what: 'item' | 'all' }
    | { readonly kind: 'dispute'; readonly outcome: 'won' | 'lost' };
  /** Who says that the goods are back. */
  readonly backBy?: 'driver' | 'merchant' | 'nobody';
};

/** What is certain to happen to an order, how it therefore ends, and which events its log must show in this order. */
export type Fate = {
  readonly name: string;
  readonly ends: End;
  readonly shows: readonly OrderEventType[];
};

export type PlannedOrder = {
  readonly name: string;
  readonly branch: string;
  readonly dropoff: Spot;
  readonly placedAt: number;
  /** The merchant answers this long after it has heard of the order. */
  readonly acceptsAfter: number;
  /** When the food stands on the counter: at a fixed minute, or so long after the acceptance. */
  readonly food:
    | { readonly kind: 'ready_at'; readonly minute: number }
    | { readonly kind: 'takes'; readonly minutes: number };
  /** A late kitchen needs this much longer than it says. */
  readonly lateByMinutes: number;
  readonly merchantMood: MerchantMood;
  readonly customerMood: CustomerMood;
  readonly script: Script;
  readonly fate?: Fate;
  readonly items: readonly {
    readonly name: string;
    readonly quantity: number;
    readonly unitPriceMinor: number;
  }[];
  readonly tipMinor: number;
};

export type PlannedDriver = {
  readonly name: string;
  readonly home: Spot;
  readonly onAt: number;
  readonly offAt: number;
  /** Deliveries at a time. */
  readonly capacity: number;
  /** Shares of the offers that are declined, and of the deliveries given up before the pickup. */
  readonly declines: number;
  readonly abandons: number;
};

export type PlannedBranch = {
  readonly name: string;
  readonly merchant: string;
  readonly spot: Spot;
};

export type PlannedMerchant = { readonly name: string; readonly kind: GoodsKind };

export type CityPlan = {
  readonly name: string;
  /** Who takes money there; absent: the usual ones, in dollars. */
  readonly money?: {
    readonly currency: string;
    readonly providers: readonly string[];
    /** Absent: the usual ones. */
    readonly deliveryFeeMinor?: number;
    readonly driverPayMinor?: number;
  };
  readonly seed: number;
  /** The first minute of the clock. */
  readonly startsAt: number;
  readonly metersPerMinute: number;
  /** A drive is so much longer than the straight line. */
  readonly roadFactor: number;
  /** Drives take whole minutes, rounded up, as the Meal Delivery Routing Problem wants it. */
  readonly wholeMinutes: boolean;
  readonly pickupServiceMinutes: number;
  readonly dropoffServiceMinutes: number;
  readonly merchants: readonly PlannedMerchant[];
  /** What is not the default; durations in milliseconds of the city. */
  readonly policy: Partial<Policy>;
  readonly branches: readonly PlannedBranch[];
  readonly drivers: readonly PlannedDriver[];
  /** By time of placement. */
  readonly orders: readonly PlannedOrder[];
};

/** `09:05`: a minute of the day for people. */
export function formatMinute(minute: number): string {
  const whole = Math.floor(minute);
  const hours = Math.floor(whole / 60);
  return `${String(hours).padStart(2, '0')}:${String(whole - hours * 60).padStart(2, '0')}`;
}

/** The customer has a wallet, fills it before ordering, and pays out of it. */
export const usesWallet = ({ script }: Pick<PlannedOrder, 'script'>): boolean =>
  script.method === 'wallet' || script.method === 'split';

/** How an order may end by what is planned for it; anything else was done to it by the system. */
export function plannedEnds({
  fate,
  merchantMood,
  customerMood,
}: Pick<PlannedOrder, 'fate' | 'merchantMood' | 'customerMood'>): readonly End[] {
  if (fate !== undefined) return [fate.ends];
  if (customerMood.kind === 'gives_up') return ['cancelled_by_customer'];
  const end = merchantMood === 'silent' ? 'merchant_expired' : 'delivered';
  return customerMood.kind === 'impatient' ? [end, 'cancelled_by_customer'] : [end];
}
