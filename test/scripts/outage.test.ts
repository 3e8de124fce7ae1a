// Who was punished for an outage of the engine: a deadline that passed meanwhile must be put off before it is
// acted upon.

import { describe, expect, it } from 'vitest';
import { decide } from '../../domain/decide.ts';
import type { OrderEvent } from '../../domain/events.ts';
import { evolve } from '../../domain/evolve.ts';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import { initialState, type OrderFacts, type OrderState } from '../../domain/order.ts';
import { defaultPolicy } from '../../domain/policy.ts';
import { describeMissed, isPunished, missedIn } from '../../scripts/start/outage.ts';
import { plainDelivery } from '../support/facts.ts';

const minute = 60_000;
const facts = {
  ...plainDelivery,
  orderId: 'ord_1',
  placedAt: 0,
  goodsMinor: 2_000,
  deliveryFeeMinor: 300,
  tipMinor: 0,
  totalMinor: 2_300,
  itemCount: 1,
  currency: 'USD',
  paymentMethod: 'pm_card_visa',
  commissionBps: 1_500,
  driverPayMinor: 450,
  travelMs: 300_000,
  policy: defaultPolicy,
} as unknown as OrderFacts;

/** The merchant is asked at the start; the time to answer is over after eleven minutes and a half. */
const asked: readonly (readonly [number, Command])[] = [
  [0, { kind: 'place' }],
  [0, { kind: 'paymentAuthorized', providerRef: 'pi', amountMinor: 2_300, captureBefore: 1e12 }],
];
const expireKey = (state: OrderState): string =>
  deadlinesOf(state).find(({ exit }) => exit === 'expire')?.key ?? '';
const putOff =
  (until: number) =>
  (state: OrderState): Command => ({ kind: 'putOff', key: expireKey(state), until });

type Step = readonly [at: number, command: Command | ((state: OrderState) => Command)];

function live(steps: readonly Step[]) {
  let state = initialState(facts);
  const events: OrderEvent[] = [];
  for (const [at, given] of steps) {
    const command = typeof given === 'function' ? given(state) : given;
    const decision = decide(state, command, at);
    if (decision.kind === 'refused') throw new Error(decision.refusal.reason);
    const commandId = `${command.kind === 'expire' ? 'exit:' : ''}${command.kind}:1`;
    for (const body of decision.events) {
      const sequence = state.sequence + 1;
      const event = { ...body, sequence, at, actor: { kind: 'system' }, commandId } as const;
      events.push(event);
      state = evolve(state, event);
    }
  }
  return [{ id: facts.orderId, facts, events }];
}

const outage = { from: 5 * minute, to: 15 * minute };
const lateMs = 3.5 * minute;

describe('after an outage', () => {
  it('an order that expires at once has punished its merchant', () => {
    const missed = missedIn(outage, live([...asked, [outage.to + 100, { kind: 'expire' }]]));
    expect(missed).toMatchObject([{ dueAt: 11.5 * minute, owedMs: lateMs, givenMs: 100 }]);
    expect(missed.some(isPunished)).toBe(true);
    expect(describeMissed(outage, missed)[1]).toBe(
      'punished: ord_1  merchant: expire after 0.1 s, not after 210.0 s',
    );
  });

  it('an order that was put off for as long as it was late has punished nobody', () => {
    const until = outage.to + 200 + lateMs + 200;
    const missed = missedIn(
      outage,
      live([...asked, [outage.to + 200, putOff(until)], [until, { kind: 'expire' }]]),
    );
    expect(missed).toHaveLength(1);
    expect(missed[0]?.exitAt).toBe(until);
    expect(missed.some(isPunished)).toBe(false);
    expect(describeMissed(outage, missed)[0]).toContain(
      '1 deadlines passed meanwhile that cannot be taken back: 0 were met after all, 1 ran out',
    );
  });

  it('an order that was accepted in the time it was given met its deadline', () => {
    const missed = missedIn(
      outage,
      live([
        ...asked,
        [outage.to + 200, putOff(outage.to + 4 * minute)],
        [outage.to + minute, { kind: 'accept' }],
      ]),
    );
    expect(missed).toMatchObject([{ exitAt: undefined }]);
    expect(describeMissed(outage, missed)[0]).toContain('1 were met after all');
  });

  it('deadlines before, after, or barely missed are none of its business', () => {
    const expired = live([...asked, [12 * minute, { kind: 'expire' }]]);
    expect(missedIn({ from: 12 * minute, to: 15 * minute }, expired)).toEqual([]);
    expect(missedIn({ from: 5 * minute, to: 11 * minute }, expired)).toEqual([]);
    const barely = missedIn({ from: 5 * minute, to: 11.55 * minute }, expired);
    expect(barely).toMatchObject([{ owedMs: 0 }]);
    expect(barely.some(isPunished)).toBe(false);
  });
});
