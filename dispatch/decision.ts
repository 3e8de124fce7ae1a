// What the matching engine answers: offers, what it leaves for later, and a decision record for each order that says
// why. The record is plain data, stored with the offer; words.ts reads it out.

import type { RouteStop } from '../domain/eta.ts';
import type { DriverId, OrderId } from '../domain/ids.ts';
import type { Objection } from './terms.ts';

export type Plan = {
  readonly offers: readonly PlannedOffer[];
  /** Orders that get no offer this time, and why. */
  readonly skipped: readonly { readonly orderId: OrderId; readonly decision: Decision }[];
  /** Searches that have used up their offers: they end now. */
  readonly exhausted: readonly { readonly orderId: OrderId; readonly search: number }[];
};

export type PlannedOffer = {
  readonly driverId: DriverId;
  /** In the order of their drop-offs. */
  readonly orders: readonly { readonly orderId: OrderId; readonly search: number }[];
  /** When the driver can be at the counter. */
  readonly pickupEtaAt: number;
  /** True: the driver is on his way to this counter already and takes these along. */
  readonly isAddOn: boolean;
  /** Everything that the driver would still drive, committed stops included. */
  readonly route: readonly PlannedStop[];
  /** Of the first order; the others have theirs in `decisions`. */
  readonly decision: Decision;
  readonly decisions: readonly { readonly orderId: OrderId; readonly decision: Decision }[];
};

export type PlannedStop = RouteStop & { readonly orderId: OrderId };

/** Why a driver was not considered. */
export type Exclusion =
  | Objection
  | 'open_offer'
  | 'no_position'
  | 'at_capacity'
  | 'no_room'
  | 'busy_for_long'
  | 'out_of_radius'
  | 'shift_ends';

export type Outcome =
  | 'offered'
  /** A driver is meant for it, and need not leave yet. */
  | 'not_yet'
  /** A driver is meant for it, and has to finish something first. */
  | 'driver_busy'
  /** Drivers could do it, but not within their shifts together with everything else. */
  | 'nobody_left'
  | 'nobody_possible';

/** Minutes throughout. `cost` is the sum of what follows `readyForIn`, weighted: what the plan minimises. */
export type Considered = {
  readonly driverId: DriverId;
  /** Until the driver can be at the counter, waiting for nothing. */
  readonly minutes: number;
  /** Of these: until free, and on the way. */
  readonly freeIn: number;
  readonly travel: number;
  /** At the counter, for the goods. */
  readonly waits: number;
  /** All drop-offs of the bundle and those already committed, later than they could be at best. */
  readonly late: number;
  /** What acceptance, fairness and rating add. */
  readonly bias: number;
  readonly cost: number;
};

/** The decision record of one order. */
export type Decision = {
  readonly policyVersion: string;
  /** Names the round's input: the same hash means the same snapshot, policy and seed. */
  readonly inputHash: string;
  readonly solver: 'exact' | 'regret_greedy' | 'nearest';
  readonly outcome: Outcome;
  /** Whom the plan means for it, offered or not. */
  readonly chosen: DriverId | undefined;
  /** All orders that are carried together, this one included, in the order of the drop-offs. */
  readonly together: readonly OrderId[];
  readonly isAddOn: boolean;
  /** Fixed by a person. */
  readonly isByHand: boolean;
  /** As planned, in epoch milliseconds. */
  readonly leaveAt: number | undefined;
  readonly pickupAt: number | undefined;
  readonly dropoffAt: number | undefined;
  readonly readyAt: number;
  /** Of the search; null: any distance. */
  readonly radiusM: number | null;
  /** Drivers who could have been asked. */
  readonly candidates: number;
  /** The cheapest of them for this bundle as its next task, cheapest first. */
  readonly best: readonly Considered[];
  /** Other drivers, by reason. */
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
  readonly askedAgain: boolean;
  /** Why ways are estimated that a provider of road times should know, in words. */
  readonly waysEstimated?: string | undefined;
};
