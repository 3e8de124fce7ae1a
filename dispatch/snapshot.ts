// What the matching engine sees of a market at one moment. Plain data that survives JSON: a stored snapshot gives the
// identical plan again, live, in virtual time or in a test. Times in epoch milliseconds; what is absent does not
// matter. Written by activities/dispatch.ts and by the benchmark, read by market.ts.

import type { Place } from '../domain/geo.ts';
import type { DriverId, OrderId } from '../domain/ids.ts';
import type { Vehicle } from '../domain/vehicles.ts';
import type { TravelData } from './travel.ts';

export type Snapshot = {
  readonly now: number;
  readonly orders: readonly SearchingOrder[];
  readonly drivers: readonly OnlineDriver[];
  /** Absent: great circles at the policy's speed. */
  readonly travel?: TravelData | undefined;
  /** Where orders arise, with any positive weight: a driver who ends near them is worth more afterwards. */
  readonly demand?: readonly { readonly place: Place; readonly weight: number }[] | undefined;
};

/** When the goods are there, as believed now. All three are equal when it is known. */
export type ReadyEstimate = {
  /** Hardly ever before: a driver is not sent to be there sooner. */
  readonly earlyAt: number;
  readonly expectedAt: number;
  /** Seldom after. */
  readonly lateAt: number;
  /** As good as never after: a driver whose shift ends before is not sent. Absent: `expectedAt`. */
  readonly latestAt?: number | undefined;
};

/** What only some drivers can carry or check. */
export type Skill = 'cold_chain' | 'age_check' | 'prescription' | 'cash' | 'heavy';

/** A delivery without a live offer. */
export type SearchingOrder = {
  readonly orderId: OrderId;
  /** The how-manieth search of this order. */
  readonly search: number;
  /** Index into the policy's rungs. */
  readonly rung: number;
  /** When this search was released. */
  readonly searchSince: number;
  /** Orders with equal pickup places can be fetched in one stop. */
  readonly pickup: Place;
  readonly dropoff: Place;
  /** Absent: now. */
  readonly ready?: ReadyEstimate | undefined;
  /** Promised to the customer: lateness beyond it costs extra. */
  readonly dueAt?: number | undefined;
  /** The customer does not open before. */
  readonly notBefore?: number | undefined;
  /** In units of the drivers' capacity; 1 unless told. */
  readonly load?: number | undefined;
  readonly needs?: readonly Skill[] | undefined;
  /** Absent: any. */
  readonly vehicles?: readonly Vehicle[] | undefined;
  readonly merchantId?: string | undefined;
  /** Only drivers of the merchant itself. */
  readonly ownDriversOnly?: boolean | undefined;
  /** From the counter straight to the door, with nothing else on board. */
  readonly direct?: boolean | undefined;
  /** Drivers whom the customer or the merchant does not want, or who do not want them. */
  readonly blocked?: readonly DriverId[] | undefined;
  /** Given to a driver by hand: a fixed point that the engine plans around. */
  readonly assignedTo?: DriverId | undefined;
  /** All earlier offers of this order, of all its searches. */
  readonly earlier: readonly EarlierOffer[];
};

export type EarlierOffer = {
  readonly driverId: DriverId;
  readonly search: number;
  readonly outcome: 'declined' | 'expired' | 'voided' | 'withdrawn' | 'dropped_out';
};

/** A driver who is online, or whose shift begins soon. */
export type OnlineDriver = {
  readonly driverId: DriverId;
  /** Deliveries (units of load) at a time. */
  readonly capacity: number;
  /** The freshest place that is known. */
  readonly place: Place | undefined;
  /** At `place` from then on: the past when the driver stands there, the future when he will. Absent: now. */
  readonly placeFrom?: number | undefined;
  readonly shiftEndsAt: number | undefined;
  readonly hasOpenOffer: boolean;
  /** Carried and accepted deliveries: what is still to be driven, in this order. */
  readonly route: readonly RouteStop[];
  readonly vehicle?: Vehicle | undefined;
  readonly skills?: readonly Skill[] | undefined;
  /** Works for this merchant alone. */
  readonly merchantId?: string | undefined;
  /** Share of offers accepted lately, 0 to 1; absent: 1. */
  readonly acceptance?: number | undefined;
  /** Mean of the customers' stars, 1 to 5. */
  readonly rating?: number | undefined;
  /** Without work since. */
  readonly idleSince?: number | undefined;
};

/** A delivery that is committed has a pickup stop until the driver has the goods, and a drop-off stop. */
export type RouteStop = {
  readonly kind: 'pickup' | 'dropoff';
  readonly orderId: OrderId;
  readonly place: Place;
  readonly load?: number | undefined;
  readonly direct?: boolean | undefined;
  /** The driver has said that they are there: it is the next one, whatever would be better. */
  readonly reached?: boolean | undefined;
  /** Of a pickup. */
  readonly ready?: ReadyEstimate | undefined;
  /** Of a drop-off. */
  readonly dueAt?: number | undefined;
  readonly notBefore?: number | undefined;
  /** Of a drop-off: as planned when the driver said yes. What is added later is measured against it; absent: as planned now. */
  readonly promisedAt?: number | undefined;
};
