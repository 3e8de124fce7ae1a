// The higher fee: what a rung adds to a driver's pay, who gets it when, and that the platform alone bears it.

import { describe, expect, it } from 'vitest';
import { balanced } from '../../domain/ledger.ts';
import { payMinorOf, type OrderState } from '../../domain/order.ts';
import { bonusAt, defaultPolicy } from '../../domain/policy.ts';
import type { Command } from '../../domain/messages.ts';
import { postingOf } from '../../db/ledger.ts';
import { assign, driver, facts, hear, minute, offer, placedAt, say } from './lives.ts';
import { situation } from './situations.ts';

const eta = placedAt + 12 * minute;
/** 15 % of 5.00. */
const raised = { ...assign(1, eta), bonusMinor: 75 } as Command;

function heard(state: OrderState, ...commands: readonly Command[]) {
  const at = placedAt + 60 * minute;
  return commands.reduce(
    (before, command) => {
      const { state: next, events, refusal } = hear(before.state, command, at);
      if (refusal) throw new Error(`${command.kind}: ${refusal.reason}`);
      return { state: next, events: [...before.events, ...events] };
    },
    { state, events: [] as ReturnType<typeof hear>['events'] },
  );
}
const searching = situation('ready, searching');
const assigned = heard(searching, raised).state;

/** In favour of each account that is not empty. */
function booked(state: OrderState, ...commands: readonly Command[]) {
  const { events } = heard(state, ...commands);
  const entries = events.flatMap((event) => {
    const posting = postingOf(facts, event, driver(1));
    return (posting && balanced(posting)?.entries) ?? [];
  });
  return Object.fromEntries(
    [...Map.groupBy(entries, ({ account }) => account)].map(([account, moves]) => [
      account,
      -moves.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    ]),
  );
}

const bonuses = (payMinor: number, policy = defaultPolicy) =>
  [0, 1, 2, 9].map((rung) => bonusAt(policy, { rung, payMinor }));

describe('a rung', () => {
  it('adds its share of the pay, and the last one lasts', () => {
    expect(bonuses(500)).toEqual([0, 75, 150, 150]);
  });

  it('adds whole minor units, halves up, and never more than the cap', () => {
    expect(bonuses(333)).toEqual([0, 50, 100, 100]);
    expect(bonuses(10)).toEqual([0, 2, 3, 3]);
    expect(bonuses(500, { ...defaultPolicy, bonusCapMinor: 100 })).toEqual([0, 75, 100, 100]);
    expect(bonuses(500, { ...defaultPolicy, bonusCapMinor: 0 })).toEqual([0, 0, 0, 0]);
  });

  it('without a share adds nothing', () => {
    expect(
      bonusAt(
        { ...defaultPolicy, rungs: [{ radiusM: 1, durationMs: 1 }] },
        { rung: 0, payMinor: 500 },
      ),
    ).toBe(0);
  });
});

describe('a bonus', () => {
  it('goes with the driver who took the offer, from the counter to the door', () => {
    const all = [say.pickUp, say.atDropoff, say.contact];
    for (const [n] of all.entries()) {
      const { state } = heard(assigned, ...all.slice(0, n + 1));
      expect(payMinorOf(state)).toBe(575);
    }
    expect(payMinorOf(searching)).toBe(500);
  });

  it('is paid on delivery by the platform, in the ledger, and by nobody else', () => {
    const plain = booked(heard(searching, assign(1, eta)).state, say.pickUp, say.deliver);
    const more = booked(assigned, say.pickUp, say.deliver);
    expect(plain).toEqual({ customer: -2_500, merchant: 1_600, driver: 650, platform: 250 });
    expect(more).toEqual({ ...plain, driver: 725, platform: 175 });
  });

  it.each<[string, readonly Command[], object]>([
    [
      'half after a wait',
      [say.atPickup, { kind: 'unassignDriver' }],
      { driver: 288, platform: -288 },
    ],
    ['not at all to who gives it back', [say.abandon], {}],
    [
      'whole to who hands the goods on',
      [say.pickUp, { kind: 'transferDelivery', driverId: driver(2), offerId: offer(2) }],
      { driver: 575, platform: -575 },
    ],
    [
      'whole to who cannot go on',
      [say.pickUp, say.accident, { kind: 'remake' }],
      { driver: 575, platform: -575 },
    ],
    [
      'once, also to who brings the goods back',
      [say.pickUp, say.atDropoff, say.refused, say.back],
      { customer: -2_500, merchant: 1_600, driver: 1_075, platform: -175 },
    ],
    [
      'beside the merchant, who owes no more than the pay',
      [say.atPickup, say.closed],
      { merchant: -500, driver: 575, platform: -75 },
    ],
    [
      'when the customer cancels',
      [say.cancel],
      { customer: -2_350, merchant: 1_600, driver: 575, platform: 175 },
    ],
  ])('is paid %s', (_, commands, expected) => {
    expect(booked(assigned, ...commands)).toEqual(expected);
  });

  it('is not inherited by the next driver', () => {
    const next = heard(assigned, say.abandon, assign(2, eta)).state;
    expect(payMinorOf(next)).toBe(500);
    const handed = heard(assigned, say.pickUp, {
      kind: 'transferDelivery',
      driverId: driver(2),
      offerId: offer(2),
    }).state;
    expect(payMinorOf(handed)).toBe(500);
  });
});
