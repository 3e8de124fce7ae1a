// Who may carry what: the hard rules between orders and drivers, as masks and sets that are quick to check, with the
// reason for every no. The terms of a bundle are those of all its orders. Used by bundling, candidates and improvement.

import type { DriverId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import type { Vehicle } from '../domain/vehicles.ts';
import type { Carrier } from './market.ts';
import type { SearchingOrder, Skill } from './snapshot.ts';

/** Why this driver cannot have this order, whatever the way. */
export type Objection =
  | 'said_no_before'
  | 'let_lapse_before'
  | 'blocked'
  | 'assigned_by_hand'
  | 'other_merchant'
  | 'wrong_vehicle'
  | 'lacks_skill';

export type Terms = {
  readonly needs: number;
  readonly vehicles: number;
  readonly merchantId: string | undefined;
  readonly ownDriversOnly: boolean;
  readonly assignedTo: DriverId | undefined;
  readonly blocked: ReadonlySet<DriverId>;
  readonly refused: ReadonlySet<DriverId>;
  readonly lapsed: ReadonlySet<DriverId>;
  readonly radiusM: number;
  /** Somebody is named in the sets above. */
  readonly isPersonal: boolean;
};

const bits: Readonly<Record<Skill | Vehicle, number>> = {
  cold_chain: 1,
  age_check: 2,
  prescription: 4,
  cash: 8,
  heavy: 16,
  foot: 1,
  bicycle: 2,
  scooter: 4,
  car: 8,
  van: 16,
};
const any = 63;
/** Of a driver whose vehicle nobody knows: enough where any will do. */
export const unknownVehicle = 32;
const nobody: ReadonlySet<DriverId> = new Set();

export const maskOf = (names: readonly (Skill | Vehicle)[]): number =>
  names.reduce((mask, name) => mask | bits[name], 0);

/** Without an order: terms that everybody meets. */
export function termsOf(order: SearchingOrder | undefined, policy: Policy): Terms {
  const blocked: ReadonlySet<DriverId> = order?.blocked?.length ? new Set(order.blocked) : nobody;
  const lapsed = driversOf(order, ['expired']);
  const refused = driversOf(order, ['declined', 'voided', 'dropped_out']);
  const rung = Math.min(order?.rung ?? 0, policy.rungs.length - 1);
  return {
    needs: maskOf(order?.needs ?? []),
    vehicles: order?.vehicles ? maskOf(order.vehicles) : any,
    merchantId: order?.merchantId,
    ownDriversOnly: order?.ownDriversOnly ?? false,
    assignedTo: order?.assignedTo,
    blocked,
    refused,
    lapsed,
    isPersonal: blocked.size + refused.size + lapsed.size > 0,
    radiusM: order?.assignedTo ? Number.POSITIVE_INFINITY : (policy.rungs[rung]?.radiusM ?? 0),
  };
}

function driversOf(
  order: SearchingOrder | undefined,
  outcomes: readonly string[],
): ReadonlySet<DriverId> {
  if (!order || order.earlier.length === 0) return nobody;
  return new Set(
    order.earlier
      .filter((offer) => outcomes.includes(offer.outcome))
      .map((offer) => offer.driverId),
  );
}

/** Undefined when the driver may have it. By hand overrules everything that is not physical. */
export function objectionOf(terms: Terms, carrier: Carrier): Objection | undefined {
  const { driverId, merchantId } = carrier;
  if (terms.assignedTo !== undefined)
    return terms.assignedTo === driverId ? undefined : 'assigned_by_hand';
  if (merchantId === undefined ? terms.ownDriversOnly : merchantId !== terms.merchantId)
    return 'other_merchant';
  if ((terms.vehicles & carrier.vehicle) === 0) return 'wrong_vehicle';
  if ((terms.needs & ~carrier.skills) !== 0) return 'lacks_skill';
  if (!terms.isPersonal) return undefined;
  if (terms.blocked.has(driverId)) return 'blocked';
  if (terms.refused.has(driverId)) return 'said_no_before';
  return terms.lapsed.has(driverId) ? 'let_lapse_before' : undefined;
}

/** Of one vehicle that takes both; undefined when nobody could take both. */
export function bothTerms(a: Terms, b: Terms): Terms | undefined {
  if (a === b) return a;
  const vehicles = a.vehicles & b.vehicles;
  // What goes to a driver by hand overrules refusals: it may not take along an order that this driver refused.
  const isTorn = a.assignedTo !== b.assignedTo;
  const ownDriversOnly = a.ownDriversOnly || b.ownDriversOnly;
  if (vehicles === 0 || isTorn || (ownDriversOnly && a.merchantId !== b.merchantId))
    return undefined;
  return {
    needs: a.needs | b.needs,
    vehicles,
    merchantId: a.merchantId === b.merchantId ? a.merchantId : undefined,
    ownDriversOnly,
    assignedTo: a.assignedTo,
    blocked: union(a.blocked, b.blocked),
    refused: union(a.refused, b.refused),
    lapsed: union(a.lapsed, b.lapsed),
    radiusM: Math.min(a.radiusM, b.radiusM),
    isPersonal: a.isPersonal || b.isPersonal,
  };
}

const union = (a: ReadonlySet<DriverId>, b: ReadonlySet<DriverId>): ReadonlySet<DriverId> => {
  if (a.size === 0) return b;
  return b.size === 0 ? a : new Set([...a, ...b]);
};
