// What support may do, tried on every reachable state of an order: break-glass ends each of them, and no preview lies.

import { describe, expect, it } from 'vitest';
import { decide } from '../../domain/decide.ts';
import { foresee, foreseeMoney } from '../../domain/foresee.ts';
import { hasEnded, isFulfilled, isOver, type OrderState } from '../../domain/order.ts';
import { paymentCallOf } from '../../domain/payment-call.ts';
import { previewOf } from '../../domain/preview.ts';
import { decideSettle, settleOutcomes, type SettleOutcome } from '../../domain/settling.ts';
import { exampleGiven, possibleActions, tryAction } from '../../domain/support.ts';
import { combinationOf, hour } from './lives.ts';
import { situation, situations } from './situations.ts';
import { plans, walkOf } from './walks.ts';

const nodes = [
  plans.everyday,
  plans['on the road'],
  plans['on the road, cash'],
  plans['at the branch'],
  plans['pickup, card'],
  plans['pickup, cash'],
  plans.pharmacy,
  plans['for later'],
].flatMap((plan) => [...walkOf(plan).nodes.values()]);
const outcomes: readonly (SettleOutcome | undefined)[] = [undefined, ...settleOutcomes];

/** As `workflows/settle.ts` goes on from the decision, with an obliging provider. Undefined: refused. */
function settled(
  state: OrderState,
  outcome: SettleOutcome | undefined,
  now: number,
): OrderState | undefined {
  const decision = decideSettle(state, outcome, now);
  if (decision.kind === 'refused') return undefined;
  const ended = foresee(state, decision.events, now);
  const call = paymentCallOf(ended);
  if (call?.step !== 'authorize') return foreseeMoney(state, decision.events, now).state;
  const unanswered = decide(ended, { kind: 'paymentUnanswered', key: call.key }, now);
  return unanswered.kind === 'refused'
    ? undefined
    : foreseeMoney(ended, unanswered.events, now).state;
}

/** Over, or only a driver's cash is awaited, which ends by itself. */
const isSettled = (state: OrderState): boolean =>
  isOver(state) || (hasEnded(state) && state.payment.status === 'collected');

describe('break-glass', () => {
  it('ends every reachable state, money settled, by one outcome at least', () => {
    const stuck = nodes.filter(
      ({ state, now }) =>
        !outcomes.some((outcome) => {
          const end = settled(state, outcome, now);
          return end !== undefined && isSettled(end);
        }),
    );
    expect(nodes.length).toBeGreaterThan(500);
    expect([...new Set(stuck.map(({ state }) => combinationOf(state)))]).toEqual([]);
  });

  it('leaves nothing open behind any outcome that it accepts', () => {
    const open = nodes.flatMap(({ state, now }) =>
      outcomes.flatMap((outcome) => {
        const end = settled(state, outcome, now);
        return end && !isSettled(end) ? [`${combinationOf(state)} by ${outcome ?? 'nothing'}`] : [];
      }),
    );
    expect([...new Set(open)]).toEqual([]);
  });

  it('asks for an outcome when, and only when, goods are on the road', () => {
    const asked = [...situations].filter(([, state]) => {
      const decision = decideSettle(state, undefined, state.facts.placedAt);
      return decision.kind === 'refused' && decision.refusal.code === 'outcome_needed';
    });
    const onTheRoad = [...situations].filter(
      ([, state]) => state.goodsOut && !hasEnded(state) && !isFulfilled(state),
    );
    expect(asked.map(([name]) => name)).toEqual(onTheRoad.map(([name]) => name));
  });

  it('lets nobody be paid twice: what has ended keeps its end', () => {
    for (const { state, now } of nodes.filter(({ state: each }) => hasEnded(each))) {
      for (const outcome of settleOutcomes) {
        const decision = decideSettle(state, outcome, now);
        const types = decision.kind === 'events' ? decision.events.map(({ type }) => type) : [];
        expect(types.every((type) => type === 'payment.capturing')).toBe(true);
      }
    }
  });
});

describe('support', () => {
  it('has something to do in every state that has not ended', () => {
    const helpless = [...situations].filter(
      ([name, state]) =>
        name !== 'unplaced' &&
        !hasEnded(state) &&
        !isFulfilled(state) &&
        possibleActions(state, state.facts.placedAt).length === 0,
    );
    expect(helpless.map(([name]) => name)).toEqual([]);
  });

  it('sees previews whose money sums to zero and whose loss is what the platform bears', () => {
    for (const { state, now } of nodes) {
      for (const name of possibleActions(state, now)) {
        const given = exampleGiven(name, now);
        const { decision } = tryAction(name, { state, given, noted: {}, now });
        const events = decision.kind === 'events' ? decision.events : [];
        const { after, lossMinor, sequence } = previewOf({ state, log: [] }, events, now);
        const { customerMinor, merchantMinor, driverMinor, platformMinor } = after.money.settlement;
        expect(customerMinor - merchantMinor - driverMinor - platformMinor).toBe(0);
        expect(lossMinor).toBe(Math.max(0, -platformMinor));
        expect(sequence).toBe(state.sequence);
      }
    }
  });

  it.each([
    ['partner asked', true],
    ['partner confirmed', true],
    ['searching', false],
  ])('sees whether a partner fleet is cancelled › %s', (name, isTold) => {
    const state = situation(name);
    const now = state.facts.placedAt + hour;
    const given = exampleGiven('cancel', now);
    const { decision } = tryAction('cancel', { state, given, noted: {}, now });
    const events = decision.kind === 'events' ? decision.events : [];
    const { told } = previewOf({ state, log: [] }, events, now);
    expect(told).toContain('customer');
    expect(told.includes('partner')).toBe(isTold);
  });
});
