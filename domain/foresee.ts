// What would follow: the same `decide` and `evolve` that run an order, tried on a copy of its state. Nothing happens.

import { decide } from './decide.ts';
import type { Actor, OrderEvent, OrderEventBody } from './events.ts';
import { evolve } from './evolve.ts';
import type { OrderState } from './order.ts';
import { paymentCallOf, type PaymentCall } from './payment-call.ts';
import type { PaymentResult } from './messages.ts';

export type Foreseen = { readonly state: OrderState; readonly events: readonly OrderEventBody[] };

const nobody: Actor = { kind: 'system' };
/** Calls to the provider that follow from one another; far more than any end needs. */
const maxCalls = 5;

/** The state once these events had happened at `at`, epoch milliseconds. */
export const foresee = (state: OrderState, events: readonly OrderEventBody[], at: number) =>
  events.reduce<OrderState>((before, body) => {
    const sequence = before.sequence + 1;
    const event: OrderEvent = { ...body, sequence, at, actor: nobody, commandId: 'foreseen' };
    return evolve(before, event);
  }, state);

/** These events and then whatever the money does, if the provider answers as it should. */
export function foreseeMoney(
  state: OrderState,
  events: readonly OrderEventBody[],
  now: number,
): Foreseen {
  let seen: Foreseen = { state: foresee(state, events, now), events };
  for (let call = 0; call < maxCalls; call += 1) {
    const next = paymentCallOf(seen.state);
    const answer = next && obliging(next);
    if (!answer) return seen;
    const decision = decide(seen.state, { ...answer, key: next.key }, now);
    if (decision.kind === 'refused' || decision.events.length === 0) return seen;
    seen = {
      state: foresee(seen.state, decision.events, now),
      events: [...seen.events, ...decision.events],
    };
  }
  return seen;
}

/** Whether a card is good is not foreseen; that money already held moves as asked is. */
function obliging(call: PaymentCall): PaymentResult | undefined {
  switch (call.step) {
    case 'authorize':
    case 'check':
      return undefined;
    case 'capture':
      return { kind: 'paymentCaptured', amountMinor: call.amountMinor };
    case 'void':
    case 'release':
      return { kind: 'paymentVoided' };
  }
}
