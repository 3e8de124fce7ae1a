// What a merchant may do: take an order or not, prepare it, say what is missing, hand it over, take it back.

import { accepted, refused, type Decision } from '../decision.ts';
import type { OrderEventBody } from '../events.ts';
import type { ExternalCommand } from '../messages.ts';
import { amountsOf, hasEnded, holdMinorOf, type OrderState, type Substitution } from '../order.ts';
import { end, ending, fulfilling, handOverRefused } from './ending.ts';
import { alreadyEnded, capped, wrongState } from './refusals.ts';
import { accepting } from './submission.ts';

type CommandOf<K extends ExternalCommand['kind']> = Extract<ExternalCommand, { kind: K }>;

/** Also of an order that was taken by itself: the tablet has shown it. */
export function acknowledge(state: OrderState): Decision {
  const { order } = state;
  if (order.status === 'pending')
    return order.acknowledged
      ? refused('wrong_state', 'the order was acknowledged already', order.since)
      : accepted({ type: 'order.acknowledged' });
  return notPending(state);
}

export function accept(state: OrderState, { prepMs }: CommandOf<'accept'>, now: number): Decision {
  if (state.order.status !== 'pending') return notPending(state);
  if (state.facts.prescription)
    return accepted({
      type: 'order.prescription_asked',
      ...(prepMs === undefined ? {} : { prepMs }),
    });
  return accepted(
    ...accepting(state, { prepMs: prepMs ?? state.facts.policy.prepEstimateMs, now }),
  );
}

export function deny(state: OrderState, { code, outOfStock }: CommandOf<'deny'>): Decision {
  if (state.order.status !== 'pending') return notPending(state);
  const missing = outOfStock === undefined ? {} : { outOfStock };
  return end(state, { status: 'denied', endReason: 'merchant_denied', code, ...missing });
}

function notPending(state: OrderState): Decision {
  const { order } = state;
  if (hasEnded(state)) return alreadyEnded(state);
  if (order.status === 'payment_pending') {
    return refused('not_pending', 'the payment is not authorized yet', order.since);
  }
  if (order.status === 'scheduled')
    return refused('not_pending', 'the order is for later', order.since);
  return refused('already_accepted', 'the merchant has accepted the order already', order.since);
}

export const approvePrescription = (state: OrderState, now: number): Decision =>
  state.order.status === 'awaiting_prescription'
    ? accepted(
        ...accepting(state, {
          prepMs: state.order.prepMs ?? state.facts.policy.prepEstimateMs,
          now,
        }),
      )
    : wrongState(state, 'order');

export const rejectPrescription = (state: OrderState): Decision =>
  state.order.status === 'awaiting_prescription'
    ? end(state, { status: 'denied', endReason: 'prescription_rejected' })
    : wrongState(state, 'order');

export function delayPrep(
  state: OrderState,
  { readyInMs }: CommandOf<'delayPrep'>,
  now: number,
): Decision {
  const { order } = state;
  if (order.status !== 'preparing') return wrongState(state, 'order');
  const { readyEstimateAt: previousAt } = order;
  const readyEstimateAt = now + readyInMs;
  return (
    capped(state, 'delays') ?? accepted({ type: 'order.delayed', readyEstimateAt, previousAt })
  );
}

export function markReady(state: OrderState, now: number): Decision {
  const { order, goodsOut } = state;
  // Assumed is not known: until the goods are gone, the merchant's word corrects the time.
  if (order.status === 'ready' && order.assumed && !goodsOut) {
    return accepted({ type: 'order.ready', assumed: false });
  }
  if (order.status === 'ready')
    return refused('already_ready', 'the order is ready already', order.since);
  if (order.status !== 'preparing' && order.status !== 'accepted')
    return refused('not_preparing', 'the order is not being prepared', order.since);
  return (
    shortageOpen(state) ??
    accepted({ type: 'order.ready', assumed: false }, ...releaseEarly(state, now))
  );
}

/** The goods are there: a search that was to start later starts now. */
const releaseEarly = ({ delivery, searches }: OrderState, now: number): readonly OrderEventBody[] =>
  delivery.status === 'searching' && delivery.since > now
    ? [{ type: 'delivery.released', search: searches }]
    : [];

export const shortageOpen = ({ order }: OrderState): Decision | undefined =>
  order.status === 'preparing' && order.shortage
    ? refused(
        'shortage_open',
        'the customer is being asked about missing goods',
        order.shortage.askedAt,
      )
    : undefined;

const collectable: ReadonlySet<string> = new Set(['accepted', 'preparing', 'ready']);

/** Over the counter: pickup and dine-in. */
export function handOver(state: OrderState, command: CommandOf<'handOver'>): Decision {
  if (state.fulfilment === 'delivery')
    return refused('wrong_state', 'a driver brings this order to the customer');
  if (!collectable.has(state.order.status)) return wrongState(state, 'order');
  const event = { type: 'order.handed_over', proofs: command.proofs ?? [] } as const;
  return (
    shortageOpen(state) ??
    handOverRefused(state, command) ??
    accepted(...fulfilling(state, { event }))
  );
}

/** The customer is asked. A substitute is offered only if it can be paid with what is held. */
export function reportShortage(state: OrderState, command: CommandOf<'reportShortage'>): Decision {
  if (state.order.status !== 'preparing') return wrongState(state, 'order');
  const { line, quantity, missingMinor, substituteMinor } = command;
  if (missingMinor > state.goodsMinor)
    return refused('limit_reached', 'more is missing than was ordered');
  const offered = substituteMinor === undefined ? {} : { substituteMinor };
  return (
    shortageOpen(state) ??
    capped(state, 'shortages') ??
    accepted({ type: 'order.shortage_reported', line, quantity, missingMinor, ...offered })
  );
}

/** What becomes of missing goods: by the customer's answer, or by what the order says for their silence. */
export function resolveShortage(
  state: OrderState,
  wish: Substitution,
): readonly OrderEventBody[] | undefined {
  const { order, goodsMinor } = state;
  const shortage = order.status === 'preparing' ? order.shortage : undefined;
  if (!shortage) return undefined;
  const { missingMinor, substituteMinor } = shortage;
  const without = goodsMinor - missingMinor;
  const substituted = without + (substituteMinor ?? 0);
  const { totalMinor } = amountsOf({ ...state, goodsMinor: substituted });
  const payable = totalMinor <= payableMinor(state);
  if (wish === 'substitute' && substituteMinor !== undefined && payable)
    return [{ type: 'order.shortage_resolved', outcome: 'substituted', goodsMinor: substituted }];
  return wish === 'cancel' || without <= 0
    ? ending(state, {
        status: 'cancelled',
        endReason: 'cancelled_by_merchant',
        code: 'item_unavailable',
      })
    : [{ type: 'order.shortage_resolved', outcome: 'removed', goodsMinor: without }];
}

/** Above what is held or was taken, a new amount would need a new payment. */
export const payableMinor = ({ facts, payment }: OrderState): number => {
  if (facts.method === 'cash') return Number.MAX_SAFE_INTEGER;
  return payment.status === 'authorized' || payment.status === 'captured'
    ? payment.amountMinor
    : holdMinorOf(facts);
};

export function remitCash(
  { payment }: OrderState,
  { amountMinor }: CommandOf<'remitCash'>,
): Decision {
  if (payment.status !== 'collected')
    return refused('wrong_state', `the payment is ${payment.status}`);
  const missingMinor = payment.amountMinor - amountMinor;
  if (missingMinor < 0)
    return refused('amount_out_of_range', `${payment.amountMinor} minor units are due, not more`);
  return missingMinor === 0
    ? accepted({ type: 'payment.remitted', amountMinor })
    : accepted({ type: 'payment.short', amountMinor, missingMinor });
}
