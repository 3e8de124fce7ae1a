// What the matching engine sees of a market at one moment, and what it answers. Plain data: an engine can run on it
// anywhere, and every plan can be computed again from it. Times in epoch milliseconds.

import type { Place } from '../domain/geo.ts';
import type { DriverId, OrderId } from '../domain/ids.ts';

/** A delivery without a live offer. */
export type SearchingOrder = {
  readonly orderId: OrderId;
  /** The how-manieth search of this order. */
  readonly search: number;
  /** Index into the policy's rungs. */
  readonly rung: number;
  /** When this search was released. */
  readonly searchSince: number;
  readonly pickup: Place;
  /** All earlier offers of this order, of all its searches. */
  readonly earlier: readonly EarlierOffer[];
};

export type EarlierOffer = {
  readonly driverId: DriverId;
  readonly search: number;
  readonly outcome: 'declined' | 'expired' | 'voided' | 'withdrawn' | 'dropped_out';
};

/** A driver who is online. */
export type OnlineDriver = {
  readonly driverId: DriverId;
  /** Deliveries at a time. */
  readonly capacity: number;
  /** The freshest place that is known. */
  readonly place: Place | undefined;
  readonly shiftEndsAt: number | undefined;
  readonly hasOpenOffer: boolean;
  /** Carried and accepted deliveries, in the order in which they are driven. */
  readonly stops: readonly Stop[];
};

export type Stop = {
  readonly pickedUp: boolean;
  readonly pickup: Place;
  readonly dropoff: Place;
  readonly readyAt: number | undefined;
};

export type Snapshot = {
  readonly now: number;
  readonly orders: readonly SearchingOrder[];
  readonly drivers: readonly OnlineDriver[];
};

export type Plan = {
  readonly offers: readonly PlannedOffer[];
  /** Orders that get no offer this time, and why. */
  readonly skipped: readonly { readonly orderId: OrderId; readonly decision: Decision }[];
  /** Searches that have used up their offers: they end now. */
  readonly exhausted: readonly { readonly orderId: OrderId; readonly search: number }[];
};

export type PlannedOffer = {
  readonly driverId: DriverId;
  readonly orders: readonly { readonly orderId: OrderId; readonly search: number }[];
  readonly pickupEtaAt: number;
  readonly decision: Decision;
};

/** Why a driver was not considered. The last four are about this order, the others about the driver. */
export type Exclusion =
  | 'open_offer'
  | 'at_capacity'
  | 'no_position'
  | 'offered_this_round'
  | 'out_of_radius'
  | 'shift_ends'
  | 'said_no_before'
  | 'let_lapse_before';

/** The decision record of one order, stored with its offer: enough to say why this driver. */
export type Decision = {
  readonly policyVersion: string;
  /** Names the round's input: the same hash means the same snapshot, policy and seed. */
  readonly inputHash: string;
  readonly radiusM: number;
  /** Drivers who could have been asked. */
  readonly candidates: number;
  /** The nearest of them, nearest first. */
  readonly best: readonly { readonly driverId: DriverId; readonly minutes: number }[];
  /** Online drivers who could not, by reason. */
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
  readonly chosen: DriverId | undefined;
  /** Nobody else was left, so a driver who let an offer of this order lapse is asked again. */
  readonly askedAgain: boolean;
};
