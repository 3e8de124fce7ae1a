// When a driver is expected: as the route has it, told again when it moves, and followed by the deadlines so far.

import { describe, expect, it } from 'vitest';
import { etasOf, type RouteStop } from '../../domain/eta.ts';
import { deadlinesOf, dueAt } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import type { OrderState } from '../../domain/order.ts';
import { rowOf } from '../../domain/view.ts';
import {
  after,
  assign,
  facts,
  hear,
  inShort,
  minute,
  placedAt,
  say,
  type Saying,
} from './lives.ts';

const { etaChangeMs, dropoffLateGraceMs, pingGraceMs, maxEtaSlipMs, maxEtaChanges } = defaultPolicy;

const at = (minutes: number): number => placedAt + minutes * minute;
/** The drive, and half of the service at either end. */
const direct = facts.travelMs + 4 * minute;

const searching: readonly Saying[] = [
  [0, say.place],
  [1_000, say.authorized],
  [minute, { kind: 'accept', prepMs: 9 * minute }],
];

const stop = (kind: RouteStop['kind'], orderId: string, minutes: number): RouteStop => ({
  kind,
  orderId,
  arriveAt: at(minutes),
  doneAt: at(minutes + 2),
});
/** One counter, then three doors. */
const route = [
  ...['one', 'two', 'three'].map((id) => stop('pickup', id, 8)),
  stop('dropoff', 'one', 20),
  stop('dropoff', 'two', 34),
  stop('dropoff', 'three', 48),
];

const assigned = (orderId: string): OrderState =>
  after([...searching, [2 * minute, { ...assign(1, at(0)), ...etasOf(route, orderId) }]]);
const pickedUp = (orderId: string): OrderState => hear(assigned(orderId), say.pickUp, at(10)).state;
const doorOf = (state: OrderState) => rowOf(state).dropoffEtaAt;
const unconfirmedAt = (state: OrderState) =>
  deadlinesOf(state).find(({ exit }) => exit === 'unconfirm')?.at;

describe('the doors of a bundle', () => {
  it('are expected one behind the other, from the assignment on', () => {
    const doors = ['one', 'two', 'three'].map((id) => [assigned(id), pickedUp(id)].map(doorOf));
    expect(doors).toEqual([
      [at(22), at(10) + direct],
      [at(36), at(36)],
      [at(50), at(50)],
    ]);
  });

  it('the third is not unconfirmed while the driver is on plan', () => {
    const third = pickedUp('three');
    expect(dueAt(third, at(50))).toBeUndefined();
    expect(unconfirmedAt(third)).toBe(at(50) + dropoffLateGraceMs + pingGraceMs);
  });

  it('are later by as much as the goods were', () => {
    expect(doorOf(hear(assigned('three'), say.pickUp, at(17)).state)).toBe(at(57));
  });

  it('a route that does not come to a door says nothing of it', () => {
    expect(etasOf(route, 'four')).toBeUndefined();
    expect(etasOf(route.slice(3), 'two')).toEqual({ dropoffEtaAt: at(36) });
  });
});

describe('a driver of whose route nothing is known', () => {
  const byHand = after([...searching, [2 * minute, assign(1, at(5))]]);

  it('is expected to wait for the goods and to drive straight to the door', () => {
    expect(doorOf(byHand)).toBe(at(10) + direct);
  });

  it('is expected later at a farther door', () => {
    const farther = { kind: 'changeAddress', travelMs: facts.travelMs + 6 * minute } as const;
    const moved = hear(byHand, farther, at(3)).state;
    expect(doorOf(moved)).toBe(at(16) + direct);
    expect(doorOf(hear(moved, say.pickUp, at(10)).state)).toBe(at(16) + direct);
  });
});

const change = (dropoffEtaAt: number, pickupEtaAt?: number): Command => ({
  kind: 'changeEta',
  dropoffEtaAt,
  ...(pickupEtaAt === undefined ? {} : { pickupEtaAt }),
});

describe('changeEta', () => {
  it.each([
    ['later', 1],
    ['sooner', -1],
  ])('tells of a door that is %s by more than the policy says, once', (_, sign) => {
    const state = pickedUp('three');
    const told = at(50) + sign * etaChangeMs;
    expect(inShort(hear(state, change(told), at(11)))).toBe('-');
    const heard = hear(state, change(told + sign), at(11));
    expect(heard.events).toMatchObject([
      { type: 'delivery.eta_changed', dropoffEtaAt: told + sign },
    ]);
    expect(doorOf(heard.state)).toBe(told + sign);
    expect(inShort(hear(heard.state, change(told + sign), at(12)))).toBe('-');
  });

  it('tells of the branch while the driver is on the way to it', () => {
    const later = change(at(50), at(20));
    const heard = hear(assigned('three'), later, at(5));
    expect(rowOf(heard.state)).toMatchObject({ pickupEtaAt: at(20), dropoffEtaAt: at(50) });
    const arrived = hear(assigned('three'), say.atPickup, at(8)).state;
    expect(inShort(hear(arrived, later, at(9)))).toBe('-');
  });

  it('knows of the ride when the goods are taken', () => {
    const longer = { ...change(at(70)), rideMs: 60 * minute } as const;
    const { state } = hear(assigned('three'), longer, at(5));
    expect(doorOf(hear(state, say.pickUp, at(10)).state)).toBe(at(70));
  });

  it('puts the deadline off, however often, only so far', () => {
    const { state } = hear(pickedUp('three'), change(at(57)), at(11));
    expect(unconfirmedAt(state)).toBe(at(57) + dropoffLateGraceMs + pingGraceMs);
    const late = hear(state, change(at(500)), at(12)).state;
    expect(doorOf(late)).toBe(at(500));
    const latest = at(50) + maxEtaSlipMs;
    expect(unconfirmedAt(late)).toBe(latest + dropoffLateGraceMs + pingGraceMs);
  });

  it('is heard so often, and only while the driver is on the way', () => {
    let state = pickedUp('three');
    for (let n = 1; n <= maxEtaChanges; n += 1)
      state = hear(state, change(at(50 + n * 6)), at(11)).state;
    expect(inShort(hear(state, change(at(300)), at(12)))).toBe('!limit_reached');
    const atTheDoor = hear(state, say.atDropoff, at(48)).state;
    expect(inShort(hear(atTheDoor, change(at(300)), at(49)))).toBe('!wrong_state');
  });
});
