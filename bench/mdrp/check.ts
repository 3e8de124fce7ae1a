// Judges a solution of the Meal Delivery Routing Problem by its files and those of the instance alone: every time is
// computed anew from the decisions, nothing that was stated or played is believed. Comparisons are exact. A courier may
// be told a changed bundle on arrival or while waiting at the counter (an assignment update); a drive to a restaurant
// needs an order that was placed when it began. Called by scripts/mdrp.ts.

import {
  readInstanceFiles,
  type InstanceCourier,
  type InstanceFiles,
} from '../../sandbox/city/instance-files.ts';
import { readSolution, type Assignment, type Drive, type Written } from './written.ts';

export type Rule =
  | 'order-assigned-once'
  | 'delivered-not-assigned'
  | 'assigned-not-delivered'
  | 'one-restaurant'
  | 'assigned-before-placement'
  | 'pickup-before-assignment'
  | 'pickup-before-ready'
  | 'pickup-before-arrival'
  | 'pickup-after-off-time'
  | 'pickup-place'
  | 'before-on-time'
  | 'move-after-off-time'
  | 'instruction-while-busy'
  | 'prepositioning'
  | 'teleport'
  | 'departure-before-free'
  | 'departure-time'
  | 'delivery-sequence'
  | 'dropoff-time'
  | 'move-without-assignment'
  | 'assignment-without-moves'
  | 'stated-placement-time'
  | 'stated-ready-time'
  | 'stated-pickup-time'
  | 'stated-courier';

export type Violation = {
  readonly rule: Rule;
  readonly courier: string;
  readonly orders: readonly string[];
  readonly expected: string | number;
  readonly actual: string | number;
};

/** Throws an error that names file and line when they cannot be judged. */
export async function checkSolution(
  instanceFolder: string,
  solutionFolder: string,
): Promise<readonly Violation[]> {
  const instance = await readInstanceFiles(instanceFolder);
  const written = await readSolution(solutionFolder, instance);
  const found: Violation[] = [];
  const judging = judgingOf(instance, written, found);
  checkStatements(judging);
  for (const assignment of written.assignments) checkAssignment(assignment, judging);
  for (const courier of instance.couriers) follow(courier, judging);
  return found;
}

export const violationInWords = ({ rule, courier, orders, expected, actual }: Violation): string =>
  `${rule}: courier ${courier}${orders.length === 0 ? '' : `, ${orders.join(' ')}`}: expected ${expected}, found ${actual}`;

type Judging = ReturnType<typeof judgingOf>;

function judgingOf(instance: InstanceFiles, written: Written, found: Violation[]) {
  const { metersPerMinute, pickupServiceMinutes, dropoffServiceMinutes } = instance.parameters;
  const orders = new Map(instance.orders.map((order) => [order.id, order]));
  const restaurants = new Map(instance.restaurants.map(({ id, spot }) => [id, spot]));
  return {
    written,
    restaurants,
    couriers: new Map(instance.couriers.map((courier) => [courier.id, courier])),
    orderOf: (id: string) => existing(orders.get(id)),
    stated: new Map(written.deliveries.map((delivery) => [delivery.orderId, delivery])),
    halfPickup: pickupServiceMinutes / 2,
    halfDropoff: dropoffServiceMinutes / 2,
    minutes: (from: string, to: string, { home }: InstanceCourier): number => {
      const spotOf = (id: string) =>
        id === '0' ? home : existing(restaurants.get(id) ?? orders.get(id)?.dropoff);
      const [a, b] = [spotOf(from), spotOf(to)];
      return Math.ceil(Math.sqrt((a.x - b.x) ** 2 + (a.y - b.y) ** 2) / metersPerMinute);
    },
    require: (holds: boolean, violation: Violation): void => {
      if (!holds) found.push(violation);
    },
  };
}

/** Ids have been looked up when the files were read. */
function existing<T>(item: T | undefined): T {
  if (item === undefined) throw new Error('a line names what the instance does not have');
  return item;
}

/** The file of the orders against the instance and the assignments. */
function checkStatements({ written, stated, orderOf, require }: Judging): void {
  const found = Map.groupBy(
    written.assignments.flatMap((assignment) =>
      assignment.orders.map((orderId) => ({ orderId, assignment })),
    ),
    ({ orderId }) => orderId,
  );
  for (const [orderId, all] of found) {
    const who = { courier: existing(all[0]).assignment.courier, orders: [orderId] };
    const actual = `${all.length} assignments`;
    require(all.length === 1, { rule: 'order-assigned-once', ...who, expected: 1, actual });
    const isDelivered = stated.has(orderId);
    require(isDelivered, {
      rule: 'assigned-not-delivered',
      ...who,
      expected: 'a delivery',
      actual: 'none',
    });
  }
  for (const { orderId, placedAt, readyAt, pickupAt, courier } of stated.values()) {
    const who = { courier, orders: [orderId] };
    const order = orderOf(orderId);
    const repeats = (rule: Rule, expected: string | number, actual: string | number): void =>
      require(expected === actual, { rule, ...who, expected, actual });
    repeats('stated-placement-time', order.placedAt, placedAt);
    repeats('stated-ready-time', order.readyAt, readyAt);
    const assignment = found.get(orderId)?.[0]?.assignment;
    require(assignment !== undefined, {
      rule: 'delivered-not-assigned',
      ...who,
      expected: 'an assignment',
      actual: 'none',
    });
    if (!assignment) continue;
    repeats('stated-pickup-time', assignment.pickupAt, pickupAt);
    repeats('stated-courier', assignment.courier, courier);
  }
}

/** What can be said of an assignment without looking at the drives. */
function checkAssignment(assignment: Assignment, judging: Judging): void {
  const { couriers, orderOf, require } = judging;
  const { courier, assignedAt, pickupAt, orders } = assignment;
  const { offAt } = existing(couriers.get(courier));
  const counters = [...new Set(orders.map((id) => orderOf(id).restaurant))];
  const [expected, actual] = ['one restaurant', counters.join(' ')];
  require(counters.length === 1, { rule: 'one-restaurant', courier, orders, expected, actual });
  const atLeast = (rule: Rule, time: number, least: number, whose = orders): void =>
    require(time >= least, { rule, courier, orders: whose, expected: `>= ${least}`, actual: time });
  for (const id of orders) {
    atLeast('assigned-before-placement', assignedAt, orderOf(id).placedAt, [id]);
    atLeast('pickup-before-ready', pickupAt, orderOf(id).readyAt, [id]);
  }
  atLeast('pickup-before-assignment', pickupAt, assignedAt);
  require(pickupAt <= offAt, {
    rule: 'pickup-after-off-time',
    courier,
    orders,
    expected: `<= ${offAt}`,
    actual: pickupAt,
  });
}

type Whereabouts = {
  readonly place: string;
  /** There and idle from then on. */
  readonly freeAt: number;
  /** The drive to a restaurant that no pickup has followed yet, and since when its courier could be told. */
  readonly approach: (Drive & { readonly couldHearFrom: number }) | undefined;
};

/** Walks through the day of one courier. */
function follow(courier: InstanceCourier, judging: Judging): void {
  const { written, restaurants, minutes, halfDropoff, require } = judging;
  const waiting = written.assignments.filter((each) => each.courier === courier.id);
  const drives = written.drives.filter((each) => each.courier === courier.id);
  let now: Whereabouts = { place: '0', freeAt: courier.onAt, approach: undefined };
  for (let at = 0; at < drives.length;) {
    const drive = existing(drives[at]);
    const { destination, departAt, origin } = drive;
    const index = waiting.findIndex(({ orders }) => orders.includes(destination));
    const [assignment] = index < 0 ? [] : waiting.splice(index, 1);
    if (restaurants.has(destination)) {
      now = approached(drive, now, { courier, judging });
      at += 1;
    } else if (assignment) {
      const end = drives.findIndex(
        (leg, later) => later > at && !assignment.orders.includes(leg.destination),
      );
      const legs = drives.slice(at, end < 0 ? drives.length : end);
      checkPickup(assignment, now, { courier, judging });
      now = delivered(assignment, { legs, from: now.place }, { courier, judging });
      at += legs.length;
    } else {
      require(false, {
        rule: 'move-without-assignment',
        courier: courier.id,
        orders: [destination],
        expected: 'an assignment of it to this courier',
        actual: `a drive at ${departAt}`,
      });
      const arriveAt = departAt + minutes(origin, destination, courier);
      now = { place: destination, freeAt: arriveAt + 2 * halfDropoff, approach: undefined };
      at += 1;
    }
  }
  justify(now, courier, judging);
  for (const { orders } of waiting)
    require(false, {
      rule: 'assignment-without-moves',
      courier: courier.id,
      orders,
      expected: 'drives that deliver it',
      actual: 'none',
    });
}

type Context = { readonly courier: InstanceCourier; readonly judging: Judging };

function approached(drive: Drive, now: Whereabouts, { courier, judging }: Context): Whereabouts {
  const { departAt, origin, destination } = drive;
  const require = (holds: boolean, rule: Rule, expected: string, actual: string | number): void =>
    judging.require(holds, { rule, courier: courier.id, orders: [], expected, actual });
  justify(now, courier, judging);
  require(origin === now.place, 'teleport', now.place, origin);
  const tooSoon = departAt < courier.onAt ? 'before-on-time' : 'departure-before-free';
  require(departAt >= now.freeAt, tooSoon, `>= ${now.freeAt}`, departAt);
  require(departAt <= courier.offAt, 'move-after-off-time', `<= ${courier.offAt}`, departAt);
  return {
    place: destination,
    freeAt: departAt + judging.minutes(origin, destination, courier),
    approach: { ...drive, couldHearFrom: now.freeAt },
  };
}

/** A drive to a restaurant that nothing was picked up after, or nothing that was known. */
function justify({ approach }: Whereabouts, { id }: InstanceCourier, { require }: Judging): void {
  if (approach)
    require(false, {
      rule: 'prepositioning',
      courier: id,
      orders: [],
      expected: 'a known order that the drive is for',
      actual: `a drive to ${approach.destination} at ${approach.departAt}`,
    });
}

/** The courier is at the right counter in time, and was told so when nothing else was to be done. */
function checkPickup(
  assignment: Assignment,
  now: Whereabouts,
  { courier, judging }: Context,
): void {
  const { orderOf, halfPickup } = judging;
  const { orders, assignedAt, pickupAt } = assignment;
  const { place, freeAt, approach } = now;
  const require = (
    holds: boolean,
    rule: Rule,
    expected: string,
    actual: string | number = assignedAt,
  ): void => judging.require(holds, { rule, courier: courier.id, orders, expected, actual });
  const { restaurant } = orderOf(existing(orders[0]));
  require(place === restaurant, 'pickup-place', restaurant, place);
  const earliest = freeAt + halfPickup;
  require(pickupAt >= earliest, 'pickup-before-arrival', `>= ${earliest}`, pickupAt);
  if (place !== restaurant || !approach) return;
  const { departAt, couldHearFrom } = approach;
  const isBusy = assignedAt < couldHearFrom || (departAt < assignedAt && assignedAt < freeAt);
  const allowed = `${couldHearFrom} to ${departAt}, or >= ${freeAt}`;
  if (assignedAt < courier.onAt) require(false, 'before-on-time', `>= ${courier.onAt}`);
  else if (isBusy) require(false, 'instruction-while-busy', allowed);
  else if (assignedAt > departAt && orders.every((id) => orderOf(id).placedAt > departAt))
    justify(now, courier, judging);
}

type Delivering = { readonly legs: readonly Drive[]; readonly from: string };

/** Computes the drop-offs of a bundle anew. */
function delivered(
  { orders, pickupAt }: Assignment,
  { legs, from }: Delivering,
  { courier, judging }: Context,
): Whereabouts {
  const { minutes, halfPickup, halfDropoff, stated, orderOf } = judging;
  type Value = string | number;
  const same = (rule: Rule, of: readonly string[], expected: Value, actual: Value): void =>
    judging.require(expected === actual, {
      rule,
      courier: courier.id,
      orders: of,
      expected,
      actual,
    });
  const driven = legs.map(({ destination }) => destination).join(' ');
  const isInSequence = driven === orders.join(' ');
  same('delivery-sequence', orders, orders.join(' '), driven);
  let here = orderOf(existing(orders[0])).restaurant;
  let time = pickupAt + halfPickup;
  for (const [index, id] of orders.entries()) {
    const leg = isInSequence ? legs[index] : undefined;
    if (leg) {
      same('teleport', [id], index === 0 ? from : here, leg.origin);
      same('departure-time', [id], time, leg.departAt);
    }
    const dropoffAt = time + minutes(here, id, courier) + halfDropoff;
    same('dropoff-time', [id], dropoffAt, stated.get(id)?.dropoffAt ?? dropoffAt);
    here = id;
    time = dropoffAt + halfDropoff;
  }
  return { place: here, freeAt: time, approach: undefined };
}
