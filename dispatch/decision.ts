// What the matching engine answers: offers, what it leaves for later, and a decision record for each order that says
// why. The record is plain data, stored with the offer; words.ts reads it out.

import type { RouteStop } from '../domain/eta.ts';
import type { DriverId, OrderId } from '../domain/ids.ts';
import type { EarlierOffer } from './snapshot.ts';
import type { Objection } from './terms.ts';

export type Plan = {
  /** Names the round's input: the same hash means the same snapshot, policy and seed. */
  readonly inputHash: string;
  readonly offers: readonly PlannedOffer[];
  /** Orders that get no offer this time, and why. */
  readonly skipped: readonly { readonly orderId: OrderId; readonly decision: Decision }[];
  /** Searches that have used up their offers: they end now. */
  readonly exhausted: readonly {
    readonly orderId: OrderId;
    readonly search: number;
    readonly decision: Decision;
  }[];
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
  | 'nobody_possible'
  /** Its offers are used up. */
  | 'exhausted';

/** What a cost consists of. Minutes; below 0: in favour of the driver. */
export type CostParts = {
  /** The drop-offs, in sum, later than they could be at best. */
  readonly late: number;
  /** Where it leaves the driver: far from where orders arise. */
  readonly standing: number;
  /** Goods that may come later than expected. */
  readonly uncertainty: number;
  /** A likely refusal. */
  readonly acceptance: number;
  /** A long wait for work. */
  readonly fairness: number;
  /** Stars below five. */
  readonly rating: number;
};

/** Minutes throughout. */
export type Considered = {
  readonly driverId: DriverId;
  /** Until the driver can be at the counter, waiting for nothing. */
  readonly minutes: number;
  /** Of these: until free, and on the way. */
  readonly freeIn: number;
  readonly travel: number;
  /** At the counter, for the goods. */
  readonly waits: number;
  /** What is not 0; the sum is `cost`. */
  readonly parts: Partial<CostParts>;
  /** All orders of the bundle together, as this driver's next task; of an add-on's driver: what the detour adds. */
  readonly cost: number;
  /** What the plan has this driver fetch instead: the first order of it. */
  readonly takes: OrderId | undefined;
};

/** What an order has to do with those that it travels with. */
export type Shared = {
  readonly stops: readonly {
    readonly kind: 'pickup' | 'dropoff';
    readonly orderId: OrderId;
    /** Taken over at the counter, handed over at the door. */
    readonly at: number;
    /** Of a pickup: when the goods are expected. */
    readonly readyAt?: number | undefined;
  }[];
  /** What the others arrive later in sum because this one comes along, in minutes. */
  readonly othersLater: number;
  /** What this one arrives later than straight from its counter, in minutes. */
  readonly selfLater: number;
  /** The best way without the others, in what is planned; undefined: nobody could. */
  readonly alone:
    | {
        readonly driverId: DriverId;
        readonly dropoffAt: number;
        /** What the whole plan would cost more, in minutes. */
        readonly costsMore: number;
      }
    | undefined;
};

/** The decision record of one order. */
export type Decision = {
  readonly policyVersion: string;
  /** Of the plan. */
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
  /** How far the search reaches for all that travel together; null: any distance. */
  readonly radiusM: number | null;
  /** Why the chosen driver may come from further: he passes, or comes for another order, or after another one. */
  readonly beyond: 'on_the_way' | 'with_another' | 'after_another' | undefined;
  /** Of what travels with others. */
  readonly shared: Shared | undefined;
  /** When nobody can come, and while the search does not reach as far as it may: how far it does from then on. */
  readonly wider: { readonly at: number; readonly radiusM: number } | undefined;
  /** Of an exhausted search: its offers by what became of them. */
  readonly used: Readonly<Partial<Record<EarlierOffer['outcome'], number>>> | undefined;
  /** Drivers who could have been asked, for all that travel together. */
  readonly candidates: number;
  /** The cheapest of them, cheapest first, and the chosen one. */
  readonly best: readonly Considered[];
  /** Other drivers, by reason. */
  readonly excluded: Readonly<Partial<Record<Exclusion, number>>>;
  readonly askedAgain: boolean;
  /** Why ways are estimated that a provider of road times should know, in words. */
  readonly waysEstimated?: string | undefined;
};
