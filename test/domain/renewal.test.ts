// A hold that would lapse before the capture: renewed late, the new one first, and only one of them ever captured.

import { describe, expect, it } from 'vitest';
import { deadlinesOf } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import { isOver, type OrderState } from '../../domain/order.ts';
import { paymentCallOf } from '../../domain/payment-call.ts';
import {
  assign,
  after,
  captureBefore,
  facts,
  hear,
  hour,
  inShort,
  minute,
  placedAt,
  say,
  type Heard,
  type Saying,
} from './lives.ts';

const day = 24 * hour;
/** Of an order that has waited for days: its hold ends at noon of the eighth. */
const later = { ...facts, promisedAt: placedAt + 4 * day } as const;
const scheduled: readonly Saying[] = [
  [0, say.place],
  [1, say.authorized],
];
const due = 7 * day - 18 * hour;
const again: Command = {
  ...say.authorized,
  providerRef: 'pi_2',
  captureBefore: placedAt + due + 7 * day,
};
const renewsAt = (state: OrderState): number | undefined =>
  deadlinesOf(state).find(({ exit }) => exit === 'renewHold')?.at;
const renewing = after([...scheduled, [due, { kind: 'renewHold' }]], later);
const at = placedAt + due + 1_000;

function declinedFiveTimes(state: OrderState, from: number): Heard {
  let heard = hear(state, say.declined, from);
  for (let n = 1; n < 5; n++) {
    const asked = hear(heard.state, { kind: 'renewHold' }, from + n * hour).state;
    heard = hear(asked, say.declined, from + n * hour + 1);
  }
  return heard;
}

describe('a hold on a card', () => {
  it('is renewed 18 hours before it lapses, where the order may live so long', () => {
    expect(renewsAt(after(scheduled, later))).toBe(placedAt + due);
    expect(renewsAt(after(scheduled))).toBeUndefined();
    const wallet = { ...later, method: 'wallet' } as const;
    expect(renewsAt(after(scheduled, wallet))).toBeUndefined();
  });

  it('is asked for anew first, then the old one is let go', () => {
    expect(paymentCallOf(renewing)).toMatchObject({ step: 'authorize', attempt: 2 });
    const heard = hear(renewing, again, at);
    expect(inShort(heard)).toBe('payment.renewed payment.releasing');
    expect(heard.state.payment).toMatchObject({ status: 'authorized', providerRef: 'pi_2' });
    expect(paymentCallOf(heard.state)).toMatchObject({ step: 'release', providerRef: 'pi_1' });
    const released = hear(heard.state, say.voided, at + 1);
    expect(inShort(released)).toBe('payment.released');
    expect(paymentCallOf(released.state)).toBeUndefined();
    expect(renewsAt(released.state)).toBeUndefined();
  });

  it('of an order that ends meanwhile waits for the answer; its own hold goes, and the new one too', () => {
    const cancelled = hear(renewing, say.cancel, at).state;
    expect(paymentCallOf(cancelled)).toMatchObject({ step: 'authorize' });
    const answered = hear(cancelled, again, at + 1);
    expect(inShort(answered)).toBe('payment.renewal_failed payment.releasing');
    expect(paymentCallOf(answered.state)).toMatchObject({ step: 'void', providerRef: 'pi_1' });
    const voided = hear(answered.state, say.voided, at + 2).state;
    expect([voided.payment.status, isOver(voided)]).toEqual(['voided', false]);
    expect(paymentCallOf(voided)).toMatchObject({ step: 'release', providerRef: 'pi_2' });
    expect(isOver(hear(voided, say.voided, at + 3).state)).toBe(true);
  });

  it('of an order that is delivered meanwhile is captured, and the new one let go', () => {
    const carried = after(
      [
        [0, say.place],
        [1, say.authorized],
        [2, say.accept],
        [3, assign(1, placedAt + 5 * minute)],
        [4, say.ready],
        [5, say.pickUp],
        [6, { kind: 'renewHold' }],
        [7, say.deliver],
      ],
      { ...facts, policy: { ...facts.policy, renewHoldMs: 8 * day, orderLifeMs: 30 * day } },
    );
    expect(paymentCallOf(carried)).toMatchObject({ step: 'authorize' });
    const answered = hear(carried, again, placedAt + 8).state;
    expect(paymentCallOf(answered)).toMatchObject({ step: 'capture', providerRef: 'pi_1' });
    const captured = hear(answered, { kind: 'paymentCaptured', amountMinor: 2_500 }, placedAt + 9);
    expect(inShort(captured)).toBe('payment.captured order.completed');
    expect(paymentCallOf(captured.state)).toMatchObject({ step: 'release', providerRef: 'pi_2' });
  });

  it.each([
    ['declined', say.declined, 'payment.renewal_failed'],
    ['not executed', say.notExecuted, 'payment.renewal_failed'],
    ['to be confirmed', say.requiresAction, 'payment.renewal_failed payment.releasing'],
    ['never answered', say.unanswered, 'payment.renewal_failed payment.releasing'],
  ])('that is %s leaves the old one, and is tried again', (_name, answer, events) => {
    const heard = hear(renewing, answer, at);
    expect(inShort(heard)).toBe(events);
    const { state } = events.includes('releasing') ? hear(heard.state, say.voided, at + 1) : heard;
    expect(state.payment).toMatchObject({ status: 'authorized', providerRef: 'pi_1' });
    expect(renewsAt(state)).toBe(placedAt + due + hour);
  });

  it('that lasts no longer is let go', () => {
    const heard = hear(renewing, { ...again, captureBefore }, at);
    expect(inShort(heard)).toBe('payment.renewal_failed payment.releasing');
    expect(paymentCallOf(heard.state)).toMatchObject({ step: 'release', providerRef: 'pi_2' });
  });

  it('is tried five times at most, and somebody is told that it was the last', () => {
    const heard = declinedFiveTimes(renewing, at);
    expect([heard.state.renewals.tried, renewsAt(heard.state)]).toEqual([5, undefined]);
    expect(heard.events).toMatchObject([{ type: 'payment.renewal_failed', last: true }]);
    const [first] = hear(renewing, say.declined, at).events;
    expect(first).not.toHaveProperty('last');
  });

  it('is renewed as often as the order outlives it: the tries count anew', () => {
    const far = { ...facts, promisedAt: placedAt + 60 * day } as const;
    const lastDay = Array.from({ length: 8 }).reduce<OrderState>(
      (state, _, n) => {
        const lateAt = renewsAt(state) ?? 0;
        const asked = hear(state, { kind: 'renewHold' }, lateAt).state;
        const held = { ...again, providerRef: `pi_${n + 2}`, captureBefore: lateAt + 7 * day };
        return hear(hear(asked, held, lateAt + 1).state, say.voided, lateAt + 2).state;
      },
      after(scheduled, {
        ...far,
        policy: { ...facts.policy, authorizeAheadMs: 90 * day },
      }),
    );
    expect(lastDay.payment).toMatchObject({ status: 'authorized', providerRef: 'pi_9' });
    expect(renewsAt(lastDay)).toBeGreaterThan(placedAt + 50 * day);
  });

  it('that cannot be let go is told to somebody and does not keep the order', () => {
    const { state } = hear(renewing, again, at);
    const failed = hear(state, say.voidFailed, at + 1);
    expect(inShort(failed)).toBe('payment.release_failed');
    expect(paymentCallOf(failed.state)).toBeUndefined();
  });
});

describe('an order for later whose hold does not last', () => {
  const moved = { kind: 'reschedule', promisedAt: placedAt + 9 * day } as const;
  const waiting = after([...scheduled, [2, moved], [due, { kind: 'renewHold' }]], later);
  const release: Command = { kind: 'releaseScheduled' };
  const releaseAt = placedAt + 9 * day;

  it('is given to nobody before there is a new one, and then lets the old one go', () => {
    const { state } = declinedFiveTimes(waiting, at);
    const released = hear(state, release, releaseAt);
    expect(inShort(released)).toBe('order.released payment.authorizing payment.releasing');
    expect(paymentCallOf(released.state)).toMatchObject({ step: 'authorize', attempt: 7 });
    const held = { ...again, captureBefore: releaseAt + 7 * day } as const;
    const paid = hear(released.state, held, releaseAt + 1);
    expect(inShort(paid)).toBe('payment.authorized order.submitted');
    expect(paymentCallOf(paid.state)).toMatchObject({ step: 'release', providerRef: 'pi_1' });
    const gone = hear(paid.state, say.voided, releaseAt + 2).state;
    expect([gone.payment, gone.spare]).toMatchObject([{ providerRef: 'pi_2' }, undefined]);
  });

  it('asks for another card when there is none, and ends unpaid when that is no good either', () => {
    const { state } = declinedFiveTimes(waiting, at);
    const released = hear(state, release, releaseAt).state;
    const declined = hear(released, say.declined, releaseAt + 1);
    expect(inShort(declined)).toBe('payment.declined');
    expect(paymentCallOf(declined.state)).toMatchObject({ step: 'release', providerRef: 'pi_1' });
    const retried = hear(
      hear(declined.state, say.voided, releaseAt + 2).state,
      say.retry,
      releaseAt + 3,
    );
    expect(inShort(retried)).toBe('payment.authorizing');
    const ended = hear(retried.state, say.declined, releaseAt + 4);
    expect(inShort(ended)).toBe('payment.declined order.cancelled');
    expect(isOver(ended.state)).toBe(true);
  });

  it('waits for the answer about a new one that is under way, and ends unpaid without', () => {
    const asked = placedAt + 9 * day - 1_000;
    const late = hear(after([...scheduled, [2, moved]], later), { kind: 'renewHold' }, asked).state;
    expect(inShort(hear(late, release, releaseAt))).toBe('-');
    const held = { ...again, captureBefore: releaseAt + 7 * day } as const;
    const renewed = hear(late, held, releaseAt).state;
    expect(inShort(hear(renewed, release, releaseAt))).toBe('-');
    const alone = hear(renewed, say.voided, releaseAt).state;
    expect(inShort(hear(alone, release, releaseAt))).toBe('order.released order.submitted');
    const silent = hear(late, release, asked + facts.policy.paymentActionTimeoutMs);
    expect(inShort(silent)).toBe('order.cancelled payment.voiding');
  });

  it('is given to the merchant on a hold that does', () => {
    const held = { ...again, captureBefore: placedAt + due + 7 * day } as const;
    const renewed = hear(waiting, held, at).state;
    expect(inShort(hear(renewed, release, releaseAt))).toBe('order.released order.submitted');
  });
});
