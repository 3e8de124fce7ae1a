// From a paid order to one that the merchant prepares: scheduled or submitted, asked or accepted by itself.

import type { OrderEventBody } from '../events.ts';
import { dueMinorOf, holdMinorOf, type OrderState } from '../order.ts';
import { isTooShort, releasing } from '../renewal.ts';

/** When an order for later is given to the merchant: promised − prep − travel − margin. */
export function releaseTimeOf({ facts, travelMs }: OrderState, promisedAt: number): number {
  const { prepEstimateMs, scheduleMarginMs } = facts.policy;
  return Math.round(promisedAt - prepEstimateMs - travelMs - scheduleMarginMs);
}

/** What follows when nothing about the payment stands in the way any more. */
export function afterPayment(state: OrderState, now: number): readonly OrderEventBody[] {
  const { promisedAt } = state;
  if (promisedAt === undefined) return submit(state, now);
  const releaseAt = releaseTimeOf(state, promisedAt);
  return releaseAt > now
    ? [{ type: 'order.scheduled', promisedAt, releaseAt }]
    : submit(state, now);
}

/** The merchant is asked, or takes the order by itself: only with a tablet seen lately, never goods that need a look. */
function submit(state: OrderState, now: number): readonly OrderEventBody[] {
  const { autoAcceptUntil = 0, ageCheck, prescription, policy } = state.facts;
  const automatic = autoAcceptUntil > now && !ageCheck && !prescription;
  return [
    { type: 'order.submitted' },
    ...(automatic
      ? accepting(state, { prepMs: policy.prepEstimateMs, now, automatic: true } as const)
      : []),
  ];
}

/** A card that can wait is held only when the order is released: a hold does not last longer. */
export function placing(state: OrderState, now: number): readonly OrderEventBody[] {
  const { facts, promisedAt } = state;
  const { totalMinor, currency, itemCount, method, policy } = facts;
  const placed: OrderEventBody = { type: 'order.placed', totalMinor, currency, itemCount };
  switch (method) {
    case 'cash':
      return [
        placed,
        { type: 'payment.due', amountMinor: dueMinorOf(state) },
        ...afterPayment(state, now),
      ];
    case 'external':
      return [placed, { type: 'payment.external' }, ...afterPayment(state, now)];
    case 'paypal':
    case 'mobile_money':
    case 'wallet':
      // The payer confirms now, not when the order is released; what a wallet holds does not lapse.
      return [placed, authorizing(state, facts.paymentMethod)];
    case 'card':
    case 'split':
      return promisedAt !== undefined && promisedAt - now > policy.authorizeAheadMs
        ? [placed, ...afterPayment(state, now)]
        : [placed, authorizing(state, facts.paymentMethod)];
  }
}

export const authorizing = (state: OrderState, paymentMethod: string): OrderEventBody => ({
  type: 'payment.authorizing',
  attempt: state.attempts.authorize + 1,
  paymentMethod,
  amountMinor: holdMinorOf(state.facts),
});

/** The time of an order for later has come. Nobody is asked on a hold that does not last: another takes its place. */
export function release(state: OrderState, now: number): readonly OrderEventBody[] {
  const { payment, attempts } = state;
  const released: OrderEventBody = { type: 'order.released' };
  if (payment.status === 'none') return [released, authorizing(state, state.token)];
  return payment.status === 'authorized' && isTooShort(state, now)
    ? [
        released,
        authorizing(state, state.token),
        releasing(state, payment.providerRef, attempts.authorize),
      ]
    : [released, ...submit(state, now)];
}

type Accepting = { readonly prepMs: number; readonly now: number; readonly automatic?: true };

/** The merchant's yes: preparing starts at once or when the promised time asks for it; a driver is planned. */
export function accepting(
  state: OrderState,
  { prepMs, now, automatic }: Accepting,
): readonly OrderEventBody[] {
  const { facts, fulfilment, promisedAt = 0, travelMs } = state;
  const { releaseLeadMs, approachMs } = facts.policy;
  const wantedAt = fulfilment === 'delivery' ? promisedAt - travelMs : promisedAt;
  const readyEstimateAt = Math.round(Math.max(now + prepMs, wantedAt));
  const prepStartAt = readyEstimateAt - prepMs;
  const releaseAt = Math.max(now, readyEstimateAt - releaseLeadMs - approachMs);
  return [
    {
      type: 'order.accepted',
      readyEstimateAt,
      ...(prepStartAt > now ? { prepStartAt } : {}),
      ...(automatic ? { automatic } : {}),
    },
    ...(fulfilment === 'delivery' ? [{ type: 'delivery.created', releaseAt } as const] : []),
  ];
}
