// Money that is taken when the payer confirms: the order goes on with it, and what its end does not ask for goes back.

import { describe, expect, it } from 'vitest';
import type { OrderState } from '../../domain/order.ts';
import {
  after,
  assign,
  facts,
  hear,
  hour,
  inShort,
  minute,
  placedAt,
  say,
  type Saying,
} from './lives.ts';

const mobileMoney = { ...facts, method: 'mobile_money', paymentMethod: 'campay:payer' } as const;
const late = placedAt + hour;

const asked = [
  [0, say.place],
  [1_000, say.requiresAction],
] as const satisfies readonly Saying[];
const checking = [...asked, [2_000, say.check]] as const satisfies readonly Saying[];
const taken = [...checking, [3_000, say.taken]] as const satisfies readonly Saying[];
const preparing = [...taken, [minute, say.accept]] as const satisfies readonly Saying[];
const onTheRoad = [
  ...preparing,
  [6 * minute, say.ready],
  [7 * minute, assign(1, placedAt + 12 * minute)],
  [12 * minute, say.pickUp],
] as const satisfies readonly Saying[];

const lived = (sayings: readonly Saying[]): OrderState => after(sayings, mobileMoney);
const dueBack = (state: OrderState, command: Parameters<typeof hear>[1]): readonly number[] =>
  hear(state, command, late).events.flatMap((event) =>
    event.type === 'payment.refund_due' ? [event.amountMinor] : [],
  );

describe('mobile money', () => {
  it('lets the merchant see the order once it is taken, and is never captured or released again', () => {
    const heard = hear(lived(checking), say.taken, placedAt + 3_000);
    expect(inShort(heard)).toBe('payment.captured order.submitted');
    const delivered = hear(lived(onTheRoad), say.deliver, late);
    expect(inShort(delivered)).toBe('delivery.delivered order.settled order.completed');
    expect(delivered.state.payment).toMatchObject({ status: 'captured', amountMinor: 2_500 });
  });

  it.each([
    ['denied', taken, say.deny, [2_500]],
    ['cancelled before it is accepted', taken, say.cancel, [2_500]],
    ['cancelled while it is prepared: the goods are kept', preparing, say.cancel, [500]],
    ['cancelled by the merchant', preparing, { kind: 'cancel', by: 'merchant' }, [2_500]],
    ['lost on the way', onTheRoad, { kind: 'forceFail', endReason: 'lost' }, [2_500]],
    ['delivered', onTheRoad, say.deliver, []],
  ] as const)(
    'of an order that is %s goes back as far as nobody owes it',
    (_, sayings, end, back) => {
      expect(dueBack(lived(sayings), end)).toEqual(back);
    },
  );

  it('for a cheaper order goes back in part, a dearer one is not offered', () => {
    const short = [
      ...preparing,
      [2 * minute, say.shortage],
      [3 * minute, { kind: 'answerShortage', answer: 'substitute' }],
    ] as const satisfies readonly Saying[];
    // 6.00 instead of 5.00 is more than what was taken: removed.
    const state = after(short, mobileMoney);
    expect(state.goodsMinor).toBe(1_500);
    const ready = hear(state, say.ready, late).state;
    const driven = hear(ready, assign(1, late), late).state;
    const out = hear(driven, say.pickUp, late).state;
    expect(dueBack(out, say.deliver)).toEqual([500]);
  });

  it('that is confirmed after the customer has cancelled goes back whole, however it is found out', () => {
    const cancelled = hear(lived(asked), say.cancel, placedAt + minute).state;
    expect(cancelled.payment.status).toBe('voiding');
    expect(inShort(hear(cancelled, say.taken, late))).toBe('payment.captured payment.refund_due');
    const sent = hear(lived([[0, say.place]]), say.cancel, placedAt + minute).state;
    expect(inShort(hear(sent, say.taken, late))).toBe('payment.captured payment.refund_due');
  });

  it('can be asked for again by the same provider only', () => {
    const declined = lived([...checking, [3_000, say.declined]]);
    expect(inShort(hear(declined, say.retryOwn, late))).toBe('payment.authorizing');
    expect(inShort(hear(declined, say.retry, late))).toBe('!payment_not_retryable');
  });
});
