// When a driver is expected at the branch and at the door. What a route says that somebody has planned counts; without
// one it is the drive from the branch. Times in epoch milliseconds.

import type { DriverId, OrderId } from './ids.ts';
import type { OrderState } from './order.ts';
import type { Policy } from './policy.ts';

/** `doneAt`: taken over at the counter, handed over at the door. */
export type RouteStop = {
  readonly kind: 'pickup' | 'dropoff';
  readonly orderId: string;
  readonly arriveAt: number;
  readonly doneAt: number;
};

export type Etas = {
  /** At the counter; absent: the driver is there or has been. */
  readonly pickupEtaAt?: number;
  /** The goods in the customer's hands. */
  readonly dropoffEtaAt: number;
  /** From taking over to handing over: the drive, and what the route does between. */
  readonly rideMs?: number;
};

/** What a driver has in hand, in another order of its stops. */
export type Reroute = {
  readonly driverId: DriverId;
  /** Everything that is left to drive, in the order before and in the new one. */
  readonly before: readonly (RouteStop & { readonly orderId: OrderId })[];
  readonly route: Reroute['before'];
  /** By how much all doors together came later than planned, and how much of it the new order saves. */
  readonly lateMs: number;
  readonly gainMs: number;
};

/** What a route means for one of its orders; undefined when it does not come to the order's door. */
export function etasOf(route: readonly RouteStop[], orderId: string): Etas | undefined {
  const stopOf = (kind: RouteStop['kind']) =>
    route.find((stop) => stop.kind === kind && stop.orderId === orderId);
  const pickup = stopOf('pickup');
  const dropoff = stopOf('dropoff');
  if (!dropoff) return undefined;
  const dropoffEtaAt = dropoff.doneAt;
  return pickup
    ? { pickupEtaAt: pickup.arriveAt, dropoffEtaAt, rideMs: dropoffEtaAt - pickup.doneAt }
    : { dropoffEtaAt };
}

type Told = Partial<Pick<Etas, 'pickupEtaAt' | 'dropoffEtaAt'>>;

/** By more than the policy keeps to itself. */
export const isMoved = (told: Told, now: Told, { etaChangeMs }: Policy): boolean =>
  (['pickupEtaAt', 'dropoffEtaAt'] as const).some((name) => {
    const [before, after] = [told[name], now[name]];
    return before !== undefined && after !== undefined && Math.abs(after - before) > etaChangeMs;
  });

/** Straight to the door, with half of the usual time at each end. */
const directMs = ({ travelMs, facts: { policy } }: OrderState): number =>
  travelMs + (policy.pickupServiceMs + policy.dropoffServiceMs) / 2;

export const dropoffEtaFrom = (state: OrderState, takenAt: number, rideMs = 0): number =>
  Math.round(takenAt + Math.max(rideMs, directMs(state)));

const readyAtOf = ({ order }: OrderState): number =>
  order.status !== 'ready' && 'readyEstimateAt' in order ? order.readyEstimateAt : 0;

/** Of a driver who comes to the branch at `pickupEtaAt` and of whose route nothing is known. */
export function directEtas(state: OrderState, pickupEtaAt: number): Required<Etas> {
  const atCounter = pickupEtaAt + state.facts.policy.pickupServiceMs / 2;
  const dropoffEtaAt = dropoffEtaFrom(state, Math.max(atCounter, readyAtOf(state)));
  return { pickupEtaAt, dropoffEtaAt, rideMs: Math.round(directMs(state)) };
}
