// What the folds of the three machines share.

import type { OrderEvent } from '../events.ts';
import type { Machine } from '../lifecycle/row.ts';
import type { Counters, OrderState } from '../order.ts';

export type EventOf<M extends Machine> = Extract<OrderEvent, { readonly type: `${M}.${string}` }>;

export const isOf = <M extends Machine>(machine: M, event: OrderEvent): event is EventOf<M> =>
  event.type.startsWith(`${machine}.`);

export const counted = (state: OrderState, name: keyof Counters): OrderState => ({
  ...state,
  counts: { ...state.counts, [name]: state.counts[name] + 1 },
});
