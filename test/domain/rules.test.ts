// The rules that are easiest to break, one by one, with their figures: money under way, time that ran out, drivers
// that come and go.

import { describe, expect, it } from 'vitest';
import { deadlinesOf, dueAt } from '../../domain/lifecycle.ts';
import type { Command } from '../../domain/messages.ts';
import { isOver, type OrderState } from '../../domain/order.ts';
import { paymentCallOf } from '../../domain/payment-call.ts';
import {
  after,
  assign,
  captured,
  captureBefore,
  driver,
  facts,
  hear,
  hour,
  inShort,
  minute,
  placedAt,
  say,
  type Saying,
} from './lives.ts';
import { situation } from './situations.ts';

const at = (name: string, exit: string): number | undefined =>
  deadlinesOf(situation(name)).find((d) => d.exit === exit)?.at;
const refusalOf = (name: string, command: Command) =>
  hear(situation(name), command, placedAt + hour).refusal;
const keyOf = (state: OrderState): string | undefined =>
  paymentCallOf(state)?.key.split(':').slice(1).join(':');

const callAfterCancel = (name: string) =>
  paymentCallOf(hear(situation(name), say.cancel, placedAt + hour).state);
const captureKey = (n: number): string => `${facts.orderId}:capture:${n}`;
const times = (state: OrderState) => deadlinesOf(state).map((d) => [d.exit, d.at]);

describe('cancel', () => {
  it('refuses once the driver has the goods, and says since when', () => {
    expect(refusalOf('picked up', say.cancel)).toEqual({
      code: 'already_picked_up',
      reason: 'the driver has the goods',
      at: placedAt + 12 * minute,
    });
  });

  it('while the card is being authorized › waits for the answer and lets go of what it brought', () => {
    const cancelled = situation('cancelled, authorizing');
    expect([isOver(cancelled), keyOf(cancelled), deadlinesOf(cancelled)]).toEqual([
      false,
      'authorize:1',
      [],
    ]);
    const held = hear(cancelled, say.authorized, placedAt + minute).state;
    expect(paymentCallOf(held)).toMatchObject({ step: 'void', providerRef: 'pi_1', attempt: 1 });
    const asked = hear(cancelled, say.requiresAction, placedAt + minute).state;
    expect(paymentCallOf(asked)).toMatchObject({ step: 'void', providerRef: 'pi_1' });
    const silent = hear(cancelled, say.unanswered, placedAt + minute).state;
    expect(paymentCallOf(silent)).toMatchObject({
      step: 'void',
      providerRef: undefined,
      authorizeAttempt: 1,
      // What an unanswered authorization left is older than the void.
      firstSentAt: placedAt,
    });
    expect(isOver(hear(cancelled, say.declined, placedAt + minute).state)).toBe(true);
  });

  it('while the payment is being checked › voids at once and does not hear the check any more', () => {
    const { state } = hear(situation('checking'), say.cancel, placedAt + minute);
    expect(paymentCallOf(state)).toMatchObject({ step: 'void', providerRef: 'pi_1' });
    expect(inShort(hear(state, say.authorized, placedAt + minute))).toBe('-');
    expect(inShort(hear(state, say.declined, placedAt + minute))).toBe('-');
  });

  it('once preparing › captures the goods, and the delivery fee when a driver was assigned', () => {
    expect(callAfterCancel('searching')).toMatchObject({ step: 'capture', amountMinor: 2_000 });
    expect(callAfterCancel('confirmed')).toMatchObject({ step: 'capture', amountMinor: 2_350 });
  });

  it('never captures more than the card granted', () => {
    const less: Saying = [0, { ...say.authorized, amountMinor: 1_500 }];
    const preparing = after([[0, say.place], less, [minute, say.accept]]);
    const { state } = hear(preparing, say.cancel, placedAt + 2 * minute);
    expect(paymentCallOf(state)).toMatchObject({ step: 'capture', amountMinor: 1_500 });
  });
});

describe('payment › an answer', () => {
  const failedOnce = situation('delivered, capturing again');

  it('counts for the call that it answers, and for no other', () => {
    expect(keyOf(failedOnce)).toBe('capture:2');
    const again = { ...say.captureFailed, key: captureKey(1) };
    expect(inShort(hear(failedOnce, again, placedAt + 4 * hour))).toBe('-');
    const real = { ...say.captureFailed, key: captureKey(2) };
    expect(inShort(hear(failedOnce, real, placedAt + 4 * hour))).toBe('payment.capture_failed');
  });

  it('of an earlier card does not decline the next one', () => {
    const { state } = hear(situation('declined'), say.retry, placedAt + minute);
    const late = { ...say.declined, key: `${facts.orderId}:authorize:1` };
    expect([keyOf(state), inShort(hear(state, late, placedAt + minute))]).toEqual([
      'authorize:2',
      '-',
    ]);
  });

  it('that nothing was executed moves on to the next number, five times at most', () => {
    let state = situation('denied, voiding');
    const keys: (string | undefined)[] = [];
    while (!isOver(state) && keys.length < 9) {
      keys.push(keyOf(state));
      state = hear(state, say.notExecuted, placedAt + hour).state;
    }
    expect(keys).toEqual(['void:1', 'void:2', 'void:3', 'void:4', 'void:5']);
    expect(state.payment).toMatchObject({ status: 'written_off' });
  });
});

describe('payment › a check', () => {
  it('keeps its key while other things happen to the order', () => {
    const checking = situation('checking');
    const [first] = deadlinesOf(checking);
    const extended: Command = {
      kind: 'putOff',
      key: first?.key ?? '',
      until: placedAt + hour,
    };
    const { state, events } = hear(checking, extended, placedAt + 50 * minute);
    expect([events.length, keyOf(state)]).toEqual([1, keyOf(checking)]);
  });

  it('is made again when news came meanwhile: its answer may be older', () => {
    const { state } = hear(situation('checking, news came'), say.requiresAction, placedAt + minute);
    expect(paymentCallOf(state)?.step).toBe('check');
    expect(keyOf(state)).not.toBe(keyOf(situation('checking, news came')));
    expect(inShort(hear(state, say.authorized, placedAt + minute))).toBe(
      'payment.authorized order.submitted',
    );
  });

  it('does not extend the time of the customer', () => {
    for (const name of ['requires action', 'checking', 'declined']) {
      expect(at(name, 'abandonPayment')).toBe(placedAt + 15 * minute);
    }
  });
});

describe('capture', () => {
  it('is tried hourly, and given up 72 hours after the first intent', () => {
    let state = situation('delivered, capture failed');
    const firstIntentAt = placedAt + 30 * minute;
    let tries = 0;
    let writtenOffAt = 0;
    for (let due = dueAt(state, Infinity); due && tries < 99; due = dueAt(state, Infinity)) {
      state = hear(state, { kind: due.exit }, due.at).state;
      if (due.exit === 'writeOff') writtenOffAt = due.at;
      else tries += 1;
      // "Not executed" in between must not start the 72 hours anew.
      if (paymentCallOf(state) && tries < 4) state = hear(state, say.notExecuted, due.at).state;
      if (paymentCallOf(state)) state = hear(state, say.captureFailed, due.at).state;
    }
    expect(writtenOffAt).toBe(firstIntentAt + 72 * hour);
    expect([tries, keyOf(state), isOver(state)]).toEqual([71, 'void:1', false]);
  });

  it.each([
    [say.voided, 'capture_declined'],
    [say.voidFailed, 'void_unanswered'],
  ])('that is given up lets the hold go, then books the loss (%#)', (answer, code) => {
    const failed = hear(situation('delivered, capturing again'), say.captureFailed, 0).state;
    const { state } = hear(failed, { kind: 'writeOff' }, placedAt + 80 * hour);
    expect(paymentCallOf(state)).toMatchObject({ step: 'void', providerRef: 'pi_1' });
    // Not executed: the same loss, under the next key.
    const again = hear(state, say.notExecuted, placedAt + 80 * hour).state;
    const lost = hear(again, answer, placedAt + 81 * hour);
    expect(lost.events).toMatchObject([
      { type: 'payment.written_off', amountMinor: 2_500, code },
      { type: 'order.completed' },
    ]);
    expect([isOver(lost.state), lost.state.order.status]).toEqual([true, 'completed']);
  });

  it('of a free order is a void, and the order is completed all the same', () => {
    const free = { ...facts, goodsMinor: 0, deliveryFeeMinor: 0, tipMinor: 0, totalMinor: 0 };
    const delivered = after(
      [
        [0, say.place],
        [0, { ...say.authorized, amountMinor: 0 }],
        [0, say.accept],
        [0, say.ready],
        [0, assign(1, placedAt)],
        [0, say.pickUp],
        [0, say.deliver],
        [0, say.voided],
      ],
      free,
    );
    expect([delivered.order.status, isOver(delivered)]).toEqual(['completed', true]);
  });
});

describe('merchant', () => {
  it('may correct an assumed ready, once, and the driver gets the time', () => {
    const assumed = situation('assumed ready, confirmed');
    expect(at('assumed ready, confirmed', 'pingDriver')).toBe(placedAt + 75 * minute);
    const { state } = hear(assumed, say.ready, placedAt + 70 * minute);
    expect(state.order).toMatchObject({ status: 'ready', assumed: false });
    expect(deadlinesOf(state)[0]).toMatchObject({ exit: 'pingDriver', at: placedAt + 80 * minute });
    expect(hear(state, say.ready, placedAt + 71 * minute).refusal?.code).toBe('already_ready');
  });

  it('that accepts with a long preparation is sent a driver later', () => {
    const { state } = hear(
      situation('pending'),
      { kind: 'accept', prepMs: hour },
      placedAt + minute,
    );
    expect(state.delivery).toMatchObject({
      status: 'searching',
      since: placedAt + 51 * minute,
    });
  });

  it.each([0, minute, 10 * minute])(
    'that accepts with %d ms of preparation is sent a driver at once',
    (prepMs) => {
      const heard = hear(situation('pending'), { kind: 'accept', prepMs }, placedAt + minute);
      expect(heard.state.delivery).toMatchObject({ status: 'searching', since: placedAt + minute });
    },
  );
});

describe('driver', () => {
  it('is pinged anew on the way to the customer', () => {
    const { state } = hear(situation('confirmed, pinged'), say.pickUp, placedAt + 41 * minute);
    expect(deadlinesOf(state).map((d) => d.exit)).toEqual(['pingDriver', 'unconfirm']);
  });

  it('who abandons is replaced, at most four times', () => {
    let state = situation('ready, searching');
    let drivers = 0;
    while (state.order.status === 'ready' && drivers < 9) {
      drivers += 1;
      state = hear(state, assign(drivers, placedAt + hour), placedAt + 8 * minute).state;
      const left: Command = { kind: 'abandon', driverId: driver(drivers) };
      state = hear(state, left, placedAt + 8 * minute).state;
    }
    expect(drivers).toBe(5);
    expect(state.order).toMatchObject({ status: 'failed', endReason: 'failed_to_assign' });
    expect(paymentCallOf(state)?.step).toBe('void');
  });

  it('may deliver late, after the order counts as unconfirmed, and is paid', () => {
    const { state, events } = hear(situation('unconfirmed'), say.deliver, placedAt + 20 * hour);
    expect(events.map((e) => e.type)).toContain('order.settled');
    expect(paymentCallOf(state)).toMatchObject({ step: 'capture', amountMinor: 2_500 });
    expect(hear(state, captured(2_500), placedAt + 20 * hour).state.order.status).toBe('completed');
  });
});

describe('search', () => {
  it('counts the time of all searches against its limit', () => {
    const again = situation('searching again');
    expect(again.searchedMs).toBe(minute);
    expect(at('searching again', 'failSearch')).toBe(placedAt + 8 * minute + 90 * minute - minute);
  });

  it('that used up its time before fails at once when it starts again', () => {
    const late = after([
      [0, say.place],
      [0, say.authorized],
      [0, { kind: 'accept', prepMs: 0 }],
      [0, say.ready],
      [95 * minute, assign(1, placedAt + 99 * minute)],
      [96 * minute, say.abandon],
    ]);
    expect(dueAt(late, placedAt + 96 * minute)?.exit).toBe('failSearch');
    expect(inShort(hear(late, { kind: 'failSearch' }, placedAt + 96 * minute))).toMatch(
      /^order.failed/,
    );
  });

  it('is exhausted only in the round that the dispatcher speaks of', () => {
    const stale: Command = { kind: 'exhaustSearch', search: 1 };
    expect(inShort(hear(situation('searching again'), stale, placedAt + hour))).toBe('-');
  });

  it('is refused while support holds the order, so that it can be said again', () => {
    const held = hear(
      situation('searching'),
      { kind: 'hold', until: placedAt + 2 * hour },
      placedAt + hour,
    );
    const command: Command = { kind: 'exhaustSearch', search: 1 };
    expect(inShort(hear(held.state, command, placedAt + hour + minute))).toBe('!order_held');
    expect(inShort(hear(held.state, command, placedAt + 3 * hour))).toBe(
      'delivery.search_escalated',
    );
  });
});

describe('proof of delivery', () => {
  const unconfirmedAt = placedAt + 2 * hour;
  const withHold = (before: number) =>
    deadlinesOf({
      ...situation('unconfirmed'),
      payment: { ...held, captureBefore: before },
    }).find(({ exit }) => exit === 'giveUpProof')?.at;
  const held = {
    status: 'authorized',
    since: placedAt,
    providerRef: 'pi_1',
    amountMinor: 2_500,
    captureBefore,
  } as const;

  it('may come for 24 hours', () => {
    expect(withHold(captureBefore)).toBe(unconfirmedAt + 24 * hour);
  });

  it('must come 12 hours before the hold on the card lapses', () => {
    expect(withHold(unconfirmedAt + 20 * hour)).toBe(unconfirmedAt + 8 * hour);
  });

  it.each([unconfirmedAt + hour, placedAt, 0])(
    'is given up at once when the hold lapses at %d',
    (before) => {
      expect(withHold(before)).toBe(unconfirmedAt);
    },
  );
});

describe('deadline', () => {
  it('that was put off stays in its place among the others', () => {
    const pending = situation('pending');
    const expire = deadlinesOf(pending).find((d) => d.exit === 'expire');
    const put: Command = { kind: 'putOff', key: expire?.key ?? '', until: placedAt + hour };
    const { state } = hear(pending, put, placedAt + 55 * minute);
    expect(deadlinesOf(state).map((d) => d.exit)).toEqual([
      'remindMerchant',
      'alertBranch',
      'callMerchant',
      'expire',
    ]);
    expect(deadlinesOf(state)[3]?.at).toBe(placedAt + hour);
    expect(inShort(hear(state, { kind: 'expire' }, placedAt + hour - 1))).toBe('-');
  });

  it('that was put off is never brought forward: what happened since may have moved it further', () => {
    const assumed = situation('assumed ready, confirmed');
    const late = deadlinesOf(assumed).find((d) => d.exit === 'unassignLate');
    const put: Command = {
      kind: 'putOff',
      key: late?.key ?? '',
      until: (late?.at ?? 0) + minute,
    };
    const extended = hear(assumed, put, placedAt + 81 * minute).state;
    const { state } = hear(extended, say.ready, placedAt + 81 * minute);
    expect(deadlinesOf(state).find((d) => d.exit === 'unassignLate')?.at).toBe(
      placedAt + 96 * minute,
    );
  });

  it('of a state that is entered again within the same millisecond is due at the same time', () => {
    const moment = placedAt + 6 * minute;
    const searching = situation('searching');
    const assigned = hear(searching, assign(1, moment), moment).state;
    const again = hear(assigned, say.abandon, moment).state;
    expect([again.searches, times(again)]).toEqual([2, times(searching)]);
  });

  it('is whole milliseconds, also when the drive is not', () => {
    const odd = after(
      [
        [0, say.place],
        [0, say.authorized],
        [0, say.accept],
        [0, say.ready],
        [0, assign(1, placedAt)],
        [0, say.pickUp],
      ],
      { ...facts, travelMs: 1_234.567 },
    );
    expect(deadlinesOf(odd).every((d) => Number.isInteger(d.at))).toBe(true);
  });
});
