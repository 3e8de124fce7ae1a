// A day in the city, written down before it is played: who is where, who orders what when, and in which
// mood. Times are minutes of the city's clock from the start of the day, places are spots on its map.
// Made by generate.ts or instance.ts, played by day.ts.

import type { Spot } from './projection.ts';

export type MerchantMood = 'prompt' | 'silent' | 'late';
export type CustomerMood =
  | { readonly kind: 'calm' }
  /** The first card is declined; a good one follows. */
  | { readonly kind: 'second_card' }
  /** The card is declined, and the customer gives up. */
  | { readonly kind: 'gives_up' }
  /** The bank asks for 3-D Secure, which the customer completes after a while. */
  | { readonly kind: 'authenticates'; readonly afterMinutes: number }
  | { readonly kind: 'impatient'; readonly cancelsAfterMinutes: number };

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
  /** Shares of the offers that are declined, and of the deliveries given up before the pickup. */
  readonly declines: number;
  readonly abandons: number;
};

export type PlannedBranch = {
  readonly name: string;
  readonly merchant: string;
  readonly spot: Spot;
};

export type CityPlan = {
  readonly name: string;
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
  readonly merchants: readonly string[];
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
