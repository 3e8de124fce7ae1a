// The snapshot made ready for the engine: jobs and carriers in the order of their ids, places as spots, demands as bit
// masks, so that whatever the order of the input the plan is the same. Called by plan.ts.

import type { DriverId, OrderId } from '../domain/ids.ts';
import type { Policy } from '../domain/policy.ts';
import { maskOf, termsOf, unknownVehicle, type Terms } from './terms.ts';
import type {
  OnlineDriver,
  ReadyEstimate,
  RouteStop,
  SearchingOrder,
  Snapshot,
} from './snapshot.ts';
import { createStanding } from './standing.ts';
import { createTravel, type SpeedClass, type Spot, type Travel } from './travel.ts';

/** One delivery: of the pool, or committed to a driver already. */
export type Job = {
  /** In the order of the ids; -1: committed. */
  readonly index: number;
  readonly orderId: OrderId;
  readonly pickup: Spot;
  readonly dropoff: Spot;
  readonly ready: ReadyEstimate;
  /** The earliest drop-off that a driver at the counter could make: costs count from here. */
  readonly idealAt: number;
  readonly dueAt: number;
  readonly notBefore: number;
  /** Of a committed one: when its driver was to be at the door as they said yes. */
  readonly promisedAt: number | undefined;
  readonly load: number;
  /** Carried with nothing else. */
  readonly direct: boolean;
  readonly terms: Terms;
  /** Of the pool only. */
  readonly order: SearchingOrder | undefined;
};

/** A stop of a driver's committed route, or one that the plan adds to it. */
export type Visit =
  | { readonly kind: 'pickup'; readonly spot: Spot; readonly jobs: readonly Job[] }
  | { readonly kind: 'dropoff'; readonly spot: Spot; readonly job: Job };

export type Carrier = {
  readonly index: number;
  readonly driverId: DriverId;
  readonly driver: OnlineDriver;
  readonly start: Spot;
  /** At `start` from then on, perhaps in the past. */
  readonly startAt: number;
  readonly shiftEndsAt: number;
  readonly speed: SpeedClass;
  /** On board at the start. */
  readonly aboard: number;
  /** Load of all committed deliveries. */
  readonly held: number;
  readonly capacity: number;
  readonly visits: readonly Visit[];
  readonly skills: number;
  readonly vehicle: number;
  /** What every job costs extra with this driver: acceptance, fairness, rating. Milliseconds. */
  readonly biasMs: number;
  /** Works for this merchant alone. */
  readonly merchantId: string | undefined;
};

export type Market = {
  readonly now: number;
  readonly policy: Policy;
  readonly travel: Travel;
  readonly jobs: readonly Job[];
  /** Everybody who can be planned for. */
  readonly carriers: readonly Carrier[];
  /** Online, but not to be asked at all. */
  readonly absent: Readonly<Partial<Record<'open_offer' | 'no_position', number>>>;
  /** Mean travel in milliseconds from a spot to where orders arise. */
  readonly standingMs: (spot: Spot) => number;
  /** Of the roomiest driver. */
  readonly mostCapacity: number;
  readonly beforeMs: { readonly pickup: number; readonly dropoff: number };
};

export function createMarket(
  snapshot: Snapshot,
  policy: Policy,
  orders: readonly SearchingOrder[],
): Market {
  const { now } = snapshot;
  const { metersPerMinute, roadFactor } = policy;
  const travel = createTravel(
    snapshot.travel ?? { kind: 'great_circle', metersPerMinute, roadFactor },
  );
  const making: Making = { now, policy, travel };
  const known = new Map(orders.map((order) => [order.orderId, order]));
  const drivers = snapshot.drivers.toSorted((a, b) => (a.driverId < b.driverId ? -1 : 1));
  const carriers: Carrier[] = [];
  const absent: { open_offer?: number; no_position?: number } = {};
  for (const driver of drivers) {
    const why = driver.hasOpenOffer ? 'open_offer' : 'no_position';
    if (driver.hasOpenOffer || !driver.place) absent[why] = (absent[why] ?? 0) + 1;
    else carriers.push(carrierOf({ ...driver, place: driver.place }, carriers.length, making));
  }
  return {
    now,
    policy,
    travel,
    jobs: [...known.values()]
      .toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1))
      .map((order, index) => jobOf(order, index, making)),
    carriers,
    absent,
    standingMs: createStanding(snapshot.demand ?? [], travel),
    mostCapacity: carriers.reduce((most, { capacity }) => Math.max(most, capacity), 0),
    beforeMs: halves(policy),
  };
}

type Making = { readonly now: number; readonly policy: Policy; readonly travel: Travel };

/** Half of a service is parking and walking in: at a pickup it does not need the goods. */
const halves = (policy: Policy): Market['beforeMs'] => ({
  pickup: policy.pickupServiceMs / 2,
  dropoff: policy.dropoffServiceMs / 2,
});

function jobOf(order: SearchingOrder, index: number, making: Making): Job {
  const { now, policy, travel } = making;
  const pickup = travel.spotOf(order.pickup);
  const dropoff = travel.spotOf(order.dropoff);
  const ready = order.ready ?? { earlyAt: now, expectedAt: now, lateAt: now };
  const half = policy.pickupServiceMs / 2;
  const leftAt = Math.max(now + half, ready.expectedAt) + half;
  const atDoor = leftAt + travel.ms(pickup, dropoff, 0) + policy.dropoffServiceMs / 2;
  return {
    index,
    orderId: order.orderId,
    pickup,
    dropoff,
    ready,
    idealAt: Math.max(atDoor, order.notBefore ?? 0),
    dueAt: order.dueAt ?? Number.POSITIVE_INFINITY,
    notBefore: order.notBefore ?? 0,
    promisedAt: undefined,
    load: order.load ?? 1,
    direct: order.direct === true,
    terms: termsOf(order, policy),
    order,
  };
}

type PlacedDriver = OnlineDriver & { readonly place: NonNullable<OnlineDriver['place']> };

function carrierOf(driver: PlacedDriver, index: number, making: Making): Carrier {
  const { now, travel } = making;
  const visits = visitsOf(driver, making);
  const collected = visits.flatMap((visit) => (visit.kind === 'pickup' ? visit.jobs : []));
  const held = visits.flatMap((visit) => (visit.kind === 'dropoff' ? [visit.job] : []));
  return {
    index,
    driverId: driver.driverId,
    driver,
    start: travel.spotOf(driver.place),
    startAt: driver.placeFrom ?? now,
    shiftEndsAt: driver.shiftEndsAt ?? Number.POSITIVE_INFINITY,
    speed: travel.speedOf(driver.vehicle),
    aboard: loadOf(held) - loadOf(collected),
    held: loadOf(held),
    capacity: driver.capacity,
    visits,
    skills: maskOf(driver.skills ?? []),
    vehicle: driver.vehicle === undefined ? unknownVehicle : maskOf([driver.vehicle]),
    biasMs: biasOf(driver, making),
    merchantId: driver.merchantId,
  };
}

const loadOf = (jobs: readonly Job[]): number => jobs.reduce((sum, job) => sum + job.load, 0);

const nothing: readonly Visit[] = [];

function visitsOf(driver: OnlineDriver, making: Making): readonly Visit[] {
  if (driver.route.length === 0) return nothing;
  const pickups = new Map(
    driver.route.filter((stop) => stop.kind === 'pickup').map((stop) => [stop.orderId, stop]),
  );
  const jobs = new Map(
    driver.route
      .filter((stop) => stop.kind === 'dropoff')
      .map((stop) => [stop.orderId, committedJob(stop, pickups.get(stop.orderId), making)]),
  );
  return visitsAt(
    driver.route.map(({ kind, orderId }) => {
      const job = jobs.get(orderId);
      if (!job) throw new Error(`the route of ${driver.driverId} never drops off ${orderId}`);
      return { kind, job };
    }),
  );
}

export type JobStop = { readonly kind: 'pickup' | 'dropoff'; readonly job: Job };

/** Pickups in a row at one counter are one visit. */
export function visitsAt(stops: readonly JobStop[]): readonly Visit[] {
  const visits: Visit[] = [];
  for (const { kind, job } of stops) {
    const last = visits.at(-1);
    if (kind === 'dropoff') visits.push({ kind, spot: job.dropoff, job });
    else if (last?.kind === 'pickup' && last.spot === job.pickup)
      visits[visits.length - 1] = { ...last, jobs: [...last.jobs, job] };
    else visits.push({ kind, spot: job.pickup, jobs: [job] });
  }
  return visits;
}

function committedJob(stop: RouteStop, pickup: RouteStop | undefined, making: Making): Job {
  const { now, policy, travel } = making;
  const dropoff = travel.spotOf(stop.place);
  const from = pickup ? travel.spotOf(pickup.place) : dropoff;
  const ready = pickup?.ready ?? { earlyAt: now, expectedAt: now, lateAt: now };
  const idealAt = Math.max(now, ready.expectedAt) + travel.ms(from, dropoff, 0);
  return {
    index: -1,
    orderId: stop.orderId,
    pickup: from,
    dropoff,
    ready,
    idealAt: idealAt + (policy.pickupServiceMs + policy.dropoffServiceMs) / 2,
    dueAt: stop.dueAt ?? Number.POSITIVE_INFINITY,
    notBefore: stop.notBefore ?? 0,
    promisedAt: stop.promisedAt,
    load: stop.load ?? 1,
    direct: stop.direct === true,
    terms: termsOf(undefined, policy),
    order: undefined,
  };
}

/** A likely refusal costs the delay of asking again; who has waited long or is rated well is preferred, within a cap. */
export function biasPartsOf(
  driver: OnlineDriver,
  { now, policy }: Pick<Market, 'now' | 'policy'>,
): { readonly acceptance: number; readonly fairness: number; readonly rating: number } {
  const waited = Math.max(0, now - (driver.idleSince ?? now));
  return {
    acceptance: (1 - (driver.acceptance ?? 1)) * policy.reofferDelayMs,
    fairness: -policy.fairnessCapMs * Math.min(1, waited / Math.max(1, policy.fairnessFullMs)),
    rating: (5 - (driver.rating ?? 5)) * policy.starMs,
  };
}

function biasOf(driver: OnlineDriver, making: Making): number {
  const { acceptance, fairness, rating } = biasPartsOf(driver, making);
  return Math.round(acceptance + fairness + rating);
}
