// evolve(state, event) → state. The only place where an order changes; `decide` alone says which events may come.
// What an event means for each machine stands in domain/evolve/.

import { inverseOf } from './decide/undo.ts';
import { assertNever } from './errors.ts';
import type { OrderEvent } from './events.ts';
import { evolveDelivery } from './evolve/delivery.ts';
import { evolveOrder } from './evolve/order.ts';
import { counted, isOf } from './evolve/part.ts';
import { evolvePayment } from './evolve/payment.ts';
import type { OrderState } from './order.ts';

/** Folds one event into the state. Throws (a bug) on an event that cannot follow. */
export function evolve(state: OrderState, event: OrderEvent): OrderState {
  if (event.sequence !== state.sequence + 1) {
    throw new Error(`event ${event.sequence} cannot follow ${state.sequence}`);
  }
  const next = change({ ...state, sequence: event.sequence }, event);
  return { ...next, undoable: undoableAfter(state, event) };
}

/** What a later event of the same command adds does not stand in the way of taking it back. */
function undoableAfter({ undoable }: OrderState, event: OrderEvent): OrderEvent | undefined {
  if (event.commandId === undoable?.commandId) return undoable;
  return inverseOf(event) ? event : undefined;
}

function change(state: OrderState, event: OrderEvent): OrderState {
  if (isOf('order', event)) return evolveOrder(state, event);
  if (isOf('delivery', event)) return evolveDelivery(state, event);
  if (isOf('payment', event)) return evolvePayment(state, event);
  const { extended, extensions, extendedMs } = state;
  switch (event.type) {
    case 'deadline.extended': {
      const { key, until, byMs } = event;
      if (byMs === undefined) return { ...state, extended: { ...extended, [key]: until } };
      const next = { ...state, extensions: { ...extensions, [key]: until } };
      return counted({ ...next, extendedMs: extendedMs + byMs }, 'extensions');
    }
    case 'deadline.restored': {
      const { [event.key]: _, ...others } = extensions;
      return counted({ ...state, extensions: others }, 'undos');
    }
    default:
      return assertNever(event);
  }
}

/** The fold of a whole log. */
export const fold = (initial: OrderState, events: readonly OrderEvent[]): OrderState =>
  events.reduce(evolve, initial);
