// What a customer may do: cancel, pay again, answer, change their mind about tip, notes and time.

import { accepted, refused, type Decision } from '../decision.ts';
import type { ExternalCommand } from '../messages.ts';
import { amountsOf, isFulfilled, isWithPartner, type OrderState } from '../order.ts';
import { providerOf } from '../payment-methods.ts';
import { lastsUntil } from '../renewal.ts';
import { withCard } from '../split.ts';
import { end } from './ending.ts';
import { payableMinor, resolveShortage } from './merchant.ts';
import { capped, wrongState } from './refusals.ts';
import { authorizing, releaseTimeOf } from './submission.ts';

type CommandOf<K extends ExternalCommand['kind']> = Extract<ExternalCommand, { kind: K }>;

/** Why nobody but support may end the order any more, if so. */
function tooLate(state: OrderState): Decision | undefined {
  const { delivery, order, goodsOut } = state;
  if (isFulfilled(state)) {
    const since =
      'since' in delivery && order.status !== 'handed_over' ? delivery.since : order.since;
    return refused('already_delivered', 'the order has been delivered', since);
  }
  return goodsOut
    ? refused(
        'already_picked_up',
        'the driver has the goods',
        'since' in delivery ? delivery.since : undefined,
      )
    : undefined;
}

export const cancel = (state: OrderState, { by }: CommandOf<'cancel'>): Decision =>
  tooLate(state) ?? end(state, { status: 'cancelled', endReason: `cancelled_by_${by}` });

export function retryPayment(
  state: OrderState,
  { paymentMethod = state.facts.paymentMethod }: CommandOf<'retryPayment'>,
): Decision {
  const { payment, facts } = state;
  if (payment.status !== 'declined')
    return refused('payment_not_retryable', `the payment is ${payment.status}`);
  const provider = providerOf(facts.paymentMethod);
  const token = provider === 'split' ? withCard(facts.paymentMethod, paymentMethod) : paymentMethod;
  return providerOf(token) === provider
    ? accepted(authorizing(state, token))
    : refused('payment_not_retryable', `the order is paid by ${provider}`);
}

export function answerShortage(
  state: OrderState,
  { answer }: CommandOf<'answerShortage'>,
): Decision {
  const events = resolveShortage(state, answer);
  return events ? accepted(...events) : refused('wrong_state', 'no goods are missing');
}

/** Before the money has moved, within what is held; a later tip is a payment of its own, outside. */
export function changeTip(state: OrderState, { tipMinor }: CommandOf<'changeTip'>): Decision {
  if (isFulfilled(state)) return wrongState(state, 'payment');
  // A partner fleet is asked with the tip, and charges it.
  if (isWithPartner(state)) return wrongState(state, 'delivery');
  const { totalMinor } = amountsOf(state);
  const wanted = totalMinor - state.tipMinor + tipMinor;
  if (tipMinor === state.tipMinor) return accepted();
  return (
    capped(state, 'changes') ??
    (wanted > payableMinor(state)
      ? refused('amount_above_hold', 'a larger tip is a payment of its own after the delivery')
      : accepted({ type: 'order.tip_changed', tipMinor }))
  );
}

export const changeDropoffNotes = (state: OrderState): Decision =>
  isFulfilled(state)
    ? wrongState(state, 'delivery')
    : (capped(state, 'changes') ?? accepted({ type: 'order.notes_changed' }));

/** While the merchant has not been asked; never past the end of a hold that cannot be renewed. */
export function reschedule(state: OrderState, { promisedAt }: CommandOf<'reschedule'>): Decision {
  if (state.order.status !== 'scheduled') return wrongState(state, 'order');
  const lastAt = state.facts.method === 'card' ? Number.POSITIVE_INFINITY : lastsUntil(state);
  if (promisedAt > lastAt)
    return refused('limit_reached', 'the hold on the card does not last so long', lastAt);
  const releaseAt = releaseTimeOf(state, promisedAt);
  return capped(state, 'changes') ?? accepted({ type: 'order.rescheduled', promisedAt, releaseAt });
}
